// Vectors of one ISA level. This is the only file of the folder that asks which level is being compiled.
//
// Vec<T> is a GCC/Clang vector of kLanes<T> elements, Bits<T> and Signed<T> the integer vectors of its shape.
// Multiply-add is explicit: the build forbids contraction, so a sum is fused where this file says so and nowhere else. A file that
// defines ELMAN_SAME_BITS gets one arithmetic for all levels: nothing is fused, and there are no tables.
#pragma once

#include <cstdint>
#include <cstring>

#include "portable.h"

#if defined(ELMAN_LEVEL_V4)
#define ELMAN_VECTOR_BYTES 64
#include <immintrin.h>
#elif defined(ELMAN_LEVEL_V3)
#define ELMAN_VECTOR_BYTES 32
#include <immintrin.h>
#else
#define ELMAN_VECTOR_BYTES 16
#if defined(ELMAN_LEVEL_NEON)
#include <arm_neon.h>
#endif
#endif

#if (defined(ELMAN_LEVEL_V4) || defined(ELMAN_LEVEL_V3) || defined(ELMAN_LEVEL_NEON)) && !defined(ELMAN_SAME_BITS)
#define ELMAN_FUSED 1
#else
#define ELMAN_FUSED 0
#endif

namespace {

using std::int64_t;

template <class T> struct VectorOf;
template <> struct VectorOf<float> {
    typedef float Vec ELMAN_VECTOR(ELMAN_VECTOR_BYTES);
    typedef std::uint32_t Bits ELMAN_VECTOR(ELMAN_VECTOR_BYTES);
    typedef std::int32_t Signed ELMAN_VECTOR(ELMAN_VECTOR_BYTES);
};
template <> struct VectorOf<double> {
    typedef double Vec ELMAN_VECTOR(ELMAN_VECTOR_BYTES);
    typedef std::uint64_t Bits ELMAN_VECTOR(ELMAN_VECTOR_BYTES);
    typedef std::int64_t Signed ELMAN_VECTOR(ELMAN_VECTOR_BYTES);
};
template <class T> using Vec = typename VectorOf<T>::Vec;
template <class T> using Bits = typename VectorOf<T>::Bits;
template <class T> using Signed = typename VectorOf<T>::Signed;
template <class T> constexpr int kLanes = ELMAN_VECTOR_BYTES / static_cast<int>(sizeof(T));

#if defined(ELMAN_LEVEL_V4) || defined(ELMAN_LEVEL_V3)
constexpr bool kFetchesAhead = true;
#else
constexpr bool kFetchesAhead = false;
#endif

// Rows and vectors of one register tile: with G vectors of output per row, kRows<G> rows keep all sums in registers.
#if defined(ELMAN_LEVEL_V4) || defined(ELMAN_LEVEL_NEON)  // 32 vector registers
constexpr int kWide = 4;                                  // vectors per row where the cell does not dictate it
constexpr int kPanelsAtOnce = 4;                          // for a single row
template <int G> constexpr int kRows = G >= 4 ? 6 : 8;
#elif defined(ELMAN_LEVEL_V3)
constexpr int kWide = 2;
constexpr int kPanelsAtOnce = 2;
template <int G> constexpr int kRows = G >= 4 ? 3 : (G == 3 ? 4 : 6);
#else
constexpr int kWide = 2;
constexpr int kPanelsAtOnce = 2;
template <int G> constexpr int kRows = G >= 4 ? 2 : (G == 3 ? 3 : 4);
#endif

// A loop over lanes would compile to one masked write per lane, so the broadcast is spelled out per level.
ELMAN_INLINE Vec<float> broadcast_lanes(float value) {
#if defined(ELMAN_LEVEL_V4)
    return _mm512_set1_ps(value);
#elif defined(ELMAN_LEVEL_V3)
    return _mm256_set1_ps(value);
#elif defined(ELMAN_LEVEL_NEON)
    return vdupq_n_f32(value);
#else
    return Vec<float>{value, value, value, value};
#endif
}

ELMAN_INLINE Vec<double> broadcast_lanes(double value) {
#if defined(ELMAN_LEVEL_V4)
    return _mm512_set1_pd(value);
#elif defined(ELMAN_LEVEL_V3)
    return _mm256_set1_pd(value);
#elif defined(ELMAN_LEVEL_NEON)
    return vdupq_n_f64(value);
#else
    return Vec<double>{value, value};
#endif
}

template <class T> ELMAN_INLINE Vec<T> broadcast(T value) { return broadcast_lanes(value); }

template <class T> ELMAN_INLINE Vec<T> load(const T* p) {
    Vec<T> v;
    std::memcpy(&v, p, sizeof v);
    return v;
}

template <class T> ELMAN_INLINE void store(T* p, Vec<T> v) { std::memcpy(p, &v, sizeof v); }

// a * b + c: one rounding where the level has a fused instruction, two on x86-64-v2 and generic.
ELMAN_INLINE Vec<float> fma(Vec<float> a, Vec<float> b, Vec<float> c) {
#if !ELMAN_FUSED
    return a * b + c;
#elif defined(ELMAN_LEVEL_V4)
    return _mm512_fmadd_ps(a, b, c);
#elif defined(ELMAN_LEVEL_V3)
    return _mm256_fmadd_ps(a, b, c);
#else
    return vfmaq_f32(c, a, b);
#endif
}

ELMAN_INLINE Vec<double> fma(Vec<double> a, Vec<double> b, Vec<double> c) {
#if !ELMAN_FUSED
    return a * b + c;
#elif defined(ELMAN_LEVEL_V4)
    return _mm512_fmadd_pd(a, b, c);
#elif defined(ELMAN_LEVEL_V3)
    return _mm256_fmadd_pd(a, b, c);
#else
    return vfmaq_f64(c, a, b);
#endif
}

constexpr bool kFused = ELMAN_FUSED;  // whether fma() rounds once

// A table of 2^kTableBits<T> values in one or two vectors, where the level has an instruction that picks one for every lane.
#if defined(ELMAN_SAME_BITS)
template <class T> constexpr int kTableBits = 0;
#elif defined(ELMAN_LEVEL_V4)
template <class T> constexpr int kTableBits = sizeof(T) == 4 ? 5 : 4;
#elif defined(ELMAN_LEVEL_V3)
template <class T> constexpr int kTableBits = sizeof(T) == 4 ? 3 : 0;
#else
template <class T> constexpr int kTableBits = 0;
#endif
template <class T> struct Table {
    alignas(64) T at[1 << kTableBits<T>];
};

// Lane by lane the value that the last kTableBits<T> bits of `index` name.
template <class T> ELMAN_INLINE Vec<T> look_up(const Table<T>& table, [[maybe_unused]] Bits<T> index) {
    const T* v = table.at;
#if defined(ELMAN_SAME_BITS)
    return broadcast(v[0]);
#elif defined(ELMAN_LEVEL_V4)
    if constexpr (sizeof(T) == 4) return _mm512_permutex2var_ps(load(v), (__m512i)index, load(v + kLanes<T>));
    else return _mm512_permutex2var_pd(load(v), (__m512i)index, load(v + kLanes<T>));
#elif defined(ELMAN_LEVEL_V3)
    if constexpr (sizeof(T) == 4) return _mm256_permutevar8x32_ps(load(v), (__m256i)index);
    else return broadcast(v[0]);
#else
    return broadcast(v[0]);
#endif
}

// The smaller or larger of limit and x; a NaN in x stays. One instruction where the level has it with just this
// rule (masked, because g++ 12 warns of its own header otherwise).
ELMAN_INLINE Vec<float> smaller(Vec<float> limit, Vec<float> x) {
#if defined(ELMAN_LEVEL_V4)
    return _mm512_maskz_min_ps(static_cast<__mmask16>(-1), limit, x);
#elif defined(ELMAN_LEVEL_V3)
    return _mm256_min_ps(limit, x);
#elif defined(ELMAN_LEVEL_NEON)
    return vminq_f32(limit, x);
#else
    return limit < x ? limit : x;
#endif
}
ELMAN_INLINE Vec<double> smaller(Vec<double> limit, Vec<double> x) {
#if defined(ELMAN_LEVEL_V4)
    return _mm512_maskz_min_pd(static_cast<__mmask8>(-1), limit, x);
#elif defined(ELMAN_LEVEL_V3)
    return _mm256_min_pd(limit, x);
#elif defined(ELMAN_LEVEL_NEON)
    return vminq_f64(limit, x);
#else
    return limit < x ? limit : x;
#endif
}
ELMAN_INLINE Vec<float> larger(Vec<float> limit, Vec<float> x) {
#if defined(ELMAN_LEVEL_V4)
    return _mm512_maskz_max_ps(static_cast<__mmask16>(-1), limit, x);
#elif defined(ELMAN_LEVEL_V3)
    return _mm256_max_ps(limit, x);
#elif defined(ELMAN_LEVEL_NEON)
    return vmaxq_f32(limit, x);
#else
    return limit > x ? limit : x;
#endif
}
ELMAN_INLINE Vec<double> larger(Vec<double> limit, Vec<double> x) {
#if defined(ELMAN_LEVEL_V4)
    return _mm512_maskz_max_pd(static_cast<__mmask8>(-1), limit, x);
#elif defined(ELMAN_LEVEL_V3)
    return _mm256_max_pd(limit, x);
#elif defined(ELMAN_LEVEL_NEON)
    return vmaxq_f64(limit, x);
#else
    return limit > x ? limit : x;
#endif
}

#if defined(ELMAN_LEVEL_V3)
// All bits in the words of the first n lanes, none in the others.
constexpr std::int32_t kWords[16] = {-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0};
template <class T> ELMAN_INLINE __m256i first_lanes(int n) {
    constexpr int per_lane = sizeof(T) / 4;
    __m256i mask;
    std::memcpy(&mask, kWords + 8 - per_lane * n, sizeof mask);
    return mask;
}
#endif

// The first n lanes from or to memory; the other lanes read as zero and are not written. 0 <= n <= kLanes<T>. Masks where the level has
// them: a copy of n values is a call of memcpy, before which a loop over cells stores all that it holds in registers.
template <class T> ELMAN_INLINE Vec<T> load_first(const T* p, int n) {
#if defined(ELMAN_LEVEL_V4)
    if constexpr (sizeof(T) == 4) return _mm512_maskz_loadu_ps(static_cast<__mmask16>((1u << n) - 1u), p);
    else return _mm512_maskz_loadu_pd(static_cast<__mmask8>((1u << n) - 1u), p);
#elif defined(ELMAN_LEVEL_V3)
    if (n == kLanes<T>) return load(p);
    if constexpr (sizeof(T) == 4) return _mm256_maskload_ps(p, first_lanes<T>(n));
    else return _mm256_maskload_pd(p, first_lanes<T>(n));
#else
    if (n == kLanes<T>) return load(p);
    Vec<T> v = {};
    for (int i = 0; i < n; ++i) v[i] = p[i];
    return v;
#endif
}

template <class T> ELMAN_INLINE void store_first(T* p, Vec<T> v, int n) {
#if defined(ELMAN_LEVEL_V4)
    if constexpr (sizeof(T) == 4) _mm512_mask_storeu_ps(p, static_cast<__mmask16>((1u << n) - 1u), v);
    else _mm512_mask_storeu_pd(p, static_cast<__mmask8>((1u << n) - 1u), v);
#elif defined(ELMAN_LEVEL_V3)
    if (n == kLanes<T>) return store(p, v);
    if constexpr (sizeof(T) == 4) _mm256_maskstore_ps(p, first_lanes<T>(n), v);
    else _mm256_maskstore_pd(p, first_lanes<T>(n), v);
#else
    if (n == kLanes<T>) return store(p, v);
    for (int i = 0; i < n; ++i) p[i] = v[i];
#endif
}

template <int... I> struct Numbers {};
template <int N, int... I> struct NumbersTo : NumbersTo<N - 1, N - 1, I...> {};
template <int... I> struct NumbersTo<0, I...> {
    using All = Numbers<I...>;  // 0, …, N - 1
};

// Exchanges, in every 2 Half lanes, the second half of a with the first of b.
template <class T, int Half, int... I> ELMAN_INLINE void exchange(Vec<T>& a, Vec<T>& b, Numbers<I...>) {
    const Vec<T> first = lanes_of<Signed<T>, (I & Half ? kLanes<T> + (I ^ Half) : I)...>(a, b);
    b = lanes_of<Signed<T>, (I & Half ? kLanes<T> + I : I ^ Half)...>(a, b);
    a = first;
}

// A square matrix in registers: rows that stand L/2, …, 2, 1 apart exchange halves.
template <class T, int Half> ELMAN_INLINE void transpose_rows(Vec<T> (&rows)[kLanes<T>]) {
    ELMAN_UNROLL(16)
    for (int i = 0; i < kLanes<T>; ++i)
        if (!(i & Half)) exchange<T, Half>(rows[i], rows[i + Half], typename NumbersTo<kLanes<T>>::All{});
    if constexpr (Half > 1) transpose_rows<T, Half / 2>(rows);
}

// A copy in memory of a tile's sums, for a function that is not inlined: sums whose own address it had would be in memory all along.
template <class T, int R, int C> ELMAN_INLINE void copy_sums(Vec<T> (&to)[R][C], const Vec<T> (&from)[R][C]) {
    ELMAN_UNROLL(8)
    for (int r = 0; r < R; ++r) {
        ELMAN_UNROLL(16)
        for (int c = 0; c < C; ++c) to[r][c] = from[r][c];
    }
}

// Sum and maximum over the lanes in one fixed order, so that a row gives the same bits wherever it stands.
template <class T> ELMAN_INLINE T sum_of(Vec<T> v) {
    T lanes[kLanes<T>];
    store(lanes, v);
    for (int width = kLanes<T> / 2; width > 0; width /= 2)
        for (int i = 0; i < width; ++i) lanes[i] += lanes[i + width];
    return lanes[0];
}

template <class T> ELMAN_INLINE T max_of(Vec<T> v) {
    T best = v[0];
    for (int i = 1; i < kLanes<T>; ++i) best = (v[i] > best || v[i] != v[i]) ? v[i] : best;
    return best;
}

}  // namespace
