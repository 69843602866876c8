// exp, log, log1p, sigmoid and tanh on vectors, built from additions, multiplications, fused multiply-adds and
// divisions alone: no reciprocal approximations, which differ between makers.
//
// Contract (float and double, tested over the range in strides): at most 4 ULP for normal results; +-0, +-inf and NaN
// as in the C library; results below the smallest normal number are flushed to zero.
#pragma once

#include "simd.h"

namespace {

template <class T> struct Constants;

template <> struct Constants<float> {
    static constexpr float log2_e = 1.44269504088896341f;
    static constexpr float ln2_high = 0.693359375f, ln2_low = -2.12194440e-4f;  // high has 9 bits: n * high is exact
    static constexpr float shift = 12582912.0f;  // 1.5 * 2^23: adding it rounds to an integer
    static constexpr float exp_max = 89.0f, exp_min = -104.0f;
    static constexpr float sigmoid_max = 88.0f;  // e^88 is finite, and 1 / (1 + e^88) is below the normal numbers
    static constexpr float tanh_max = 9.02f;     // tanh rounds to 1 beyond
    static constexpr int mantissa = 23;
    static constexpr std::uint32_t bias = 127, one = 0x3f800000u, sqrt_half = 0x3f3504f3u, mantissa_mask = 0x007fffffu;
    static constexpr float smallest_normal = 1.17549435e-38f;
    static constexpr int terms = 5, log_terms = 5;
    // Found by minimizing the largest relative error for |r| <= ln(2)/2: 3e-9 for exp, 1.4e-8 for expm1.
    static constexpr float exp[terms] = {4.9999993432e-01f, 1.6666520399e-01f, 4.1668390787e-02f, 8.3687451362e-03f,
                                         1.3814540107e-03f};
    static constexpr float expm1[terms] = {4.9999998150e-01f, 1.6666543424e-01f, 4.1667200712e-02f, 8.3665471572e-03f,
                                           1.3882516527e-03f};
};

template <> struct Constants<double> {
    static constexpr double log2_e = 1.44269504088896340736;
    static constexpr double ln2_high = 6.93147180369123816490e-01, ln2_low = 1.90821492927058770002e-10;
    static constexpr double shift = 6755399441055744.0;  // 1.5 * 2^52
    static constexpr double exp_max = 710.0, exp_min = -746.0;
    static constexpr double sigmoid_max = 709.0;
    static constexpr double tanh_max = 19.1;
    static constexpr int mantissa = 52;
    static constexpr std::uint64_t bias = 1023, one = 0x3ff0000000000000ull, sqrt_half = 0x3fe6a09e667f3bcdull,
                                   mantissa_mask = 0x000fffffffffffffull;
    static constexpr double smallest_normal = 2.2250738585072014e-308;
    static constexpr int terms = 12, log_terms = 12;
    static constexpr double exp[terms] = {1.0 / 2,       1.0 / 6,        1.0 / 24,        1.0 / 120,
                                          1.0 / 720,     1.0 / 5040,     1.0 / 40320,     1.0 / 362880,
                                          1.0 / 3628800, 1.0 / 39916800, 1.0 / 479001600, 1.0 / 6227020800.0};
    static constexpr const double (&expm1)[terms] = exp;
};

template <class T> ELMAN_INLINE Bits<T> bits_of(Vec<T> v) { return (Bits<T>)v; }
template <class T> ELMAN_INLINE Vec<T> from_bits(Bits<T> b) { return (Vec<T>)b; }

// 2^n for the integer n that `shifted` holds in its last bits; everything above them leaves by the shift.
template <class T> ELMAN_INLINE Vec<T> two_to(Bits<T> shifted) {
    return from_bits<T>((shifted << Constants<T>::mantissa) + Constants<T>::one);
}

// r^0 c[0] + r c[1] + …
template <class T> ELMAN_INLINE Vec<T> polynomial(Vec<T> r, const T (&c)[Constants<T>::terms]) {
    Vec<T> p = broadcast<T>(c[Constants<T>::terms - 1]);
#pragma GCC unroll 16
    for (int i = Constants<T>::terms - 2; i >= 0; --i) p = fma(p, r, broadcast<T>(c[i]));
    return p;
}

// times * x = n ln 2 + r with |r| <= ln(2)/2: returns r / times, and n in the last bits of `shifted`. times = -1, 1 or 2.
template <class T> ELMAN_INLINE Vec<T> reduced(Vec<T> x, T times, Bits<T>& shifted) {
    using C = Constants<T>;
    const Vec<T> shift = broadcast<T>(C::shift), sum = fma(x, broadcast<T>(times * C::log2_e), shift);
    shifted = bits_of<T>(sum);
    const Vec<T> whole = sum - shift;
    const Vec<T> r = fma(whole, broadcast<T>(-C::ln2_high / times), x);
    return fma(whole, broadcast<T>(-C::ln2_low / times), r);
}

template <class T> ELMAN_INLINE Vec<T> exp_of(Vec<T> x) {
    using C = Constants<T>;
    Bits<T> shifted;
    const Vec<T> one = broadcast<T>(1);
    x = larger(broadcast<T>(C::exp_min), smaller(broadcast<T>(C::exp_max), x));
    const Vec<T> r = reduced<T>(x, 1, shifted), y = fma(r, fma(r, polynomial<T>(r, C::exp), one), one);
    // Two factors, because 2^n alone leaves the exponent range at both ends.
    const Bits<T> n = shifted - bits_of<T>(broadcast<T>(C::shift)), half = (Bits<T>)((Signed<T>)n >> 1);
    return y * two_to<T>(half) * two_to<T>(n - half);
}

// 1 / (1 + e^-x). Where e^-x would overflow, the quotient is below the normal numbers and flushed to zero.
template <class T> ELMAN_INLINE Vec<T> sigmoid_of(Vec<T> x) {
    using C = Constants<T>;
    Bits<T> shifted;
    const Vec<T> one = broadcast<T>(1);
    x = larger(broadcast<T>(-C::sigmoid_max), smaller(broadcast<T>(C::sigmoid_max), x));
    const Vec<T> r = -reduced<T>(x, -1, shifted), y = fma(r, fma(r, polynomial<T>(r, C::exp), one), one);
    return one / fma(y, two_to<T>(shifted), one);
}

// With e = expm1(2|x|) / 2: tanh |x| = e / (e + 1). No cancellation near zero, because expm1 is formed without adding 1.
template <class T> ELMAN_INLINE Vec<T> tanh_of(Vec<T> x) {
    using C = Constants<T>;
    const Bits<T> sign = bits_of<T>(broadcast<T>(T(-0.0)));
    const Vec<T> half = broadcast<T>(T(0.5));
    const Vec<T> a = smaller(broadcast<T>(C::tanh_max), from_bits<T>(bits_of<T>(x) & ~sign));
    Bits<T> shifted;
    const Vec<T> r = reduced<T>(a, 2, shifted), twice = r + r;  // expm1(2r)/2 = r + 2 r^2 (c_0 + c_1 2r + …)
    const Vec<T> q = fma(twice * r, polynomial<T>(twice, C::expm1), r), scale = two_to<T>(shifted);
    const Vec<T> e = fma(scale, q, fma(scale, half, -half));
    const Vec<T> y = e / (e + broadcast<T>(1));
    return from_bits<T>(bits_of<T>(y) | (bits_of<T>(x) & sign));
}

// log of a positive normal number: x = m 2^k with m in [sqrt(1/2), sqrt(2)), log m = 2 artanh((m-1)/(m+1)).
template <class T> ELMAN_INLINE Vec<T> log_of_normal(Vec<T> x) {
    using C = Constants<T>;
    using B = Bits<T>;
    const B offset = bits_of<T>(x) - C::sqrt_half;
    const B k = (B)((Signed<T>)offset >> C::mantissa);
    const Vec<T> m = from_bits<T>((offset & C::mantissa_mask) + C::sqrt_half);
    const Vec<T> shift = broadcast<T>(C::shift);
    const Vec<T> exponent = from_bits<T>(k + bits_of<T>(shift)) - shift;
    const Vec<T> one = broadcast<T>(1);
    const Vec<T> s = (m - one) / (m + one), s2 = s * s;
    Vec<T> p = broadcast<T>(T(2) / T(2 * C::log_terms + 1));
#pragma GCC unroll 16
    for (int i = C::log_terms - 1; i >= 1; --i) p = fma(p, s2, broadcast<T>(T(2) / T(2 * i + 1)));
    Vec<T> tail = fma(s2 * s, p, exponent * broadcast<T>(C::ln2_low));
    tail = tail + (s + s);
    return fma(exponent, broadcast<T>(C::ln2_high), tail);
}

template <class T> ELMAN_INLINE Vec<T> log_of(Vec<T> x) {
    const Vec<T> zero = {}, inf = broadcast<T>(static_cast<T>(__builtin_inf()));
    Vec<T> y = log_of_normal<T>(x);
    y = x == inf ? inf : y;
    y = x < broadcast<T>(Constants<T>::smallest_normal) ? -inf : y;  // zero and, flushed, subnormals
    y = x < zero ? broadcast<T>(static_cast<T>(__builtin_nan(""))) : y;
    return x != x ? x : y;
}

// log(1 + e) for e in [0, 1], accurate for small e: what 1 + e lost in rounding is put back to first order.
template <class T> ELMAN_INLINE Vec<T> log1p_of_fraction(Vec<T> e) {
    const Vec<T> one = broadcast<T>(1), u = one + e;
    return log_of_normal<T>(u) + (e - (u - one)) / u;
}

enum class Activation : int { identity = 0, tanh = 1, sigmoid = 2, relu = 3, softmax = 4, exp = 5, log = 6 };

template <class T> ELMAN_INLINE Vec<T> activate(Activation f, Vec<T> a) {
    switch (f) {
        case Activation::tanh: return tanh_of<T>(a);
        case Activation::sigmoid: return sigmoid_of<T>(a);
        case Activation::relu: return a < Vec<T>{} ? Vec<T>{} : a;
        case Activation::exp: return exp_of<T>(a);
        case Activation::log: return log_of<T>(a);
        default: return a;
    }
}

// dv * f'(a), with f' written through the output y = f(a).
template <class T> ELMAN_INLINE Vec<T> times_derivative(Activation f, Vec<T> dv, Vec<T> y) {
    const Vec<T> one = broadcast<T>(1);
    switch (f) {
        case Activation::tanh: return dv * (one - y * y);
        case Activation::sigmoid: return dv * (y * (one - y));
        case Activation::relu: return y > Vec<T>{} ? dv : Vec<T>{};
        default: return dv;
    }
}

}  // namespace
