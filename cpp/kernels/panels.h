// How a forward step's weights lie in memory, and what a step begins with: b + x W_x.
#pragma once

#include "gemm.h"
#include "math.h"

namespace {

using elman::Backward;
using elman::Forward;

// Where a forward step reads and writes: (T, N, H) each, from step 1 on. A stream's single step keeps its state in place, so h_prev
// is then a copy of the state, while c, which only meets itself, may be one array.
template <class T> struct StateFlow {
    const T* h_prev;
    T* h_next;
    const T* c_prev;  // lstm
    T* c_next;
    // b + x W_x of the steps from `first` on, if it was hoisted out of them: (step, N, panel, vector, lane).
    const T* sums = nullptr;
    int64_t first = 0;
    bool from_zeros = false;  // h_0 is zero: the first step needs no product with W_h
};

// Panels of G vectors: the bias, zeros where there is none, then W_x, then W_h. One-hot inputs meet a single row of W_x, which is read
// where it stands instead.
template <class T, Columns kColumns, int kVectors, int kGatesOfUnit> struct ForwardPanels {
    static constexpr int G = kVectors, L = kLanes<T>, kGates = kGatesOfUnit;
    static constexpr int kPanelUnits = kColumns == Columns::plain ? G * L : L;
    static constexpr Columns kOrder = kColumns;
    const Forward<T>& f;

    int64_t inputs() const { return f.one_hot ? 0 : f.D; }
    int64_t panels() const { return ceil_div(f.H, kPanelUnits); }
    int64_t panel_size() const { return (1 + inputs() + f.H) * kPanel<T, G>; }
    int64_t packed_size() const { return panels() * panel_size(); }
    int64_t recurrent_part() const { return (1 + inputs()) * kPanel<T, G>; }

    // Units of h_{t-1} that meet W_h.
    int64_t recurrent_inputs(const StateFlow<T>& s, int64_t t) const { return s.from_zeros && t == 0 ? 0 : f.H; }

    // Inputs that a panel meets during a step: none if their sums were hoisted.
    int64_t entering(const StateFlow<T>& s) const { return s.sums ? 0 : inputs(); }

    // The weights of panel p, which a step will read after one with so many tiles.
    Ahead<T> weights_of(const StateFlow<T>& s, const T* packed, int64_t p, int64_t tiles) const {
        const T* panel = packed + p * panel_size();
        return {panel + (s.sums ? recurrent_part() : 0), panel + panel_size(), tiles * (entering(s) + f.H)};
    }

    void pack(T* dst) const {
        const auto put = [&](T* to, const T* W, int64_t rows) {
            ::pack<T, G>(kColumns, to, panel_size(), W, rows, f.H, kGates * f.H, 1);
        };
        if (f.b) put(dst, f.b, 1);
        for (int64_t p = 0; !f.b && p < panels(); ++p) std::memset(dst + p * panel_size(), 0, kPanel<T, G> * sizeof(T));
        put(dst + kPanel<T, G>, f.W_x, inputs());
        put(dst + recurrent_part(), f.W_h, f.H);
    }

    // Calls body.template operator()<W>(), W the vectors of panel p that hold units.
    template <class Body> void with_panel_width(int64_t p, Body&& body) const {
        if constexpr (kColumns == Columns::plain) with_width<G>(vectors_left<T>(f.H, p), body);
        else body.template operator()<G>();
    }

    // b + x W_x of R rows of x, for the first W vectors of P panels.
    template <int R, int W, int P = 1, bool kFetch = false>
    ELMAN_INLINE void form_sums(Vec<T> (&acc)[R][P * W], const T* const (&x)[R], const T* panel, int64_t stride,
                                Ahead<T>* ahead = nullptr) const {
        ELMAN_UNROLL(8)
        for (int r = 0; r < R; ++r) {
            ELMAN_UNROLL(16)
            for (int g = 0; g < P * W; ++g) acc[r][g] = bias<W>(panel, stride, g);
        }
        chain<T, R, W, G, P, kFetch>(acc, x, panel + kPanel<T, G>, f.D, stride, ahead);
    }

    // The same at step t for the panels from p on, where x is given by its ones or as values, or where the sums were hoisted.
    template <int R, int W, int P, bool kFetch>
    ELMAN_INLINE void take_sums(Vec<T> (&acc)[R][P * W], const StateFlow<T>& s, int64_t t, const int64_t* rows,
                                int64_t p, const T* panel, int64_t stride, Ahead<T>* ahead) const {
        if (f.one_hot) return add_rows<R, W, P>(acc, t, rows, p, panel, stride);
        if (!s.sums) {
            const T* x[R];
            for (int r = 0; r < R; ++r) x[r] = f.x + (t * f.N + rows[r]) * f.D;
            return form_sums<R, W, P, kFetch>(acc, x, panel, stride, ahead);
        }
        ELMAN_UNROLL(8)
        for (int r = 0; r < R; ++r) {
            const T* sums = s.sums + (((t - s.first) * f.N + rows[r]) * panels() + p) * kPanel<T, G>;
            ELMAN_UNROLL(16)
            for (int g = 0; g < P * W; ++g) acc[r][g] = load(sums + (g / W * G + g % W) * L);
        }
    }

    // Calls body(cell, at, j, n) for `blocks` of L units of each row: its number, its place in an array (T, N, H), its first unit, of
    // which `unit` is the first of all, and how many units there are. Members are read once: a store could change them, for all that
    // the compiler knows.
    template <class Body>
    ELMAN_INLINE void for_cells(int64_t t, const int64_t* rows, int64_t unit, int n_rows, int blocks,
                                const Body& body) const {
        const int64_t H = f.H, first = t * f.N;
        int64_t cell = 0;
        for (int r = 0; r < n_rows; ++r)
            for (int64_t j = unit; j < unit + blocks * L; j += L, ++cell)
                body(cell, (first + rows[r]) * H + j, j, static_cast<int>(H - j < L ? H - j : L));
    }

    // b + x W_x where x is given by its ones.
    template <int R, int W, int P>
    ELMAN_INLINE void add_rows(Vec<T> (&acc)[R][P * W], int64_t t, const int64_t* rows, int64_t p, const T* panel,
                               int64_t stride) const {
        ELMAN_UNROLL(8)
        for (int r = 0; r < R; ++r) {
            const T* row = f.W_x + f.ones[t * f.N + rows[r]] * kGates * f.H;
            ELMAN_UNROLL(16)
            for (int g = 0; g < P * W; ++g) {
                const int64_t q = p + g / W, column = kColumns == Columns::plain ? (q * G + g % W) * L : q * L;
                const int64_t left = f.H - column, gate = kColumns == Columns::plain ? 0 : g % W * f.H;
                const int lanes = static_cast<int>(left < 0 ? 0 : (left < L ? left : L));
                acc[r][g] = bias<W>(panel, stride, g) + load_first(row + gate + column, lanes);
            }
        }
    }

  private:
    template <int W> ELMAN_INLINE Vec<T> bias(const T* panel, int64_t stride, int g) const {
        return load(panel + g / W * stride + g % W * L);
    }
};

}  // namespace
