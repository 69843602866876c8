// The simple recurrent network (Elman 1990): h_t = f(x_t W_x + h_{t-1} W_h + b).
#pragma once

#include "recurrent.h"

namespace {

template <class T> struct RnnForwardStep : ForwardPanels<T, Columns::plain, kWide, 1> {
    using Panels = ForwardPanels<T, Columns::plain, kWide, 1>;
    using Panels::f, Panels::G, Panels::L;

    // R rows and P panels from panel p on; the first W vectors hold units.
    template <int R, int P = 1, int W = G, bool kFetch = false>
    void tile(const StateFlow<T>& s, int64_t t, int64_t p, const int64_t* rows, const T* h_in, const T* packed,
              Ahead<T>* ahead = nullptr) const {
        Vec<T> acc[R][P * W];
        const T* h[R];
        for (int r = 0; r < R; ++r) h[r] = h_in + rows[r] * f.H;
        const int64_t stride = this->panel_size();
        const T* panel = packed + p * stride;
        this->template take_sums<R, W, P, kFetch>(acc, s, t, rows, p, panel, stride, ahead);
        chain<T, R, W, G, P, kFetch>(acc, h, panel + this->recurrent_part(), this->recurrent_inputs(s, t), stride,
                                     ahead);
        finish<R, P, W>(s, t, p, rows, acc);
    }

    // Activates the sums of a tile and stores them.
    template <int R, int P, int W>
    ELMAN_INLINE void finish(const StateFlow<T>& s, int64_t t, int64_t p, const int64_t* rows,
                             const Vec<T> (&acc)[R][P * W]) const {
        const Activation activation = static_cast<Activation>(f.activation);
        const int64_t H = f.H;
        T* h_next = s.h_next + t * f.N * H;
        ELMAN_UNROLL(8)
        for (int r = 0; r < R; ++r) {
            T* out = h_next + rows[r] * H;
            ELMAN_UNROLL(16)
            for (int g = 0; g < P * W; ++g) {
                const int64_t unit = ((p + g / W) * G + g % W) * L;
                const int64_t left = H - unit;
                if (left > 0)
                    store_first(out + unit, activate<T>(activation, acc[r][g]), static_cast<int>(left < L ? left : L));
            }
        }
    }
};

template <class T> struct RnnBackwardStep {
    static constexpr int kGates = 1, kDaGates = 1;
    static constexpr bool kCarries = false;
    const Backward<T>& b;
    static int64_t hidden_offset(int64_t) { return 0; }

    // da = (dh + rec) f'(a), with f' in terms of h.
    void pointwise(const BackwardWork<T>& work, int64_t t, int64_t row) const {
        const int64_t H = b.H, at = (t * b.N + row) * H;
        const T *h = b.h + at + b.N * H, *dh_t = b.dh ? b.dh + at : nullptr, *rec = work.rec + row * H;
        T* da = work.da + ((t - work.first) * b.N + row) * work.d;
        const Activation activation = static_cast<Activation>(b.activation);
        for (int64_t j = 0; j < H; j += kLanes<T>) {
            const int n = static_cast<int>(H - j < kLanes<T> ? H - j : kLanes<T>);
            Vec<T> dh = load_first(rec + j, n);
            if (dh_t) dh = load_first(dh_t + j, n) + dh;
            store_first(da + j, times_derivative<T>(activation, dh, load_first(h + j, n)), n);
        }
    }
    Packed<T> pack_input_weights(T* dst) const { return pack_matrix<T>(dst, b.W_x, b.H, b.D, 1, b.H); }
    struct Pieces {
        GradientPiece all[1];
        const GradientPiece* begin() const { return all; }
        const GradientPiece* end() const { return all + 1; }
    };
    Pieces pieces() const { return {{{0, b.H, 0, 0}}}; }
};

}  // namespace
