// The mixing readout: a median mixed from simple forecasts, and quantiles at gaps from it that are never negative.
//
// A row is one sequence at one step ahead k, with B simple forecasts b, Q quantiles and M = (Q - 1) / 2:
//
//     q_M = sum_j o_j b_j + o_B + o_{B+1} sqrt(k) + o_{B+2} k
//     g_i = softplus(o_{B+3+i}) s,   s = (1 + sqrt(k)) / 2
//     q_i = q_{i+1} - g_i  for i < M,    q_{i+1} = q_i + g_i  for i >= M
//
// Backward the median carries the sum of dq, gap i < M minus the sum of dq_0 … dq_i, gap i >= M the sum of dq_{i+1} … dq_{Q-1}. The
// gaps' sums are kept where their gradients will stand, so a row needs no scratch memory.
//
// Exactness: the sum over j is lane by lane and then over the lanes, in an order that depends on B alone; the others are chains.
#pragma once

#include "dense.h"

namespace {

using elman::MixingBackward;
using elman::MixingForward;

// f(row) for all rows, on as many threads as that is worth: a simple forecast is one multiply-add, a gap an exponential and a logarithm.
template <class T, class F> void for_rows(const Run& run, int64_t M, int64_t B, int64_t Q, F&& f) {
    const int parts = threads_for(run, static_cast<double>(M) * static_cast<double>(2 * B + 40 * Q), M);
    auto body = [&](int part) {
        const Span span = share(M, part, parts);
        for (int64_t m = span.begin; m < span.end; ++m) {
            if (m % 1024 == 0 && run.stopped()) return;
            f(m);
        }
    };
    parallel(run, parts, body);
}

template <class T> ELMAN_INLINE T median_of(const T* o, const T* b, int64_t B, T k, T root) {
    Vec<T> sum = {};
    for_vectors<T>(B, [&](int64_t j, int n) { sum = fma(load_first(o + j, n), load_first(b + j, n), sum); });
    return sum_of<T>(sum) + (o[B] + (o[B + 1] * root + o[B + 2] * k));
}

template <class T> void mixing_forward(const MixingForward<T>& f, const Run& run) {
    const int64_t B = f.B, Q = f.Q, median = (Q - 1) / 2;
    for_rows<T>(run, f.N * f.J, B, Q, [&](int64_t m) {
        const T *o = f.o + m * (B + Q + 2), k = f.k[m % f.J], root = static_cast<T>(square_root(k));
        T* q = f.q + m * Q;
        const Vec<T> scale = broadcast<T>((1 + root) / 2);
        for_vectors<T>(Q - 1, [&](int64_t i, int n) {  // q_i holds g_i until it is computed itself
            store_first(q + i, softplus_of<T>(load_first(o + B + 3 + i, n)) * scale, n);
        });
        T gap = Q > 1 ? q[median] : 0;
        q[median] = median_of(o, f.b + m * B, B, k, root);
        for (int64_t i = median - 1; i >= 0; --i) q[i] = q[i + 1] - q[i];
        for (int64_t i = median; i < Q - 1; ++i) {
            const T next = i + 2 < Q ? q[i + 1] : 0;
            q[i + 1] = q[i] + gap;
            gap = next;
        }
    });
}

template <class T> void mixing_backward(const MixingBackward<T>& g, const Run& run) {
    const int64_t B = g.B, Q = g.Q, median = (Q - 1) / 2;
    for_rows<T>(run, g.N * g.J, B, Q, [&](int64_t m) {
        const T *o = g.o + m * (B + Q + 2), *b = g.b + m * B, *dq = g.dq + m * Q;
        const T k = g.k[m % g.J], root = static_cast<T>(square_root(k));
        T *d_o = g.d_o + m * (B + Q + 2), *gaps = d_o + B + 3, below = 0, above = 0;
        for (int64_t i = 0; i < median; ++i) below += dq[i], gaps[i] = -below;
        for (int64_t i = Q - 2; i >= median; --i) above += dq[i + 1], gaps[i] = above;
        const T d_median = below + dq[median] + above;
        for_vectors<T>(
            B, [&](int64_t j, int n) { store_first(d_o + j, broadcast<T>(d_median) * load_first(b + j, n), n); });
        d_o[B] = d_median, d_o[B + 1] = d_median * root, d_o[B + 2] = d_median * k;
        const Vec<T> scale = broadcast<T>((1 + root) / 2);
        for_vectors<T>(Q - 1, [&](int64_t i, int n) {
            store_first(gaps + i, load_first(gaps + i, n) * scale * sigmoid_of<T>(load_first(o + B + 3 + i, n)), n);
        });
    });
}

}  // namespace
