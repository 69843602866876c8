// A layer packed for streaming, its step, and a loop that measures the speed of the machine.
#include <cstring>
#include <numeric>

#include "bindings.h"
#include "memory.h"

namespace elman::bindings {
namespace {

template <class T> Memory copy_of(const T* values, int64_t count) {
    const std::size_t bytes = static_cast<std::size_t>(count) * sizeof(T);
    Memory memory = allocate(bytes);
    std::memcpy(memory.get(), values, bytes);
    return memory;
}

// A layer's weights packed for the kernels of one ISA level.
struct PackedLayer {
    const KernelTable* table;
    const elman::NarrowKernels* narrow;  // or null
    Cell cell;
    int activation;
    bool single, one_hot;  // float32; inputs are indices of one-hot rows
    int64_t D, H;
    Memory weights{nullptr, elman::free_aligned}, W_x{nullptr, elman::free_aligned}, b_hn{nullptr, elman::free_aligned};

    template <class T> Forward<T> layer() const {
        Forward<T> f{};
        f.cell = cell, f.activation = activation, f.D = D, f.H = H, f.T_ = 1, f.one_hot = one_hot;
        f.W_x = static_cast<const T*>(W_x.get());
        f.b_hn = static_cast<const T*>(b_hn.get());
        return f;
    }
};

PackedLayer pack_layer(const std::string& cell, const In& W_x, const In& W_h, const In& b, const In& b_hn,
                       const std::string& activation, bool one_hot, const std::string& precision) {
    return for_dtype(W_x, [&]<class T>() {
        const int64_t D = size(W_x, 0), H = size(W_h, 0);
        const bool single = sizeof(T) == 4;
        PackedLayer packed{
            &kernels(), narrow_of(precision, single), cell_of(cell), activation_of(activation, 4), single, one_hot, D,
            H};
        const int64_t G = kind_of(packed.cell).blocks;
        Forward<T> f = packed.layer<T>();
        f.W_x = in<T>(W_x, "W_x", {D, G * H});
        if (one_hot) packed.W_x = copy_of(f.W_x, D * G * H);
        f.W_h = in<T>(W_h, "W_h", {H, G * H});
        f.b = maybe<T>(b, "b", {G * H});
        if (kind_of(packed.cell).has_b_hn && b_hn.is_valid()) {
            packed.b_hn = copy_of(in<T>(b_hn, "b_hn", {H}), H);
        }
        const auto fill = [&](const auto& kernels) {
            packed.weights = allocate(static_cast<std::size_t>(kernels.packed_size(f)) * sizeof(T));
            kernels.pack(f, static_cast<T*>(packed.weights.get()));
        };
        if constexpr (sizeof(T) == 4) packed.narrow ? fill(*packed.narrow) : fill(packed.table->f32);
        else fill(packed.table->f64);
        return packed;
    });
}

template <class T> void step_as(const PackedLayer& packed, const In& x, const Out& h, const Out& c) {
    Forward<T> f = packed.layer<T>();
    f.N = size(x, 0);
    const Checked ones = f.one_hot ? indices_of(x, "x", {f.N}, f.D) : Checked();
    f.ones = ones;
    if (!f.one_hot) f.x = in<T>(x, "x", {f.N, f.D});
    f.h = out<T>(h, "h", {f.N, f.H});
    if (kind_of(packed.cell).has_c) f.c = out<T>(c, "c", {f.N, f.H});
    const T* weights = static_cast<const T*>(packed.weights.get());
    execute(1, [&](const Run& run) {
        if constexpr (sizeof(T) == 4) {
            if (packed.narrow) return packed.narrow->step(f, weights, false, run);
        }
        packed.table->of<T>().step(f, weights, false, run);
    });
}

void step(const PackedLayer& packed, const In& x, const Out& h, const Out& c) {
    packed.single ? step_as<float>(packed, x, h, c) : step_as<double>(packed, x, h, c);
}

// o = h W_y + b_y with weights of fewer bits.
void narrow_dense(const In& h, const In& W_y, const In& b_y, const Out& o, const std::string& precision) {
    const elman::NarrowKernels* kernels = narrow_of(precision, true);
    if (!kernels) throw nb::value_error("narrow_dense needs bfloat16 or int8");
    const int64_t M = size(h, 0), H = size(h, 1), K = size(W_y, 1);
    const elman::DenseForward<float> f{M,
                                       H,
                                       K,
                                       false,
                                       in<float>(h, "h", {M, H}),
                                       in<float>(W_y, "W_y", {H, K}),
                                       maybe<float>(b_y, "b_y", {K}),
                                       out<float>(o, "o", {M, K})};
    const Memory packed = allocate(static_cast<std::size_t>(kernels->dense_packed_size(f)) * sizeof(float));
    float* weights = static_cast<float*>(packed.get());
    execute(1, [&](const Run& run) {
        kernels->dense_pack(f, weights);
        kernels->dense_forward(f, weights, run);
    });
}

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
        .def_prop_ro("cell", [](const PackedLayer& p) { return kind_of(p.cell).name; })
        .def_prop_ro("input_size", [](const PackedLayer& p) { return p.D; })
        .def_prop_ro("hidden_size", [](const PackedLayer& p) { return p.H; })
        .def_prop_ro("one_hot", [](const PackedLayer& p) { return p.one_hot; })
        .def_prop_ro("dtype", [](const PackedLayer& p) { return p.single ? "float32" : "float64"; })
        .def("__copy__", [](const nb::object& self) { return self; })
        .def("__deepcopy__", [](const nb::object& self, const nb::handle&) { return self; })  // it never changes
        .def("__reduce__", [](const PackedLayer&) -> nb::object {
            throw nb::type_error("PackedLayer: packed weights stay in this process; call pack_layer again in another.");
        });
    m.def("pack_layer", pack_layer, "cell"_a, "W_x"_a.noconvert(), "W_h"_a.noconvert(), "b"_a.noconvert().none(),
          "b_hn"_a.noconvert().none(), "activation"_a, "one_hot"_a = false, "precision"_a = "float32");
    m.def("step", step, "packed"_a, "x"_a.noconvert(), "h"_a.noconvert(), "c"_a.noconvert().none());
    m.def("narrow_dense", narrow_dense, "h"_a.noconvert(), "W_y"_a.noconvert(), "b_y"_a.noconvert().none(),
          "o"_a.noconvert(), "precision"_a);
    m.def("fma_loop", fma_loop, "rounds"_a, "n_threads"_a = 1);
}

}  // namespace elman::bindings
