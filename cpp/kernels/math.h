// exp, log, log1p, softplus, sigmoid and tanh on vectors, built from additions, multiplications, fused multiply-adds and
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
    // ln 2 in two parts. Where fma() rounds twice, n * high must be exact, so that high has 9 bits (33 in double).
    static constexpr float ln2_high = kFused ? 0.693147182f : 0.693359375f;
    static constexpr float ln2_low = kFused ? -1.90465421e-9f : -2.12194440e-4f;
    static constexpr float shift = 12582912.0f;  // 1.5 * 2^23: adding it rounds to an integer
    static constexpr float exp_max = 89.0f, exp_min = -104.0f;
    static constexpr float sigmoid_max = 88.0f;  // e^88 is finite, and 1 / (1 + e^88) is below the normal numbers
    static constexpr float tanh_max = 9.02f;     // tanh rounds to 1 beyond
    static constexpr int mantissa = 23;
    using Word = std::uint32_t;
    static constexpr Word bias = 127, one = 0x3f800000u, sqrt_half = 0x3f3504f3u, mantissa_mask = 0x007fffffu;
    static constexpr float smallest_normal = 1.17549435e-38f;
    static constexpr int log_terms = 5;
};

template <> struct Constants<double> {
    static constexpr double log2_e = 1.44269504088896340736;
    static constexpr double ln2_high = kFused ? 6.93147180559945286227e-01 : 6.93147180369123816490e-01;
    static constexpr double ln2_low = kFused ? 2.31904681384629955842e-17 : 1.90821492927058770002e-10;
    static constexpr double shift = 6755399441055744.0;  // 1.5 * 2^52
    static constexpr double exp_max = 710.0, exp_min = -746.0;
    static constexpr double sigmoid_max = 709.0;
    static constexpr double tanh_max = 19.1;
    static constexpr int mantissa = 52;
    using Word = std::uint64_t;
    static constexpr Word bias = 1023, one = 0x3ff0000000000000ull, sqrt_half = 0x3fe6a09e667f3bcdull,
                          mantissa_mask = 0x000fffffffffffffull;
    static constexpr double smallest_normal = 2.2250738585072014e-308;
    static constexpr int log_terms = 12;
};

// e^r = 1 + r + r^2 (c[0] + c[1] r + …) for |r| <= ln(2) / 2^(bits + 1).
// float: found by minimizing the largest relative error of e^r - 1, which is at most 1.4e-8. double: Taylor's series.
template <class T, int bits> struct Series;
template <> struct Series<float, 0> {
    static constexpr float c[] = {4.9999998150e-01f, 1.6666543424e-01f, 4.1667200712e-02f, 8.3665471572e-03f,
                                  1.3882516527e-03f};
};
template <> struct Series<float, 3> {
    static constexpr float c[] = {5.0000000000e-01f, 1.6667962074e-01f, 4.1665773839e-02f};
};
template <> struct Series<float, 5> {
    static constexpr float c[] = {5.0000363586e-01f, 1.6666702926e-01f};
};
template <> struct Series<double, 0> {
    static constexpr double c[] = {1.0 / 2,       1.0 / 6,        1.0 / 24,        1.0 / 120,
                                   1.0 / 720,     1.0 / 5040,     1.0 / 40320,     1.0 / 362880,
                                   1.0 / 3628800, 1.0 / 39916800, 1.0 / 479001600, 1.0 / 6227020800.0};
};
template <> struct Series<double, 4> {
    static constexpr double c[] = {1.0 / 2, 1.0 / 6, 1.0 / 24, 1.0 / 120, 1.0 / 720, 1.0 / 5040};
};

template <class T> ELMAN_INLINE Bits<T> bits_of(Vec<T> v) { return (Bits<T>)v; }
template <class T> ELMAN_INLINE Vec<T> from_bits(Bits<T> b) { return (Vec<T>)b; }

// The powers 2^(j / 2^b) for b = kTableBits<T>: the nearest number v of type T, without the bits that j adds to its mantissa when
// two_to shifts n into the exponent; and log(2^(j / 2^b) / v) / 2, which tanh needs.
template <class T> struct Powers {
    Table<T> values, half_logs;
};

template <class T> constexpr Powers<T> powers_of_two() {
    using Word = typename Constants<T>::Word;
    constexpr int b = kTableBits<T>;
    constexpr long double root = 1.02189714865411667823L;  // 2^(1/32)
    Powers<T> powers{};
    long double power = 1;
    for (Word j = 0; j < Word(1) << b; ++j) {
        const T value = static_cast<T>(power);
        const Word bits = bits_as<Word>(value) - (j << (Constants<T>::mantissa - b));
        powers.values.at[j] = bits_as<T>(bits);
        powers.half_logs.at[j] = static_cast<T>((power / value - 1) / 2);
        for (int i = 0; i < 32 >> b; ++i) power *= root;
    }
    return powers;
}
template <class T> constexpr Powers<T> kPowers = powers_of_two<T>();

// 2^(n / 2^b) for the integer n that `shifted` holds in its last bits; everything above them leaves by the shift.
template <class T> ELMAN_INLINE Vec<T> two_to(Bits<T> shifted) {
    const Bits<T> n = shifted << (Constants<T>::mantissa - kTableBits<T>);
    return from_bits<T>(n + bits_of<T>(look_up<T>(kPowers<T>.values, shifted)));
}

// times c[0] + times^2 c[1] r + …
template <class T, int times> ELMAN_INLINE Vec<T> series(Vec<T> r) {
    constexpr auto& c = Series<T, kTableBits<T>>::c;
    constexpr int last = sizeof c / sizeof c[0] - 1;
    T factor = times;
    for (int i = 0; i < last; ++i) factor *= times;
    Vec<T> p = broadcast<T>(c[last] * factor);
    ELMAN_UNROLL(16)
    for (int i = last - 1; i >= 0; --i) {
        factor /= times;
        p = fma(p, r, broadcast<T>(c[i] * factor));
    }
    return p;
}

// times x = n ln(2) / 2^b + times r with |times r| <= ln(2) / 2^(b+1), and n in the last bits of `shifted`. Then
// e^(times x) = 2^(n / 2^b) (1 + times (r + r^2 p)). times = -1, 1 or 2. A table of 2^(j / 2^b) in registers keeps p short.
template <class T> struct Reduced {
    Vec<T> r, square, p;
    Bits<T> shifted;
};

template <class T> constexpr T kShift = Constants<T>::shift / (1 << kTableBits<T>);

template <class T, int times> ELMAN_INLINE Reduced<T> reduced(Vec<T> x) {
    using C = Constants<T>;
    const Vec<T> shift = broadcast<T>(kShift<T>), sum = fma(x, broadcast<T>(times * C::log2_e), shift);
    const Vec<T> whole = sum - shift;
    const Vec<T> near = fma(whole, broadcast<T>(-C::ln2_high / times), x);
    // Where fma() rounds once, ln2_low corrects the last places for large n, and tanh hardly depends on e^2x there.
    const Vec<T> r = kFused && times == 2 ? near : fma(whole, broadcast<T>(-C::ln2_low / times), near);
    return {r, r * r, series<T, times>(r), bits_of<T>(sum)};
}

template <class T> ELMAN_INLINE Vec<T> exp_of(Vec<T> x) {
    using C = Constants<T>;
    x = larger(broadcast<T>(C::exp_min), smaller(broadcast<T>(C::exp_max), x));
    const Reduced<T> e = reduced<T, 1>(x);
    // Two factors, because 2^n alone leaves the exponent range at both ends.
    const Signed<T> n = (Signed<T>)(e.shifted - bits_of<T>(broadcast<T>(kShift<T>))) >> kTableBits<T>;
    const Bits<T> half = (Bits<T>)(n >> 1) << C::mantissa;
    const Vec<T> power = from_bits<T>(bits_of<T>(two_to<T>(e.shifted)) - half);
    return fma(power, fma(e.square, e.p, e.r), power) * from_bits<T>(half + C::one);
}

// 1 / (1 + e^-x). Where e^-x would overflow, the quotient is below the normal numbers and flushed to zero.
template <class T> ELMAN_INLINE Vec<T> sigmoid_of(Vec<T> x) {
    using C = Constants<T>;
    const Vec<T> one = broadcast<T>(1);
    x = larger(broadcast<T>(-C::sigmoid_max), smaller(broadcast<T>(C::sigmoid_max), x));
    const Reduced<T> e = reduced<T, -1>(x);
    const Vec<T> power = two_to<T>(e.shifted);
    return one / (fma(-fma(e.square, e.p, e.r), power, one) + power);
}

// With e = expm1(2|x|) / 2: tanh |x| = e / (e + 1). No cancellation near zero, because expm1 is formed without adding 1,
// and what the power from the table lost in rounding is put back.
template <class T> ELMAN_INLINE Vec<T> tanh_of(Vec<T> x) {
    using C = Constants<T>;
    const Bits<T> sign = bits_of<T>(broadcast<T>(T(-0.0)));
    const Vec<T> half = broadcast<T>(T(0.5));
    const Vec<T> a = smaller(broadcast<T>(C::tanh_max), from_bits<T>(bits_of<T>(x) & ~sign));
    const Reduced<T> e = reduced<T, 2>(a);
    const Vec<T> power = two_to<T>(e.shifted);
    Vec<T> q;
    if constexpr (kTableBits<T> == 0) q = fma(e.square, e.p, e.r);
    else q = e.r + fma(e.square, e.p, look_up<T>(kPowers<T>.half_logs, e.shifted));
    const Vec<T> expm1 = fma(power, q, fma(power, half, -half));
    const Vec<T> y = expm1 / (expm1 + broadcast<T>(1));
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
    ELMAN_UNROLL(16)
    for (int i = C::log_terms - 1; i >= 1; --i) p = fma(p, s2, broadcast<T>(T(2) / T(2 * i + 1)));
    Vec<T> tail = fma(s2 * s, p, exponent * broadcast<T>(C::ln2_low));
    tail = tail + (s + s);
    return fma(exponent, broadcast<T>(C::ln2_high), tail);
}

template <class T> ELMAN_INLINE Vec<T> log_of(Vec<T> x) {
    const Vec<T> zero = {}, inf = broadcast<T>(static_cast<T>(kInfinity));
    Vec<T> y = log_of_normal<T>(x);
    y = x == inf ? inf : y;
    y = x < broadcast<T>(Constants<T>::smallest_normal) ? -inf : y;  // zero and, flushed, subnormals
    y = x < zero ? broadcast<T>(static_cast<T>(kNan)) : y;
    return x != x ? x : y;
}

// log(1 + e) for e in [0, 1], accurate for small e: what 1 + e lost in rounding is put back to first order.
template <class T> ELMAN_INLINE Vec<T> log1p_of_fraction(Vec<T> e) {
    const Vec<T> one = broadcast<T>(1), u = one + e;
    return log_of_normal<T>(u) + (e - (u - one)) / u;
}

// log(1 + e^x) = max(x, 0) + log(1 + e^-|x|): no power overflows, and small results keep their digits.
template <class T> ELMAN_INLINE Vec<T> softplus_of(Vec<T> x) {
    const Vec<T> zero = {}, size = x < zero ? -x : x;
    return (x < zero ? zero : x) + log1p_of_fraction<T>(exp_of<T>(-size));
}

// The sigmoid of x and that of -x, which is one less the first, but without cancellation.
template <class T> struct BothSides {
    Vec<T> y, rest;
};

template <class T> ELMAN_INLINE BothSides<T> sigmoids_of(Vec<T> x) {
    const Vec<T> zero = {}, one = broadcast<T>(1), size = x < zero ? -x : x;
    const Vec<T> e = exp_of<T>(-size), large = one / (one + e), small = e * large;
    return {x < zero ? small : large, x < zero ? large : small};
}

enum class Activation : int {
    identity = 0,
    tanh = 1,
    sigmoid = 2,
    relu = 3,
    softmax = 4,
    log_softmax = 5,
    exp = 6,
    log = 7
};

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
