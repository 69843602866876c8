// A small thread pool for kernels, and what surrounds every kernel call: scratch memory, denormals off, a way to stop.
#pragma once

#include <atomic>
#include <cstddef>

namespace elman {

// Threads used when a call does not say: ELMAN_NUM_THREADS, else OMP_NUM_THREADS, else the CPUs this process may run on.
int default_threads();

// Runs body(context, part) for every part. Results must not depend on which thread runs a part: when the pool is already in use, or in
// a child process that has just been forked, the parts simply run one after the other or on new threads.
void run_parallel(int parts, void (*body)(void*, int), void* context);

// Scratch of the calling thread, 64-byte aligned. It grows to the largest request and lives as long as the thread.
void* thread_scratch(std::size_t bytes);

// One kernel call as seen by all threads that work for it. While a guard lives, subnormal numbers are flushed to zero on this thread;
// the previous mode comes back with the guard's end. Guards nest: a signal handler may run during a poll and call a kernel itself,
// which then has scratch memory of its own.
struct Call {
    std::atomic<bool> stop{false};
    long long next_poll = 0;
    unsigned caller_mode = 0;  // floating-point mode of the code that called, for the time of a poll
    bool nested = false;  // called by a signal handler that a poll ran, in the middle of another call on this thread
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

// Asked by kernels at every step: has this call been told to stop? The calling thread asks `poll` every 50 ms.
bool call_stopped();
void set_poll(bool (*poll)());

}  // namespace elman
