// The LSTM (Hochreiter & Schmidhuber 1997; forget gate Gers 2000), gates i|f|g|o:
//   i, f, o = sigmoid(a_i), sigmoid(a_f), sigmoid(a_o)    g = tanh(a_g)
//   c_t = f c_{t-1} + i g                                 h_t = o tanh(c_t)
#pragma once

#include "recurrent.h"

namespace {

template <class T> struct LstmForwardStep : ForwardPanels<T, Columns::gates, 4, 4> {
    using Panels = ForwardPanels<T, Columns::gates, 4, 4>;
    using Panels::f, Panels::G, Panels::L;

    void panel(const StateFlow<T>& s, int64_t t, int64_t p, const int64_t* rows, int64_t n, const T* h_in,
               const T* packed) const {
        for_tiles<kRows<G>>(n, [&]<int R>(int64_t begin) { tile<R>(s, t, p, rows + begin, h_in, packed); });
    }

    // R rows and P panels from panel p on.
    template <int R, int P = 1>
    void tile(const StateFlow<T>& s, int64_t t, int64_t p, const int64_t* rows, const T* h_in, const T* packed) const {
        Vec<T> acc[R][P * G];
        const T* h[R];
        for (int r = 0; r < R; ++r) h[r] = h_in + rows[r] * f.H;
        const int64_t stride = this->panel_size();
        const T* panel = packed + p * stride;
        this->template take_sums<R, G, P>(acc, s, t, rows, p, panel, stride);
        chain<T, R, G, G, P>(acc, h, panel + this->recurrent_part(), this->recurrent_inputs(s, t), stride);
        Vec<T> sums[R][P * G];
        copy_sums<T>(sums, acc);
        finish(s, t, rows, p * L, sums[0], R, P);
    }

    // The cell of a tile, from its sums: `blocks` of L units for each row, from `unit` on. Not inlined: it is faster where all registers
    // are its own than where the sums of other rows wait in them.
    [[gnu::noinline]] void finish(const StateFlow<T>& s, int64_t t, const int64_t* rows, int64_t unit,
                                  const Vec<T>* sums, int n_rows, int blocks) const {
        for (int r = 0; r < n_rows; ++r)
            for (int q = 0; q < blocks; ++q, sums += G) cell(s, t, rows[r], unit + q * L, sums);
    }

    ELMAN_INLINE void cell(const StateFlow<T>& s, int64_t t, int64_t row, int64_t unit, const Vec<T>* a) const {
        const int n = static_cast<int>(f.H - unit < L ? f.H - unit : L);
        const int64_t at = (t * f.N + row) * f.H + unit;
        const Vec<T> i = sigmoid_of<T>(a[0]), forget = sigmoid_of<T>(a[1]);
        const Vec<T> g = tanh_of<T>(a[2]), o = sigmoid_of<T>(a[3]);
        const Vec<T> c = fma(forget, load_first(s.c_prev + at, n), i * g);
        store_first(s.c_next + at, c, n);
        store_first(s.h_next + at, o * tanh_of<T>(c), n);
        if (f.gates) {
            T* gates = f.gates + (t * f.N + row) * 4 * f.H + unit;
            store_first(gates, i, n);
            store_first(gates + f.H, forget, n);
            store_first(gates + 2 * f.H, g, n);
            store_first(gates + 3 * f.H, o, n);
        }
    }
};

template <class T> struct LstmBackwardStep {
    static constexpr int kGates = 4, kDaGates = 4;
    static constexpr bool kCarries = false;
    const Backward<T>& b;
    static int64_t hidden_offset(int64_t) { return 0; }

    // dc += dh o (1 - tanh^2 c);  da_i = dc g i(1-i);  da_f = dc c_{t-1} f(1-f);  da_g = dc i (1-g^2);  da_o = dh tanh(c) o(1-o);
    // dc_{t-1} = dc f. tanh(c) is recomputed: storing it would cost more memory traffic than the arithmetic.
    void pointwise(const BackwardWork<T>& work, int64_t t, int64_t row) const {
        const Vec<T> one = broadcast<T>(1);
        const int64_t at = (t * b.N + row) * b.H;
        const T* gates = b.gates + 4 * at;
        T* da = work.da + ((t - work.first) * b.N + row) * work.d;
        for (int64_t j = 0; j < b.H; j += kLanes<T>) {
            const int n = static_cast<int>(b.H - j < kLanes<T> ? b.H - j : kLanes<T>);
            Vec<T> dh = load_first(work.rec + row * b.H + j, n);
            if (b.dh) dh = load_first(b.dh + at + j, n) + dh;
            const Vec<T> i = load_first(gates + j, n), f = load_first(gates + b.H + j, n);
            const Vec<T> g = load_first(gates + 2 * b.H + j, n), o = load_first(gates + 3 * b.H + j, n);
            const Vec<T> c_prev = load_first(b.c + at + j, n),
                         tanh_c = tanh_of<T>(load_first(b.c + at + b.N * b.H + j, n));
            // From a cache far away, unless asked for two rows ahead.
            for (int64_t g = 0; g < 4; ++g) __builtin_prefetch(gates + (8 + g) * b.H + j);
            __builtin_prefetch(b.c + at + 2 * b.H + j);
            if (b.dh) __builtin_prefetch(b.dh + at + 2 * b.H + j);
            T* dc_row = work.dc + row * b.H + j;
            const Vec<T> dc = fma(dh * o, one - tanh_c * tanh_c, load_first(dc_row, n));
            store_first(da + j, dc * g * (i * (one - i)), n);
            store_first(da + b.H + j, dc * c_prev * (f * (one - f)), n);
            store_first(da + 2 * b.H + j, dc * i * (one - g * g), n);
            store_first(da + 3 * b.H + j, dh * tanh_c * (o * (one - o)), n);
            store_first(dc_row, dc * f, n);
        }
    }
    Packed<T> pack_input_weights(T* dst) const { return pack_matrix<T>(dst, b.W_x, 4 * b.H, b.D, 1, 4 * b.H); }
    struct Pieces {
        GradientPiece all[1];
        const GradientPiece* begin() const { return all; }
        const GradientPiece* end() const { return all + 1; }
    };
    Pieces pieces() const { return {{{0, 4 * b.H, 0, 0}}}; }
};

}  // namespace
