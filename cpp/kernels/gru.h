// The GRU (Cho et al. 2014) with the reset gate after the product, gates r|z|n:
//   r, z = sigmoid(a_r), sigmoid(a_z)    q = h_{t-1} W_hn + b_hn    n = tanh(x W_xn + b_xn + r q)
//   h_t = (1 - z) n + z h_{t-1}
// A mask on h_{t-1} multiplies the products with W_h, not the term z h_{t-1}.
#pragma once

#include "recurrent.h"

namespace {

template <class T> struct GruForwardStep : ForwardPanels<T, Columns::gates, 3, 3> {
    using Panels = ForwardPanels<T, Columns::gates, 3, 3>;
    using Panels::f, Panels::G, Panels::L;

    // R rows and P panels from panel p on; with kFetch, weights ahead are fetched meanwhile.
    template <int R, int P = 1, int = G, bool kFetch = false>
    void tile(const StateFlow<T>& s, int64_t t, int64_t p, const int64_t* rows, const T* h_in, const T* packed,
              Ahead<T>* ahead = nullptr) const {
        Vec<T> acc[R][P * G], from_x[R][P];
        const T* h[R];
        for (int r = 0; r < R; ++r) h[r] = h_in + rows[r] * f.H;
        const int64_t stride = this->panel_size();
        const T* panel = packed + p * stride;
        this->template take_sums<R, G, P, kFetch>(acc, s, t, rows, p, panel, stride, ahead);
        // r and z continue their sums over h; n's sum over x is stored, and q starts a new sum.
        ELMAN_UNROLL(8)
        for (int r = 0; r < R; ++r) {
            ELMAN_UNROLL(8)
            for (int q = 0; q < P; ++q) {
                const int64_t unit = (p + q) * L;
                from_x[r][q] = acc[r][q * G + 2];
                acc[r][q * G + 2] = f.b_hn ? load_first(f.b_hn + unit, units(unit)) : Vec<T>{};
            }
        }
        chain<T, R, G, G, P, kFetch>(acc, h, panel + this->recurrent_part(), this->recurrent_inputs(s, t), stride,
                                     ahead);
        Vec<T> sums[R][P * G];
        copy_sums<T>(sums, acc);
        finish(s, t, rows, p * L, sums[0], from_x[0], R, P);
    }

    ELMAN_INLINE int units(int64_t unit) const { return static_cast<int>(f.H - unit < L ? f.H - unit : L); }

    // The cell of a tile, from its sums: `blocks` of L units for each row, starting at `unit`. Two passes and not inlined, as in lstm.h.
    ELMAN_NOINLINE void finish(const StateFlow<T>& s, int64_t t, const int64_t* rows, int64_t unit, Vec<T>* sums,
                               const Vec<T>* from_x, int n_rows, int blocks) const {
        const int64_t H = f.H;
        const T* h_prev = s.h_prev;
        T *h_next = s.h_next, *gates = f.gates;
        const Vec<T> one = broadcast<T>(1);
        this->for_cells(t, rows, unit, n_rows, blocks, [&](int64_t cell, int64_t at, int64_t j, int n) {
            Vec<T>* a = sums + cell * G;
            const Vec<T> reset = sigmoid_of<T>(a[0]), z = sigmoid_of<T>(a[1]), q = a[2];
            if (gates) {
                T* to = gates + 4 * (at - j) + j;
                store_first(to, reset, n);
                store_first(to + H, z, n);
                store_first(to + 3 * H, q, n);
            }
            a[1] = z, a[2] = fma(reset, q, from_x[cell]);
        });
        this->for_cells(t, rows, unit, n_rows, blocks, [&](int64_t cell, int64_t at, int64_t j, int n) {
            const Vec<T>* a = sums + cell * G;
            const Vec<T> z = a[1], candidate = tanh_of<T>(a[2]);
            store_first(h_next + at, fma(z, load_first(h_prev + at, n), (one - z) * candidate), n);
            if (gates) store_first(gates + 4 * (at - j) + 2 * H + j, candidate, n);
        });
    }
};

template <class T> struct GruBackwardStep {
    static constexpr int kGates = 3, kDaGates = 4;
    static constexpr bool kCarries = true;
    const Backward<T>& b;
    // A row of da is da_n|da_r|da_z|dq: the first three quarters multiply W_x, the last three multiply W_h in the order of W_h.
    static int64_t hidden_offset(int64_t H) { return H; }

    // da_z = dh (h_{t-1} - n) z(1-z);  da_n = dh (1-z)(1-n^2);  dq = da_n r;  da_r = da_n q r(1-r);  carried to step t-1: dh z.
    void pointwise(const BackwardWork<T>& work, int64_t t, int64_t row) const {
        const Vec<T> one = broadcast<T>(1);
        const int64_t H = b.H, at = (t * b.N + row) * H;
        const T *gates = b.gates + 4 * at, *h_prev = b.h + at, *dh_t = b.dh ? b.dh + at : nullptr;
        T *da = work.da + ((t - work.first) * b.N + row) * work.d, *rec = work.rec + row * H;
        for (int64_t j = 0; j < H; j += kLanes<T>) {
            const int n = static_cast<int>(H - j < kLanes<T> ? H - j : kLanes<T>);
            Vec<T> dh = load_first(rec + j, n);
            if (dh_t) dh = load_first(dh_t + j, n) + dh;
            const Vec<T> r = load_first(gates + j, n), z = load_first(gates + H + j, n);
            const Vec<T> candidate = load_first(gates + 2 * H + j, n), q = load_first(gates + 3 * H + j, n);
            const Vec<T> da_n = dh * (one - z) * (one - candidate * candidate);
            store_first(da + j, da_n, n);
            store_first(da + H + j, da_n * q * (r * (one - r)), n);
            store_first(da + 2 * H + j, dh * (load_first(h_prev + j, n) - candidate) * (z * (one - z)), n);
            store_first(da + 3 * H + j, da_n * r, n);
            store_first(rec + j, dh * z, n);
        }
    }
    Packed<T> pack_input_weights(T* dst) const {
        constexpr int64_t wide = kPanel<T, kWide>;
        const int64_t gh = 3 * b.H;
        ::pack<T, kWide>(Columns::plain, dst, gh * wide, b.W_x + 2 * b.H, b.H, b.D, 1, gh);
        ::pack<T, kWide>(Columns::plain, dst + b.H * wide, gh * wide, b.W_x, 2 * b.H, b.D, 1, gh);
        return {dst, gh, b.D};
    }
    struct Pieces {
        GradientPiece all[3];
        const GradientPiece* begin() const { return all; }
        const GradientPiece* end() const { return all + 3; }
    };
    Pieces pieces() const { return {{{b.H, 2 * b.H, 0, 0}, {0, b.H, 2 * b.H, -1}, {3 * b.H, b.H, -1, 2 * b.H}}}; }
};

}  // namespace
