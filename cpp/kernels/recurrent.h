// The two loops over time that every recurrent cell shares. rnn.h, lstm.h and gru.h supply the arithmetic of one step.
//
// A batch is split over threads by rows, without any barrier between steps, or where rows are few and units many, each step by
// units; the weight gradients are split by rows of the weight matrix. A row that has ended is left out of every product.
#pragma once

#include "panels.h"
#include "weight_gradient.h"

namespace {

// The rows of `span` that run at a step. Loops over time ask at every step, and mostly nothing has changed.
struct Running {
    int64_t* rows;
    Span span;
    const int64_t* lengths;  // or null: all rows run all steps
    int64_t n = 0;
    Span same{0, 0};  // the steps for which `rows` holds

    void at(int64_t t) {
        if (t >= same.begin && t < same.end) return;
        same = {0, INT64_MAX};
        n = 0;
        for (int64_t row = span.begin; row < span.end; ++row) {
            const int64_t length = lengths ? lengths[row] : INT64_MAX;
            if (length > t) {
                rows[n++] = row;
                same.end = length < same.end ? length : same.end;
            } else {
                same.begin = length > same.begin ? length : same.begin;
            }
        }
    }
    // Calls f(begin, count) for every run of neighbouring rows that have ended.
    template <class F> void for_ended(F&& f) const {
        int64_t next = span.begin;
        for (int64_t i = 0; i <= n; next = rows[i++] + 1) {
            const int64_t stop = i < n ? rows[i] : span.end;
            if (stop > next) f(next, stop - next);
            if (i == n) break;
        }
    }
};

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

// Bytes of the weights of some panels, as they are packed.
template <class T, class Step> int64_t bytes_of(const Step& step, int64_t panels) {
    return panels * step.panel_size() * static_cast<int64_t>(sizeof(T));
}

// Steps whose b + x W_x are formed at once, or 0 where that does not pay: one or two rows use every weight once or twice per step,
// while rows of many steps fill the register tiles. Where weights come late and exceed the L2, more rows may wait for W_x together:
// it is read once for all these steps. The chains are the same, so no bit changes.
template <class T, class Step> int64_t hoisted_steps(const Run& run, const Step& step, int64_t rows_of_a_part) {
    constexpr int64_t few_rows = 2, some_rows = 32, least_inputs = 8, least_steps = 8, elements = 65536;
    const Forward<T>& f = step.f;
    if (f.N == 0 || f.one_hot || f.D < least_inputs || f.T_ < least_steps) return 0;
    const int64_t half_l2 = run.reading.fetched_beyond, step_size = f.N * step.panels() * kPanel<T, Step::G>;
    const bool large = bytes_of<T>(step, step.panels()) / 2 > half_l2;
    if (rows_of_a_part > (large ? some_rows : few_rows)) return 0;
    const int64_t steps = (large ? half_l2 / static_cast<int64_t>(sizeof(T)) : elements) / step_size;
    const int64_t least = large ? 2 : least_steps;
    return steps < least ? least : (steps < f.T_ ? steps : f.T_);
}

// b + x W_x of rows t N + n of x, for some panels; `first` is the step with which `sums` begins.
template <class T, class Step>
void hoist(const Run& run, const Step& step, const int64_t* list, int64_t count, int64_t first, const T* packed,
           T* sums, Span panels) {
    constexpr int G = Step::G, L = kLanes<T>;
    const Forward<T>& f = step.f;
    const bool fetches = bytes_of<T>(step, panels.end - panels.begin) > run.reading.fetched_beyond;
    for (int64_t p = panels.begin; p < panels.end; ++p) {
        const T* panel = packed + p * step.panel_size();
        Ahead<T> ahead;
        if (fetches && p + 1 < panels.end)
            ahead = {panel + step.panel_size(), panel + step.panel_size() + step.recurrent_part(),
                     ceil_div(count, kRows<G>) * f.D};
        step.with_panel_width(p, [&]<int W>() {
            for_tiles<kRows<W>>(count, [&]<int R>(int64_t begin) {
                Vec<T> acc[R][W];
                const T* x[R];
                for (int r = 0; r < R; ++r) x[r] = f.x + list[begin + r] * f.D;
                if (ahead.left()) step.template form_sums<R, W, 1, true>(acc, x, panel, 0, &ahead);
                else step.template form_sums<R, W>(acc, x, panel, 0);
                ELMAN_UNROLL(8)
                for (int r = 0; r < R; ++r) {
                    T* out = sums + ((list[begin + r] - first * f.N) * step.panels() + p) * kPanel<T, G>;
                    ELMAN_UNROLL(8)
                    for (int g = 0; g < W; ++g) store(out + g * L, acc[r][g]);
                }
            });
        });
    }
}

// Threads for the units of one step: more than one only where there are fewer rows than threads and a step alone is worth it.
inline int parts_of_units(const Run& run, double step_work, int64_t panels, int parts_of_rows) {
    return parts_of_rows > 1 ? 1 : threads_for(run, step_work, panels);
}

// Forward. Step is a ForwardPanels that supplies besides
//   tile<R, P, W, kFetch>(s, t, p, rows, h_in, packed, ahead)
// for R rows and P panels from panel p on at step t, W vectors of a panel that hold units, h_in the rows that meet W_h.

// Panels [begin, end) for a single row, P at a time and the rest by ever fewer. Nothing is fetched: one row is done with its weights too
// soon.
template <int P, class T, class Step>
void one_row(const Step& step, const StateFlow<T>& s, int64_t t, const int64_t* rows, const T* h_in, const T* packed,
             Span panels, bool from_last) {
    const int64_t full = step.f.H / Step::kPanelUnits, end = panels.end < full ? panels.end : full;
    const int64_t groups = end > panels.begin ? (end - panels.begin) / P : 0, rest = panels.begin + groups * P;
    const auto others = [&] {
        if constexpr (P > 2) return one_row<P / 2>(step, s, t, rows, h_in, packed, {rest, panels.end}, from_last);
        for (int64_t p = rest; p < panels.end; ++p)
            step.with_panel_width(p, [&]<int W>() { step.template tile<1, 1, W>(s, t, p, rows, h_in, packed); });
    };
    if (from_last) others();
    for (int64_t i = 0; i < groups; ++i)
        step.template tile<1, P>(s, t, panels.begin + (from_last ? groups - 1 - i : i) * P, rows, h_in, packed);
    if (!from_last) others();
}

// Whether the W_h of some panels exceeds an L1 of 32 kB, but half of it does not: then one of two halves is in the L1 still, if steps
// begin with the first and the last in turns.
template <class T, class Step> bool halves_fit(int64_t panels, int64_t H) {
    constexpr int64_t L1 = 32768;
    const int64_t bytes = panels * H * kPanel<T, Step::G> * static_cast<int64_t>(sizeof(T));
    return bytes > L1 && bytes <= 2 * L1;
}

// Panel p for n rows.
template <class T, class Step>
void one_panel(const Step& step, const StateFlow<T>& s, int64_t t, int64_t p, const int64_t* rows, int64_t n,
               const T* h_in, const T* packed, Ahead<T>& ahead) {
    step.with_panel_width(p, [&]<int W>() {
        for_tiles<kRows<W>>(n, [&]<int R>(int64_t begin) {
            if (ahead.left()) step.template tile<R, 1, W, true>(s, t, p, rows + begin, h_in, packed, &ahead);
            else step.template tile<R, 1, W>(s, t, p, rows + begin, h_in, packed);
        });
    });
}

// All units of one step for n rows. A step that begins with the panels its predecessor ended with finds them in the cache still, where
// not all of them fit: hence from_last at every other step.
template <class T, class Step>
void one_step(const Run& run, const Step& step, const StateFlow<T>& s, int64_t t, const int64_t* rows, int64_t n,
              const T* h_in, const T* packed, Span panels, bool from_last) {
    constexpr int P = kPanelsAtOnce, half = P > 2 ? P / 2 : P;
    const int64_t count = panels.end - panels.begin;
    if (n == 1 && count <= P && halves_fit<T, Step>(count, step.f.H))
        return one_row<half>(step, s, t, rows, h_in, packed, panels, from_last);
    if (n == 1) return one_row<P>(step, s, t, rows, h_in, packed, panels, from_last);
    const bool fetches = bytes_of<T>(step, count) > run.reading.fetched_beyond;
    for (int64_t i = 0; i < count; ++i) {
        const int64_t p = from_last ? panels.end - 1 - i : panels.begin + i;
        Ahead<T> ahead;
        if (fetches && i + 1 < count)
            ahead = step.weights_of(s, packed, from_last ? p - 1 : p + 1, ceil_div(n, kRows<Step::G>));
        one_panel(step, s, t, p, rows, n, h_in, packed, ahead);
    }
}

template <class T, class Step> void forward_in_time(Step step, const Forward<T>& f, const Run& run) {
    T* packed = nullptr;
    T *masked = nullptr, *sums = nullptr;
    StateFlow<T> flow{f.h, f.h + f.N * f.H, f.c, f.c ? f.c + f.N * f.H : nullptr};
    flow.from_zeros = !f.h_0;
    int64_t *rows = nullptr, *entering = nullptr;
    const double step_work = static_cast<double>(f.N * (step.inputs() + f.H)) * static_cast<double>(f.H * Step::kGates);
    const int parts = threads_for(run, step_work * static_cast<double>(f.T_), f.N);
    const int parts_h = parts_of_units(run, step_work, step.panels(), parts);
    const int64_t row_size = step.panels() * kPanel<T, Step::G>;
    const int64_t ahead = hoisted_steps<T>(run, step, ceil_div(f.N, parts));
    with_scratch(run, [&](Arena& arena) {
        packed = arena.take<T>(step.packed_size());
        masked = arena.take<T>(f.h_mask ? f.N * f.H : 0);
        rows = arena.take<int64_t>(f.N);
        sums = arena.take<T>(ahead * f.N * row_size);
        entering = arena.take<int64_t>(ahead * f.N);
    });
    if (f.T_ > 0) step.pack(packed);
    copy_or_zero(f.h, f.h_0, f.N * f.H);
    if (f.c) copy_or_zero(f.c, f.c_0, f.N * f.H);

    auto body = [&](int part) {
        const Span span = share(f.N, part, parts);
        StateFlow<T> mine = flow;
        const auto enter = [&](int64_t t) {
            int64_t* list = entering + ahead * span.begin;
            int64_t count = 0;
            for (int64_t later = t; later < t + ahead && later < f.T_; ++later)
                for (int64_t row = span.begin; row < span.end; ++row)
                    if (!f.lengths || f.lengths[row] > later) list[count++] = later * f.N + row;
            auto units = [&](int part_h) {
                hoist(run, step, list, count, t, packed, sums, share(step.panels(), part_h, parts_h));
            };
            parallel(run, parts_h, units);
            mine.sums = sums, mine.first = t;
        };
        Running running{rows + span.begin, span, f.lengths};
        for (int64_t t = 0; t < f.T_; ++t) {
            if (run.stopped()) return;
            if (ahead && t % ahead == 0) enter(t);
            running.at(t);
            T* h_next = f.h + (t + 1) * f.N * f.H;
            if (running.n < span.end - span.begin)
                running.for_ended([&](int64_t row, int64_t count) { zero(h_next + row * f.H, count * f.H); });
            const T* h_in = f.h + t * f.N * f.H;
            if (f.h_mask) {
                for (int64_t i = 0; i < running.n; ++i)
                    for (int64_t j = running.rows[i] * f.H; j < (running.rows[i] + 1) * f.H; ++j)
                        masked[j] = h_in[j] * f.h_mask[j];
                h_in = masked;
            }
            auto units = [&](int part_h) {
                one_step(run, step, mine, t, running.rows, running.n, h_in, packed,
                         share(step.panels(), part_h, parts_h), t % 2 != 0);
            };
            parallel(run, parts_h, units);
        }
    };
    parallel(run, parts, body);
}

// One step of a stream: h and c (N, H) are replaced by the next state. `packed` comes from Step::pack; nothing is allocated but the
// scratch that keeps the old h until every panel has met it.
template <class T, class Step>
void step_in_place(Step step, const Forward<T>& f, const T* packed, bool from_last, const Run& run) {
    T* h_prev = nullptr;
    int64_t* rows = nullptr;
    with_scratch(run, [&](Arena& arena) {
        h_prev = arena.take<T>(f.N * f.H);
        rows = arena.take<int64_t>(f.N);
    });
    copy(h_prev, f.h, f.N * f.H);
    for (int64_t row = 0; row < f.N; ++row) rows[row] = row;
    const StateFlow<T> flow{h_prev, f.h, f.c, f.c};
    one_step(run, step, flow, 0, rows, f.N, h_prev, packed, {0, step.panels()}, from_last);
}

// Where a backward step finds its adjoints. d is the width of one row of da (H or 4H).
template <class T> struct BackwardWork {
    int64_t d;
    T* rec;  // (N, H): what arrives at h_t from step t+1; after a step, what the cell passes to h_{t-1} besides W_h
    T* dc;   // (N, H): the same for c, lstm
    T* da;   // (steps of a chunk, N, d): dL/da, for gru da_n|da_r|da_z|dq
    int64_t first;  // step with which the chunk begins
};

// Steps whose da stays in the L2 until the weight gradients have met it, but enough rows for these to sum in the registers.
inline int64_t steps_at_once(int64_t N, int64_t row_bytes) {
    const int64_t rows = 393216 / row_bytes;
    return ceil_div(rows < kDepth ? kDepth : rows, N > 0 ? N : 1);
}

// Backward through time, steps [begin, end). Step supplies
//   kGates, kCarries                   whether rec already holds a term for h_{t-1} after pointwise (gru)
//   pointwise(work, t, row)            da of one row from dh + rec
//   hidden_offset                      where in a row of da the columns that belong to W_h start
template <class T, class Step>
void adjoints_in_time(const Step& step, const Backward<T>& b, const Run& run, const BackwardWork<T>& work,
                      const Packed<T>& W_h_T, int64_t* rows, T* product, int parts, int64_t end) {
    const int64_t panels = Packed<T>::panels(b.H);
    const double step_work = static_cast<double>(b.N * b.H) * static_cast<double>(Step::kGates * b.H);
    const int parts_h = parts_of_units(run, step_work, panels, parts);
    const auto multiply = [&](const T* da, bool accumulate, T* out, const Rows& here) {
        auto units = [&](int part) {
            multiply_rows<T>(run, da, work.d, W_h_T, nullptr, accumulate, out, b.H, here, {0, here.count},
                             share(panels, part, parts_h));
        };
        parallel(run, parts_h, units);
    };
    auto body = [&](int part) {
        const Span span = share(b.N, part, parts);
        Running running{rows + span.begin, span, b.lengths};
        for (int64_t t = end - 1; t >= work.first; --t) {
            if (run.stopped()) return;
            running.at(t);
            const int64_t n = running.n;
            const Rows here{running.rows, n};
            const T* da = work.da + (t - work.first) * b.N * work.d + Step::hidden_offset(b.H);
            for (int64_t i = 0; i < n; ++i) step.pointwise(work, t, here[i]);
            if (t == 0 && !b.dh_0) return;
            if (b.one_step) {
                for (int64_t i = 0; i < n; ++i) {
                    zero(work.rec + here[i] * b.H, b.H);
                    if (work.dc) zero(work.dc + here[i] * b.H, b.H);
                }
            } else if (b.h_mask) {
                multiply(da, false, product, here);
                for (int64_t i = 0; i < n; ++i)
                    for (int64_t j = here[i] * b.H; j < (here[i] + 1) * b.H; ++j)
                        work.rec[j] = product[j] * b.h_mask[j] + (Step::kCarries ? work.rec[j] : T(0));
            } else {
                multiply(da, Step::kCarries, work.rec, here);
            }
        }
    };
    parallel(run, parts, body);
}

// Columns of da that stand together on all sides: where they begin in da, how many, and in dW_x and dW_h; -1: they do not meet x, or h.
struct GradientPiece {
    int64_t da_column, n, x_column, h_column;
};

// Values per step of x that meet W_x in a product: none where x is given by its ones.
template <class T> int64_t values_of_x(const Backward<T>& b) { return b.ones ? 0 : b.D; }

// dW_x of one-hot inputs, some columns of a piece.
template <class T>
void add_to_rows(const Backward<T>& b, const BackwardWork<T>& work, const GradientPiece& piece, int64_t gh,
                 const Rows& rows, Span columns, bool go_on) {
    const int64_t n = columns.end - columns.begin;
    T* dW = b.dW_x + piece.x_column + columns.begin;
    for (int64_t v = 0; v < b.D && !go_on; ++v) zero(dW + v * gh, n);
    scatter_rows<T>(work.da + piece.da_column + columns.begin, work.d, n, rows, b.ones + work.first * b.N, dW, gh);
}

// dW_x, dW_h, db of a chunk of steps; `rows` are rows of the chunk. `go_on` continues the sums of later chunks.
template <class T, class Step>
void weight_gradients(const Step& step, const Backward<T>& b, const Run& run, const BackwardWork<T>& work,
                      const Rows& rows, bool go_on, T* space, int parts) {
    const int64_t gh = Step::kGates * b.H, D = values_of_x(b), per_part = gradient_scratch<T>(D + b.H);
    // h_{t-1} of row t N + n stands at the same row of h, because h[0] is the initial state.
    const T *x = b.x + work.first * b.N * D, *h = b.h + work.first * b.N * b.H;
    auto gradients = [&](int part) {
        const Span all = share(D + b.H, part, parts);
        const Span of_x{all.begin < D ? all.begin : D, all.end < D ? all.end : D};
        const Span of_h{all.begin - of_x.begin, all.end - of_x.end};
        for (const GradientPiece& piece : step.pieces()) {
            GradientSide<T> sides[2] = {};
            int count = 0;
            if (piece.x_column >= 0 && of_x.begin < of_x.end)
                sides[count++] = {x, D, nullptr, b.dW_x + piece.x_column, of_x, nullptr};
            if (piece.h_column >= 0 && of_h.begin < of_h.end)
                sides[count++] = {h, b.H, b.h_mask, b.dW_h + piece.h_column, of_h, nullptr};
            // The first of the threads adds the bias, to a side of its own if it has no rows of W here.
            if (part == 0) sides[0].db = piece.x_column >= 0 ? b.db + piece.x_column : b.db_hn;
            if (part == 0 && count == 0) count = 1;
            const T* da = work.da + piece.da_column;
            weight_gradient<T>(run, {sides, count, b.N, da, work.d, piece.n, gh, go_on, space + part * per_part}, rows);
            if (b.ones && piece.x_column >= 0)
                add_to_rows(b, work, piece, gh, rows, share(piece.n, part, parts), go_on);
        }
    };
    parallel(run, parts, gradients);
}

template <class T, class Step> void backward_in_time(Step step, const Backward<T>& b, const Run& run) {
    const int64_t gh = Step::kGates * b.H, d = Step::kDaGates * b.H;
    int64_t steps = steps_at_once(b.N, d * static_cast<int64_t>(sizeof(T)));
    steps = steps < b.T_ ? steps : b.T_;
    BackwardWork<T> work{d, nullptr, nullptr, nullptr, 0};
    T *w_h = nullptr, *w_x = nullptr, *product = nullptr, *space = nullptr;
    int64_t *running = nullptr, *valid = nullptr;
    const double madds = static_cast<double>(steps * b.N) * static_cast<double>(gh);
    const int64_t met = values_of_x(b) + b.H;  // rows of dW_x and dW_h that are products
    const int parts_m = threads_for(run, madds * static_cast<double>(met), met);
    const int parts_n = threads_for(run, madds * static_cast<double>(b.H), b.N);
    with_scratch(run, [&](Arena& arena) {
        w_h = arena.take<T>(Packed<T>::size(gh, b.H));
        w_x = arena.take<T>(b.dx ? Packed<T>::size(gh, b.D) : 0);
        work.rec = arena.take<T>(b.N * b.H);
        work.dc = b.cell == elman::Cell::lstm ? arena.take<T>(b.N * b.H) : nullptr;
        work.da = arena.take<T>(steps * b.N * d);
        product = arena.take<T>(b.h_mask ? b.N * b.H : 0);
        running = arena.take<int64_t>(b.N);
        valid = arena.take<int64_t>(b.lengths ? steps * b.N : 0);
        space = arena.take<T>(gradient_scratch<T>(met) * parts_m);
    });
    const Packed<T> W_h_T = pack_matrix<T>(w_h, b.W_h, gh, b.H, 1, gh);
    const Packed<T> W_x_T = b.dx ? step.pack_input_weights(w_x) : Packed<T>{};
    // A row's adjoint from after its last step waits here until the loop reaches that step.
    copy_or_zero(work.rec, b.dh_T, b.N * b.H);
    if (work.dc) copy_or_zero(work.dc, b.dc_T, b.N * b.H);
    if (b.dx && b.lengths) zero(b.dx, b.T_ * b.N * b.D);
    int64_t end = b.T_;
    do {
        work.first = end > steps ? end - steps : 0;
        adjoints_in_time(step, b, run, work, W_h_T, running, product, parts_n, end);
        if (run.stopped()) return;
        Rows rows{nullptr, (end - work.first) * b.N};
        if (b.lengths) {
            rows = {valid, 0};
            for (int64_t t = work.first; t < end; ++t)
                for (int64_t n = 0; n < b.N; ++n)
                    if (b.lengths[n] > t) valid[rows.count++] = (t - work.first) * b.N + n;
        }
        if (b.dx) {
            T* dx = b.dx + work.first * b.N * b.D;
            const int parts = threads_for(run, madds * static_cast<double>(b.D), rows.count);
            auto inputs = [&](int part) {
                multiply_rows<T>(run, work.da, d, W_x_T, nullptr, false, dx, b.D, rows, share(rows.count, part, parts));
            };
            parallel(run, parts, inputs);
        }
        weight_gradients(step, b, run, work, rows, b.accumulate || end < b.T_, space, parts_m);
        if (run.stopped()) return;
        end = work.first;
    } while (end > 0);
    if (b.dh_0) copy(b.dh_0, work.rec, b.N * b.H);
    if (b.dc_0) copy(b.dc_0, work.dc, b.N * b.H);
}

}  // namespace
