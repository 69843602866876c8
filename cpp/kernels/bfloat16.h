// Weights as bfloat16, the upper half of a float32, two to a word: that of the even k below, that of the odd k above.
//
// A weight becomes a float32 by a shift or a mask, and sums are those of float32 weights, in their order: a stream has the bits of a
// network whose weights were rounded. The bfloat16 dot product of AVX-512 would round the inputs, too, and sum in another order; it is
// not used, because reading memory takes most of the time of a step.
#pragma once

#include "narrow.h"

namespace {

struct Bfloat16 {
    using Row = const float*;
    static int64_t space(int64_t) { return 0; }
    static Row row(const float* x, int64_t, float*) { return x; }
    static int64_t lines(int64_t K) { return ceil_div(K, 2); }

    static void pack(float* lane, int64_t line, const float* w, int64_t stride, int64_t K) {
        for (int64_t k = 0; k < K; k += 2, lane += line) {
            std::uint32_t word = bits_as<std::uint32_t>(w[k * stride]) >> 16;
            if (k + 1 < K) word |= bits_as<std::uint32_t>(w[(k + 1) * stride]) & 0xffff0000u;
            std::memcpy(lane, &word, sizeof word);
        }
    }

    template <int P, int W, int G>
    ELMAN_INLINE static void add(Vec<float>* acc, Row x, const float* part, int64_t K, int64_t stride) {
        constexpr int L = kLanes<float>;
        int64_t k = 0;
        for (; k + 2 <= K; k += 2, part += kPanel<float, G>) {
            const Vec<float> even = broadcast(x[k]), odd = broadcast(x[k + 1]);
            ELMAN_UNROLL(16)
            for (int g = 0; g < P * W; ++g) {
                const Bits<float> word = bits_of<float>(load(part + g / W * stride + g % W * L));
                acc[g] = fma(even, from_bits<float>(word << 16), acc[g]);
                acc[g] = fma(odd, from_bits<float>(word & 0xffff0000u), acc[g]);
            }
        }
        if (k == K) return;
        const Vec<float> last = broadcast(x[k]);
        ELMAN_UNROLL(16)
        for (int g = 0; g < P * W; ++g) {
            const Bits<float> word = bits_of<float>(load(part + g / W * stride + g % W * L));
            acc[g] = fma(last, from_bits<float>(word << 16), acc[g]);
        }
    }
};

}  // namespace
