// A small thread pool for kernels, and the context of a kernel call: scratch memory, subnormals flushed to zero, a way to stop.
#pragma once

#include <atomic>
#include <cstddef>

namespace elman {

// Default number of threads: ELMAN_NUM_THREADS, else OMP_NUM_THREADS, else the CPUs that this process may use (affinity, control groups).
int default_threads();

// Runs body(context, part) for every part. Results must not depend on which thread runs a part: when the pool is already in use, or in
// a child process that has just been forked, the parts simply run one after the other or on new threads.
void run_parallel(int parts, void (*body)(void*, int), void* context);

// Scratch of the calling thread, 64-byte aligned. It grows to the largest request and lives as long as the thread.
void* thread_scratch(std::size_t bytes);

// One kernel call, shared by its threads. During the lifetime of a guard, subnormal numbers are flushed to zero on this thread; its
// destructor restores the previous mode. Guards nest: a signal handler may run during a poll and call a kernel, which then has its own
// scratch memory.
struct Call {
    std::atomic<bool> stop{false};
    long long next_poll = 0;
    unsigned caller_mode = 0;  // floating-point mode of the caller, restored during a poll
    bool nested = false;       // called by a signal handler during a poll of another call on this thread
};

class CallGuard {
  public:
    CallGuard(Call& call, bool is_caller);
    ~CallGuard();
    CallGuard(const CallGuard&) = delete;

  private:
    Call* previous_;
    bool previous_is_caller_;
    unsigned previous_mode_;
    void* previous_scratch_ = nullptr;
    std::size_t previous_size_ = 0;
};

// Whether this call must stop; kernels check at every step. The calling thread runs `poll` every 50 ms.
bool call_stopped();
void set_poll(bool (*poll)());

}  // namespace elman
