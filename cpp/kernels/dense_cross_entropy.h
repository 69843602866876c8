// The output layer together with the categorical cross-entropy of its softmax, forward and backward.
//
// For a large vocabulary the logits (M, K) and their gradient are larger than everything else. Here no more than logit_rows of them
// exist at a time: their logits are formed, turned into the gradient in place, and meet W_y^T and h at once. Rows go from the last to
// the first, so that the bits are those of dense_forward, loss and dense_backward one after the other.
#pragma once

#include "losses.h"

namespace {

using elman::DenseCrossEntropy;

// Rows of logits that exist at a time: enough for the products, and for a small vocabulary as many as a megabyte or two holds, so that
// threads have something to share.
inline int64_t logit_rows(int64_t M, int64_t K) {
    constexpr int64_t least = 256, elements = 262144;
    const int64_t rows = elements / (K > 0 ? K : 1) > least ? elements / (K > 0 ? K : 1) : least;
    return M < rows ? M : rows;
}

template <class T> double weight_of(const DenseCrossEntropy<T>& d) {
    double total = 0;
    for (int64_t m = 0; m < d.M; ++m) total += static_cast<double>(d.weight ? d.weight[m] : T(1));
    return total;
}

template <class T> double dense_cross_entropy(const DenseCrossEntropy<T>& d, const Run& run) {
    const int64_t depth = logit_rows(d.M, d.K), per_part = gradient_scratch<T>(d.H);
    const bool few_rows = depth <= kRows<kWide>;
    const double work = static_cast<double>(depth * d.H) * static_cast<double>(d.K);
    const int parts = threads_for(run, work, depth), parts_m = threads_for(run, work, d.H);
    T *w = nullptr, *w_t = nullptr, *o = nullptr, *space = nullptr;
    double* values = nullptr;
    with_scratch(run, [&](Arena& arena) {
        w = arena.take<T>(few_rows ? 0 : Packed<T>::size(d.H, d.K));
        w_t = arena.take<T>(Packed<T>::size(d.K, d.H));
        o = arena.take<T>(depth * d.K);
        space = arena.take<T>(per_part * parts_m);
        values = arena.take<double>(d.M);
    });
    const Packed<T> W = few_rows ? Packed<T>{d.W_y, d.H, d.K, false} : pack_matrix<T>(w, d.W_y, d.H, d.K, d.K, 1);
    const Packed<T> W_T = pack_matrix<T>(w_t, d.W_y, d.K, d.H, 1, d.K);
    const double weight = weight_of(d);
    const bool divide = d.mean && weight != 0;
    const T scale = static_cast<T>(1 / (divide ? weight : 1.0));
    int64_t end = d.M;
    do {
        const int64_t begin = end > depth ? end - depth : 0, n = end - begin;
        const Rows rows{nullptr, n};
        LossArguments<T> l{};
        l.K = d.K, l.o = o, l.d_o = o, l.labels = d.labels + begin, l.weight = d.weight ? d.weight + begin : nullptr;
        auto outputs = [&](int part) {
            const Span span = share(n, part, parts);
            multiply_rows<T>(run, d.h + begin * d.H, d.H, W, d.b_y, false, o, d.K, rows, span);
            for (int64_t m = span.begin; m < span.end; ++m) {
                LossSum<T> sum;
                add_categorical_row<T>(l, m, sum);
                values[begin + m] = sum.value;
                for (int64_t j = 0; divide && j < d.K; ++j) o[m * d.K + j] *= scale;
            }
            multiply_rows<T>(run, o, d.K, W_T, nullptr, false, d.dh + begin * d.H, d.H, rows, span);
        };
        parallel(run, parts, outputs);
        if (run.stopped()) return 0;
        const bool go_on = d.accumulate || end < d.M;
        auto gradients = [&](int part) {
            T* db = part == 0 ? d.db_y : nullptr;
            const GradientSide<T> side{d.h + begin * d.H, d.H, nullptr, d.dW_y, share(d.H, part, parts_m), db};
            weight_gradient<T>(run, {&side, 1, n, o, d.K, d.K, d.K, go_on, space + part * per_part}, rows);
        };
        parallel(run, parts_m, gradients);
        end = begin;
    } while (end > 0);
    double value = 0;
    for (int64_t m = 0; m < d.M; ++m) value += values[m];
    return divide ? value / weight : value;
}

}  // namespace
