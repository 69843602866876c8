// Functions of one value at a time that are too large a part of a network for one thread: SiLU and softplus.
//
//     SiLU       y = a s             da = dy s (1 + a (1 - s))      s = 1 / (1 + e^-a)
//     softplus   y = log(1 + e^a)    da = dy s
//
// Derivatives are formed from a: SiLU takes most of its values twice, so y does not tell a. Every value is computed by
// itself, so the cuts between threads change no bit.
#pragma once

#include "dense.h"

namespace {

// One value costs about as much as this many multiply-adds in register tiles.
constexpr double kPointwiseWork = 32;

// f(offset, lanes) for the vectors of n values, on as many threads as that is worth.
template <class T, class F> void for_values(const Run& run, int64_t n, F&& f) {
    constexpr int64_t block = 65536;  // between two questions whether to stop
    const int parts = threads_for(run, kPointwiseWork * static_cast<double>(n), n);
    auto body = [&](int part) {
        const Span span = share(n, part, parts);
        for (int64_t begin = span.begin; begin < span.end && !run.stopped(); begin += block) {
            const int64_t size = span.end - begin < block ? span.end - begin : block;
            for_vectors<T>(size, [&](int64_t j, int lanes) { f(begin + j, lanes); });
        }
    };
    parallel(run, parts, body);
}

template <class T> void silu_forward(int64_t n, const T* a, T* y, const Run& run) {
    for_values<T>(run, n, [&](int64_t j, int lanes) {
        const Vec<T> v = load_first(a + j, lanes);
        store_first(y + j, v * sigmoid_of<T>(v), lanes);
    });
}

template <class T> void silu_backward(int64_t n, const T* dy, const T* a, T* da, const Run& run) {
    for_values<T>(run, n, [&](int64_t j, int lanes) {
        const Vec<T> v = load_first(a + j, lanes);
        const BothSides<T> s = sigmoids_of<T>(v);
        store_first(da + j, load_first(dy + j, lanes) * (s.y * fma(v, s.rest, broadcast<T>(1))), lanes);
    });
}

template <class T> void softplus_forward(int64_t n, const T* a, T* y, const Run& run) {
    for_values<T>(run, n,
                  [&](int64_t j, int lanes) { store_first(y + j, softplus_of<T>(load_first(a + j, lanes)), lanes); });
}

template <class T> void softplus_backward(int64_t n, const T* dy, const T* a, T* da, const Run& run) {
    for_values<T>(run, n, [&](int64_t j, int lanes) {
        store_first(da + j, load_first(dy + j, lanes) * sigmoid_of<T>(load_first(a + j, lanes)), lanes);
    });
}

}  // namespace
