// Gradients of weights, in register tiles: dW = A^T B, a sum over the rows of both.
//
// As in gemm.h, every element is one chain of fused multiply-adds in a fixed order, whoever computes it.
#pragma once

#include "gemm.h"

namespace {

// dW = A^T B for every A that meets the same B, over `rows` from the last to the first, so that a sequence cut into chunks of time sums
// in the same order.
//
// A       (rows, m) with row stride a_stride; mask (N, m) or null multiplies row r by mask[r % N]
// dW      (m, n) with row stride w_stride; the call writes its rows ms, all columns
// db      (n) or null: what a column of ones beside A would get, the gradient of the bias
template <class T> struct GradientSide {
    const T* A;
    int64_t a_stride;
    const T* mask;
    T* dW;
    Span ms;
    T* db;
};

// B           (rows, n) with row stride b_stride
// accumulate  dW and db hold the sums of the chunks of time after this one, which go on; otherwise they are overwritten
// space       gradient_scratch(rows of dW on all sides) elements
template <class T> struct GradientOperands {
    const GradientSide<T>* sides;
    int count;
    int64_t N;
    const T* B;
    int64_t b_stride, n, w_stride;
    bool accumulate;
    T* space;
};

constexpr int64_t kDepth = 384;          // rows summed per block
constexpr int64_t kShortRow = 32;        // vectors of a row of A or B that is read where it stands
constexpr int64_t kManyRows = 96;        // rows of dW that share the cost of a copy of B
constexpr int64_t kGatheredAtOnce = 16;  // rows of A that stay in the L1 while all tiles take their columns

// For one panel of B, all of A and a column of ones.
template <class T> constexpr int64_t gradient_scratch(int64_t m) { return kDepth * (kPanel<T, kWide> + m + 1); }

// Rows of A or B that have been gathered: row j begins at at + j kStride.
template <class T, int kStride> struct GatheredRows {
    const T* at;
    ELMAN_INLINE const T* operator[](int64_t j) const { return at + j * kStride; }
};

// The rows of A or B that a block sums over, where they stand: row j begins at at + order[j] stride.
template <class T> struct BlockRows {
    const T* at;
    const int64_t* order;
    int64_t stride;
    ELMAN_INLINE const T* operator[](int64_t j) const { return at + order[j] * stride; }
};

struct Places {
    int64_t at[kDepth];
};
constexpr Places ascending() {
    Places places{};
    for (int64_t j = 0; j < kDepth; ++j) places.at[j] = j;
    return places;
}
constexpr Places kAscending = ascending();  // the order of gathered rows beside rows that stand where they stood

// Rows order[0 … depth) of one panel of B, one below the other.
template <class T, int G>
ELMAN_INLINE void gather_panel(const GradientOperands<T>& w, const int64_t* order, int64_t depth, int64_t p, T* panel) {
    constexpr int L = kLanes<T>;
    int lanes[G];
    count_lanes<T, G>(lanes, w.n, p);
    for (int64_t j = 0; j < depth; ++j) {
        const T* row = w.B + order[j] * w.b_stride + p * kPanel<T, kWide>;
        ELMAN_UNROLL(8)
        for (int g = 0; g < G; ++g) store(panel + (j * G + g) * L, load_first(row + g * L, lanes[g]));
    }
}

// Rows of dW from m on; with `bias`, the last one is db. `place` counts the rows before them on all sides.
template <class T> struct GradientTile {
    const GradientSide<T>& side;
    int64_t m, place;
    bool bias;
};

// R rows of a tile, one panel's columns, += A^T B, j ascending; `first` starts from zero. Full: the panel has no vector that ends early.
template <class T, int R, int G, bool Full, class RowsOfA, class RowsOfB>
ELMAN_INLINE void add_to_gradient(const GradientOperands<T>& w, const GradientTile<T>& tile, int64_t p,
                                  const RowsOfA& A, const RowsOfB& B, int64_t depth, bool first) {
    constexpr int L = kLanes<T>;
    Vec<T> acc[R][G];
    int lanes[G];
    count_lanes<T, G>(lanes, w.n, p);
    T* out = tile.side.dW + tile.m * w.w_stride + p * kPanel<T, kWide>;
    T* last = tile.bias ? tile.side.db + p * kPanel<T, kWide> : out + (R - 1) * w.w_stride;
    const auto row_of = [&](int r) { return r == R - 1 ? last : out + r * w.w_stride; };
    ELMAN_UNROLL(8)
    for (int r = 0; r < R; ++r) {
        ELMAN_UNROLL(8)
        for (int g = 0; g < G; ++g) acc[r][g] = first ? Vec<T>{} : load_first(row_of(r) + g * L, lanes[g]);
    }
    // The next tile's sums stand in other pages and may be far away: they come while this tile is at work.
    ELMAN_UNROLL(8)
    for (int r = 0; r < R; ++r) {
        ELMAN_UNROLL(8)
        for (int g = 0; g < G; ++g) prefetch_to_write(out + (R + r) * w.w_stride + g * L);
    }
    for (int64_t j = 0; j < depth; ++j) {
        const T *a_row = A[j], *b_row = B[j];
        Vec<T> b[G];
        ELMAN_UNROLL(8)
        for (int g = 0; g < G; ++g) b[g] = Full ? load(b_row + g * L) : load_first(b_row + g * L, lanes[g]);
        ELMAN_UNROLL(8)
        for (int r = 0; r < R; ++r) {
            const Vec<T> value = broadcast<T>(a_row[r]);
            ELMAN_UNROLL(8)
            for (int g = 0; g < G; ++g) acc[r][g] = fma(value, b[g], acc[r][g]);
        }
    }
    ELMAN_UNROLL(8)
    for (int r = 0; r < R; ++r) {
        ELMAN_UNROLL(8)
        for (int g = 0; g < G; ++g) store_first(row_of(r) + g * L, acc[r][g], lanes[g]);
    }
}

// The columns of A that a tile of R rows meets, masked, of rows order[begin … end), one below the other; with a bias, the last is ones.
template <class T, int R>
ELMAN_INLINE void gather_columns(const GradientTile<T>& tile, int64_t N, const int64_t* order, Span js, T* panel) {
    constexpr int L = kLanes<T>;
    const GradientSide<T>& side = tile.side;
    const int columns = tile.bias ? R - 1 : R;
    if (!tile.bias && !side.mask) {  // nearly all of them
        for (int64_t j = js.begin; j < js.end; ++j)
            std::memcpy(panel + j * R, side.A + order[j] * side.a_stride + tile.m, R * sizeof(T));
        return;
    }
    for (int64_t j = js.begin; j < js.end; ++j) {
        const T* row = side.A + order[j] * side.a_stride + tile.m;
        const T* mask = side.mask ? side.mask + order[j] % N * side.a_stride + tile.m : nullptr;
        for (int r = 0; r < columns; r += L) {
            const int lanes = columns - r < L ? columns - r : L;
            Vec<T> values = load_first(row + r, lanes);
            if (mask) values *= load_first(mask + r, lanes);
            store_first(panel + j * R + r, values, lanes);
        }
        if (tile.bias) panel[j * R + columns] = 1;
    }
}

// Calls f.template operator()<R>(tile) for every tile of R rows of dW. Tiles are as high as the widest panel allows.
template <class T, class F> ELMAN_INLINE void for_gradient_tiles(const GradientOperands<T>& w, F&& f) {
    int64_t place = 0;
    for (int i = 0; i < w.count; ++i) {
        const GradientSide<T>& side = w.sides[i];
        const int64_t rows = side.ms.end - side.ms.begin + (side.db ? 1 : 0);
        with_width<kWide>(vectors_left<T>(w.n, 0), [&]<int G>() {
            for_tiles<kRows<G>>(rows, [&]<int R>(int64_t begin) {
                const bool bias = side.db && begin + R == rows;
                f.template operator()<R>(GradientTile<T>{side, side.ms.begin + begin, place + begin, bias});
            });
        });
        place += rows;
    }
}

// One block of rows takes part in all of dW. Gathered, A is copied whole, and B a panel at a time, which stays in the cache while every
// tile of A passes over it. A column of ones is gathered in either case, and those of its tile with it.
template <class T>
void add_block(const GradientOperands<T>& w, const int64_t* order, int64_t depth, bool gathers, bool first) {
    T *b_panel = w.space, *a_panels = w.space + kDepth * kPanel<T, kWide>;
    for (int64_t j = 0; j < depth; j += kGatheredAtOnce) {
        const Span js{j, depth - j < kGatheredAtOnce ? depth : j + kGatheredAtOnce};
        for_gradient_tiles(w, [&]<int R>(const GradientTile<T>& tile) {
            if (gathers || tile.bias) gather_columns<T, R>(tile, w.N, order, js, a_panels + tile.place * depth);
        });
    }
    for (int64_t p = 0; p < Packed<T>::panels(w.n); ++p) {
        with_width<kWide>(vectors_left<T>(w.n, p), [&]<int G>() {
            if (gathers) gather_panel<T, G>(w, order, depth, p, b_panel);
            for_gradient_tiles(w, [&]<int R>(const GradientTile<T>& tile) {
                if constexpr (R <= kRows<G>) {
                    const T* a_panel = a_panels + tile.place * depth;
                    if (gathers) {
                        add_to_gradient<T, R, G, true>(w, tile, p, GatheredRows<T, R>{a_panel},
                                                       GatheredRows<T, kPanel<T, G>>{b_panel}, depth, first);
                        return;
                    }
                    const int64_t column = p * kPanel<T, kWide>;
                    const BlockRows<T> A = tile.bias ? BlockRows<T>{a_panel, kAscending.at, R}
                                                     : BlockRows<T>{tile.side.A + tile.m, order, tile.side.a_stride};
                    const BlockRows<T> B{w.B + column, order, w.b_stride};
                    if (w.n - column >= kPanel<T, G>) add_to_gradient<T, R, G, true>(w, tile, p, A, B, depth, first);
                    else add_to_gradient<T, R, G, false>(w, tile, p, A, B, depth, first);
                }
            });
        });
    }
}

// Whether blocks gather their rows: long ones always, because each is in a page of its own; short ones where the CPU wants it and the
// copies serve many rows of dW.
template <class T> bool gathers_rows(const Run& run, const GradientOperands<T>& w) {
    const auto is_long = [](int64_t stride) { return stride > kShortRow * kLanes<T>; };
    bool gathers = is_long(w.b_stride);
    int64_t m = 0;
    for (int i = 0; i < w.count; ++i) {
        gathers = gathers || w.sides[i].mask || is_long(w.sides[i].a_stride);
        m += w.sides[i].ms.end - w.sides[i].ms.begin;
    }
    return gathers || (run.reading.copies_short_rows && m >= kManyRows);
}

template <class T> void weight_gradient(const Run& run, const GradientOperands<T>& w, const Rows& rows) {
    const auto clear = [&](T* out) { std::memset(out, 0, static_cast<std::size_t>(w.n) * sizeof(T)); };
    const bool gathers = gathers_rows(run, w);
    for (int i = 0; i < w.count; ++i) {
        const GradientSide<T>& side = w.sides[i];
        if (rows.count > 0 || w.accumulate) continue;
        for (int64_t m = side.ms.begin; m < side.ms.end; ++m) clear(side.dW + m * w.w_stride);
        if (side.db) clear(side.db);
    }
    for (int64_t done = 0; done < rows.count; done += kDepth) {
        if (done > 0 && run.stopped()) return;
        const int64_t depth = rows.count - done < kDepth ? rows.count - done : kDepth;
        int64_t order[kDepth];
        for (int64_t j = 0; j < depth; ++j) order[j] = rows[rows.count - 1 - done - j];
        add_block(w, order, depth, gathers, done == 0 && !w.accumulate);
    }
}

// dW[ones[r]] += B[r] over rows from the last to the first: weight_gradient where row r of A has a single one.
template <class T>
void scatter_rows(const T* B, int64_t b_stride, int64_t n, const Rows& rows, const int64_t* ones, T* dW,
                  int64_t w_stride) {
    for (int64_t i = rows.count - 1; i >= 0; --i) {
        T* to = dW + ones[rows[i]] * w_stride;
        const T* from = B + rows[i] * b_stride;
        for (int64_t j = 0; j < n; ++j) to[j] += from[j];
    }
}

}  // namespace
