// Steps of a stream whose weights have fewer bits than float32. A step of one row reads every weight once and uses it once, so its time
// is that of the reading.
//
// A Format says how K weights of a column lie in lines of words, one word per lane, and how they are multiplied by a row:
//   Row                     a row of inputs as the products take it
//   space(K)                floats of scratch for a row
//   row(x, K, space)        that row
//   lines(K)                lines of K weights
//   pack(lane, line, w, stride, K)       writes the lane of one column, w[k stride]; lines are `line` floats apart
//   add<P, W, G>(acc, row, part, K, stride)   acc += row times the part of P panels, G vectors wide, of which the first W take part
// A panel is the bias, then W_x, then W_h, as in panels.h. The cells are those of lstm.h, gru.h and rnn.h.
#pragma once

#include "dense.h"
#include "gru.h"
#include "lstm.h"
#include "rnn.h"

namespace {

template <class Cell, class CellFormat, bool kRecurrent = true> struct Narrow : Cell {
    using Format = CellFormat;
    using Cell::f, Cell::G, Cell::L;
    static constexpr int64_t kLine = kPanel<float, G>;
    const typename Format::Row *x = nullptr, *h = nullptr;  // the inputs of this step, for every row of the batch

    explicit Narrow(const Forward<float>& f) : Cell{{f}} {}

    int64_t hidden() const { return kRecurrent ? f.H : 0; }
    int64_t recurrent_part() const { return (1 + Format::lines(this->inputs())) * kLine; }
    int64_t panel_size() const { return recurrent_part() + Format::lines(hidden()) * kLine; }
    int64_t packed_size() const { return this->panels() * panel_size(); }

    void pack(float* dst) const {
        constexpr bool plain = Cell::kOrder == Columns::plain;
        const int64_t columns = Cell::kGates * f.H, lanes = this->panels() * kLine;
        zero(dst, packed_size());
        for (int64_t i = 0; i < lanes; ++i) {
            const int64_t p = i / kLine, gate = plain ? 0 : i % kLine / L, unit = plain ? i : p * L + i % L;
            if (unit >= f.H) continue;
            const int64_t column = gate * f.H + unit;
            float* lane = dst + p * panel_size() + i % kLine;
            if (f.b) lane[0] = f.b[column];
            Format::pack(lane + kLine, kLine, f.W_x + column, columns, this->inputs());
            Format::pack(lane + recurrent_part(), kLine, f.W_h + column, columns, hidden());
        }
    }

    // b + x W_x of row n for P panels from panel p on.
    template <int P, int W>
    ELMAN_INLINE void enter(Vec<float> (&acc)[1][P * W], const int64_t& n, int64_t p, const float* packed) const {
        const float* panel = packed + p * panel_size();
        if (f.one_hot) return this->template add_rows<1, W, P>(acc, 0, &n, p, panel, panel_size());
        ELMAN_UNROLL(16)
        for (int g = 0; g < P * W; ++g) acc[0][g] = load(panel + g / W * panel_size() + g % W * L);
        Format::template add<P, W, G>(acc[0], x[n], panel + kLine, f.D, panel_size());
    }

    // acc += h W_h.
    template <int P, int W>
    ELMAN_INLINE void recur(Vec<float> (&acc)[1][P * W], int64_t n, int64_t p, const float* packed) const {
        const float* part = packed + p * panel_size() + recurrent_part();
        Format::template add<P, W, G>(acc[0], h[n], part, f.H, panel_size());
    }
};

template <class Format> struct NarrowLstm : Narrow<LstmForwardStep<float>, Format> {
    using Base = Narrow<LstmForwardStep<float>, Format>;
    using Base::Base, Base::f, Base::G, Base::L;

    template <int R, int P = 1, int = G>
    void tile(const StateFlow<float>& s, int64_t t, int64_t p, const int64_t*, const float*,
              const float* packed) const {
        for (int64_t n = 0; n < f.N; ++n) {
            Vec<float> acc[1][P * G], sums[1][P * G];
            this->template enter<P, G>(acc, n, p, packed);
            this->template recur<P, G>(acc, n, p, packed);
            copy_sums<float>(sums, acc);
            this->finish(s, t, &n, p * L, sums[0], 1, P);
        }
    }
};

template <class Format> struct NarrowGru : Narrow<GruForwardStep<float>, Format> {
    using Base = Narrow<GruForwardStep<float>, Format>;
    using Base::Base, Base::f, Base::G, Base::L;

    template <int R, int P = 1, int = G>
    void tile(const StateFlow<float>& s, int64_t t, int64_t p, const int64_t*, const float*,
              const float* packed) const {
        for (int64_t n = 0; n < f.N; ++n) {
            Vec<float> acc[1][P * G], sums[1][P * G], from_x[P];
            this->template enter<P, G>(acc, n, p, packed);
            ELMAN_UNROLL(8)
            for (int q = 0; q < P; ++q) {
                const int64_t unit = (p + q) * L;
                from_x[q] = acc[0][q * G + 2];
                acc[0][q * G + 2] = f.b_hn ? load_first(f.b_hn + unit, this->units(unit)) : Vec<float>{};
            }
            this->template recur<P, G>(acc, n, p, packed);
            copy_sums<float>(sums, acc);
            this->finish(s, t, &n, p * L, sums[0], from_x, 1, P);
        }
    }
};

// With kRecurrent the simple recurrent network; without it o = h W_y + b_y, as a layer of K units and H inputs without a state.
template <class Format, bool kRecurrent> struct NarrowRnn : Narrow<RnnForwardStep<float>, Format, kRecurrent> {
    using Base = Narrow<RnnForwardStep<float>, Format, kRecurrent>;
    using Base::Base, Base::f, Base::G, Base::L;
    bool accumulate = false;  // o += instead of o =, without a bias

    template <int R, int P = 1, int W = G>
    void tile(const StateFlow<float>& s, int64_t t, int64_t p, const int64_t*, const float*,
              const float* packed) const {
        for (int64_t n = 0; n < f.N; ++n) {
            Vec<float> acc[1][P * W];
            if (!kRecurrent && accumulate) {
                ELMAN_UNROLL(16)
                for (int g = 0; g < P * W; ++g) acc[0][g] = output(n, ((p + g / W) * G + g % W) * L);
                const float* part = packed + p * this->panel_size() + Base::kLine;
                Format::template add<P, W, G>(acc[0], this->x[n], part, f.D, this->panel_size());
            } else {
                this->template enter<P, W>(acc, n, p, packed);
            }
            if constexpr (kRecurrent) this->template recur<P, W>(acc, n, p, packed);
            this->template finish<1, P, W>(s, t, p, &n, acc);
        }
    }

    ELMAN_INLINE Vec<float> output(int64_t n, int64_t column) const {
        const int64_t left = f.H - column;
        return load_first(f.h + n * f.H + column, static_cast<int>(left < 0 ? 0 : (left < L ? left : L)));
    }
};

// Calls f with the step of the layer's cell.
template <class Format, class F> auto for_narrow_cell(const Forward<float>& layer, F&& f) {
    switch (layer.cell) {
        case elman::Cell::rnn: return f(NarrowRnn<Format, true>(layer));
        case elman::Cell::lstm: return f(NarrowLstm<Format>(layer));
        default: return f(NarrowGru<Format>(layer));
    }
}

template <class Format> int64_t narrow_packed_size(const Forward<float>& f) {
    return for_narrow_cell<Format>(f, [](auto step) { return step.packed_size(); });
}

template <class Format> void narrow_pack(const Forward<float>& f, float* packed) {
    for_narrow_cell<Format>(f, [&](auto step) { step.pack(packed); });
}

// All units of a step: every group of panels is multiplied by all rows of the batch, one after the other.
template <class Step>
void narrow_units(Step step, const Forward<float>& f, const float* packed, bool from_last, const Run& run) {
    using Format = typename Step::Format;
    using Row = typename Format::Row;
    const int64_t D = step.inputs(), H = step.hidden(), space_x = Format::space(D), space_h = Format::space(H);
    float *h_prev = nullptr, *space = nullptr;
    Row *x = nullptr, *h = nullptr;
    with_scratch(run, [&](Arena& arena) {
        h_prev = arena.take<float>(f.N * H);
        space = arena.take<float>(f.N * (space_x + space_h));
        x = arena.take<Row>(f.N), h = arena.take<Row>(f.N);
    });
    copy(h_prev, f.h, f.N * H);
    for (int64_t n = 0; n < f.N; ++n, space += space_x + space_h) {
        x[n] = Format::row(f.x + n * D, D, space);
        h[n] = Format::row(h_prev + n * H, H, space + space_x);
    }
    step.x = x, step.h = h;
    const StateFlow<float> flow{h_prev, f.h, f.c, f.c};
    one_row<kPanelsAtOnce>(step, flow, 0, nullptr, h_prev, packed, {0, step.panels()}, from_last);
}

template <class Format> void narrow_step(const Forward<float>& f, const float* packed, bool from_last, const Run& run) {
    for_narrow_cell<Format>(f, [&](auto step) { narrow_units(step, f, packed, from_last, run); });
}

inline Forward<float> as_layer(const DenseForward<float>& d) {
    Forward<float> f{};
    f.cell = elman::Cell::rnn, f.activation = static_cast<int>(Activation::identity);
    f.N = d.M, f.D = d.H, f.H = d.K, f.x = d.h, f.W_x = f.W_h = d.W_y, f.b = d.b_y, f.h = d.o;
    return f;
}

template <class Format> int64_t narrow_dense_packed_size(const DenseForward<float>& d) {
    const Forward<float> f = as_layer(d);
    return NarrowRnn<Format, false>(f).packed_size();
}

template <class Format> void narrow_dense_pack(const DenseForward<float>& d, float* packed) {
    const Forward<float> f = as_layer(d);
    NarrowRnn<Format, false>(f).pack(packed);
}

template <class Format> void narrow_dense_forward(const DenseForward<float>& d, const float* packed, const Run& run) {
    const Forward<float> f = as_layer(d);
    NarrowRnn<Format, false> step(f);
    step.accumulate = d.accumulate;
    narrow_units(step, f, packed, false, run);
}

template <class Format>
constexpr elman::NarrowKernels narrow_kernels(void (*activation)(int, int64_t, int64_t, const float*, float*)) {
    return {
        narrow_packed_size<Format>, narrow_pack<Format>,          narrow_step<Format>, narrow_dense_packed_size<Format>,
        narrow_dense_pack<Format>,  narrow_dense_forward<Format>, activation};
}

}  // namespace
