// Layers packed once for streaming, their step, and the loop that measures the machine.
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <numeric>

#include "bindings.h"

namespace elman::bindings {
namespace {

using Memory = std::unique_ptr<void, void (*)(void*)>;

Memory allocate(std::size_t bytes) {
    Memory memory(std::aligned_alloc(64, (bytes + 63) / 64 * 64), std::free);
    if (!memory) throw std::bad_alloc();
    return memory;
}

// A layer's weights as its kernels want them. It stays with the ISA level it was packed for.
struct PackedLayer {
    const KernelTable* table;
    Cell cell;
    int activation;
    bool single;  // float32
    int64_t D, H;
    Memory weights{nullptr, std::free}, b_hn{nullptr, std::free};

    template <class T> Forward<T> layer() const {
        Forward<T> f{};
        f.cell = cell, f.activation = activation, f.D = D, f.H = H;
        f.b_hn = static_cast<const T*>(b_hn.get());
        return f;
    }
};

Cell cell_of(const std::string& name) {
    if (name == "rnn") return Cell::rnn;
    if (name == "lstm") return Cell::lstm;
    if (name == "gru") return Cell::gru;
    throw nb::value_error(("unknown cell " + name).c_str());
}

PackedLayer pack_layer(const std::string& cell, const In& W_x, const In& W_h, const In& b, const In& b_hn,
                       const std::string& activation) {
    return for_dtype(W_x, [&]<class T>() {
        const int64_t D = size(W_x, 0), H = size(W_h, 0);
        PackedLayer packed{&kernels(), cell_of(cell), activation_of(activation, 4), sizeof(T) == 4, D, H};
        const int64_t G = gates_of(packed.cell);
        Forward<T> f = packed.layer<T>();
        f.W_x = in<T>(W_x, "W_x", {D, G * H});
        f.W_h = in<T>(W_h, "W_h", {H, G * H});
        // A missing bias is packed as zeros: the sums start from the same zero.
        const auto zeros = std::make_unique<T[]>(static_cast<std::size_t>(G * H));
        f.b = b.is_valid() ? in<T>(b, "b", {G * H}) : zeros.get();
        if (packed.cell == Cell::gru && b_hn.is_valid()) {
            const T* values = in<T>(b_hn, "b_hn", {H});
            packed.b_hn = allocate(static_cast<std::size_t>(H) * sizeof(T));
            std::memcpy(packed.b_hn.get(), values, static_cast<std::size_t>(H) * sizeof(T));
        }
        packed.weights = allocate(static_cast<std::size_t>(packed.table->of<T>().packed_size(f)) * sizeof(T));
        packed.table->of<T>().pack(f, static_cast<T*>(packed.weights.get()));
        return packed;
    });
}

template <class T> void step_as(const PackedLayer& packed, const In& x, const Out& h, const Out& c) {
    Forward<T> f = packed.layer<T>();
    const T* weights = static_cast<const T*>(packed.weights.get());
    f.T_ = 1, f.N = size(x, 0);
    f.x = in<T>(x, "x", {f.N, f.D});
    f.h = out<T>(h, "h", {f.N, f.H});
    if (packed.cell == Cell::lstm) f.c = out<T>(c, "c", {f.N, f.H});
    f.b = weights;  // not null: the packed panels begin with the bias
    execute(1, [&](const Run& run) { packed.table->of<T>().step(f, weights, false, run); });
}

void step(const PackedLayer& packed, const In& x, const Out& h, const Out& c) {
    packed.single ? step_as<float>(packed, x, h, c) : step_as<double>(packed, x, h, c);
}

// A layer with the arrays it steps on, checked once: what is left per step is the arithmetic. Nothing else may run in between, so a
// short step keeps the GIL, whose release would cost as much.
class Stepper {
  public:
    Stepper(nb::object packed, In x, Out h, Out c) : owner_(packed), x_(x), h_(h), c_(c) {
        packed_ = nb::cast<const PackedLayer*>(packed);
        packed_->single ? bind(single_) : bind(double_);
        const int64_t columns = (packed_->D + packed_->H) * packed_->H * gates_of(packed_->cell);
        short_ = columns * static_cast<int64_t>(size(x, 0)) < 100'000;
    }

    void step() {
        from_last_ = !from_last_;
        packed_->single ? run(single_) : run(double_);
    }

  private:
    template <class T> void bind(Forward<T>& f) {
        f = packed_->layer<T>();
        f.T_ = 1, f.N = size(x_, 0);
        f.x = in<T>(x_, "x", {f.N, f.D});
        f.h = out<T>(h_, "h", {f.N, f.H});
        if (packed_->cell == Cell::lstm) f.c = out<T>(c_, "c", {f.N, f.H});
        f.b = static_cast<const T*>(packed_->weights.get());  // not null: the packed panels begin with the bias
    }

    template <class T> void run(const Forward<T>& f) const {
        const T* weights = static_cast<const T*>(packed_->weights.get());
        const auto step = [&](const Run& run) { packed_->table->of<T>().step(f, weights, from_last_, run); };
        if (!short_) return execute(1, step);
        elman::Call call;
        elman::CallGuard guard(call, true);
        step(Run{1, elman::run_parallel, elman::thread_scratch, elman::call_stopped});
    }

    nb::object owner_;
    In x_;
    Out h_, c_;
    const PackedLayer* packed_;
    Forward<float> single_{};
    Forward<double> double_{};
    bool short_, from_last_ = true;
};

double fma_loop(int64_t rounds, int n_threads) {
    constexpr int kMost = 256;
    if (n_threads < 1 || n_threads > kMost) throw nb::value_error("n_threads must lie between 1 and 256");
    struct Work {
        int64_t rounds;
        double operations[kMost];
    } work{rounds, {}};
    execute(n_threads, [&](const Run& run) {
        run.parallel(
            n_threads,
            [](void* context, int part) {
                Work& w = *static_cast<Work*>(context);
                float sink = 0.5f;
                w.operations[part] = kernels().f32.fma_loop(w.rounds, &sink);
                if (sink == 0) w.operations[part] = 0;  // never: the sums stay near one
            },
            &work);
    });
    return std::accumulate(work.operations, work.operations + n_threads, 0.0);
}

}  // namespace

void bind_streaming(nb::module_& m) {
    nb::class_<PackedLayer>(m, "PackedLayer")
        .def_prop_ro("cell",
                     [](const PackedLayer& p) {
                         return p.cell == Cell::rnn ? "rnn" : p.cell == Cell::lstm ? "lstm" : "gru";
                     })
        .def_prop_ro("input_size", [](const PackedLayer& p) { return p.D; })
        .def_prop_ro("hidden_size", [](const PackedLayer& p) { return p.H; })
        .def_prop_ro("dtype", [](const PackedLayer& p) { return p.single ? "float32" : "float64"; });
    m.def("pack_layer", pack_layer, "cell"_a, "W_x"_a.noconvert(), "W_h"_a.noconvert(), "b"_a.noconvert().none(),
          "b_hn"_a.noconvert().none(), "activation"_a);
    m.def("step", step, "packed"_a, "x"_a.noconvert(), "h"_a.noconvert(), "c"_a.noconvert().none());
    nb::class_<Stepper>(m, "Stepper")
        .def(nb::init<nb::object, In, Out, Out>(), "packed"_a, "x"_a.noconvert(), "h"_a.noconvert(),
             "c"_a.noconvert().none())
        .def("step", &Stepper::step);
    m.def("fma_loop", fma_loop, "rounds"_a, "n_threads"_a = 1);
}

}  // namespace elman::bindings
