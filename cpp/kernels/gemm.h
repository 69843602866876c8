// Products of many rows with one matrix, in register tiles.
//
// Every output element is one chain  sum = fma(a_k, b_k, sum)  over k in a fixed order, owned by one thread. How rows are grouped
// into tiles, blocks or threads therefore never changes a bit.
#pragma once

#include "simd.h"
#include "table.h"

namespace {

using elman::Run;

inline int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

// Part `part` of `parts` nearly equal parts of 0 … n-1.
struct Span {
    int64_t begin, end;
};
inline Span share(int64_t n, int part, int parts) { return {n * part / parts, n * (part + 1) / parts}; }

// Threads worth using for so many multiply-adds: one below about 50 microseconds of work.
inline int threads_for(const Run& run, double multiply_adds, int64_t pieces) {
    const double by_work = multiply_adds / 2.5e6;
    int64_t n = by_work < run.n_threads ? static_cast<int64_t>(by_work) : run.n_threads;
    n = n < pieces ? n : pieces;
    return n < 1 ? 1 : static_cast<int>(n);
}

template <class F> void parallel(const Run& run, int parts, F& body) {
    if (parts <= 1) {
        body(0);
        return;
    }
    run.parallel(parts, [](void* f, int part) { (*static_cast<F*>(f))(part); }, &body);
}

// Calls f.template operator()<R>() for R = rows, 1 <= rows <= Max.
template <int Max, class F> ELMAN_INLINE void with_height(int64_t rows, F&& f) {
    if constexpr (Max > 1) {
        if (rows < Max) return with_height<Max - 1>(rows, f);
    }
    f.template operator()<Max>();
}

// Calls f.template operator()<G>() with the narrowest G = Max, Max/2, … 1 that holds so many vectors: a matrix of few columns would
// otherwise spend most of its time on padding.
template <int Max, class F> ELMAN_INLINE void with_width(int64_t vectors, F&& f) {
    if constexpr (Max > 1) {
        if (vectors <= Max / 2) return with_width<Max / 2>(vectors, f);
    }
    f.template operator()<Max>();
}

// Cuts n rows into tiles of nearly equal height, at most Max, so that no tile is left with a single row when n is larger.
template <int Max, class F> ELMAN_INLINE void for_tiles(int64_t n, F&& f) {
    const int64_t tiles = ceil_div(n, Max);
    for (int64_t i = 0; i < tiles; ++i) {
        const int64_t begin = n * i / tiles, end = n * (i + 1) / tiles;
        with_height<Max>(end - begin, [&]<int R>() { f.template operator()<R>(begin); });
    }
}

// How the columns of a matrix fall into panels of G vectors.
enum class Columns {
    plain,  // vector g of panel p holds columns (p G + g) L …
    gates,  // vector g of panel p holds units p L … of gate g, which starts at column g * units
};

// to[j to_stride + i] = from[i from_stride + j] for i, j < L.
template <class T> void transpose(const T* from, int64_t from_stride, T* to, int64_t to_stride) {
    constexpr int L = kLanes<T>;
    Vec<T> rows[L];
    ELMAN_UNROLL(16)
    for (int i = 0; i < L; ++i) rows[i] = load(from + i * from_stride);
    transpose_rows<T, L / 2>(rows);
    ELMAN_UNROLL(16)
    for (int i = 0; i < L; ++i) store(to + i * to_stride, rows[i]);
}

// dst    (panels, K, G, L) with panels spaced by panel_stride; lanes beyond the last column or unit are zero, vectors beyond the
//        width that with_width gives the last panel are left as they are, because nobody reads them
// src    element (k, column) is src[k * k_stride + column * column_stride]; `units` columns in all, or per gate
template <class T, int G>
void pack(Columns kind, T* dst, int64_t panel_stride, const T* src, int64_t K, int64_t units, int64_t k_stride,
          int64_t column_stride) {
    constexpr int L = kLanes<T>;
    const int64_t block = kind == Columns::plain ? G * L : L, group = kind == Columns::plain ? L : units;
    for (int64_t p = 0; p < ceil_div(units, block); ++p) {
        T* out = dst + p * panel_stride;
        int width = G;
        if (kind == Columns::plain) with_width<G>(ceil_div(units - p * block, L), [&]<int W>() { width = W; });
        for (int g = 0; g < width; ++g) {
            const int64_t left = units - p * block - (kind == Columns::plain ? g * L : 0);
            const int valid = static_cast<int>(left < 0 ? 0 : (left < L ? left : L));
            const T* column = src + (p * block + g * group) * column_stride;
            int64_t k = 0;
            if (k_stride == 1 && valid == L)
                for (; k + L <= K; k += L) transpose<T>(column + k, column_stride, out + (k * G + g) * L, G * L);
            for (; k < K; ++k) {
                T* lane = out + (k * G + g) * L;
                const T* row = column + k * k_stride;
                if (column_stride == 1) {
                    store(lane, load_first(row, valid));
                } else {
                    for (int i = 0; i < L; ++i) lane[i] = i < valid ? row[i * column_stride] : T(0);
                }
            }
        }
    }
}

template <class T, int G> constexpr int kPanel = G * kLanes<T>;
template <class T> constexpr int64_t kLine = 64 / static_cast<int64_t>(sizeof(T));  // elements of a line of the cache

// Weights that will be used next and are still to be fetched; none if next = end.
template <class T> struct Ahead {
    const T *next = nullptr, *end = nullptr;
    // The first of so many lines, which the caller fetches; null if none is left, and at levels that are older than the CPUs that fetch.
    ELMAN_INLINE const T* take(int64_t lines) {
        if (!kFetchesAhead || next >= end) return nullptr;
        const T* first = next;
        next += lines * kLine<T>;
        return first;
    }
};

// acc[r][p G + g] += sum_k a[r][k] * panel_p[k][g], k ascending. P panels stand panel_stride apart; each is Wide vectors wide, of which
// the first G take part. One row alone has too few sums to hide the latency of an addition: it meets several panels at once.
// With kFetch, every k fetches a line of the weights `later` into the L2.
template <class T, int R, int G, int Wide = G, int P = 1, bool kFetch = false>
ELMAN_INLINE void chain(Vec<T> (&acc)[R][P * G], const T* const (&a)[R], const T* panel, int64_t K,
                        int64_t panel_stride = 0, [[maybe_unused]] const T* later = nullptr) {
    for (int64_t k = 0; k < K; ++k) {
        if constexpr (kFetch) prefetch_to_l2(later + k * kLine<T>);
        Vec<T> w[P * G];
        ELMAN_UNROLL(8)
        for (int p = 0; p < P; ++p) {
            ELMAN_UNROLL(8)
            for (int g = 0; g < G; ++g) w[p * G + g] = load(panel + p * panel_stride + (k * Wide + g) * kLanes<T>);
        }
        ELMAN_UNROLL(8)
        for (int r = 0; r < R; ++r) {
            const Vec<T> value = broadcast<T>(a[r][k]);
            ELMAN_UNROLL(16)
            for (int g = 0; g < P * G; ++g) acc[r][g] = fma(value, w[g], acc[r][g]);
        }
    }
}

// The rows a product runs over: all of 0 … count-1, or a list.
struct Rows {
    const int64_t* list;
    int64_t count;
    ELMAN_INLINE int64_t operator[](int64_t i) const { return list ? list[i] : i; }
};

// The same sums straight from a row-major matrix: W points at the first of up to G * L columns of row 0, `lanes` says how many of
// each vector exist. Packing costs as much as a product with one row, so a product with few rows goes without.
template <class T, int R, int G>
ELMAN_INLINE void chain_unpacked(Vec<T> (&acc)[R][G], const T* const (&a)[R], const T* W, int64_t stride, int64_t K,
                                 const int (&lanes)[G]) {
    for (int64_t k = 0; k < K; ++k) {
        Vec<T> w[G];
        ELMAN_UNROLL(8)
        for (int g = 0; g < G; ++g) w[g] = load_first(W + k * stride + g * kLanes<T>, lanes[g]);
        ELMAN_UNROLL(8)
        for (int r = 0; r < R; ++r) {
            const Vec<T> value = broadcast<T>(a[r][k]);
            ELMAN_UNROLL(8)
            for (int g = 0; g < G; ++g) acc[r][g] = fma(value, w[g], acc[r][g]);
        }
    }
}

// K values of k from `first` on, of panel p.
template <class T> struct Piece {
    int64_t p, first, K;
};

// Panels of a plain (K, n) matrix for multiply_rows, or with packed = false the row-major matrix itself.
template <class T> struct Packed {
    const T* data;
    int64_t K, columns;
    bool packed = true;
    const T* at(const Piece<T>& piece) const { return data + (piece.p * K + piece.first) * kPanel<T, kWide>; }
    static int64_t panels(int64_t columns) { return ceil_div(columns, kPanel<T, kWide>); }
    static int64_t size(int64_t K, int64_t columns) { return panels(columns) * K * kPanel<T, kWide>; }
};

template <class T>
Packed<T> pack_matrix(T* dst, const T* W, int64_t K, int64_t columns, int64_t k_stride, int64_t column_stride) {
    pack<T, kWide>(Columns::plain, dst, K * kPanel<T, kWide>, W, K, columns, k_stride, column_stride);
    return {dst, K, columns};
}

// Vectors of a panel that hold anything, and how many lanes of each: panel p of `columns` columns.
template <class T> ELMAN_INLINE int64_t vectors_left(int64_t columns, int64_t p) {
    return ceil_div(columns - p * kPanel<T, kWide>, kLanes<T>);
}
template <class T, int G> ELMAN_INLINE void count_lanes(int (&lanes)[G], int64_t columns, int64_t p) {
    for (int g = 0; g < G; ++g) {
        const int64_t left = columns - p * kPanel<T, kWide> - g * kLanes<T>;
        lanes[g] = static_cast<int>(left < 0 ? 0 : (left < kLanes<T> ? left : kLanes<T>));
    }
}

constexpr int64_t kPiece = 800;      // values of k for which a panel and its rows stay in the L2 together
constexpr int64_t kFewestRows = 96;  // rows of a block: fewer would read large weights too often

// out[r] = start[r] + in[r] W for R rows and the G vectors of a piece, where start is: out itself (goes_on), or b, or zero.
template <class T, int R, int G>
ELMAN_INLINE void multiply_tile(const Packed<T>& W, const Piece<T>& piece, const T* const (&in)[R], T* const (&out)[R],
                                const T* b, bool goes_on, Ahead<T>& ahead) {
    constexpr int L = kLanes<T>;
    const int64_t column = piece.p * kPanel<T, kWide>;
    Vec<T> acc[R][G];
    int lanes[G];
    count_lanes<T, G>(lanes, W.columns, piece.p);
    ELMAN_UNROLL(8)
    for (int r = 0; r < R; ++r) {
        ELMAN_UNROLL(8)
        for (int g = 0; g < G; ++g) {
            acc[r][g] = goes_on ? load_first(out[r] + g * L, lanes[g])
                        : b     ? load_first(b + column + g * L, lanes[g])
                                : Vec<T>{};
        }
    }
    if (const T* line = ahead.take(piece.K)) chain<T, R, G, kWide, 1, true>(acc, in, W.at(piece), piece.K, 0, line);
    else if (W.packed) chain<T, R, G, kWide>(acc, in, W.at(piece), piece.K);
    else chain_unpacked<T, R, G>(acc, in, W.data + column, W.columns, piece.K, lanes);
    ELMAN_UNROLL(8)
    for (int r = 0; r < R; ++r) {
        ELMAN_UNROLL(8)
        for (int g = 0; g < G; ++g) store_first(out[r] + g * L, acc[r][g], lanes[g]);
    }
}

// c[row] = start[row] + a[row] W for the rows rows[begin … end), where start is: c itself (accumulate), or b, or zero; only the columns
// of some panels if the call says so. Long panels are read in pieces, between which the sums stand in c.
template <class T>
void multiply_rows(const Run& run, const T* a, int64_t a_stride, const Packed<T>& W, const T* b, bool accumulate, T* c,
                   int64_t c_stride, const Rows& rows, Span span, Span panels = {0, INT64_MAX}) {
    const int64_t last = panels.end < Packed<T>::panels(W.columns) ? panels.end : Packed<T>::panels(W.columns);
    // A block of rows that stays in the L2 while all panels pass over it.
    constexpr int64_t height = kRows<1>, size = sizeof(T);
    int64_t block = 131072 / size / (W.K > 0 ? W.K : 1) / height * height;
    block = block < kFewestRows ? kFewestRows : block;
    const int pieces = W.packed && W.K > kPiece ? static_cast<int>(ceil_div(W.K, kPiece)) : 1;
    const auto piece_of = [&](int64_t p, int i) {
        const Span ks = share(W.K, i, pieces);
        return Piece<T>{p, ks.begin, ks.end - ks.begin};
    };
    const bool fetches = W.packed && (last - panels.begin) * W.K * kPanel<T, kWide> * size > run.reading.fetched_beyond;
    for (int64_t first = span.begin; first < span.end; first += block) {
        if (first > span.begin && run.stopped()) return;
        const int64_t n = (span.end - first) < block ? span.end - first : block;
        for (int64_t i = panels.begin * pieces; i < last * pieces; ++i) {
            const Piece<T> piece = piece_of(i / pieces, static_cast<int>(i % pieces));
            Ahead<T> ahead;  // after the last piece the first one, where the next block or step begins
            if (fetches) {
                const int64_t next = i + 1 < last * pieces ? i + 1 : panels.begin * pieces;
                const Piece<T> later = piece_of(next / pieces, static_cast<int>(next % pieces));
                ahead = {W.at(later), W.at(later) + later.K * kPanel<T, kWide>};
            }
            with_width<kWide>(vectors_left<T>(W.columns, piece.p), [&]<int G>() {
                for_tiles<kRows<G>>(n, [&]<int R>(int64_t begin) {
                    const T* in[R];
                    T* out[R];
                    for (int r = 0; r < R; ++r) {
                        const int64_t row = rows[first + begin + r];
                        in[r] = a + row * a_stride + piece.first;
                        out[r] = c + row * c_stride + piece.p * kPanel<T, kWide>;
                    }
                    multiply_tile<T, R, G>(W, piece, in, out, b, accumulate || piece.first > 0, ahead);
                });
            });
        }
    }
}

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
