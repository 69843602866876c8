#include "platform.h"

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <thread>

#if defined(_WIN32)
#include <malloc.h>
#else
#include <pthread.h>
#include <time.h>
#endif
#if defined(__linux__)
#include <sched.h>
#include <sys/mman.h>
#endif
#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace elman {

int x86_64_level() {
#if !defined(__x86_64__)
    return 0;
#elif defined(__clang__) && __clang_major__ < 19  // does not know the levels by name
    __builtin_cpu_init();
    const bool v2 = __builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("popcnt");
    const bool v3 = v2 && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
                    __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
    const bool v4 = v3 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                    __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
                    __builtin_cpu_supports("avx512vl");
    return v4 ? 4 : (v3 ? 3 : (v2 ? 2 : 1));
#else
    __builtin_cpu_init();
    if (__builtin_cpu_supports("x86-64-v4")) return 4;
    if (__builtin_cpu_supports("x86-64-v3")) return 3;
    return __builtin_cpu_supports("x86-64-v2") ? 2 : 1;
#endif
}

long long monotonic_ns() {
#if defined(_WIN32)
    return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
#else
    timespec t;
#if defined(CLOCK_MONOTONIC_COARSE)
    clock_gettime(CLOCK_MONOTONIC_COARSE, &t);
#else
    clock_gettime(CLOCK_MONOTONIC, &t);
#endif
    return t.tv_sec * 1'000'000'000LL + t.tv_nsec;
#endif
}

void relax_cpu() {
#if defined(__x86_64__)
    _mm_pause();
#elif defined(__aarch64__)
    __asm__ volatile("isb");  // `yield` does nothing on most of these CPUs
#endif
}

#if defined(__aarch64__)
namespace {

unsigned floating_point_control() {
    std::uint64_t mode;
    __asm__ volatile("mrs %0, fpcr" : "=r"(mode));
    return static_cast<unsigned>(mode);
}

void set_floating_point_control(unsigned mode) { __asm__ volatile("msr fpcr, %0" : : "r"(std::uint64_t{mode})); }

}  // namespace
#endif

unsigned flush_subnormals() {
#if defined(__x86_64__)
    const unsigned mode = _mm_getcsr();
    _mm_setcsr(mode | 0x8040u);  // flush to zero, denormals are zero
    return mode;
#elif defined(__aarch64__)
    const unsigned mode = floating_point_control();
    set_floating_point_control(mode | 1u << 24);  // FZ: both
    return mode;
#else
    return 0;
#endif
}

void restore_mode([[maybe_unused]] unsigned mode) {
#if defined(__x86_64__)
    _mm_setcsr((_mm_getcsr() & 0x3fu) | (mode & ~0x3fu));
#elif defined(__aarch64__)
    set_floating_point_control(mode);  // the exception flags stand in another register
#endif
}

void* allocate_aligned(std::size_t alignment, std::size_t bytes) {
#if defined(_WIN32)
    return _aligned_malloc(bytes, alignment);
#else
    return std::aligned_alloc(alignment, bytes);
#endif
}

void free_aligned(void* memory) {
#if defined(_WIN32)
    _aligned_free(memory);
#else
    std::free(memory);
#endif
}

void ask_for_large_pages([[maybe_unused]] void* memory, [[maybe_unused]] std::size_t bytes) {
#if defined(__linux__)
    madvise(memory, bytes, MADV_HUGEPAGE);
#endif
}

int usable_cpus() {
#if defined(__linux__)
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0) return CPU_COUNT(&set);
#endif
    const int threads = static_cast<int>(std::thread::hardware_concurrency());
    return threads > 0 ? threads : 1;
}

bool call_in_forked_child([[maybe_unused]] void (*f)()) {
#if defined(_WIN32)
    return false;
#else
    return pthread_atfork(nullptr, nullptr, f) == 0;
#endif
}

}  // namespace elman
