#include "platform.h"

#include "cgroups.h"

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <initializer_list>
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
#include <cpuid.h>
#include <immintrin.h>
#endif

namespace elman {

// By CPUID: compilers differ in the levels that __builtin_cpu_supports accepts, and Zig's runtime has none.
int x86_64_level() {
#if defined(__x86_64__)
    unsigned eax, ebx, ecx, edx, extended = 0, features = 0, state = 0;
    __get_cpuid(0x80000001u, &eax, &ebx, &extended, &edx);
    __get_cpuid_count(7, 0, &eax, &features, &ecx, &edx);
    if (!__get_cpuid(1, &eax, &ebx, &ecx, &edx)) return 1;
    const auto all = [](unsigned word, std::initializer_list<int> bits) {
        for (const int bit : bits)
            if (!(word >> bit & 1u)) return false;
        return true;
    };
    // SSE3, SSSE3, CMPXCHG16B, SSE4.1, SSE4.2, POPCNT; LAHF.
    if (!all(ecx, {0, 9, 13, 19, 20, 23}) || !all(extended, {0})) return 1;
    // FMA, MOVBE, OSXSAVE, AVX, F16C; BMI1, AVX2, BMI2; LZCNT.
    if (!all(ecx, {12, 22, 27, 28, 29}) || !all(features, {3, 5, 8}) || !all(extended, {5})) return 2;
    // Registers saved by the operating system: XMM and YMM; for v4 also masks and ZMM.
    __asm__("xgetbv" : "=a"(state), "=d"(edx) : "c"(0));
    if ((state & 0x06u) != 0x06u) return 2;
    // AVX512F, DQ, CD, BW, VL.
    return all(features, {16, 17, 28, 30, 31}) && (state & 0xe6u) == 0xe6u ? 4 : 3;
#else
    return 0;
#endif
}

bool has_avx512_vnni() {
#if defined(__x86_64__)
    unsigned eax, ebx, ecx = 0, edx;
    return x86_64_level() >= 4 && __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) && (ecx >> 11 & 1u);
#else
    return false;
#endif
}

Maker maker_of_cpu() {
#if defined(__x86_64__)
    unsigned eax, ebx, ecx, edx;
    if (!__get_cpuid(0, &eax, &ebx, &ecx, &edx)) return Maker::other;
    // "GenuineIntel" and "AuthenticAMD", four letters a register.
    if (ebx == 0x756e6547u && edx == 0x49656e69u && ecx == 0x6c65746eu) return Maker::intel;
    if (ebx == 0x68747541u && edx == 0x69746e65u && ecx == 0x444d4163u) return Maker::amd;
#endif
    return Maker::other;
}

std::int64_t l2_bytes() {
#if defined(__x86_64__)
    const Maker maker = maker_of_cpu();
    if (maker == Maker::other) return 0;
    const unsigned caches = maker == Maker::intel ? 4 : 0x8000001Du;  // two leaves of one form
    unsigned eax, ebx, ecx, edx;
    for (unsigned i = 0; __get_cpuid_count(caches, i, &eax, &ebx, &ecx, &edx) && (eax & 31u); ++i) {
        if ((eax >> 5 & 7u) != 2) continue;
        // Ways, partitions, bytes of a line and sets, each less one.
        return std::int64_t{(ebx >> 22) + 1} * ((ebx >> 12 & 1023u) + 1) * ((ebx & 4095u) + 1) * (ecx + 1);
    }
#endif
    return 0;
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
    set_floating_point_control(mode);  // the exception flags are in another register
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
    if (sched_getaffinity(0, sizeof set, &set) == 0) return cgroup_cpus("", CPU_COUNT(&set));
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
