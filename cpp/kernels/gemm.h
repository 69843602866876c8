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

// Weights that will be used next and are still to be fetched into the L2, a line at every `every`-th k: all at once they would hold up
// the weights in use.
template <class T> struct Ahead {
    const T *next = nullptr, *end = nullptr;
    int64_t every = 1;

    Ahead() = default;
    // The weights [begin, stop), while so many k are summed.
    Ahead(const T* begin, const T* stop, int64_t ks) : next(begin), end(stop) {
        const int64_t lines = ceil_div(stop - begin, kLine<T>);
        if (ks > lines && lines > 0) every = ks / lines;
    }
    // Whether any are left; never at levels that are older than the CPUs that fetch.
    ELMAN_INLINE bool left() const { return kFetchesAhead && next < end; }
    ELMAN_INLINE void fetch() {
        prefetch_to_l2(next);
        next += kLine<T>;
    }
};

// acc[r][p G + g] += sum_k a[r][k] * panel_p[k][g], k ascending. P panels stand panel_stride apart; each is Wide vectors wide, of which
// the first G take part. One row alone has too few sums to hide the latency of an addition: it meets several panels at once.
// With kFetch, weights ahead are fetched meanwhile.
template <class T, int R, int G, int Wide = G, int P = 1, bool kFetch = false>
ELMAN_INLINE void chain(Vec<T> (&acc)[R][P * G], const T* const (&a)[R], const T* panel, int64_t K,
                        int64_t panel_stride = 0, [[maybe_unused]] Ahead<T>* ahead = nullptr) {
    for (int64_t k = 0; k < K;) {
        int64_t stop = K;
        if constexpr (kFetch) {
            ahead->fetch();
            stop = K - k < ahead->every ? K : k + ahead->every;
        }
        for (; k < stop; ++k) {
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
    if (ahead.left()) chain<T, R, G, kWide, 1, true>(acc, in, W.at(piece), piece.K, 0, &ahead);
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
                ahead = {W.at(later), W.at(later) + later.K * kPanel<T, kWide>, ceil_div(n, kRows<kWide>) * piece.K};
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

}  // namespace
