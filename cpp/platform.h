// What Elman asks of the operating system and the CPU beyond standard C++20; platform.cpp is the only file outside `kernels` that
// asks which they are.
#pragma once

#include <cstddef>

namespace elman {

// 1 to 4: the highest of the levels x86-64, -v2, -v3 and -v4 that this CPU has, and that the system lets it use. 0 on other CPUs.
int x86_64_level();

// Nanoseconds of a clock that only goes forward. A kernel may ask at every step: it costs a few nanoseconds.
long long monotonic_ns();

// Tells the CPU that this thread waits in a loop.
void relax_cpu();

// The floating-point mode of this thread: flush_subnormals lets subnormal numbers count as zeros, as arguments and as results, and
// returns the mode before, for restore_mode. Exception flags raised meanwhile stay raised.
unsigned flush_subnormals();
void restore_mode(unsigned mode);

// Null if there is no memory. `alignment` is a power of two, `bytes` a multiple of it.
void* allocate_aligned(std::size_t alignment, std::size_t bytes);
void free_aligned(void* memory);

// No harm where it is refused.
void ask_for_large_pages(void* memory, std::size_t bytes);

// CPUs that this process may run on, at least 1.
int usable_cpus();

// f runs in the child of every fork, where there are forks.
bool call_in_forked_child(void (*f)());

}  // namespace elman
