// Streams with weights of 8 bits. The second translation unit of an ISA level; its only symbol is its table.
//
// Column j of W is s_j times integers, row x is s_x times integers of at most 127 in size: s_x = max |x| / 127, each nearest to
// x (127 / max |x|), half to even. A sum of products of integers is exact. It is multiplied by s_x s_j and added to the bias:
//   a = (b + sum_x (s_x s_j)) + sum_h (s_h s_j)
// Everything is additions, multiplications and divisions of float32, one by one, in an order that does not depend on the level. So
// all levels give the same bits, which are those of the reference.
#define ELMAN_SAME_BITS

#include "integers.h"
#include "narrow.h"

namespace {

// A row whose largest value is below this counts as zero: 127 divided by it would not be finite.
constexpr float kLeast = 1e-30f, kLargest = 3.40282347e38f;

struct Int8 {
    struct Row {
        const float* words;
        float scale;  // NaN if a value is not finite
    };
    static int64_t space(int64_t K) { return ceil_div(K, kLanes<float>) * (kLanes<float> / 4); }
    static int64_t lines(int64_t K) { return K > 0 ? 2 + ceil_div(K, 4) : 0; }

    static Row row(const float* x, int64_t K, float* space) {
        const Bits<float> sign = bits_of<float>(broadcast(-0.0f));
        Vec<float> sizes = {};
        for_vectors<float>(K, [&](int64_t j, int n) {
            const Vec<float> size = from_bits<float>(bits_of<float>(load_first(x + j, n)) & ~sign);
            sizes = ((size > sizes) | (size != size)) ? size : sizes;
        });
        const float largest = max_of<float>(sizes);
        const bool finite = largest <= kLargest, none = largest < kLeast;
        quantize(x, K, none || !finite ? 0 : 127 / largest, space);
        return {space, finite ? (none ? 0 : largest / 127) : static_cast<float>(kNan)};
    }

    // Adding 1.5 * 2^23 rounds to an integer, which then stands in the last bits.
    static void quantize(const float* x, int64_t K, float factor, float* space) {
        typedef std::int8_t Bytes ELMAN_VECTOR(ELMAN_VECTOR_BYTES / 4);
        const Vec<float> by = broadcast(factor), shift = broadcast(Constants<float>::shift);
        for_vectors<float>(K, [&](int64_t j, int n) {
            const Words nearest = (Words)bits_of<float>(load_first(x + j, n) * by + shift) + kOffset;
            const Bytes bytes = __builtin_convertvector(nearest, Bytes);
            std::memcpy(space + j / 4, &bytes, sizeof bytes);
        });
    }

    static void pack(float* lane, int64_t line, const float* w, int64_t stride, int64_t K) {
        if (K == 0) return;
        float largest = 0;
        for (int64_t k = 0; k < K; ++k) {
            const float size = w[k * stride] < 0 ? -w[k * stride] : w[k * stride];
            largest = size > largest ? size : largest;
        }
        const float scale = largest / 127;
        std::int32_t sum = 0;
        for (int64_t k = 0; k < K; ++k) {
            const float shifted = (scale > 0 ? w[k * stride] / scale : 0) + Constants<float>::shift;
            const auto nearest = static_cast<std::int8_t>(bits_as<std::uint32_t>(shifted));
            sum += nearest;
            std::memcpy(reinterpret_cast<char*>(lane + (2 + k / 4) * line) + k % 4, &nearest, 1);
        }
        lane[0] = scale;
        sum *= -kOffset;
        std::memcpy(lane + line, &sum, sizeof sum);
    }

    template <int P, int W, int G>
    ELMAN_INLINE static void add(Vec<float>* acc, const Row& x, const float* part, int64_t K, int64_t stride) {
        constexpr int L = kLanes<float>, line = kPanel<float, G>;
        if (K == 0) return;
        const auto at = [&](int g) { return g / W * stride + g % W * L; };
        Words sum[P * W];
        ELMAN_UNROLL(16)
        for (int g = 0; g < P * W; ++g) sum[g] = load_words(part + line + at(g));
        const float *w = part + 2 * line, *word = x.words;
        for (int64_t k = 0; k < K; k += 4, w += line, ++word) {
            const Four four(bits_as<std::int32_t>(*word));
            ELMAN_UNROLL(16)
            for (int g = 0; g < P * W; ++g) sum[g] = four.add(sum[g], load_words(w + at(g)));
        }
        const Vec<float> scale = broadcast(x.scale);
        ELMAN_UNROLL(16)
        for (int g = 0; g < P * W; ++g)
            acc[g] += __builtin_convertvector(sum[g], Vec<float>) * (scale * load(part + at(g)));
    }
};

// Sixteen sums of every sixteenth value, then their sum in one order, whatever the number of lanes.
struct SixteenSums {
    static constexpr int kVectors = 16 / kLanes<float>;
    Vec<float> sums[kVectors] = {};

    ELMAN_INLINE void add(int64_t j, Vec<float> v) {
        if constexpr (kVectors == 1) sums[0] += v;
        else sums[j / kLanes<float> % kVectors] += v;
    }
    float total() const {
        float all[16];
        for (int i = 0; i < kVectors; ++i) store(all + i * kLanes<float>, sums[i]);
        for (int width = 8; width > 0; width /= 2)
            for (int i = 0; i < width; ++i) all[i] += all[i + width];
        return all[0];
    }
};

// e^(o - max o), and their sum. o may be e.
float exponentials_of_row(const float* o, int64_t K, float maximum, float* e) {
    SixteenSums sum;
    for_vectors<float>(K, [&](int64_t j, int n) {
        store_first(e + j, exp_of<float>(load_first(o + j, n) - broadcast(maximum)), n);
        sum.add(j, load_first(e + j, n));
    });
    return sum.total();
}

void softmax_row(const float* o, int64_t K, float* y) {
    const Vec<float> total = broadcast(exponentials_of_row(o, K, row_maximum<float>(o, K), y));
    for_vectors<float>(K, [&](int64_t j, int n) { store_first(y + j, load_first(y + j, n) / total, n); });
}

void log_softmax_row_same_bits(const float* o, int64_t K, float* y) {
    const Vec<float> maximum = broadcast(row_maximum<float>(o, K));
    SixteenSums sum;
    for_vectors<float>(K, [&](int64_t j, int n) {
        float some[kLanes<float>];
        store_first(some, exp_of<float>(load_first(o + j, n) - maximum), n);
        sum.add(j, load_first(some, n));
    });
    const Vec<float> total = log_of<float>(broadcast(sum.total()));
    for_vectors<float>(K, [&](int64_t j, int n) { store_first(y + j, (load_first(o + j, n) - maximum) - total, n); });
}

void activation_forward_int8(int activation, int64_t M, int64_t K, const float* o, float* y) {
    const auto kind = static_cast<Activation>(activation);
    if (kind != Activation::softmax && kind != Activation::log_softmax)
        return activation_forward<float>(activation, M, K, o, y);
    for (int64_t m = 0; m < M && K > 0; ++m)
        (kind == Activation::softmax ? softmax_row : log_softmax_row_same_bits)(o + m * K, K, y + m * K);
}

}  // namespace

extern "C" constinit const elman::NarrowKernels ELMAN_JOIN(elman_int8_,
                                                           ELMAN_LEVEL) = narrow_kernels<Int8>(activation_forward_int8);
