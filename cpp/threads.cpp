#include "threads.h"

#include <condition_variable>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <new>
#include <system_error>
#include <thread>
#include <utility>

#include "platform.h"

namespace elman {
namespace {

constexpr int kMaxThreads = 256;
constexpr long long kPollInterval = 50'000'000;  // nanoseconds

thread_local Call* current_call = nullptr;
thread_local bool current_is_caller = false;
std::atomic<bool (*)()> poll_function{nullptr};

struct Pool {
    std::mutex in_use;  // one job at a time
    std::mutex mutex;
    std::condition_variable wake;
    int workers = 0;

    void (*body)(void*, int) = nullptr;
    void* context = nullptr;
    Call* call = nullptr;
    int parts = 0;
    std::atomic<int> next_part{0};
    std::atomic<int> active{0};  // workers that have not finished the current job
    std::atomic<unsigned> generation{0};

    void take_parts() {
        for (int part = next_part++; part < parts; part = next_part++) body(context, part);
    }

    void work(unsigned seen) {
        for (;;) {
            // Spin briefly, because the next kernel of a training step follows within microseconds, then park.
            for (int i = 0; i < 2000 && generation.load(std::memory_order_acquire) == seen; ++i) relax_cpu();
            if (generation.load(std::memory_order_acquire) == seen) {
                std::unique_lock lock(mutex);
                wake.wait(lock, [&] { return generation.load(std::memory_order_acquire) != seen; });
            }
            seen = generation.load(std::memory_order_acquire);
            {
                CallGuard guard(*call, false);
                take_parts();
            }
            active.fetch_sub(1, std::memory_order_release);
        }
    }

    // Fewer than wanted if the system gives no more threads; the parts are divided among these.
    void start_workers(int wanted) {
        try {
            for (; workers < wanted; ++workers) std::thread([this, seen = generation.load()] { work(seen); }).detach();
        } catch (const std::system_error&) {}
    }

    void run(int count, void (*f)(void*, int), void* c) {
        body = f, context = c, parts = count, call = current_call;
        next_part = 0;
        active = workers;
        {
            std::lock_guard lock(mutex);
            generation.fetch_add(1, std::memory_order_release);
        }
        wake.notify_all();
        take_parts();
        // The parts are equal, so the others finish soon, unless they need the CPU of this thread.
        for (int i = 0; active.load(std::memory_order_acquire) > 0; ++i) {
            if (i < 2000) {
                relax_cpu();
            } else {
                call_stopped();
                std::this_thread::yield();
            }
        }
    }
};

// Never destroyed: workers may still be parked in it when the process ends.
Pool* pool = new Pool;

// The child of a fork has no workers and makes a new pool. The fork must not wait for a running job: os.fork() holds the GIL, and the
// job's next poll may need it.
[[maybe_unused]] const bool fork_handler = call_in_forked_child([] { pool = new Pool; });

struct Scratch {
    void* data = nullptr;
    std::size_t size = 0;
    ~Scratch() { free_aligned(data); }
};
thread_local Scratch scratch;

int from_environment(const char* name) {
    const char* text = std::getenv(name);
    const int n = text ? std::atoi(text) : 0;
    return n < kMaxThreads ? n : kMaxThreads;
}

}  // namespace

int default_threads() {
    static const int n = [] {
        for (const char* name : {"ELMAN_NUM_THREADS", "OMP_NUM_THREADS"}) {
            if (const int threads = from_environment(name); threads > 0) return threads;
        }
        return usable_cpus();
    }();
    return n;
}

void run_parallel(int parts, void (*body)(void*, int), void* context) {
    Pool* current = pool;
    std::unique_lock<std::mutex> job;
    if (parts > 1 && !(current_call && current_call->nested)) job = {current->in_use, std::try_to_lock};
    if (!job.owns_lock()) {
        for (int part = 0; part < parts; ++part) body(context, part);
        return;
    }
    current->start_workers((parts < kMaxThreads ? parts : kMaxThreads) - 1);
    current->run(parts, body, context);
}

void* thread_scratch(std::size_t bytes) {
    if (bytes > scratch.size) {
        free_aligned(scratch.data);
        scratch.size = 0;
        scratch.data = allocate_aligned(64, (bytes + 4095) / 4096 * 4096);
        if (!scratch.data) throw std::bad_alloc();
        scratch.size = bytes;
    }
    return scratch.data;
}

CallGuard::CallGuard(Call& call, bool is_caller)
    : previous_(current_call), previous_is_caller_(current_is_caller), previous_mode_(flush_subnormals()) {
    current_call = &call;
    current_is_caller = is_caller;
    if (!is_caller) return;
    call.next_poll = monotonic_ns() + kPollInterval;
    call.caller_mode = previous_mode_;
    call.nested = previous_ != nullptr;
    if (call.nested) {
        previous_scratch_ = std::exchange(scratch.data, nullptr);
        previous_size_ = std::exchange(scratch.size, 0);
    }
}

CallGuard::~CallGuard() {
    current_call = previous_;
    current_is_caller = previous_is_caller_;
    restore_mode(previous_mode_);
    if (previous_scratch_) {
        free_aligned(scratch.data);
        scratch.data = previous_scratch_;
        scratch.size = previous_size_;
    }
}

bool call_stopped() {
    Call* call = current_call;
    if (!call) return false;
    if (current_is_caller && monotonic_ns() >= call->next_poll) {
        const auto poll = poll_function.load();
        restore_mode(call->caller_mode);  // Python code may run here
        if (poll && poll()) call->stop = true;
        flush_subnormals();
        call->next_poll = monotonic_ns() + kPollInterval;
    }
    return call->stop.load(std::memory_order_relaxed);
}

void set_poll(bool (*poll)()) { poll_function = poll; }

}  // namespace elman
