// What a batch is made of: windows of series, and dropout masks from a counter.
#pragma once

#include "simd.h"
#include "table.h"

namespace {

// out[i] = values[i] - center, subtracted in double.
template <class T>
ELMAN_INLINE void center_values(int64_t n, const double* __restrict values, double center, T* __restrict out) {
    for (int64_t i = 0; i < n; ++i) out[i] = static_cast<T>(values[i] - center);
}

// out[t, n] = values[o + first … o + first + width - 1] - center[o] with o = origins[n] + t stride, subtracted in double.
template <class T> void gather_windows(const elman::Windows<T>& w) {
    for (int64_t t = 0; t < w.steps; ++t) {
        for (int64_t n = 0; n < w.N; ++n) {
            const int64_t origin = w.origins[n] + t * w.stride;
            const double* values = w.values + (origin + w.first) * w.C;
            T* out = w.out + (t * w.N + n) * w.width * w.C;
            if (w.C == 1) {
                center_values(w.width, values, w.center ? w.center[origin] : 0, out);
                continue;
            }
            for (int64_t i = 0; i < w.width; ++i)
                for (int64_t c = 0; c < w.C; ++c, ++out, ++values)
                    *out = static_cast<T>(w.center ? *values - w.center[origin * w.C + c] : *values);
        }
    }
}

// Philox 4x32 with ten rounds, Salmon et al. (2011), Parallel random numbers: as easy as 1, 2, 3.
struct Philox {
    std::uint32_t word[4];
};

ELMAN_INLINE Philox philox(Philox counter, std::uint32_t key_0, std::uint32_t key_1) {
    for (int round = 0; round < 10; ++round) {
        const std::uint64_t a = std::uint64_t{0xD2511F53u} * counter.word[0],
                            b = std::uint64_t{0xCD9E8D57u} * counter.word[2];
        counter = {{static_cast<std::uint32_t>(b >> 32) ^ counter.word[1] ^ key_0, static_cast<std::uint32_t>(b),
                    static_cast<std::uint32_t>(a >> 32) ^ counter.word[3] ^ key_1, static_cast<std::uint32_t>(a)}};
        key_0 += 0x9E3779B9u, key_1 += 0xBB67AE85u;
    }
    return counter;
}

template <class T> void dropout_mask(const elman::Dropout<T>& d) {
    const std::uint64_t drop_below = static_cast<std::uint64_t>(d.rate * 4294967296.0);
    const T keep = static_cast<T>(1 / (1 - d.rate));
    for (int64_t t = 0; t < d.T_; ++t) {
        for (int64_t n = 0; n < d.N; ++n) {
            T* mask = d.mask + (t * d.N + n) * d.H;
            for (int64_t unit = 0; unit < d.H; unit += 4) {
                const Philox random =
                    philox({{static_cast<std::uint32_t>(unit / 4), d.first_step + static_cast<std::uint32_t>(t),
                             d.first_row + static_cast<std::uint32_t>(n), d.layer}},
                           d.seed, d.update);
                for (int i = 0; i < 4 && unit + i < d.H; ++i)
                    mask[unit + i] = random.word[i] >= drop_below ? keep : T(0);
            }
        }
    }
}

}  // namespace
