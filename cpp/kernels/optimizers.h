// Optimizer steps and clipping on flat vectors, in place.
//
// A step reads the gradient g clipped by its norm, does not change g, and returns the norm before clipping; if the norm is not finite,
// nothing changes. One pass for the norm, one for the update.
#pragma once

#include "simd.h"

namespace {

// Euclidean norm, summed in double, eight interleaved sums.
template <class T> double norm_of(int64_t n, const T* g) {
    double lanes[8] = {};
    int64_t i = 0;
    for (; i + 8 <= n; i += 8)
        for (int j = 0; j < 8; ++j) lanes[j] += static_cast<double>(g[i + j]) * static_cast<double>(g[i + j]);
    for (int j = 0; i < n; ++i, ++j) lanes[j] += static_cast<double>(g[i]) * static_cast<double>(g[i]);
    for (int width = 4; width > 0; width /= 2)
        for (int j = 0; j < width; ++j) lanes[j] += lanes[j + width];
    return square_root(lanes[0]);
}

inline bool finite(double norm) { return norm <= 1.7976931348623157e308; }

// The factor that scales a gradient of this norm down to max_norm.
template <class T> T clipping(double norm, double max_norm) {
    return norm > max_norm ? static_cast<T>(max_norm / norm) : T(1);
}

// velocity = momentum velocity + g;  theta -= rate velocity  (nesterov: rate (g + momentum velocity)). Decay is added to g.
template <class T>
double sgd_step(int64_t n, T* theta, const T* g, T* velocity, double rate, double momentum, bool nesterov, double decay,
                double max_norm) {
    const double norm = norm_of(n, g);
    if (!finite(norm)) return norm;
    const T clip = clipping<T>(norm, max_norm);
    const T eta = static_cast<T>(rate), mu = static_cast<T>(momentum), lambda = static_cast<T>(decay);
    for (int64_t i = 0; i < n; ++i) {
        const T step = clip * g[i] + lambda * theta[i];
        velocity[i] = mu * velocity[i] + step;
        theta[i] -= eta * (nesterov ? step + mu * velocity[i] : velocity[i]);
    }
    return norm;
}

// square = keep square + (1 - keep) g^2;  theta -= rate g / (sqrt(square) + epsilon)  (Tieleman & Hinton 2012).
template <class T>
double rmsprop_step(int64_t n, T* theta, const T* g, T* square, double rate, double keep, double epsilon,
                    double max_norm) {
    const double norm = norm_of(n, g);
    if (!finite(norm)) return norm;
    const T clip = clipping<T>(norm, max_norm);
    const T eta = static_cast<T>(rate), rho = static_cast<T>(keep), rest = static_cast<T>(1 - keep),
            eps = static_cast<T>(epsilon);
    for (int64_t i = 0; i < n; ++i) {
        const T slope = clip * g[i];
        square[i] = rho * square[i] + rest * slope * slope;
        theta[i] -= eta * slope / (square_root(square[i]) + eps);
    }
    return norm;
}

// base^n by repeated squaring, so that the time of a step does not grow with n.
inline double power(double base, int64_t n) {
    double result = 1;
    for (; n > 0; n /= 2, base *= base)
        if (n % 2) result *= base;
    return result;
}

// Adam (Kingma & Ba 2015) with decoupled decay (Loshchilov & Hutter 2019).
template <class T>
double adam_step(int64_t n, T* theta, const T* g, T* m, T* v, int64_t step, double rate, double beta_1, double beta_2,
                 double epsilon, double decay, double max_norm) {
    const double norm = norm_of(n, g);
    if (!finite(norm)) return norm;
    const T clip = clipping<T>(norm, max_norm);
    const double power_1 = power(beta_1, step), power_2 = power(beta_2, step);
    const T b1 = static_cast<T>(beta_1), r1 = static_cast<T>(1 - beta_1), b2 = static_cast<T>(beta_2),
            r2 = static_cast<T>(1 - beta_2);
    const T eta = static_cast<T>(rate / (1 - power_1)), correction = static_cast<T>(1 / square_root(1 - power_2));
    const T eps = static_cast<T>(epsilon), keep = static_cast<T>(1 - rate * decay);
    for (int64_t i = 0; i < n; ++i) {
        const T slope = clip * g[i];
        m[i] = b1 * m[i] + r1 * slope;
        v[i] = b2 * v[i] + r2 * slope * slope;
        theta[i] = keep * theta[i] - eta * m[i] / (square_root(v[i]) * correction + eps);
    }
    return norm;
}

// Scales g to a norm of at most max_norm; returns the norm before. If the norm is not finite, g is not changed: scaling would turn the
// wrong values into zeros.
template <class T> double clip_by_norm(int64_t n, T* g, double max_norm) {
    const double norm = norm_of(n, g);
    if (finite(norm) && norm > max_norm) {
        const T scale = clipping<T>(norm, max_norm);
        for (int64_t i = 0; i < n; ++i) g[i] *= scale;
    }
    return norm;
}

template <class T> void clip_by_value(int64_t n, T* g, double limit) {
    const T high = static_cast<T>(limit), low = -high;
    for (int64_t i = 0; i < n; ++i) {
        const T v = g[i] > high ? high : g[i];
        g[i] = v < low ? low : v;
    }
}

}  // namespace
