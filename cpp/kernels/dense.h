// The output layer and the linear skip (o = h W_y + b_y), output activations, and the embedding.
#pragma once

#include "math.h"
#include "recurrent.h"

namespace {

using elman::DenseBackward;
using elman::DenseForward;

template <class T> void dense_forward(const DenseForward<T>& f, const Run& run) {
    const bool few_rows = f.M <= kRows<kWide>;
    T* space = nullptr;
    with_scratch(run, [&](Arena& arena) { space = arena.take<T>(few_rows ? 0 : Packed<T>::size(f.H, f.K)); });
    const Packed<T> W = few_rows ? Packed<T>{f.W_y, f.H, f.K, false} : pack_matrix<T>(space, f.W_y, f.H, f.K, f.K, 1);
    const int parts = threads_for(run, static_cast<double>(f.M * f.H) * static_cast<double>(f.K), f.M);
    auto body = [&](int part) {
        multiply_rows<T>(run, f.h, f.H, W, f.b_y, f.accumulate, f.o, f.K, {nullptr, f.M}, share(f.M, part, parts));
    };
    parallel(run, parts, body);
}

template <class T> void dense_backward(const DenseBackward<T>& b, const Run& run) {
    const double work = static_cast<double>(b.M * b.H) * static_cast<double>(b.K);
    const int parts_m = threads_for(run, work, b.H), parts = threads_for(run, work, b.M);
    const int64_t per_part = gradient_scratch<T>(b.H);
    T *w = nullptr, *space = nullptr;
    with_scratch(run, [&](Arena& arena) {
        w = arena.take<T>(b.dh ? Packed<T>::size(b.K, b.H) : 0);
        space = arena.take<T>(per_part * parts_m);
    });
    const Rows rows{nullptr, b.M};
    if (b.dh) {
        const Packed<T> W_T = pack_matrix<T>(w, b.W_y, b.K, b.H, 1, b.K);
        auto inputs = [&](int part) {
            multiply_rows<T>(run, b.d_o, b.K, W_T, nullptr, b.accumulate_dh, b.dh, b.H, rows, share(b.M, part, parts));
        };
        parallel(run, parts, inputs);
    }
    auto gradients = [&](int part) {
        T* db = part == 0 ? b.db_y : nullptr;
        const GradientSide<T> side{b.h, b.H, nullptr, b.dW_y, share(b.H, part, parts_m), db};
        weight_gradient<T>(run, {&side, 1, b.M, b.d_o, b.K, b.K, b.K, b.accumulate, space + part * per_part}, rows);
    };
    parallel(run, parts_m, gradients);
}

// One row of K values, vector by vector: f(vector, offset, lanes).
template <class T, class F> ELMAN_INLINE void for_vectors(int64_t n, F&& f) {
    int64_t j = 0;
    for (; j + kLanes<T> <= n; j += kLanes<T>) f(j, kLanes<T>);
    if (j < n) f(j, static_cast<int>(n - j));
}

// Largest value of a row, and its log sum exp, in an order that depends only on K.
template <class T> ELMAN_INLINE T row_maximum(const T* o, int64_t K) {
    Vec<T> best = broadcast<T>(o[0]);
    const auto look = [&](Vec<T> v) { best = ((v > best) | (v != v)) ? v : best; };
    int64_t j = 0;
    for (; j + kLanes<T> <= K; j += kLanes<T>) look(load(o + j));
    if (j > 0 && j < K) look(load(o + K - kLanes<T>));  // repeated values do not change the maximum
    for (; j < K && K < kLanes<T>; ++j) look(broadcast<T>(o[j]));
    return max_of<T>(best);
}

// Computes e = exp(o - max) and returns its sum. An entry of minus infinity counts as zero.
template <class T> ELMAN_INLINE T exponentials(const T* o, int64_t K, T maximum, T* e) {
    Vec<T> sum = {};
    for_vectors<T>(K, [&](int64_t j, int n) {
        const Vec<T> v = exp_of<T>(load_first(o + j, n) - broadcast<T>(maximum));
        store_first(e + j, v, n);
        sum += load_first(e + j, n);
    });
    return sum_of<T>(sum);
}

// log softmax: y = o - max - log sum exp(o - max). The sum is that of softmax; o is read again, so y may be o.
template <class T> ELMAN_INLINE void log_softmax_row(const T* o, int64_t K, T* y) {
    const Vec<T> maximum = broadcast<T>(row_maximum<T>(o, K));
    Vec<T> sum = {};
    T some[kLanes<T>];
    for_vectors<T>(K, [&](int64_t j, int n) {
        store_first(some, exp_of<T>(load_first(o + j, n) - maximum), n);
        sum += load_first(some, n);
    });
    const Vec<T> total = log_of<T>(broadcast<T>(sum_of<T>(sum)));
    for_vectors<T>(K, [&](int64_t j, int n) { store_first(y + j, (load_first(o + j, n) - maximum) - total, n); });
}

template <class T> void activation_forward(int activation, int64_t M, int64_t K, const T* o, T* y) {
    if (static_cast<Activation>(activation) == Activation::softmax) {
        for (int64_t m = 0; m < M && K > 0; ++m, o += K, y += K) {
            const Vec<T> total = broadcast<T>(exponentials<T>(o, K, row_maximum<T>(o, K), y));
            for_vectors<T>(K, [&](int64_t j, int n) { store_first(y + j, load_first(y + j, n) / total, n); });
        }
        return;
    }
    if (static_cast<Activation>(activation) == Activation::log_softmax) {
        for (int64_t m = 0; m < M && K > 0; ++m) log_softmax_row<T>(o + m * K, K, y + m * K);
        return;
    }
    for_vectors<T>(M * K, [&](int64_t j, int n) {
        store_first(y + j, activate<T>(static_cast<Activation>(activation), load_first(o + j, n)), n);
    });
}

// softmax: d_o = y (dy - sum_j dy_j y_j); log softmax: d_o = dy - exp(y) sum_j dy_j.
template <class T> void activation_backward(int activation, int64_t M, int64_t K, const T* dy, const T* y, T* d_o) {
    if (static_cast<Activation>(activation) == Activation::softmax) {
        for (int64_t m = 0; m < M; ++m, dy += K, y += K, d_o += K) {
            Vec<T> sum = {};
            for_vectors<T>(K, [&](int64_t j, int n) { sum = fma(load_first(dy + j, n), load_first(y + j, n), sum); });
            const Vec<T> mean = broadcast<T>(sum_of<T>(sum));
            for_vectors<T>(K, [&](int64_t j, int n) {
                store_first(d_o + j, load_first(y + j, n) * (load_first(dy + j, n) - mean), n);
            });
        }
        return;
    }
    if (static_cast<Activation>(activation) == Activation::log_softmax) {
        for (int64_t m = 0; m < M; ++m, dy += K, y += K, d_o += K) {
            Vec<T> sum = {};
            for_vectors<T>(K, [&](int64_t j, int n) { sum += load_first(dy + j, n); });
            const Vec<T> all = broadcast<T>(sum_of<T>(sum));
            for_vectors<T>(K, [&](int64_t j, int n) {
                store_first(d_o + j, load_first(dy + j, n) - exp_of<T>(load_first(y + j, n)) * all, n);
            });
        }
        return;
    }
    for_vectors<T>(M * K, [&](int64_t j, int n) {
        store_first(
            d_o + j,
            times_derivative<T>(static_cast<Activation>(activation), load_first(dy + j, n), load_first(y + j, n)), n);
    });
}

template <class T> int64_t draw(int64_t K, const T* p, double u, int64_t first) {
    double whole = 0, sum = 0;
    for (int64_t k = first; k < K; ++k) whole += static_cast<double>(p[k]);
    for (int64_t k = first; k < K - 1; ++k) {
        sum += static_cast<double>(p[k]);
        if (sum > u * whole) return k;
    }
    return K - 1;
}

template <class T> void embedding_forward(int64_t M, int64_t D, const int64_t* indices, const T* E, T* out) {
    for (int64_t m = 0; m < M; ++m) copy(out + m * D, E + indices[m] * D, D);
}

// dE[v] = sum of dx over all positions with index v, from the last to the first; overwrites or accumulates, like other weight gradients.
template <class T>
void embedding_backward(int64_t M, int64_t D, int64_t V, const T* dx, const int64_t* indices, T* dE, bool accumulate) {
    if (!accumulate) zero(dE, V * D);
    scatter_rows<T>(dx, D, D, {nullptr, M}, indices, dE, D);
}

}  // namespace
