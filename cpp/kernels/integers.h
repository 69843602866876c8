// Exact sums of products of 8-bit integers, four to a lane: the only file besides simd.h that asks which level is being compiled.
//
// Integers have at most 127 in size, so that a pair of products fits 16 bits with a sign.
#pragma once

#include "simd.h"

#if defined(__SSE2__) && !defined(ELMAN_LEVEL_V4) && !defined(ELMAN_LEVEL_V3)
#include <emmintrin.h>
#endif

namespace {

using Words = Signed<float>;  // lanes of 32 bits, as one sum or as four integers of 8 bits

ELMAN_INLINE Words load_words(const float* p) {
    Words v;
    std::memcpy(&v, p, sizeof v);
    return v;
}

// The offset of a row's integers in memory: the dot product of AVX-512 VNNI takes one side without a sign. A sum then starts
// from minus kOffset times the sum of the weights, which is exact.
#if defined(ELMAN_VNNI)
constexpr int kOffset = 128;
#else
constexpr int kOffset = 0;
#endif

// Four integers of a row, for all lanes.
struct Four {
#if defined(ELMAN_VNNI)
    __m512i all;
    ELMAN_INLINE explicit Four(std::int32_t word) : all(_mm512_set1_epi32(word)) {}
    ELMAN_INLINE Words add(Words sum, Words w) const {
        return (Words)_mm512_dpbusd_epi32((__m512i)sum, all, (__m512i)w);
    }
#elif defined(ELMAN_LEVEL_V4)  // |x| times sign(x) w
    __m512i size;
    __mmask64 negative;
    ELMAN_INLINE explicit Four(std::int32_t word) {
        const __m512i all = _mm512_set1_epi32(word);
        size = _mm512_abs_epi8(all), negative = _mm512_movepi8_mask(all);
    }
    ELMAN_INLINE Words add(Words sum, Words w) const {
        const __m512i turned = _mm512_mask_sub_epi8((__m512i)w, negative, _mm512_setzero_si512(), (__m512i)w);
        const __m512i pairs = _mm512_maddubs_epi16(size, turned);
        return sum + (Words)_mm512_madd_epi16(pairs, _mm512_set1_epi16(1));
    }
#elif defined(ELMAN_LEVEL_V3)
    __m256i all, size;
    ELMAN_INLINE explicit Four(std::int32_t word) : all(_mm256_set1_epi32(word)), size(_mm256_abs_epi8(all)) {}
    ELMAN_INLINE Words add(Words sum, Words w) const {
        const __m256i pairs = _mm256_maddubs_epi16(size, _mm256_sign_epi8((__m256i)w, all));
        return sum + (Words)_mm256_madd_epi16(pairs, _mm256_set1_epi16(1));
    }
#elif defined(__SSE2__)  // as 16-bit integers: those in even places, and those in odd ones
    __m128i even, odd;
    ELMAN_INLINE explicit Four(std::int32_t word) {
        const __m128i all = _mm_set1_epi32(word);
        even = _mm_srai_epi16(_mm_slli_epi16(all, 8), 8), odd = _mm_srai_epi16(all, 8);
    }
    ELMAN_INLINE Words add(Words sum, Words w) const {
        const __m128i even_w = _mm_srai_epi16(_mm_slli_epi16((__m128i)w, 8), 8);
        const __m128i odd_w = _mm_srai_epi16((__m128i)w, 8);
        return sum + (Words)_mm_madd_epi16(even, even_w) + (Words)_mm_madd_epi16(odd, odd_w);
    }
#else
    Words all[4];
    ELMAN_INLINE explicit Four(std::int32_t word) {
        const Words same = Words{} + word;
        for (int i = 0; i < 4; ++i) all[i] = place(same, i);
    }
    ELMAN_INLINE Words add(Words sum, Words w) const {
        ELMAN_UNROLL(4)
        for (int i = 0; i < 4; ++i) sum += all[i] * place(w, i);
        return sum;
    }
    ELMAN_INLINE static Words place(Words w, int i) { return (Words)((Bits<float>)w << (24 - 8 * i)) >> 24; }
#endif
};

}  // namespace
