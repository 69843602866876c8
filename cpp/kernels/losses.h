// Losses and their derivatives with respect to the network's output o, the logits for the cross-entropies.
//
// Values are summed in double precision, block by block or row by row; the mean divides by the sum of the weights.
#pragma once

#include "dense.h"

namespace {

using elman::Loss;
using elman::LossArguments;

// Value and derivative of one component with error e = o - y.
template <class T> struct ErrorTerm {
    Loss loss;
    T parameter;
    ELMAN_INLINE void operator()(Vec<T> o, Vec<T> y, Vec<T>& value, Vec<T>& d) const {
        const Vec<T> zero = {}, one = broadcast<T>(1), half = broadcast<T>(T(0.5)), p = broadcast<T>(parameter),
                     e = o - y;
        const Vec<T> size = e < zero ? -e : e;
        const Vec<T> sign = e > zero ? one : (e < zero ? -one : e);  // keeps zero and NaN
        switch (loss) {
            case Loss::half_squared: value = half * e * e, d = e; break;
            case Loss::squared: value = e * e, d = e + e; break;
            case Loss::absolute: value = size, d = sign; break;
            case Loss::huber:
                value = size <= p ? half * e * e : p * (size - half * p);
                d = size <= p ? e : p * sign;
                break;
            case Loss::pinball:  // quantile * (y - o) below the target, (1 - quantile) * (o - y) above
                value = e < zero ? -p * e : (one - p) * e;
                d = e < zero ? -p : (e > zero ? one - p : e);
                break;
            default: {  // binary cross-entropy from logits: max(o, 0) - o y + log(1 + e^-|o|)
                const Vec<T> magnitude = o < zero ? -o : o;
                value = (o < zero ? zero : o) - o * y + log1p_of_fraction<T>(exp_of<T>(-magnitude));
                d = sigmoid_of<T>(o) - y;
            }
        }
    }
};

template <class T> struct LossSum {
    double value = 0, weight = 0;
};

// n adjacent components, each with weight w(offset, lanes); their derivatives are multiplied by `factor`.
template <class T, class W>
ELMAN_INLINE void add_components(const LossArguments<T>& l, const ErrorTerm<T>& term, int64_t begin, int64_t n,
                                 T factor, const W& weight, LossSum<T>& sum) {
    Vec<T> values = {}, weights = {};
    for_vectors<T>(n, [&](int64_t j, int lanes) {
        const int64_t at = begin + j;
        const Vec<T> nothing = {}, w = weight(at, lanes);
        Vec<T> value, d;
        term(load_first(l.o + at, lanes), load_first(l.y + at, lanes), value, d);
        // A weight of zero removes a component of any value; lanes beyond the last have weight zero.
        values += w == nothing ? nothing : value * w;
        weights += w;
        store_first(l.d_o + at, w == nothing ? nothing : d * w * broadcast<T>(factor), lanes);
    });
    sum.value += static_cast<double>(sum_of<T>(values));
    sum.weight += static_cast<double>(sum_of<T>(weights));
}

// All rows as one long row, summed by blocks to limit the rounding error in single precision.
template <class T> ELMAN_INLINE void add_all(const LossArguments<T>& l, const ErrorTerm<T>& term, LossSum<T>& sum) {
    constexpr int64_t block = 32 * kLanes<T>;
    const int64_t n = l.M * l.K;
    T ones[kLanes<T>];
    for (T& one : ones) one = 1;
    const T factor = l.weight || !l.mean ? T(1) : static_cast<T>(1 / static_cast<double>(n));
    for (int64_t begin = 0; begin < n; begin += block) {
        const int64_t size = n - begin < block ? n - begin : block;
        if (l.weight)
            add_components<T>(
                l, term, begin, size, factor, [&](int64_t at, int lanes) { return load_first(l.weight + at, lanes); },
                sum);
        else
            add_components<T>(
                l, term, begin, size, factor, [&](int64_t, int lanes) { return load_first(ones, lanes); }, sum);
    }
}

template <class T>
ELMAN_INLINE void add_weighted_row(const LossArguments<T>& l, const ErrorTerm<T>& term, int64_t m, LossSum<T>& sum) {
    T w[kLanes<T>];
    for (T& lane : w) lane = l.weight[m];
    add_components<T>(l, term, m * l.K, l.K, T(1), [&](int64_t, int lanes) { return load_first(w, lanes); }, sum);
}

// Categorical cross-entropy of one row: log sum exp(o - m) sum_j y_j - sum_j y_j (o_j - m) with m the largest o, so that large
// logits lose no digits; derivative softmax(o) sum_j y_j - y. With labels, d_o may alias o.
template <class T> ELMAN_INLINE void add_categorical_row(const LossArguments<T>& l, int64_t m, LossSum<T>& sum) {
    const T* o = l.o + m * l.K;
    T* d = l.d_o + m * l.K;
    const T w = l.weight ? l.weight[m] : T(1);
    sum.weight += static_cast<double>(w);
    if (w == T(0)) {
        zero(d, l.K);
        return;
    }
    const T maximum = row_maximum<T>(o, l.K);
    T mass = 1, along = l.labels ? o[l.labels[m]] - maximum : 0;
    const T total = exponentials<T>(o, l.K, maximum, d), log_total = log_of<T>(broadcast<T>(total))[0];
    if (!l.labels) {
        Vec<T> masses = {}, alongs = {};
        for_vectors<T>(l.K, [&](int64_t j, int n) {
            const Vec<T> y = load_first(l.y + m * l.K + j, n),
                         product = y * (load_first(o + j, n) - broadcast<T>(maximum));
            masses += y;
            alongs += y == Vec<T>{} ? Vec<T>{} : product;
        });
        mass = sum_of<T>(masses), along = sum_of<T>(alongs);
    }
    const Vec<T> scale = broadcast<T>(w * mass / total);
    for_vectors<T>(l.K, [&](int64_t j, int n) {
        Vec<T> v = load_first(d + j, n) * scale;
        if (!l.labels) v -= broadcast<T>(w) * load_first(l.y + m * l.K + j, n);
        store_first(d + j, v, n);
    });
    if (l.labels) d[l.labels[m]] -= w;
    sum.value += static_cast<double>(w) *
                 (static_cast<double>(log_total) * static_cast<double>(mass) - static_cast<double>(along));
}

template <class T> double loss(const LossArguments<T>& l) {
    LossSum<T> sum;
    const ErrorTerm<T> term{l.loss, static_cast<T>(l.parameter)};
    const bool categorical = l.loss == Loss::categorical_cross_entropy;
    const bool one_weight_each = !l.weight || l.weight_per_component || l.K == 1;
    if (!categorical && one_weight_each) {
        add_all<T>(l, term, sum);
    } else {
        for (int64_t m = 0; m < l.M && l.K > 0; ++m) {
            if (categorical) add_categorical_row<T>(l, m, sum);
            else add_weighted_row<T>(l, term, m, sum);
        }
    }
    if (!l.mean || sum.weight == 0) return sum.value;
    if (categorical || l.weight) {
        const T scale = static_cast<T>(1 / sum.weight);
        for (int64_t j = 0; j < l.M * l.K; ++j) l.d_o[j] *= scale;
    }
    return sum.value / sum.weight;
}

// Pinball losses of the Q quantiles of one target, each times its importance and the weight w of the row. The derivatives are also
// multiplied by `factor`; the sum of the values is not.
template <class T> ELMAN_INLINE T add_quantiles_row(const elman::QuantileLoss<T>& l, int64_t m, T w, T factor) {
    const Vec<T> zero = {}, one = broadcast<T>(1), y = broadcast<T>(l.y[m]);
    Vec<T> values = {};
    T ones[kLanes<T>];
    for (T& lane : ones) lane = 1;
    for_vectors<T>(l.Q, [&](int64_t i, int n) {
        const Vec<T> e = load_first(l.q + m * l.Q + i, n) - y, p = load_first(l.levels + i, n);
        const Vec<T> weight = load_first(l.importance ? l.importance + i : ones, n) * broadcast<T>(w);
        const Vec<T> value = e < zero ? -p * e : (one - p) * e;
        const Vec<T> d = e < zero ? -p : (e > zero ? one - p : e);
        // A weight of zero removes a quantile of any value; lanes beyond the last have weight zero.
        values += weight == zero ? zero : value * weight;
        store_first(l.dq + m * l.Q + i, weight == zero ? zero : d * weight * broadcast<T>(factor), n);
    });
    return sum_of<T>(values);
}

// The sum of all weights is (sum of row weights) (sum of importance), so one pass over q is enough.
template <class T> double quantile_loss(const elman::QuantileLoss<T>& l) {
    double weights = 0, importances = 0, value = 0;
    for (int64_t m = 0; m < l.M; ++m) weights += static_cast<double>(l.weight ? l.weight[m] : T(1));
    for (int64_t i = 0; i < l.Q; ++i) importances += static_cast<double>(l.importance ? l.importance[i] : T(1));
    const double total = weights * importances;
    const bool divide = l.mean && total != 0;
    const T factor = divide ? static_cast<T>(1 / total) : T(1);
    for (int64_t m = 0; m < l.M; ++m)
        value += static_cast<double>(add_quantiles_row<T>(l, m, l.weight ? l.weight[m] : T(1), factor));
    return divide ? value / total : value;
}

}  // namespace
