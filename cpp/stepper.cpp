// A whole network that runs one step at a time.
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

#include "bindings.h"
#include "memory.h"

namespace elman::bindings {
namespace {

// A layer from Python.
using Weights = std::tuple<In, In, In, In>;  // W_x, W_h, b or none, b_hn or none

// The arrays of a network: the input of its first layer, the states of all layers, and, if there is an output layer, its weights and
// output.
struct StepArrays {
    Out x;        // (N, D), or ones (N)
    In E;         // (V, D) or none: vectors that indices become
    Out h, c;     // (layers, N, H); c for lstm
    In W_y, b_y;  // (H, K) or none, (K) or none
    In W_k;       // (D, K) or none
    Out y;        // (N, K) or none
};

// Packs the weights of all layers into one block and binds every layer to its arrays.
template <class T> class Steps {
  public:
    Steps(Cell cell, int activation, const std::vector<Weights>& layers, const StepArrays& a) : table_(&kernels()) {
        const int64_t L = static_cast<int64_t>(layers.size()), N = size(a.x, 0), H = size(a.h, 2);
        T* h = out<T>(a.h, "h", {L, N, H});
        T* c = kind_of(cell).has_c ? out<T>(a.c, "c", {L, N, H}) : nullptr;
        for (int64_t l = 0; l < L; ++l) {
            Forward<T> f{};
            f.cell = cell, f.activation = activation, f.T_ = 1, f.N = N, f.H = H;
            f.h = h + l * N * H, f.c = c ? c + l * N * H : nullptr;
            if (l > 0) f.D = H, f.x = f.h - N * H;
            else enter(f, a);
            take(f, layers[static_cast<std::size_t>(l)]);
        }
        pack();
        if (!a.W_y.is_valid()) return;
        const int64_t K = size(a.W_y, 1);
        T* y = out<T>(a.y, "y", {N, K});
        dense_ = {N, H, K, false, h + (L - 1) * N * H, in<T>(a.W_y, "W_y", {H, K}), maybe<T>(a.b_y, "b_y", {K}), y};
        const Forward<T>& first = layers_[0];
        skip_ = {N, first.D, K, true, first.x, maybe<T>(a.W_k, "W_k", {first.D, K}), nullptr, y};
        if (skip_.W_y && first.one_hot) throw nb::value_error("the skip takes values");
    }

    int64_t multiply_adds() const {
        int64_t count = dense_.M * dense_.H * dense_.K;
        for (const Forward<T>& f : layers_) count += f.N * kind_of(f.cell).blocks * f.H * ((f.one_hot ? 0 : f.D) + f.H);
        return count;
    }

    void step(int output, bool from_last, const Run& run) const {
        const elman::Kernels<T>& kernels = table_->of<T>();
        for (std::size_t l = 0; l < layers_.size(); ++l) kernels.step(layers_[l], packed_[l], from_last, run);
        if (!dense_.W_y) return;
        kernels.dense_forward(dense_, run);
        if (skip_.W_y) kernels.dense_forward(skip_, run);
        kernels.activation_forward(output, dense_.M, dense_.K, dense_.o, dense_.o);
    }

    // Checks and copies the indices; other inputs are read in place.
    void take_ones(const Out& x, int64_t limit) {
        if (!ones_.empty()) Checked::copy(x, "x", 0, limit - 1, ones_.data());
    }

    // Sets the input of a single row: an index, or its vector.
    void put(int64_t index) {
        if (!ones_.empty()) ones_[0] = index;
        else std::copy_n(E_ + index * layers_[0].D, layers_[0].D, x_);
    }

    int64_t draw(double u, int64_t first) const { return table_->of<T>().draw(dense_.K, dense_.o, u, first); }

  private:
    void enter(Forward<T>& f, const StepArrays& a) {
        f.one_hot = a.x.dtype() == nb::dtype<int64_t>();
        if (f.one_hot) {
            out<int64_t>(a.x, "x", {f.N});
            ones_.resize(static_cast<std::size_t>(f.N));
            f.ones = ones_.data();
        } else f.D = size(a.x, 1), f.x = x_ = out<T>(a.x, "x", {f.N, f.D});
        if (a.E.is_valid()) E_ = in<T>(a.E, "E", {size(a.E, 0), f.D});
    }

    void take(Forward<T> f, const Weights& weights) {
        const auto& [W_x, W_h, b, b_hn] = weights;
        const int64_t columns = kind_of(f.cell).blocks * f.H;
        if (f.one_hot) f.D = size(W_x, 0);
        f.W_x = in<T>(W_x, "W_x", {f.D, columns}), f.W_h = in<T>(W_h, "W_h", {f.H, columns});
        f.b = maybe<T>(b, "b", {columns}), f.b_hn = maybe<T>(b_hn, "b_hn", {f.H});
        if (f.one_hot) kept_.push_back(W_x);
        if (f.b_hn) kept_.push_back(b_hn);
        layers_.push_back(f);
    }

    void pack() {
        const auto lines = [](int64_t count) { return (static_cast<std::size_t>(count) * sizeof(T) + 63) / 64 * 64; };
        std::size_t bytes = 0;
        for (const Forward<T>& f : layers_) bytes += lines(table_->of<T>().packed_size(f));
        block_ = allocate(bytes);
        char* next = static_cast<char*>(block_.get());
        for (const Forward<T>& f : layers_) {
            T* packed = reinterpret_cast<T*>(next);
            table_->of<T>().pack(f, packed);
            packed_.push_back(packed);
            next += lines(table_->of<T>().packed_size(f));
        }
    }

    const KernelTable* table_;
    std::vector<int64_t>
        ones_;  // a private copy, which no other thread changes during a step; empty if inputs are values
    T* x_ = nullptr;
    const T* E_ = nullptr;
    std::vector<Forward<T>> layers_;
    std::vector<const T*> packed_;
    Memory block_{nullptr, elman::free_aligned};
    std::vector<In> kept_;  // arrays that are read in place
    elman::DenseForward<T> dense_{}, skip_{};
};

// A network bound to its arrays, which are checked once, so that a step is arithmetic alone. Short steps keep the GIL, because its
// release would cost as much.
class Stepper {
  public:
    Stepper(const std::string& cell, const std::string& activation, const std::vector<Weights>& layers,
            const std::string& output, StepArrays arrays)
        : arrays_(std::move(arrays)), output_(activation_of(output, 5)) {
        if (layers.empty()) throw nb::value_error("a network has at least one layer");
        for_dtype(arrays_.h, [&]<class T>() {
            steps_.emplace<Steps<T>>(cell_of(cell), activation_of(activation, 4), layers, arrays_);
            multiply_adds_ = std::get<Steps<T>>(steps_).multiply_adds();
        });
        const bool one_hot = arrays_.x.dtype() == nb::dtype<int64_t>();
        vocabulary_size_ = one_hot ? size(std::get<0>(layers[0]), 0) : arrays_.E.is_valid() ? size(arrays_.E, 0) : 0;
    }

    void step() {
        std::visit(
            [&](auto& steps) {
                if constexpr (!std::is_same_v<std::decay_t<decltype(steps)>, std::monostate>)
                    steps.take_ones(arrays_.x, vocabulary_size_);
            },
            steps_);
        run(1, [&](const auto& steps, const Run& run) { steps.step(output_, next_direction(), run); });
    }

    // One step of a single row with an index.
    void step_index(int64_t index) {
        check_index(index);
        run(1, [&](auto& steps, const Run& run) {
            steps.put(index);
            steps.step(output_, next_direction(), run);
        });
    }

    // One step for every random number: the index drawn from the output is the next input.
    std::vector<int64_t> draw(int64_t index, const In& u, int64_t first) {
        check_index(index);
        const int64_t count = size(u, 0), K = arrays_.y.is_valid() ? size(arrays_.y, 1) : 0;
        const double* random = in<double>(u, "u", {count});
        if (K != vocabulary_size_ || first < 0 || first >= K) throw nb::index_error("outputs must be indices too");
        std::vector<int64_t> drawn(static_cast<std::size_t>(count));
        run(count, [&](auto& steps, const Run& run) {
            for (std::size_t i = 0; i < drawn.size() && !(i > 0 && run.stopped()); ++i) {
                steps.put(i > 0 ? drawn[i - 1] : index);
                steps.step(output_, next_direction(), run);
                drawn[i] = steps.draw(random[i], first);
            }
        });
        return drawn;
    }

  private:
    void check_index(int64_t index) const {
        if (size(arrays_.x, 0) != 1 || index < 0 || index >= vocabulary_size_) throw nb::index_error("index");
    }

    bool next_direction() { return from_last_ = !from_last_; }

    template <class F> void run(int64_t count, F&& f) {
        const auto body = [&](const Run& run) {
            if (auto* single = std::get_if<Steps<float>>(&steps_)) f(*single, run);
            else f(std::get<Steps<double>>(steps_), run);
        };
        if (count * multiply_adds_ > 2'000'000) return execute(1, body);
        elman::Call call;
        elman::CallGuard guard(call, true);
        body(Run{1, elman::run_parallel, elman::thread_scratch,
                 [] { return false; }});  // the GIL is held, so no signal handler can run
    }

    StepArrays arrays_;
    int output_;
    std::variant<std::monostate, Steps<float>, Steps<double>> steps_;
    int64_t vocabulary_size_, multiply_adds_ = 0;
    bool from_last_ = true;
};

}  // namespace

void bind_stepper(nb::module_& m) {
    nb::class_<Stepper>(m, "Stepper")
        .def(
            "__init__",
            [](Stepper* self, const std::string& cell, const std::string& activation,
               const std::vector<std::tuple<In, In, In, In>>& layers, const std::string& output, Out x, In E, Out h,
               Out c, In W_y, In b_y, In W_k,
               Out y) { new (self) Stepper(cell, activation, layers, output, {x, E, h, c, W_y, b_y, W_k, y}); },
            "cell"_a, "activation"_a, "layers"_a.noconvert().none(), "output"_a, "x"_a.noconvert(),
            "E"_a.noconvert().none(), "h"_a.noconvert(), "c"_a.noconvert().none(), "W_y"_a.noconvert().none(),
            "b_y"_a.noconvert().none(), "W_k"_a.noconvert().none(), "y"_a.noconvert().none())
        .def("step", &Stepper::step)
        .def("step_index", &Stepper::step_index, "index"_a)
        .def("draw", &Stepper::draw, "index"_a, "u"_a.noconvert(), "first"_a);
}

}  // namespace elman::bindings
