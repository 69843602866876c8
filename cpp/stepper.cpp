// A whole network that runs one step at a time.
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <string>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

#include "bindings.h"
#include "memory.h"

namespace elman::bindings {
namespace {

// A recurrent layer from Python: W_x, W_h, b or none, b_hn or none, and its states h and c (N, H), c for lstm.
using Weights = std::tuple<KeptIn, KeptIn, KeptIn, KeptIn, KeptOut, KeptOut>;
// A hidden dense layer: W (R, K), b (K) or none, the activation, and its output (N, K).
using HiddenWeights = std::tuple<KeptIn, KeptIn, std::string, KeptOut>;

// The arrays of a network: the input of its first layer and, if there is an output layer, its weights and output.
struct StepArrays {
    KeptOut x;                         // (N, D), or ones (N)
    KeptIn E;                          // (V, D) or none: vectors that indices become
    std::vector<HiddenWeights> dense;  // between the last recurrent layer and the output layer
    KeptIn W_y, b_y;                   // (R, K) or none, (K) or none
    KeptIn W_k;                        // (D, K) or none
    KeptOut y;                         // (N, K) or none
};

// Packs the weights of all layers into one block and binds every layer to its arrays.
template <class T> class Steps {
  public:
    Steps(Cell cell, int activation, const std::vector<Weights>& layers, int output, const StepArrays& a,
          const std::string& precision)
        : table_(&kernels()), narrow_(narrow_of(precision, sizeof(T) == 4)) {
        const int64_t N = size(a.x, 0);
        for (const Weights& layer : layers) {
            const KeptOut &h = std::get<4>(layer), &c = std::get<5>(layer);
            Forward<T> f{};
            f.cell = cell, f.activation = activation, f.T_ = 1, f.N = N, f.H = size(h, 1);
            f.h = out<T>(h, "h", {N, f.H}), f.c = kind_of(cell).has_c ? out<T>(c, "c", {N, f.H}) : nullptr;
            if (!layers_.empty()) f.D = layers_.back().H, f.x = layers_.back().h;
            else enter(f, a);
            take(f, layer);
        }
        if (a.W_y.is_valid()) leave(output, a);
        pack();
    }

    int64_t multiply_adds() const {
        int64_t count = 0;
        for (const Product& p : products_) count += p.f.M * p.f.H * p.f.K;
        for (const Forward<T>& f : layers_) count += f.N * kind_of(f.cell).blocks * f.H * ((f.one_hot ? 0 : f.D) + f.H);
        return count;
    }

    void step(bool from_last, const Run& run) const {
        with_kernels([&](const auto& kernels) {
            for (std::size_t l = 0; l < layers_.size(); ++l) kernels.step(layers_[l], packed_[l], from_last, run);
            for (const Product& p : products_) {
                if constexpr (is_narrow<decltype(kernels)>) kernels.dense_forward(p.f, p.packed, run);
                else kernels.dense_forward(p.f, run);
                if (p.activation >= 0) kernels.activation_forward(p.activation, p.f.M, p.f.K, p.f.o, p.f.o);
            }
        });
    }

    // Checks and copies the indices; other inputs are read in place.
    void take_ones(const KeptOut& x, int64_t limit) {
        if (!ones_.empty()) Checked::copy(x, "x", 0, limit - 1, ones_.data());
    }

    // Sets the input of a single row: an index, or its vector.
    void put(int64_t index) {
        if (!ones_.empty()) ones_[0] = index;
        else std::copy_n(E_ + index * layers_[0].D, layers_[0].D, x_);
    }

    int64_t draw(double u, int64_t first) const {
        const elman::DenseForward<T>& last = products_.back().f;
        return table_->of<T>().draw(last.K, last.o, u, first);
    }

  private:
    // o = h W + b, or o += h W, and what follows it.
    struct Product {
        elman::DenseForward<T> f;
        int activation;  // negative: none
        T* packed;       // only narrow weights are packed
    };

    template <class K> static constexpr bool is_narrow = std::is_same_v<std::decay_t<K>, elman::NarrowKernels>;

    // Calls f with the kernels of the weights' format.
    template <class F> void with_kernels(F&& f) const {
        if constexpr (sizeof(T) == 4) {
            if (narrow_) return f(*narrow_);
        }
        f(table_->of<T>());
    }

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
        const auto& [W_x, W_h, b, b_hn, h, c] = weights;
        const int64_t columns = kind_of(f.cell).blocks * f.H;
        if (f.one_hot) f.D = size(W_x, 0);
        f.W_x = in<T>(W_x, "W_x", {f.D, columns}), f.W_h = in<T>(W_h, "W_h", {f.H, columns});
        f.b = maybe<T>(b, "b", {columns}), f.b_hn = maybe<T>(b_hn, "b_hn", {f.H});
        states_.push_back(h), states_.push_back(c);
        if (f.one_hot) kept_.push_back(W_x);
        if (f.b_hn) kept_.push_back(b_hn);
        layers_.push_back(f);
    }

    // The hidden dense layers, the output layer and the skip.
    void leave(int output, const StepArrays& a) {
        const Forward<T>& first = layers_[0];
        const int64_t N = first.N, K = size(a.W_y, 1);
        int64_t R = layers_.back().H;
        const T* read = layers_.back().h;
        for (const auto& [W, b, activation_name, y] : a.dense) {
            const int64_t units = size(W, 1);
            T* to = out<T>(y, "y", {N, units});
            products_.push_back({{N, R, units, false, read, in<T>(W, "W", {R, units}), maybe<T>(b, "b", {units}), to},
                                 activation_of(activation_name, 4),
                                 nullptr});
            R = units, read = to;
        }
        T* y = out<T>(a.y, "y", {N, K});
        products_.push_back(
            {{N, R, K, false, read, in<T>(a.W_y, "W_y", {R, K}), maybe<T>(a.b_y, "b_y", {K}), y}, output, nullptr});
        const T* W_k = maybe<T>(a.W_k, "W_k", {first.D, K});
        if (!W_k) return;
        if (first.one_hot) throw nb::value_error("the skip takes values");
        products_.back().activation = -1;
        products_.push_back({{N, first.D, K, true, first.x, W_k, nullptr, y}, output, nullptr});
    }

    void pack() {
        const auto lines = [](int64_t count) { return (static_cast<std::size_t>(count) * sizeof(T) + 63) / 64 * 64; };
        with_kernels([&](const auto& kernels) {
            constexpr bool narrow = is_narrow<decltype(kernels)>;
            std::size_t bytes = 0;
            for (const Forward<T>& f : layers_) bytes += lines(kernels.packed_size(f));
            if constexpr (narrow)
                for (const Product& p : products_) bytes += lines(kernels.dense_packed_size(p.f));
            block_ = allocate(bytes);
            char* next = static_cast<char*>(block_.get());
            const auto take = [&](int64_t count) {
                T* packed = reinterpret_cast<T*>(next);
                next += lines(count);
                return packed;
            };
            for (const Forward<T>& f : layers_) {
                packed_.push_back(take(kernels.packed_size(f)));
                kernels.pack(f, packed_.back());
            }
            if constexpr (narrow) {
                for (Product& p : products_) {
                    p.packed = take(kernels.dense_packed_size(p.f));
                    kernels.dense_pack(p.f, p.packed);
                }
            }
        });
    }

    const KernelTable* table_;
    const elman::NarrowKernels* narrow_;  // or null
    std::vector<int64_t>
        ones_;  // a private copy, which no other thread changes during a step; empty if inputs are values
    T* x_ = nullptr;
    const T* E_ = nullptr;
    std::vector<Forward<T>> layers_;
    std::vector<T*> packed_;
    Memory block_{nullptr, elman::free_aligned};
    std::vector<KeptIn> kept_;  // arrays that are read in place
    std::vector<KeptOut> states_;
    std::vector<Product> products_;
};

// A network bound to its arrays, which are checked once, so that a step is arithmetic alone. Short steps keep the GIL, because its
// release would cost as much. In a Python without the GIL, nb::lock_self() takes its place.
class Stepper {
  public:
    Stepper(const std::string& cell, const std::string& activation, const std::vector<Weights>& layers,
            const std::string& output, StepArrays arrays, const std::string& precision)
        : arrays_(std::move(arrays)) {
        if (layers.empty()) throw nb::value_error("a network has at least one layer");
        for_dtype(std::get<4>(layers[0]), [&]<class T>() {
            steps_.emplace<Steps<T>>(cell_of(cell), activation_of(activation, 4), layers, activation_of(output, 6),
                                     arrays_, precision);
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
        run(1, [&](const auto& steps, const Run& run) { steps.step(next_direction(), run); });
    }

    // One step of a single row with an index.
    void step_index(int64_t index) {
        check_index(index);
        run(1, [&](auto& steps, const Run& run) {
            steps.put(index);
            steps.step(next_direction(), run);
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
                steps.step(next_direction(), run);
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
                 [] { return false; },  // the GIL is held, so no signal handler can run
                 elman::reading()});
    }

    StepArrays arrays_;
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
               const std::vector<Weights>& layers, const std::vector<HiddenWeights>& dense, const std::string& output,
               KeptOut x, KeptIn E, KeptIn W_y, KeptIn b_y, KeptIn W_k, KeptOut y, const std::string& precision) {
                new (self) Stepper(cell, activation, layers, output, {x, E, dense, W_y, b_y, W_k, y}, precision);
            },
            "cell"_a, "activation"_a, "layers"_a.noconvert().none(), "dense"_a.noconvert().none(), "output"_a,
            "x"_a.noconvert(), "E"_a.noconvert().none(), "W_y"_a.noconvert().none(), "b_y"_a.noconvert().none(),
            "W_k"_a.noconvert().none(), "y"_a.noconvert().none(), "precision"_a = "float32")
        .def("step", &Stepper::step, nb::lock_self())
        .def("step_index", &Stepper::step_index, nb::lock_self(), "index"_a)
        .def("draw", &Stepper::draw, nb::lock_self(), "index"_a, "u"_a.noconvert(), "first"_a);
}

}  // namespace elman::bindings
