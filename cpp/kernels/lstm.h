// The LSTM (Hochreiter & Schmidhuber 1997; forget gate Gers 2000), gates i|f|g|o:
//   i, f, o = sigmoid(a_i), sigmoid(a_f), sigmoid(a_o)    g = tanh(a_g)
//   c_t = f c_{t-1} + i g                                 h_t = o tanh(c_t)
#pragma once

#include "recurrent.h"

namespace {

template <class T> struct LstmForwardStep : ForwardPanels<T, Columns::gates, 4, 4> {
    using Panels = ForwardPanels<T, Columns::gates, 4, 4>;
    using Panels::f, Panels::G, Panels::L;

    // R rows and P panels from panel p on; with kFetch, weights ahead are fetched meanwhile.
    template <int R, int P = 1, int = G, bool kFetch = false>
    void tile(const StateFlow<T>& s, int64_t t, int64_t p, const int64_t* rows, const T* h_in, const T* packed,
              Ahead<T>* ahead = nullptr) const {
        Vec<T> acc[R][P * G];
        const T* h[R];
        for (int r = 0; r < R; ++r) h[r] = h_in + rows[r] * f.H;
        const int64_t stride = this->panel_size();
        const T* panel = packed + p * stride;
        this->template take_sums<R, G, P, kFetch>(acc, s, t, rows, p, panel, stride, ahead);
        chain<T, R, G, G, P, kFetch>(acc, h, panel + this->recurrent_part(), this->recurrent_inputs(s, t), stride,
                                     ahead);
        Vec<T> sums[R][P * G];
        copy_sums<T>(sums, acc);
        finish(s, t, rows, p * L, sums[0], R, P);
    }

    // The cell of a tile, from its sums: `blocks` of L units for each row, starting at `unit`. Not inlined: it is faster with all
    // registers than with the sums of other rows in them. h is computed in a second pass to hide the latency of tanh(c).
    ELMAN_NOINLINE void finish(const StateFlow<T>& s, int64_t t, const int64_t* rows, int64_t unit, Vec<T>* sums,
                               int n_rows, int blocks) const {
        const int64_t H = f.H;
        const T* c_prev = s.c_prev;
        T *c_next = s.c_next, *h_next = s.h_next, *gates = f.gates;
        this->for_cells(t, rows, unit, n_rows, blocks, [&](int64_t cell, int64_t at, int64_t j, int n) {
            Vec<T>* a = sums + cell * G;
            const Vec<T> i = sigmoid_of<T>(a[0]), forget = sigmoid_of<T>(a[1]);
            const Vec<T> g = tanh_of<T>(a[2]), o = sigmoid_of<T>(a[3]);
            const Vec<T> c = fma(forget, load_first(c_prev + at, n), i * g);
            store_first(c_next + at, c, n);
            if (gates) {
                T* to = gates + 4 * (at - j) + j;
                store_first(to, i, n);
                store_first(to + H, forget, n);
                store_first(to + 2 * H, g, n);
                store_first(to + 3 * H, o, n);
            }
            a[0] = c, a[3] = o;
        });
        this->for_cells(t, rows, unit, n_rows, blocks, [&](int64_t cell, int64_t at, int64_t, int n) {
            const Vec<T>* a = sums + cell * G;
            store_first(h_next + at, a[3] * tanh_of<T>(a[0]), n);
        });
    }
};

template <class T> struct LstmBackwardStep {
    static constexpr int kGates = 4, kDaGates = 4;
    static constexpr bool kCarries = false;
    const Backward<T>& b;
    static int64_t hidden_offset(int64_t) { return 0; }

    // dc += dh o (1 - tanh^2 c);  da_i = dc g i(1-i);  da_f = dc c_{t-1} f(1-f);  da_g = dc i (1-g^2);  da_o = dh tanh(c) o(1-o);
    // dc_{t-1} = dc f. tanh(c) is recomputed: the memory traffic of storing it would cost more than the arithmetic.
    void pointwise(const BackwardWork<T>& work, int64_t t, int64_t row) const {
        const Vec<T> one = broadcast<T>(1);
        const int64_t H = b.H, at = (t * b.N + row) * H, next = b.N * H;
        const T *gates = b.gates + 4 * at, *c = b.c + at, *dh_t = b.dh ? b.dh + at : nullptr, *rec = work.rec + row * H;
        T *da = work.da + ((t - work.first) * b.N + row) * work.d, *dc_row = work.dc + row * H;
        for (int64_t j = 0; j < H; j += kLanes<T>) {
            const int n = static_cast<int>(H - j < kLanes<T> ? H - j : kLanes<T>);
            Vec<T> dh = load_first(rec + j, n);
            if (dh_t) dh = load_first(dh_t + j, n) + dh;
            const Vec<T> i = load_first(gates + j, n), f = load_first(gates + H + j, n);
            const Vec<T> g = load_first(gates + 2 * H + j, n), o = load_first(gates + 3 * H + j, n);
            const Vec<T> c_prev = load_first(c + j, n), tanh_c = tanh_of<T>(load_first(c + next + j, n));
            // Prefetch two rows ahead: the data are in a distant cache.
            for (int64_t g = 0; g < 4; ++g) prefetch_to_read(gates + (8 + g) * H + j);
            prefetch_to_read(c + 2 * H + j);
            if (dh_t) prefetch_to_read(dh_t + 2 * H + j);
            const Vec<T> dc = fma(dh * o, one - tanh_c * tanh_c, load_first(dc_row + j, n));
            store_first(da + j, dc * g * (i * (one - i)), n);
            store_first(da + H + j, dc * c_prev * (f * (one - f)), n);
            store_first(da + 2 * H + j, dc * i * (one - g * g), n);
            store_first(da + 3 * H + j, dh * tanh_c * (o * (one - o)), n);
            store_first(dc_row + j, dc * f, n);
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
