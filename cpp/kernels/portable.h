// What the kernels ask of a compiler beyond standard C++20: the only file of the folder that asks which compiler it is. GCC and Clang
// have it all; vectors as types are why no other compiler will do.
#pragma once

#if !defined(__GNUC__) && !defined(__clang__)
#error "Elman needs GCC or Clang (on Windows: clang or MinGW); this compiler has no vector types"
#endif

#define ELMAN_INLINE [[gnu::always_inline]] inline
#define ELMAN_NOINLINE [[gnu::noinline]]
#define ELMAN_VECTOR(bytes) __attribute__((vector_size(bytes)))

// Before a loop over registers, of at most n turns: an array that is indexed by a variable would live in memory.
#define ELMAN_PRAGMA(text) _Pragma(#text)
#if defined(__clang__)
#define ELMAN_UNROLL(n) ELMAN_PRAGMA(clang loop unroll_count(n))
#else
#define ELMAN_UNROLL(n) ELMAN_PRAGMA(GCC unroll n)
#endif

// Names that contain the value of a macro, for the tables.
#define ELMAN_TEXT_OF(x) #x
#define ELMAN_TEXT(x) ELMAN_TEXT_OF(x)
#define ELMAN_JOIN_OF(a, b) a##b
#define ELMAN_JOIN(a, b) ELMAN_JOIN_OF(a, b)

namespace {

ELMAN_INLINE void prefetch_to_read(const void* p) { __builtin_prefetch(p, 0); }
ELMAN_INLINE void prefetch_to_write(const void* p) { __builtin_prefetch(p, 1); }
ELMAN_INLINE void prefetch_to_l2(const void* p) { __builtin_prefetch(p, 0, 2); }

ELMAN_INLINE double square_root(double x) { return __builtin_sqrt(x); }
ELMAN_INLINE float square_root(float x) { return __builtin_sqrtf(x); }

template <class To, class From> constexpr To bits_as(From value) { return __builtin_bit_cast(To, value); }

// Lanes I of a and b, of which b's count on where a's end. Integers is the vector of integers of that shape.
template <class Integers, int... I, class V> ELMAN_INLINE V lanes_of(V a, V b) {
#if defined(__clang__)
    return __builtin_shufflevector(a, b, I...);
#else
    return __builtin_shuffle(a, b, Integers{I...});
#endif
}

constexpr double kInfinity = __builtin_inf(), kNan = __builtin_nan("");

}  // namespace
