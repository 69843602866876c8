// The two loops over time that every recurrent cell shares. rnn.h, lstm.h and gru.h supply the arithmetic of one step.
//
// A batch is split over threads by rows, without any barrier between steps; the weight gradients, summed after the loop, are split by
// rows of the weight matrix. A row that has ended is left out of every product.
#pragma once

#include "gemm.h"
#include "math.h"

namespace {

using elman::Backward;
using elman::Forward;

// The rows of `span` still running at step t (0-based), in order; returns how many.
inline int64_t running_rows(int64_t* out, Span span, const int64_t* lengths, int64_t t) {
    int64_t n = 0;
    for (int64_t row = span.begin; row < span.end; ++row) {
        if (!lengths || lengths[row] > t) out[n++] = row;
    }
    return n;
}

template <class T> void zero(T* p, int64_t n) { std::memset(p, 0, static_cast<std::size_t>(n) * sizeof(T)); }
template <class T> void copy(T* to, const T* from, int64_t n) {
    std::memcpy(to, from, static_cast<std::size_t>(n) * sizeof(T));
}
template <class T> void copy_or_zero(T* to, const T* from, int64_t n) { from ? copy(to, from, n) : zero(to, n); }

// Scratch handed out piece by piece, each piece on a cache line of its own.
struct Arena {
    char* next = nullptr;
    std::size_t used = 0;
    template <class T> T* take(int64_t n) {
        char* p = next ? next + used : nullptr;
        used += (static_cast<std::size_t>(n) * sizeof(T) + 63) / 64 * 64;
        return reinterpret_cast<T*>(p);
    }
};

// Asks for scratch once: `layout` is called first to measure, then to hand out.
template <class F> void with_scratch(const Run& run, F&& layout) {
    Arena measure;
    layout(measure);
    Arena arena{static_cast<char*>(run.scratch(measure.used + 64))};
    layout(arena);
}

// Where a forward step reads and writes: (T, N, H) each, from step 1 on. A stream's single step keeps its state in place, so h_prev
// is then a copy of the state, while c, which only meets itself, may be one array.
template <class T> struct StateFlow {
    const T* h_prev;
    T* h_next;
    const T* c_prev;  // lstm
    T* c_next;
};

// Forward. Step supplies
//   kGates, kPanelUnits          gates per unit and units per packed panel
//   packed_size(), pack(dst)     weights as panels
//   tile<R>(s, t, p, rows, h_in) one register tile: panel p for R rows at step t, h_in the rows that meet W_h
template <class T, class Step> void forward_in_time(Step step, const Forward<T>& f, const Run& run) {
    T* packed = nullptr;
    T* masked = nullptr;
    const StateFlow<T> flow{f.h, f.h + f.N * f.H, f.c, f.c ? f.c + f.N * f.H : nullptr};
    int64_t* running = nullptr;
    with_scratch(run, [&](Arena& arena) {
        packed = arena.take<T>(step.packed_size());
        masked = arena.take<T>(f.h_mask ? f.N * f.H : 0);
        running = arena.take<int64_t>(f.N);
    });
    if (f.T_ > 0) step.pack(packed);
    copy(f.h, f.h_0, f.N * f.H);
    if (f.c) copy(f.c, f.c_0, f.N * f.H);

    const double work = static_cast<double>(f.T_ * f.N) * static_cast<double>((f.D + f.H) * f.H * Step::kGates);
    const int parts = threads_for(run, work, f.N);
    auto body = [&](int part) {
        const Span span = share(f.N, part, parts);
        int64_t* rows = running + span.begin;
        for (int64_t t = 0; t < f.T_; ++t) {
            if (run.stopped()) return;
            const int64_t n = running_rows(rows, span, f.lengths, t);
            if (n < span.end - span.begin) {
                for (int64_t row = span.begin; row < span.end; ++row) {
                    if (f.lengths[row] > t) continue;
                    zero(f.h + ((t + 1) * f.N + row) * f.H, f.H);
                    if (f.c) zero(f.c + ((t + 1) * f.N + row) * f.H, f.H);
                    if (f.gates) zero(f.gates + (t * f.N + row) * 4 * f.H, 4 * f.H);
                }
            }
            const T* h_in = f.h + t * f.N * f.H;
            if (f.h_mask) {
                for (int64_t i = 0; i < n; ++i)
                    for (int64_t j = rows[i] * f.H; j < (rows[i] + 1) * f.H; ++j) masked[j] = h_in[j] * f.h_mask[j];
                h_in = masked;
            }
            for (int64_t p = 0; p < ceil_div(f.H, Step::kPanelUnits); ++p)
                for_tiles<Step::kTileRows>(
                    n, [&]<int R>(int64_t begin) { step.template tile<R>(flow, t, p, rows + begin, h_in, packed); });
        }
    };
    parallel(run, parts, body);
}

// One step of a stream: h and c (N, H) are replaced by the next state. `packed` comes from Step::pack; nothing is allocated but the
// scratch that keeps the old h until every panel has met it.
template <class T, class Step> void step_in_place(Step step, const Forward<T>& f, const T* packed, const Run& run) {
    T* h_prev = nullptr;
    int64_t* rows = nullptr;
    with_scratch(run, [&](Arena& arena) {
        h_prev = arena.take<T>(f.N * f.H);
        rows = arena.take<int64_t>(f.N);
    });
    copy(h_prev, f.h, f.N * f.H);
    running_rows(rows, {0, f.N}, nullptr, 0);
    const StateFlow<T> flow{h_prev, f.h, f.c, f.c};
    for (int64_t p = 0; p < ceil_div(f.H, Step::kPanelUnits); ++p)
        for_tiles<Step::kTileRows>(
            f.N, [&]<int R>(int64_t begin) { step.template tile<R>(flow, 0, p, rows + begin, h_prev, packed); });
}

// Where a backward step finds its adjoints. d is the width of one row of da (H or 4H).
template <class T> struct BackwardWork {
    int64_t d;
    T* rec;  // (N, H): what arrives at h_t from step t+1; after a step, what the cell passes to h_{t-1} besides W_h
    T* dc;   // (N, H): the same for c, lstm
};

// Backward through time. Step supplies
//   kGates, kCarries                   whether rec already holds a term for h_{t-1} after pointwise (gru)
//   pointwise(work, t, row)            da of one row from dh + rec
//   hidden_offset                      where in a row of da the columns that belong to W_h start
template <class T, class Step>
void adjoints_in_time(const Step& step, const Backward<T>& b, const Run& run, const BackwardWork<T>& work,
                      const Packed<T>& W_h_T, int64_t* running, T* product, int parts) {
    auto body = [&](int part) {
        const Span span = share(b.N, part, parts);
        int64_t* rows = running + span.begin;
        const int64_t first = span.begin * b.H, size = (span.end - span.begin) * b.H;
        // A row's adjoint from after its last step waits here until the loop reaches that step.
        copy_or_zero(work.rec + first, b.dh_T ? b.dh_T + first : nullptr, size);
        if (work.dc) copy_or_zero(work.dc + first, b.dc_T ? b.dc_T + first : nullptr, size);
        for (int64_t t = b.T_ - 1; t >= 0; --t) {
            if (run.stopped()) return;
            const int64_t n = running_rows(rows, span, b.lengths, t);
            T* da = b.da + t * b.N * work.d;
            for (int64_t i = 0; i < n; ++i) step.pointwise(work, t, rows[i]);
            if (b.one_step) {
                for (int64_t i = 0; i < n; ++i) {
                    zero(work.rec + rows[i] * b.H, b.H);
                    if (work.dc) zero(work.dc + rows[i] * b.H, b.H);
                }
            } else if (b.h_mask) {
                multiply_rows<T>(run, da + Step::hidden_offset(b.H), work.d, W_h_T, nullptr, false, product, b.H,
                                 {rows, n}, {0, n});
                for (int64_t i = 0; i < n; ++i)
                    for (int64_t j = rows[i] * b.H; j < (rows[i] + 1) * b.H; ++j)
                        work.rec[j] = product[j] * b.h_mask[j] + (Step::kCarries ? work.rec[j] : T(0));
            } else {
                multiply_rows<T>(run, da + Step::hidden_offset(b.H), work.d, W_h_T, nullptr, Step::kCarries, work.rec,
                                 b.H, {rows, n}, {0, n});
            }
        }
        copy(b.dh_0 + first, work.rec + first, size);
        if (work.dc) copy(b.dc_0 + first, work.dc + first, size);
    };
    parallel(run, parts, body);
}

// A piece of the weight gradients: columns of da that belong together on both sides.
struct GradientPiece {
    int64_t da_column, n, w_column;
};

template <class T, class Step> void backward_in_time(Step step, const Backward<T>& b, const Run& run) {
    const int64_t rows_all = b.T_ * b.N, gh = Step::kGates * b.H;
    BackwardWork<T> work{Step::kDaGates * b.H, nullptr, nullptr};
    T *w_h = nullptr, *w_x = nullptr, *product = nullptr, *space = nullptr;
    int64_t *running = nullptr, *valid = nullptr;
    const double madds = static_cast<double>(rows_all) * static_cast<double>(gh);
    const int parts_m = threads_for(run, madds * static_cast<double>(b.D + b.H), b.D + b.H);
    const int64_t per_part = gradient_scratch<T>(gh);
    with_scratch(run, [&](Arena& arena) {
        w_h = arena.take<T>(Packed<T>::size(gh, b.H));
        w_x = arena.take<T>(b.dx ? Packed<T>::size(gh, b.D) : 0);
        work.rec = arena.take<T>(b.N * b.H);
        work.dc = b.dc_0 ? arena.take<T>(b.N * b.H) : nullptr;
        product = arena.take<T>(b.h_mask ? b.N * b.H : 0);
        running = arena.take<int64_t>(b.N);
        valid = arena.take<int64_t>(b.lengths ? rows_all : 0);
        space = arena.take<T>(per_part * parts_m);
    });
    const Packed<T> W_h_T = pack_matrix<T>(w_h, b.W_h, gh, b.H, 1, gh);
    adjoints_in_time(step, b, run, work, W_h_T, running, product,
                     threads_for(run, madds * static_cast<double>(b.H), b.N));
    if (run.stopped()) return;

    Rows rows{nullptr, rows_all};
    if (b.lengths) {
        rows = {valid, 0};
        for (int64_t t = 0; t < b.T_; ++t)
            for (int64_t n = 0; n < b.N; ++n)
                if (b.lengths[n] > t) valid[rows.count++] = t * b.N + n;
    }
    if (b.dx) {
        if (b.lengths) zero(b.dx, rows_all * b.D);
        const Packed<T> W_x_T = step.pack_input_weights(w_x);
        const int parts = threads_for(run, madds * static_cast<double>(b.D), rows.count);
        auto inputs = [&](int part) {
            multiply_rows<T>(run, b.da, work.d, W_x_T, nullptr, false, b.dx, b.D, rows, share(rows.count, part, parts));
        };
        parallel(run, parts, inputs);
    }
    // h_{t-1} of row t N + n stands at the same row of h, because h[0] is the initial state.
    auto gradients = [&](int part) {
        const Span all = share(b.D + b.H, part, parts_m);
        const Span of_x{all.begin < b.D ? all.begin : b.D, all.end < b.D ? all.end : b.D};
        const Span of_h{all.begin - of_x.begin, all.end - of_x.end};
        for (const GradientPiece& piece : step.input_pieces()) {
            if (piece.n == 0 || of_x.begin == of_x.end) continue;
            weight_gradient<T>(
                run, {b.x, b.D, nullptr, b.N, b.da + piece.da_column, work.d, piece.n, b.dW_x + piece.w_column, gh},
                rows, of_x, space + part * per_part);
        }
        if (of_h.begin < of_h.end)
            weight_gradient<T>(run, {b.h, b.H, b.h_mask, b.N, b.da + Step::hidden_offset(b.H), work.d, gh, b.dW_h, gh},
                               rows, of_h, space + part * per_part);
    };
    parallel(run, parts_m, gradients);
    if (run.stopped()) return;
    for (const GradientPiece& piece : step.input_pieces())
        column_sums<T>(b.da + piece.da_column, work.d, piece.n, rows, b.db + piece.w_column);
    if (b.db_hn) column_sums<T>(b.da + 3 * b.H, work.d, b.H, rows, b.db_hn);
}

}  // namespace
