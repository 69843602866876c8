// What a set of kernels looks like from outside: plain argument structs and one table of functions per ISA level.
//
// Sizes: T steps, N sequences, D inputs, H hidden units, K outputs, M rows (T * N flattened), J steps ahead, Q quantiles. Arrays are contiguous, row-major and do
// not overlap unless a comment says so. A null pointer means "not given" where a comment says "or null". Nothing here allocates for
// the caller, raises or knows of Python.
#pragma once

#include <cstddef>
#include <cstdint>

namespace elman {

using std::int64_t;

// The order in which a CPU reads memory best. It changes the time of a kernel, never a bit of its results.
struct Reading {
    // Weights of more bytes are fetched into the L2 cache while those before them are in use.
    int64_t fetched_beyond = INT64_MAX;
    // Whether a weight gradient copies even short rows to neighbouring places before it sums them.
    bool copies_short_rows = false;
};

// How a kernel runs: the threads it may use, its scratch memory, the question whether to stop early, and how to read.
struct Run {
    int n_threads;
    // Calls body(context, part) for part = 0 … parts-1, on up to that many threads, and returns when all are done.
    void (*parallel)(int parts, void (*body)(void* context, int part), void* context);
    // Scratch of the calling thread, 64-byte aligned, valid until its next request.
    void* (*scratch)(std::size_t bytes);
    // True when the caller wants the kernel to return at once (results are then meaningless).
    bool (*stopped)();
    Reading reading = {};
};

enum class Cell : int { rnn = 0, lstm = 1, gru = 2 };

// One recurrent layer, forward. G = 1 (rnn), 4 (lstm, i|f|g|o) or 3 (gru, r|z|n, reset after the product).
template <class T> struct Forward {
    Cell cell;
    int activation;  // rnn only: an Activation of math.h
    int64_t T_, N, D, H;
    bool one_hot;            // x_t is given by the place of its one, and x_t W_x is that row of W_x
    const T* x;              // (T, N, D), or null with one_hot
    const int64_t* ones;     // (T, N), or null without: places of the ones among the D inputs
    const T* h_0;            // (N, H) or null: zeros, which meet no W_h
    const T* c_0;            // (N, H) or null: zeros, lstm
    const T* W_x;            // (D, G H)
    const T* W_h;            // (H, G H)
    const T* b;              // (G H) or null
    const T* b_hn;           // (H) or null, gru
    const int64_t* lengths;  // (N) or null: row n runs its first lengths[n] steps
    const T* h_mask;         // (N, H) or null: multiplies h_{t-1} where it meets W_h
    T* h;                    // (T+1, N, H) out, h[0] = h_0, zero past the end of a row
    T* c;      // (T+1, N, H) out, lstm; not written past the end of a row, as gates: cost follows the lengths
    T* gates;  // (T, N, 4H) out or null: i|f|g|o, or r|z|n|q with q = h W_hn + b_hn
};

// Its gradients. Outputs are overwritten, but those of the weights are continued where `accumulate` says so.
template <class T> struct Backward {
    Cell cell;
    int activation;
    bool one_step;    // hold s_{t-1} constant: bptt_depth = 1
    bool accumulate;  // dW_x, dW_h, db, db_hn hold the sums of the later chunks of time, which this chunk goes on
    int64_t T_, N, D, H;
    const T* dh;          // (T, N, H) or null: from the output side
    const T* dh_T;        // (N, H) or null: arriving after each row's last step
    const T* dc_T;        // (N, H) or null, lstm
    const T* x;           // (T, N, D), or null where x is given by its ones
    const int64_t* ones;  // (T, N), or null
    const T* h;
    const T* c;      // lstm
    const T* gates;  // lstm, gru
    const T* W_x;
    const T* W_h;
    const int64_t* lengths;
    const T* h_mask;
    T* dx;    // (T, N, D) or null
    T* dh_0;  // (N, H) or null
    T* dc_0;  // (N, H) or null, lstm
    T* dW_x;
    T* dW_h;
    T* db;     // (G H)
    T* db_hn;  // (H) gru
};

template <class T> struct DenseForward {
    int64_t M, H, K;
    bool accumulate;  // o += instead of o =
    const T* h;       // (M, H)
    const T* W_y;     // (H, K)
    const T* b_y;     // (K) or null
    T* o;             // (M, K)
};

template <class T> struct DenseBackward {
    int64_t M, H, K;
    bool accumulate_dh;
    bool accumulate;  // dW_y and db_y hold the sums of later chunks of time
    const T* d_o;     // (M, K)
    const T* h;
    const T* W_y;
    T* dh;    // (M, H) or null
    T* dW_y;  // (H, K)
    T* db_y;  // (K) or null
};

enum class Loss : int {
    half_squared = 0,
    squared,
    absolute,
    huber,
    pinball,
    binary_cross_entropy,
    categorical_cross_entropy
};

template <class T> struct LossArguments {
    Loss loss;
    int64_t M, K;
    bool mean;              // divide by the sum of weights
    double parameter;       // delta of huber, quantile of pinball
    const T* o;             // (M, K)
    const T* y;             // (M, K), or null with labels
    const int64_t* labels;  // (M), categorical cross-entropy
    const T* weight;        // (M) or (M, K) or null
    bool weight_per_component;
    T* d_o;  // (M, K)
};

template <class T> struct DenseCrossEntropy {
    int64_t M, H, K;
    bool mean, accumulate;  // as in LossArguments and DenseBackward
    const T* h;             // (M, H)
    const T* W_y;           // (H, K)
    const T* b_y;           // (K) or null
    const int64_t* labels;  // (M)
    const T* weight;        // (M) or null
    T* dh;                  // (M, H)
    T* dW_y;                // (H, K)
    T* db_y;                // (K) or null
};

// The mixing readout (readout.h): Q is odd, and a row of o holds B weights, three free terms and Q-1 gaps.
template <class T> struct MixingForward {
    int64_t N, J, B, Q;
    const T* o;  // (N, J, B + Q + 2)
    const T* b;  // (N, J, B) simple forecasts
    const T* k;  // (J) steps ahead
    T* q;        // (N, J, Q) out
};

template <class T> struct MixingBackward {
    int64_t N, J, B, Q;
    const T* dq;  // (N, J, Q)
    const T* o;
    const T* b;
    const T* k;
    T* d_o;  // (N, J, B + Q + 2) out
};

template <class T> struct QuantileLoss {
    int64_t M, Q;
    bool mean;            // divide by the sum of weights times the sum of importance
    const T* q;           // (M, Q)
    const T* y;           // (M)
    const T* levels;      // (Q)
    const T* importance;  // (Q) or null
    const T* weight;      // (M) or null
    T* dq;                // (M, Q) out, may be q
};

// Philox 4x32-10 (Salmon et al. 2011): key (seed, update), counter (unit / 4, step, row, layer), word unit % 4.
template <class T> struct Dropout {
    int64_t T_, N, H;
    double rate;
    std::uint32_t seed, update, layer, first_row, first_step;
    T* mask;  // (T, N, H) out: 0 or 1 / (1 - rate)
};

template <class T> struct Windows {
    int64_t steps, N, C, first, width, stride;
    const double* values;    // (total, C)
    const double* center;    // (total, C) or null
    const int64_t* origins;  // (N)
    T* out;                  // (steps, N, width * C)
};

template <class T> struct Kernels {
    void (*forward)(const Forward<T>&, const Run&);
    // Weights as forward packs them: how many elements, and filling them. Only cell, activation, D, H and the weights are looked at.
    int64_t (*packed_size)(const Forward<T>&);
    void (*pack)(const Forward<T>&, T* packed);
    // One step in place: x (N, D) or ones (N) and W_x, h and c (N, H) in and out, weights packed by the same table; the other fields are
    // not looked at.
    // from_last: beginning with the last units, which is faster at every other step where the weights exceed the cache.
    void (*step)(const Forward<T>&, const T* packed, bool from_last, const Run&);
    void (*backward)(const Backward<T>&, const Run&);
    void (*dense_forward)(const DenseForward<T>&, const Run&);
    void (*dense_backward)(const DenseBackward<T>&, const Run&);
    // y = f(o) row by row; y may be o. softmax works along K.
    void (*activation_forward)(int activation, int64_t M, int64_t K, const T* o, T* y);
    // d_o = dy f'(o) through y = f(o); d_o may be dy.
    void (*activation_backward)(int activation, int64_t M, int64_t K, const T* dy, const T* y, T* d_o);
    // SiLU and softplus of n values and their derivatives through a; y may be a, da may be dy or a.
    void (*silu_forward)(int64_t n, const T* a, T* y, const Run&);
    void (*silu_backward)(int64_t n, const T* dy, const T* a, T* da, const Run&);
    void (*softplus_forward)(int64_t n, const T* a, T* y, const Run&);
    void (*softplus_backward)(int64_t n, const T* dy, const T* a, T* da, const Run&);
    // The first index whose running sum over p, from index `first` on and in double precision, exceeds u times the whole.
    int64_t (*draw)(int64_t K, const T* p, double u, int64_t first);
    double (*loss)(const LossArguments<T>&);
    double (*dense_cross_entropy)(const DenseCrossEntropy<T>&, const Run&);
    void (*mixing_forward)(const MixingForward<T>&, const Run&);
    void (*mixing_backward)(const MixingBackward<T>&, const Run&);
    double (*quantile_loss)(const QuantileLoss<T>&);
    void (*embedding_forward)(int64_t M, int64_t D, const int64_t* indices, const T* E, T* out);
    void (*embedding_backward)(int64_t M, int64_t D, int64_t V, const T* dx, const int64_t* indices, T* dE,
                               bool accumulate);
    double (*sgd_step)(int64_t n, T* theta, const T* g, T* velocity, double rate, double momentum, bool nesterov,
                       double decay, double max_norm);
    double (*rmsprop_step)(int64_t n, T* theta, const T* g, T* square, double rate, double keep, double epsilon,
                           double max_norm);
    double (*adam_step)(int64_t n, T* theta, const T* g, T* m, T* v, int64_t step, double rate, double beta_1,
                        double beta_2, double epsilon, double decay, double max_norm);
    double (*clip_by_norm)(int64_t n, T* g, double max_norm);
    void (*clip_by_value)(int64_t n, T* g, double limit);
    void (*dropout_mask)(const Dropout<T>&);
    void (*gather_windows)(const Windows<T>&);
    // Independent multiply-adds as fast as they go; returns how many floating point operations that were. `sink` keeps the result alive.
    double (*fma_loop)(int64_t rounds, T* sink);
};

// Layers and products of a stream whose weights have fewer bits than float32 (narrow.h). `packed` holds all that a step reads of the
// weights, but W_x of one-hot inputs and b_hn. Weights are exact in the format: the caller has rounded them.
struct NarrowKernels {
    // As in Kernels, sizes in floats.
    int64_t (*packed_size)(const Forward<float>&);
    void (*pack)(const Forward<float>&, float* packed);
    void (*step)(const Forward<float>&, const float* packed, bool from_last, const Run&);
    int64_t (*dense_packed_size)(const DenseForward<float>&);
    void (*dense_pack)(const DenseForward<float>&, float* packed);
    void (*dense_forward)(const DenseForward<float>&, const float* packed, const Run&);
    void (*activation_forward)(int activation, int64_t M, int64_t K, const float* o, float* y);
};

struct KernelTable {
    const char* isa;
    Kernels<float> f32;
    Kernels<double> f64;
    NarrowKernels bfloat16;
    const NarrowKernels* int8;
    template <class T> const Kernels<T>& of() const {
        if constexpr (sizeof(T) == 4) return f32;
        else return f64;
    }
};

}  // namespace elman
