// Bindings of SiLU, softplus, the mixing readout and the loss of its quantiles.
#include "bindings.h"

using namespace elman::bindings;
using elman::kernels;
using elman::Run;

namespace {

// Elementwise: arrays of any shape, all of the same.
template <class T> const T* like(const In& a, const char* name, const In& first) {
    check_dtype<T>(a, name);
    check_same_shape(a, name, first);
    return static_cast<const T*>(a.data());
}

template <class T> T* like(const Out& a, const char* name, const In& first) {
    check_dtype<T>(a, name);
    check_same_shape(a, name, first);
    return static_cast<T*>(a.data());
}

template <class Kernel> void pointwise_forward(const In& a, const Out& y, int n_threads, Kernel kernel) {
    for_dtype(a, [&]<class T>() {
        const int64_t n = static_cast<int64_t>(a.size());
        const T* from = static_cast<const T*>(a.data());
        T* to = like<T>(y, "y", a);
        execute(n_threads, [&](const Run& run) { kernel(kernels().of<T>(), n, from, to, run); });
    });
}

template <class Kernel>
void pointwise_backward(const In& dy, const In& a, const Out& da, int n_threads, Kernel kernel) {
    for_dtype(a, [&]<class T>() {
        const int64_t n = static_cast<int64_t>(a.size());
        const T *from = static_cast<const T*>(a.data()), *upstream = like<T>(dy, "dy", a);
        T* to = like<T>(da, "da", a);
        execute(n_threads, [&](const Run& run) { kernel(kernels().of<T>(), n, upstream, from, to, run); });
    });
}

void bind_pointwise(nb::module_& m) {
    m.def(
        "silu_forward",
        [](In a, Out y, int n_threads) {
            pointwise_forward(a, y, n_threads, [](const auto& table, auto... rest) { table.silu_forward(rest...); });
        },
        "a"_a.noconvert(), "y"_a.noconvert(), "n_threads"_a = 0);
    m.def(
        "softplus_forward",
        [](In a, Out y, int n_threads) {
            pointwise_forward(a, y, n_threads,
                              [](const auto& table, auto... rest) { table.softplus_forward(rest...); });
        },
        "a"_a.noconvert(), "y"_a.noconvert(), "n_threads"_a = 0);
    m.def(
        "silu_backward",
        [](In dy, In a, Out da, int n_threads) {
            pointwise_backward(dy, a, da, n_threads,
                               [](const auto& table, auto... rest) { table.silu_backward(rest...); });
        },
        "dy"_a.noconvert(), "a"_a.noconvert(), "da"_a.noconvert(), "n_threads"_a = 0);
    m.def(
        "softplus_backward",
        [](In dy, In a, Out da, int n_threads) {
            pointwise_backward(dy, a, da, n_threads,
                               [](const auto& table, auto... rest) { table.softplus_backward(rest...); });
        },
        "dy"_a.noconvert(), "a"_a.noconvert(), "da"_a.noconvert(), "n_threads"_a = 0);
}

// Number of quantiles in the last axis of q or dq.
template <class Array> int64_t quantiles_of(const Array& q) {
    const int64_t Q = size(q, 2);
    if (Q % 2 == 0) throw nb::value_error("the number of quantiles must be odd");
    return Q;
}

}  // namespace

namespace elman::bindings {

void bind_readout(nb::module_& m) {
    bind_pointwise(m);
    m.def(
        "mixing_readout_forward",
        [](In o, In b, In k, Out q, int n_threads) {
            for_dtype(o, [&]<class T>() {
                const int64_t N = size(o, 0), J = size(o, 1), B = size(b, 2), Q = quantiles_of(q);
                const elman::MixingForward<T> f{N,
                                                J,
                                                B,
                                                Q,
                                                in<T>(o, "o", {N, J, B + Q + 2}),
                                                in<T>(b, "b", {N, J, B}),
                                                in<T>(k, "k", {J}),
                                                out<T>(q, "q", {N, J, Q})};
                execute(n_threads, [&](const Run& run) { kernels().of<T>().mixing_forward(f, run); });
            });
        },
        "o"_a.noconvert(), "b"_a.noconvert(), "k"_a.noconvert(), "q"_a.noconvert(), "n_threads"_a = 0);
    m.def(
        "mixing_readout_backward",
        [](In dq, In o, In b, In k, Out d_o, int n_threads) {
            for_dtype(o, [&]<class T>() {
                const int64_t N = size(o, 0), J = size(o, 1), B = size(b, 2), Q = quantiles_of(dq), K = B + Q + 2;
                const elman::MixingBackward<T> g{N,
                                                 J,
                                                 B,
                                                 Q,
                                                 in<T>(dq, "dq", {N, J, Q}),
                                                 in<T>(o, "o", {N, J, K}),
                                                 in<T>(b, "b", {N, J, B}),
                                                 in<T>(k, "k", {J}),
                                                 out<T>(d_o, "do", {N, J, K})};
                execute(n_threads, [&](const Run& run) { kernels().of<T>().mixing_backward(g, run); });
            });
        },
        "dq"_a.noconvert(), "o"_a.noconvert(), "b"_a.noconvert(), "k"_a.noconvert(), "do"_a.noconvert(),
        "n_threads"_a = 0);
    m.def(
        "quantile_loss",
        [](In q, In y, In levels, In importance, In weight, const std::string& reduction, Out dq) {
            return for_dtype(q, [&]<class T>() {
                const int64_t M = size(q, 0), Q = size(q, 1);
                const elman::QuantileLoss<T> l{M,
                                               Q,
                                               is_mean(reduction),
                                               in<T>(q, "q", {M, Q}),
                                               in<T>(y, "y", {M}),
                                               in<T>(levels, "levels", {Q}),
                                               maybe<T>(importance, "importance", {Q}),
                                               maybe<T>(weight, "weight", {M}),
                                               out<T>(dq, "dq", {M, Q})};
                return execute(1, [&](const Run&) { return kernels().of<T>().quantile_loss(l); });
            });
        },
        "q"_a.noconvert(), "y"_a.noconvert(), "levels"_a.noconvert(), "importance"_a.noconvert().none(),
        "weight"_a.noconvert().none(), "reduction"_a, "dq"_a.noconvert());
}

}  // namespace elman::bindings
