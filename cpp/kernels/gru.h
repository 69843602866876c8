// The GRU (Cho et al. 2014) with the reset gate after the product, gates r|z|n:
//   r, z = sigmoid(a_r), sigmoid(a_z)    q = h_{t-1} W_hn + b_hn    n = tanh(x W_xn + b_xn + r q)
//   h_t = (1 - z) n + z h_{t-1}
// A mask on h_{t-1} reaches the products with W_h, not the term z h_{t-1}.
#pragma once

#include "recurrent.h"

namespace {

template <class T> struct GruForwardStep : ForwardPanels<T, Columns::gates, 3, 3> {
    using Panels = ForwardPanels<T, Columns::gates, 3, 3>;
    using Panels::f, Panels::G, Panels::L;

    void panel(const StateFlow<T>& s, int64_t t, int64_t p, const int64_t* rows, int64_t n, const T* h_in,
               const T* packed) const {
        for_tiles<kRows<G>>(n, [&]<int R>(int64_t begin) { tile<R>(s, t, p, rows + begin, h_in, packed); });
    }

    // R rows and P panels from panel p on.
    template <int R, int P = 1>
    void tile(const StateFlow<T>& s, int64_t t, int64_t p, const int64_t* rows, const T* h_in, const T* packed) const {
        Vec<T> acc[R][P * G], from_x[R][P];
        const T* h[R];
        for (int r = 0; r < R; ++r) h[r] = h_in + rows[r] * f.H;
        const int64_t stride = this->panel_size();
        const T* panel = packed + p * stride;
        this->template take_sums<R, G, P>(acc, s, t, rows, p, panel, stride);
        // r and z go on summing over h; the input's part of n steps aside for q.
#pragma GCC unroll 8
        for (int r = 0; r < R; ++r) {
#pragma GCC unroll 8
            for (int q = 0; q < P; ++q) {
                const int64_t unit = (p + q) * L;
                from_x[r][q] = acc[r][q * G + 2];
                acc[r][q * G + 2] = f.b_hn ? load_first(f.b_hn + unit, units(unit)) : Vec<T>{};
            }
        }
        chain<T, R, G, G, P>(acc, h, panel + this->recurrent_part(), this->recurrent_inputs(s, t), stride);
        Vec<T> sums[R][P * G];
        copy_sums<T>(sums, acc);
        finish(s, t, rows, p * L, sums[0], from_x[0], R, P);
    }

    ELMAN_INLINE int units(int64_t unit) const { return static_cast<int>(f.H - unit < L ? f.H - unit : L); }

    // The cell of a tile, from its sums: `blocks` of L units for each row, from `unit` on. Not inlined: it is faster where all registers
    // are its own than where the sums of other rows wait in them.
    [[gnu::noinline]] void finish(const StateFlow<T>& s, int64_t t, const int64_t* rows, int64_t unit,
                                  const Vec<T>* sums, const Vec<T>* from_x, int n_rows, int blocks) const {
        for (int r = 0; r < n_rows; ++r)
            for (int q = 0; q < blocks; ++q, sums += G) cell(s, t, rows[r], unit + q * L, sums, *from_x++);
    }

    ELMAN_INLINE void cell(const StateFlow<T>& s, int64_t t, int64_t row, int64_t unit, const Vec<T>* a,
                           Vec<T> from_x) const {
        const int n = units(unit);
        const int64_t at = (t * f.N + row) * f.H + unit;
        const Vec<T> one = broadcast<T>(1);
        const Vec<T> reset = sigmoid_of<T>(a[0]), z = sigmoid_of<T>(a[1]), q = a[2];
        const Vec<T> candidate = tanh_of<T>(fma(reset, q, from_x));
        store_first(s.h_next + at, fma(z, load_first(s.h_prev + at, n), (one - z) * candidate), n);
        if (f.gates) {
            T* gates = f.gates + (t * f.N + row) * 4 * f.H + unit;
            store_first(gates, reset, n);
            store_first(gates + f.H, z, n);
            store_first(gates + 2 * f.H, candidate, n);
            store_first(gates + 3 * f.H, q, n);
        }
    }
};

template <class T> struct GruBackwardStep {
    static constexpr int kGates = 3, kDaGates = 4;
    static constexpr bool kCarries = true;
    const Backward<T>& b;
    // A row of da is da_n|da_r|da_z|dq: its first three quarters meet W_x, its last three meet W_h in the order of W_h.
    static int64_t hidden_offset(int64_t H) { return H; }

    // da_z = dh (h_{t-1} - n) z(1-z);  da_n = dh (1-z)(1-n^2);  dq = da_n r;  da_r = da_n q r(1-r);  carried on: dh z.
    void pointwise(const BackwardWork<T>& work, int64_t t, int64_t row) const {
        const Vec<T> one = broadcast<T>(1);
        const int64_t at = (t * b.N + row) * b.H;
        const T* gates = b.gates + 4 * at;
        T* da = work.da + ((t - work.first) * b.N + row) * work.d;
        for (int64_t j = 0; j < b.H; j += kLanes<T>) {
            const int n = static_cast<int>(b.H - j < kLanes<T> ? b.H - j : kLanes<T>);
            T* rec = work.rec + row * b.H + j;
            Vec<T> dh = load_first(rec, n);
            if (b.dh) dh = load_first(b.dh + at + j, n) + dh;
            const Vec<T> r = load_first(gates + j, n), z = load_first(gates + b.H + j, n);
            const Vec<T> candidate = load_first(gates + 2 * b.H + j, n), q = load_first(gates + 3 * b.H + j, n);
            const Vec<T> da_n = dh * (one - z) * (one - candidate * candidate);
            store_first(da + j, da_n, n);
            store_first(da + b.H + j, da_n * q * (r * (one - r)), n);
            store_first(da + 2 * b.H + j, dh * (load_first(b.h + at + j, n) - candidate) * (z * (one - z)), n);
            store_first(da + 3 * b.H + j, da_n * r, n);
            store_first(rec, dh * z, n);
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
