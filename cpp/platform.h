// Functions of the operating system and the CPU beyond standard C++20; platform.cpp is the only file outside `kernels` that depends on
// either.
#pragma once

#include <cstddef>
#include <cstdint>

namespace elman {

// 1 to 4: the highest of the levels x86-64, -v2, -v3 and -v4 that CPU and operating system support. 0 on other CPUs.
int x86_64_level();

// Whether a CPU of level 4 has AVX-512 VNNI: dot products of 8-bit integers.
bool has_avx512_vnni();

enum class Maker { intel, amd, other };
Maker maker_of_cpu();

// Bytes of the L2 cache of one core of a CPU of Intel or AMD; 0 if unknown.
std::int64_t l2_bytes();

// Nanoseconds of a monotonic clock. A call takes a few nanoseconds, so a kernel may call it at every step.
long long monotonic_ns();

// Hint to the CPU that this thread spins.
void relax_cpu();

// The floating-point mode of this thread: flush_subnormals treats subnormal arguments and results as zeros and returns the previous
// mode, for restore_mode. Exception flags stay raised.
unsigned flush_subnormals();
void restore_mode(unsigned mode);

// Null if there is no memory. `alignment` is a power of two, `bytes` a multiple of it.
void* allocate_aligned(std::size_t alignment, std::size_t bytes);
void free_aligned(void* memory);

// A hint: it may be refused.
void ask_for_large_pages(void* memory, std::size_t bytes);

// Number of CPUs that this process may use, at least 1.
int usable_cpus();

// Runs f in the child of every fork, on systems with fork.
bool call_in_forked_child(void (*f)());

}  // namespace elman
