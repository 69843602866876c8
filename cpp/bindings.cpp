// The extension module elman._native: checked arrays in, the GIL released, no arithmetic.
//
// Every function writes to arrays of the caller. The checks here keep memory safe and have short messages; the messages for users come
// from elman._check, which the public functions of elman.engine call first.
#include "bindings.h"
#include "cgroups.h"

#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <limits>

using namespace elman::bindings;
using elman::Cell;
using elman::kernels;
using elman::Run;

namespace {

bool python_signal_pending() {
    nb::gil_scoped_acquire locked;
    return PyErr_CheckSignals() != 0;
}

// The arrays of a layer's forward pass; those that the cell lacks stay invalid.
struct ForwardArrays {
    const In &x, &h_0, &c_0, &W_x, &W_h, &b, &b_hn, &lengths, &h_mask;
    const Out &h, &c, &gates;
};

void run_forward(Cell cell, int activation, const ForwardArrays& a, int n_threads) {
    for_dtype(a.W_h, [&]<class T>() {
        const CellKind& kind = kind_of(cell);
        const int64_t steps = size(a.x, 0), N = size(a.x, 1), D = size(a.W_x, 0), H = size(a.W_h, 0), G = kind.blocks;
        elman::Forward<T> f{};
        f.cell = cell, f.activation = activation, f.T_ = steps, f.N = N, f.D = D, f.H = H, f.one_hot = is_ones(a.x);
        const Checked ones = f.one_hot ? indices_of(a.x, "x", {steps, N}, D) : Checked();
        const Checked lengths = lengths_of(a.lengths, steps, N);
        f.ones = ones, f.lengths = lengths;
        if (!f.one_hot) f.x = in<T>(a.x, "x", {steps, N, D});
        f.h_0 = maybe<T>(a.h_0, "h_0", {N, H});
        f.W_x = in<T>(a.W_x, "W_x", {D, G * H});
        f.W_h = in<T>(a.W_h, "W_h", {H, G * H});
        f.b = maybe<T>(a.b, "b", {G * H});
        f.h_mask = maybe<T>(a.h_mask, "h_mask", {N, H});
        f.h = out<T>(a.h, "h", {steps + 1, N, H});
        if (kind.has_c) {
            f.c_0 = maybe<T>(a.c_0, "c_0", {N, H});
            f.c = out<T>(a.c, "c", {steps + 1, N, H});
        }
        if (kind.has_b_hn) f.b_hn = maybe<T>(a.b_hn, "b_hn", {H});
        if (kind.has_gates) f.gates = maybe<T>(a.gates, "gates", {steps, N, 4 * H});
        execute(n_threads, [&](const Run& run) { kernels().of<T>().forward(f, run); });
    });
}

// The arrays of a layer's backward pass.
struct BackwardArrays {
    const In &dh, &dh_T, &dc_T, &x, &h, &c, &gates, &W_x, &W_h, &lengths, &h_mask;
    const Out &dx, &dh_0, &dc_0, &dW_x, &dW_h, &db, &db_hn;
};

void run_backward(Cell cell, int activation, bool one_step, bool accumulate, const BackwardArrays& a, int n_threads) {
    for_dtype(a.h, [&]<class T>() {
        const CellKind& kind = kind_of(cell);
        const int64_t steps = size(a.x, 0), N = size(a.x, 1), D = size(a.W_x, 0), H = size(a.h, 2), G = kind.blocks;
        elman::Backward<T> b{};
        b.cell = cell, b.activation = activation, b.one_step = one_step, b.accumulate = accumulate, b.T_ = steps,
        b.N = N, b.D = D, b.H = H;
        b.dh = maybe<T>(a.dh, "dh", {steps, N, H});
        b.dh_T = maybe<T>(a.dh_T, "dh_T", {N, H});
        const Checked ones = is_ones(a.x) ? indices_of(a.x, "x", {steps, N}, D) : Checked();
        const Checked lengths = lengths_of(a.lengths, steps, N);
        b.ones = ones, b.lengths = lengths;
        if (!ones) b.x = in<T>(a.x, "x", {steps, N, D});
        b.h = in<T>(a.h, "h", {steps + 1, N, H});
        b.W_x = in<T>(a.W_x, "W_x", {D, G * H});
        b.W_h = in<T>(a.W_h, "W_h", {H, G * H});
        b.h_mask = maybe<T>(a.h_mask, "h_mask", {N, H});
        b.dx = maybe<T>(a.dx, "dx", {steps, N, D});
        b.dh_0 = maybe<T>(a.dh_0, "dh_0", {N, H});
        b.dW_x = out<T>(a.dW_x, "dW_x", {D, G * H});
        b.dW_h = out<T>(a.dW_h, "dW_h", {H, G * H});
        b.db = out<T>(a.db, "db", {G * H});
        if (kind.has_c) {
            b.dc_T = maybe<T>(a.dc_T, "dc_T", {N, H});
            b.c = in<T>(a.c, "c", {steps + 1, N, H});
            b.dc_0 = maybe<T>(a.dc_0, "dc_0", {N, H});
        }
        if (kind.has_b_hn) b.db_hn = out<T>(a.db_hn, "db_hn", {H});
        if (kind.has_gates) b.gates = in<T>(a.gates, "gates", {steps, N, 4 * H});
        execute(n_threads, [&](const Run& run) { kernels().of<T>().backward(b, run); });
    });
}

// One function per direction for all cells: an array that the cell lacks is None.
void bind_cells(nb::module_& m) {
    m.def(
        "layer_forward",
        [](const std::string& cell, const std::string& activation, In x, In h_0, In c_0, In W_x, In W_h, In b, In b_hn,
           In lengths, In h_mask, Out h, Out c, Out gates, int n_threads) {
            run_forward(cell_of(cell), activation_of(activation, 4),
                        {x, h_0, c_0, W_x, W_h, b, b_hn, lengths, h_mask, h, c, gates}, n_threads);
        },
        "cell"_a, "activation"_a, "x"_a.noconvert(), "h_0"_a.noconvert().none(), "c_0"_a.noconvert().none(),
        "W_x"_a.noconvert(), "W_h"_a.noconvert(), "b"_a.noconvert().none(), "b_hn"_a.noconvert().none(),
        "lengths"_a.noconvert().none(), "h_mask"_a.noconvert().none(), "h"_a.noconvert(), "c"_a.noconvert().none(),
        "gates"_a.noconvert().none(), "n_threads"_a = 0);
    m.def(
        "layer_backward",
        [](const std::string& cell, const std::string& activation, In dh, In dh_T, In dc_T, In x, In h, In c, In gates,
           In W_x, In W_h, In lengths, In h_mask, bool one_step, Out dx, Out dh_0, Out dc_0, Out dW_x, Out dW_h, Out db,
           Out db_hn, bool accumulate, int n_threads) {
            run_backward(
                cell_of(cell), activation_of(activation, 4), one_step, accumulate,
                {dh, dh_T, dc_T, x, h, c, gates, W_x, W_h, lengths, h_mask, dx, dh_0, dc_0, dW_x, dW_h, db, db_hn},
                n_threads);
        },
        "cell"_a, "activation"_a, "dh"_a.noconvert().none(), "dh_T"_a.noconvert().none(), "dc_T"_a.noconvert().none(),
        "x"_a.noconvert(), "h"_a.noconvert(), "c"_a.noconvert().none(), "gates"_a.noconvert().none(),
        "W_x"_a.noconvert(), "W_h"_a.noconvert(), "lengths"_a.noconvert().none(), "h_mask"_a.noconvert().none(),
        "one_step"_a, "dx"_a.noconvert().none(), "dh_0"_a.noconvert().none(), "dc_0"_a.noconvert().none(),
        "dW_x"_a.noconvert(), "dW_h"_a.noconvert(), "db"_a.noconvert(), "db_hn"_a.noconvert().none(), "accumulate"_a,
        "n_threads"_a = 0);
}

void bind_layers(nb::module_& m) {
    m.def(
        "dense_forward",
        [](In h, In W_y, In b_y, Out o, bool accumulate, int n_threads) {
            for_dtype(h, [&]<class T>() {
                const int64_t M = size(h, 0), H = size(h, 1), K = size(W_y, 1);
                const elman::DenseForward<T> f{M,
                                               H,
                                               K,
                                               accumulate,
                                               in<T>(h, "h", {M, H}),
                                               in<T>(W_y, "W_y", {H, K}),
                                               maybe<T>(b_y, "b_y", {K}),
                                               out<T>(o, "o", {M, K})};
                execute(n_threads, [&](const Run& run) { kernels().of<T>().dense_forward(f, run); });
            });
        },
        "h"_a.noconvert(), "W_y"_a.noconvert(), "b_y"_a.noconvert().none(), "o"_a.noconvert(), "accumulate"_a = false,
        "n_threads"_a = 0);
    m.def(
        "dense_backward",
        [](In d_o, In h, In W_y, Out dh, Out dW_y, Out db_y, bool accumulate_dh, bool accumulate, int n_threads) {
            for_dtype(h, [&]<class T>() {
                const int64_t M = size(h, 0), H = size(h, 1), K = size(W_y, 1);
                const elman::DenseBackward<T> b{M,
                                                H,
                                                K,
                                                accumulate_dh,
                                                accumulate,
                                                in<T>(d_o, "do", {M, K}),
                                                in<T>(h, "h", {M, H}),
                                                in<T>(W_y, "W_y", {H, K}),
                                                maybe<T>(dh, "dh", {M, H}),
                                                out<T>(dW_y, "dW_y", {H, K}),
                                                maybe<T>(db_y, "db_y", {K})};
                execute(n_threads, [&](const Run& run) { kernels().of<T>().dense_backward(b, run); });
            });
        },
        "do"_a.noconvert(), "h"_a.noconvert(), "W_y"_a.noconvert(), "dh"_a.noconvert().none(), "dW_y"_a.noconvert(),
        "db_y"_a.noconvert().none(), "accumulate_dh"_a = false, "accumulate"_a = false, "n_threads"_a = 0);
    m.def(
        "activation_forward",
        [](In o, const std::string& activation, Out y) {
            for_dtype(o, [&]<class T>() {
                const int64_t M = size(o, 0), K = size(o, 1);
                const T* from = in<T>(o, "o", {M, K});
                T* to = out<T>(y, "y", {M, K});
                const int f = activation_of(activation, 8);
                execute(1, [&](const Run&) { kernels().of<T>().activation_forward(f, M, K, from, to); });
            });
        },
        "o"_a.noconvert(), "activation"_a, "y"_a.noconvert());
    m.def(
        "activation_backward",
        [](In dy, In y, const std::string& activation, Out d_o) {
            for_dtype(y, [&]<class T>() {
                const int64_t M = size(y, 0), K = size(y, 1);
                const T *upstream = in<T>(dy, "dy", {M, K}), *value = in<T>(y, "y", {M, K});
                T* to = out<T>(d_o, "do", {M, K});
                const int f = activation_of(activation, 6);
                execute(1, [&](const Run&) { kernels().of<T>().activation_backward(f, M, K, upstream, value, to); });
            });
        },
        "dy"_a.noconvert(), "y"_a.noconvert(), "activation"_a, "do"_a.noconvert());
    m.def(
        "draw",
        [](In p, double u, int64_t first) {
            return for_dtype(p, [&]<class T>() {
                const int64_t K = size(p, 0);
                if (first < 0 || first >= K) throw nb::value_error("first must be one of the indices");
                return kernels().of<T>().draw(K, in<T>(p, "p", {K}), u, first);
            });
        },
        "p"_a.noconvert(), "u"_a, "first"_a = 0);
    m.def(
        "embedding_forward",
        [](In indices, In E, Out result) {
            for_dtype(E, [&]<class T>() {
                const int64_t M = size(indices, 0), V = size(E, 0), D = size(E, 1);
                const Checked places = indices_of(indices, "indices", {M}, V);
                const T* table = in<T>(E, "E", {V, D});
                T* to = out<T>(result, "out", {M, D});
                execute(1, [&](const Run&) { kernels().of<T>().embedding_forward(M, D, places, table, to); });
            });
        },
        "indices"_a.noconvert(), "E"_a.noconvert(), "out"_a.noconvert());
    m.def(
        "embedding_backward",
        [](In dx, In indices, Out dE, bool accumulate) {
            for_dtype(dx, [&]<class T>() {
                const int64_t M = size(indices, 0), V = size(dE, 0), D = size(dE, 1);
                const Checked places = indices_of(indices, "indices", {M}, V);
                const T* from = in<T>(dx, "dx", {M, D});
                T* to = out<T>(dE, "dE", {V, D});
                execute(1, [&](const Run&) {
                    kernels().of<T>().embedding_backward(M, D, V, from, places, to, accumulate);
                });
            });
        },
        "dx"_a.noconvert(), "indices"_a.noconvert(), "dE"_a.noconvert(), "accumulate"_a);
    m.def(
        "loss",
        [](const std::string& name, In o, In y, In weight, const std::string& reduction, double parameter, Out d_o) {
            return for_dtype(o, [&]<class T>() {
                const int64_t M = size(o, 0), K = size(o, 1);
                elman::LossArguments<T> l{};
                l.loss = loss_of(name), l.M = M, l.K = K, l.mean = is_mean(reduction), l.parameter = parameter;
                l.o = in<T>(o, "o", {M, K});
                const bool categorical = l.loss == elman::Loss::categorical_cross_entropy;
                const bool labelled = categorical && y.dtype() == nb::dtype<int64_t>();
                const Checked labels = labelled ? indices_of(y, "y", {M}, K) : Checked();
                l.labels = labels;
                if (!labelled) l.y = in<T>(y, "y", {M, K});
                l.weight_per_component = weight.is_valid() && weight.ndim() == 2 && !categorical;
                if (l.weight_per_component) l.weight = in<T>(weight, "weight", {M, K});
                else l.weight = maybe<T>(weight, "weight", {M});
                l.d_o = out<T>(d_o, "do", {M, K});
                return execute(1, [&](const Run&) { return kernels().of<T>().loss(l); });
            });
        },
        "name"_a, "o"_a.noconvert(), "y"_a.noconvert(), "weight"_a.noconvert().none(), "reduction"_a, "parameter"_a,
        "do"_a.noconvert());
}

void bind_dense_cross_entropy(nb::module_& m) {
    m.def(
        "dense_cross_entropy",
        [](In h, In W_y, In b_y, In y, In weight, const std::string& reduction, Out dh, Out dW_y, Out db_y,
           bool accumulate, int n_threads) {
            return for_dtype(h, [&]<class T>() {
                const int64_t M = size(h, 0), H = size(h, 1), K = size(W_y, 1);
                const Checked labels = indices_of(y, "y", {M}, K);
                const elman::DenseCrossEntropy<T> d{M,
                                                    H,
                                                    K,
                                                    is_mean(reduction),
                                                    accumulate,
                                                    in<T>(h, "h", {M, H}),
                                                    in<T>(W_y, "W_y", {H, K}),
                                                    maybe<T>(b_y, "b_y", {K}),
                                                    labels,
                                                    maybe<T>(weight, "weight", {M}),
                                                    out<T>(dh, "dh", {M, H}),
                                                    out<T>(dW_y, "dW_y", {H, K}),
                                                    maybe<T>(db_y, "db_y", {K})};
                return execute(n_threads,
                               [&](const Run& run) { return kernels().of<T>().dense_cross_entropy(d, run); });
            });
        },
        "h"_a.noconvert(), "W_y"_a.noconvert(), "b_y"_a.noconvert().none(), "y"_a.noconvert(),
        "weight"_a.noconvert().none(), "reduction"_a, "dh"_a.noconvert(), "dW_y"_a.noconvert(),
        "db_y"_a.noconvert().none(), "accumulate"_a = false, "n_threads"_a = 0);
}

void bind_updates(nb::module_& m) {
    m.def(
        "sgd_step",
        [](Out theta, In gradient, Out velocity, double learning_rate, double momentum, bool nesterov,
           double weight_decay, double max_norm) {
            return for_dtype(theta, [&]<class T>() {
                const int64_t n = size(theta, 0);
                T *p = out<T>(theta, "theta", {n}), *v = out<T>(velocity, "velocity", {n});
                const T* g = in<T>(gradient, "gradient", {n});
                return execute(1, [&](const Run&) {
                    return kernels().of<T>().sgd_step(n, p, g, v, learning_rate, momentum, nesterov, weight_decay,
                                                      max_norm);
                });
            });
        },
        "theta"_a.noconvert(), "gradient"_a.noconvert(), "velocity"_a.noconvert(), "learning_rate"_a,
        "momentum"_a = 0.0, "nesterov"_a = false, "weight_decay"_a = 0.0,
        "max_norm"_a = std::numeric_limits<double>::infinity());
    m.def(
        "rmsprop_step",
        [](Out theta, In gradient, Out square, double learning_rate, double decay, double epsilon, double max_norm) {
            return for_dtype(theta, [&]<class T>() {
                const int64_t n = size(theta, 0);
                T *p = out<T>(theta, "theta", {n}), *s = out<T>(square, "square", {n});
                const T* g = in<T>(gradient, "gradient", {n});
                return execute(1, [&](const Run&) {
                    return kernels().of<T>().rmsprop_step(n, p, g, s, learning_rate, decay, epsilon, max_norm);
                });
            });
        },
        "theta"_a.noconvert(), "gradient"_a.noconvert(), "square"_a.noconvert(), "learning_rate"_a, "decay"_a = 0.9,
        "epsilon"_a = 1e-8, "max_norm"_a = std::numeric_limits<double>::infinity());
    m.def(
        "adam_step",
        [](Out theta, In gradient, Out m_, Out v_, int64_t step, double learning_rate, double beta_1, double beta_2,
           double epsilon, double weight_decay, double max_norm) {
            return for_dtype(theta, [&]<class T>() {
                const int64_t n = size(theta, 0);
                T *p = out<T>(theta, "theta", {n}), *first = out<T>(m_, "m", {n}), *second = out<T>(v_, "v", {n});
                const T* g = in<T>(gradient, "gradient", {n});
                return execute(1, [&](const Run&) {
                    return kernels().of<T>().adam_step(n, p, g, first, second, step, learning_rate, beta_1, beta_2,
                                                       epsilon, weight_decay, max_norm);
                });
            });
        },
        "theta"_a.noconvert(), "gradient"_a.noconvert(), "m"_a.noconvert(), "v"_a.noconvert(), "step"_a,
        "learning_rate"_a, "beta_1"_a = 0.9, "beta_2"_a = 0.999, "epsilon"_a = 1e-8, "weight_decay"_a = 0.0,
        "max_norm"_a = std::numeric_limits<double>::infinity());
    m.def(
        "clip_by_norm",
        [](Out gradient, double max_norm) {
            return for_dtype(gradient, [&]<class T>() {
                const int64_t n = size(gradient, 0);
                T* g = out<T>(gradient, "gradient", {n});
                return execute(1, [&](const Run&) { return kernels().of<T>().clip_by_norm(n, g, max_norm); });
            });
        },
        "gradient"_a.noconvert(), "max_norm"_a);
    m.def(
        "clip_by_value",
        [](Out gradient, double limit) {
            for_dtype(gradient, [&]<class T>() {
                const int64_t n = size(gradient, 0);
                T* g = out<T>(gradient, "gradient", {n});
                execute(1, [&](const Run&) { kernels().of<T>().clip_by_value(n, g, limit); });
            });
        },
        "gradient"_a.noconvert(), "limit"_a);
}

// In blocks of 16 by 16: a whole column at a time would load and evict a cache line per element.
template <class T> void transpose(int64_t rows, int64_t columns, const T* matrix, T* result) {
    constexpr int64_t block = 16;
    for (int64_t first = 0; first < columns; first += block) {
        for (int64_t begin = 0; begin < rows; begin += block) {
            const int64_t last = std::min(first + block, columns), end = std::min(begin + block, rows);
            for (int64_t column = first; column < last; ++column)
                for (int64_t row = begin; row < end; ++row)
                    result[column * rows + row] = matrix[row * columns + column];
        }
    }
}

// Whether the window of the origin `start + moved` lies inside, computed without overflow.
bool window_inside(__int128 start, __int128 moved, __int128 first, __int128 width, __int128 total, bool center) {
    const __int128 origin = start + moved, begin = origin + first;
    return begin >= 0 && begin + width <= total && !(center && (origin < 0 || origin >= total));
}

void bind_batches(nb::module_& m) {
    m.def(
        "dropout_mask",
        [](Out mask, double rate, std::uint32_t seed, std::uint32_t update, std::uint32_t layer,
           std::uint32_t first_row, std::uint32_t first_step) {
            if (!(rate >= 0 && rate < 1)) throw nb::value_error("rate must lie in [0, 1)");
            for_dtype(mask, [&]<class T>() {
                const int64_t steps = size(mask, 0), N = size(mask, 1), H = size(mask, 2);
                const elman::Dropout<T> d{steps,  N,     H,         rate,       seed,
                                          update, layer, first_row, first_step, out<T>(mask, "out", {steps, N, H})};
                execute(1, [&](const Run&) { kernels().of<T>().dropout_mask(d); });
            });
        },
        "out"_a.noconvert(), "rate"_a, "seed"_a, "update"_a, "layer"_a, "first_row"_a = 0, "first_step"_a = 0);
    m.def(
        "gather_windows",
        [](In values, In center, In origins, int64_t first, int64_t width, int64_t stride, Out result) {
            for_dtype(result, [&]<class T>() {
                // Several batches: origins (U, N) and out (U, T, N, width C).
                const bool many = origins.ndim() == 2;
                const int64_t total = size(values, 0), C = size(values, 1), steps = size(result, many),
                              N = size(origins, many), batches = many ? size(origins, 0) : 1;
                if (width < 0) throw nb::value_error("width must not be negative");
                constexpr auto any = std::numeric_limits<int64_t>();
                const Checked o = many ? Checked(origins, "origins", {batches, N}, any.min(), any.max())
                                       : Checked(origins, "origins", {N}, any.min(), any.max());
                for (int64_t n = 0; n < batches * N && steps > 0; ++n) {
                    if (!window_inside(o[n], 0, first, width, total, center.is_valid()) ||
                        !window_inside(o[n], (steps - 1) * static_cast<__int128>(stride), first, width, total,
                                       center.is_valid()))
                        throw nb::value_error("a window leaves the values");
                }
                elman::Windows<T> w{steps,
                                    N,
                                    C,
                                    first,
                                    width,
                                    stride,
                                    in<double>(values, "values", {total, C}),
                                    maybe<double>(center, "center", {total, C}),
                                    o,
                                    many ? out<T>(result, "out", {batches, steps, N, width * C})
                                         : out<T>(result, "out", {steps, N, width * C})};
                execute(1, [&](const Run&) {
                    for (int64_t u = 0; u < batches; ++u, w.origins += N, w.out += steps * N * width * C)
                        kernels().of<T>().gather_windows(w);
                });
            });
        },
        "values"_a.noconvert(), "center"_a.noconvert().none(), "origins"_a.noconvert(), "first"_a, "width"_a,
        "stride"_a, "out"_a.noconvert());
    m.def(
        "transpose",
        [](In matrix, Out result) {
            for_dtype(result, [&]<class T>() {
                const int64_t rows = size(result, 1), columns = size(result, 0);
                const T* from = in<T>(matrix, "matrix", {rows, columns});
                transpose(rows, columns, from, out<T>(result, "out", {columns, rows}));
            });
        },
        "matrix"_a.noconvert(), "out"_a.noconvert());
}

}  // namespace

NB_MODULE(_native, m) {
    m.doc() = "Native kernels of elman; elman.engine is the module to use.";
    elman::set_poll(python_signal_pending);
    elman::bindings::numpy_arrays();
    bind_cells(m);
    bind_streaming(m);
    bind_stepper(m);
    bind_layers(m);
    bind_dense_cross_entropy(m);
    bind_readout(m);
    bind_many(m);
    bind_updates(m);
    bind_batches(m);
    m.def("isa", [] { return std::string(kernels().isa); });
    m.def("isa_levels", [] { return elman::isa_levels(); });
    m.def("use_isa", [](const std::string& name) {
        if (!elman::use_isa(name)) throw nb::value_error(("no such ISA level here: " + name).c_str());
    });
    m.def("use_vnni", &elman::use_vnni, "wanted"_a);
    m.def("reading", [] {
        const elman::Reading used = elman::reading();
        return nb::make_tuple(used.fetched_beyond, used.copies_short_rows);
    });
    m.def(
        "use_reading",
        [](int64_t fetched_beyond, bool copies_short_rows) { elman::use_reading({fetched_beyond, copies_short_rows}); },
        "fetched_beyond"_a, "copies_short_rows"_a);
    m.def("num_threads", [] { return elman::default_threads(); });
    m.def("cgroup_cpus", &elman::cgroup_cpus, "root"_a, "cpus"_a);
}
