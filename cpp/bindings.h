// Shared by the binding files: arrays checked for dtype and shape, and running a kernel without the GIL.
#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>

#include <cstring>
#include <initializer_list>
#include <memory>
#include <string>
#include <type_traits>

#include "arrays.h"
#include "dispatch.h"
#include "kernels/table.h"
#include "threads.h"

namespace nb = nanobind;
using namespace nb::literals;

namespace elman::bindings {

using Shape = std::initializer_list<int64_t>;

inline std::string text_of(Shape shape) {
    std::string text = "(";
    for (int64_t n : shape) text += std::to_string(n) + ",";
    return text + ")";
}

template <class Array> void check_shape(const Array& a, const char* name, Shape shape) {
    bool same = a.ndim() == shape.size();
    for (std::size_t i = 0; same && i < shape.size(); ++i) same = static_cast<int64_t>(a.shape(i)) == shape.begin()[i];
    if (!same) throw nb::value_error((std::string(name) + " must have shape " + text_of(shape)).c_str());
}

template <class Array> void check_same_shape(const Array& a, const char* name, const In& first) {
    bool same = a.ndim() == first.ndim();
    for (std::size_t i = 0; same && i < first.ndim(); ++i) same = a.shape(i) == first.shape(i);
    if (!same) throw nb::value_error((std::string(name) + " must have the shape of the first array").c_str());
}

template <class T, class Array> void check_dtype(const Array& a, const char* name) {
    if (a.dtype() != nb::dtype<T>())
        throw nb::value_error((std::string(name) + " has another dtype than the first array").c_str());
}

template <class Array> void check_given(const Array& a, const char* name) {
    if (!a.is_valid()) throw nb::value_error((std::string(name) + " must be given").c_str());
}

template <class T, class Array> T* checked(const Array& a, const char* name, Shape shape) {
    check_given(a, name);
    check_dtype<std::remove_const_t<T>>(a, name);
    check_shape(a, name, shape);
    return static_cast<T*>(a.data());
}

template <class T, class Array> const T* in(const Array& a, const char* name, Shape shape) {
    return checked<const T>(a, name, shape);
}

template <class T, class Array> T* out(const Array& a, const char* name, Shape shape) {
    return checked<T>(a, name, shape);
}

// Null if None was passed; a pointer to const for an array that is only read.
template <class T, class Array> auto maybe(const Array& a, const char* name, Shape shape) {
    constexpr bool read = std::is_same_v<decltype(a.data()), const void*>;
    using Element = std::conditional_t<read, const T, T>;
    return a.is_valid() ? checked<Element>(a, name, shape) : nullptr;
}

// A checked copy of indices or lengths. Another thread or a signal handler may change the original array while a kernel runs without
// the GIL, but not this copy. Null if there was no array.
class Checked {
  public:
    Checked() = default;

    template <class Array> Checked(const Array& a, const char* name, Shape shape, int64_t low, int64_t high) {
        check_dtype<int64_t>(a, name);
        check_shape(a, name, shape);
        values_ = std::make_unique_for_overwrite<int64_t[]>(a.size());
        copy(a, name, low, high, values_.get());
    }

    // Copies the values of `a` to `to` and checks them; each is read once.
    template <class Array> static void copy(const Array& a, const char* name, int64_t low, int64_t high, int64_t* to) {
        if (a.size() > 0) std::memcpy(to, a.data(), a.size() * sizeof(int64_t));
        for (std::size_t m = 0; m < a.size(); ++m) {
            if (to[m] < low || to[m] > high) throw nb::value_error((std::string(name) + " out of range").c_str());
        }
    }

    operator const int64_t*() const { return values_.get(); }

  private:
    std::unique_ptr<int64_t[]> values_;
};

inline Checked lengths_of(const In& a, int64_t steps, int64_t rows) {
    return a.is_valid() ? Checked(a, "lengths", {rows}, 0, steps) : Checked();
}

template <class Array> Checked indices_of(const Array& a, const char* name, Shape shape, int64_t limit) {
    return Checked(a, name, shape, 0, limit - 1);
}

template <class Array> int64_t size(const Array& a, std::size_t dimension) {
    if (a.ndim() <= dimension) throw nb::value_error("an array has too few dimensions");
    return static_cast<int64_t>(a.shape(dimension));
}

// Whether x holds the indices of one-hot rows.
template <class Array> bool is_ones(const Array& x) { return x.dtype() == nb::dtype<int64_t>(); }

// Calls f.template operator()<float or double>() by the dtype of the array.
template <class Array, class F> auto for_dtype(const Array& a, F&& f) {
    if (a.dtype() == nb::dtype<float>()) return f.template operator()<float>();
    if (a.dtype() == nb::dtype<double>()) return f.template operator()<double>();
    throw nb::value_error("arrays must be float32 or float64");
}

// Runs a kernel without the GIL; raises KeyboardInterrupt (or what a signal handler raised) if it was stopped.
template <class F> auto execute(int n_threads, F&& f) {
    elman::Call call;
    const Run run{n_threads > 0 ? n_threads : elman::default_threads(), elman::run_parallel, elman::thread_scratch,
                  elman::call_stopped, elman::reading()};
    struct Finish {
        elman::Call& call;
        void check() const {
            if (call.stop) throw nb::python_error();
        }
    } finish{call};
    if constexpr (std::is_void_v<decltype(f(run))>) {
        {
            nb::gil_scoped_release unlocked;
            elman::CallGuard guard(call, true);
            f(run);
        }
        finish.check();
    } else {
        const auto result = [&] {
            nb::gil_scoped_release unlocked;
            elman::CallGuard guard(call, true);
            return f(run);
        }();
        finish.check();
        return result;
    }
}

// Cells support the first four, backward the first six; exp and log are for tests of their accuracy.
inline int activation_of(const std::string& name, int count) {
    int value = 0;
    for (const char* known : {"identity", "tanh", "sigmoid", "relu", "softmax", "log_softmax", "exp", "log"}) {
        if (name == known && value < count) return value;
        ++value;
    }
    throw nb::value_error(("unknown activation " + name).c_str());
}

// The kernels for weights of fewer bits, of today's level; null for those of the arrays' own dtype.
inline const elman::NarrowKernels* narrow_of(const std::string& precision, bool single) {
    if (precision == "float32" || precision == "float64") return nullptr;
    if (!single) throw nb::value_error((precision + " needs arrays of float32").c_str());
    if (precision == "bfloat16") return &elman::kernels().bfloat16;
    if (precision == "int8") return &elman::int8_kernels();
    throw nb::value_error(("unknown precision " + precision).c_str());
}

inline bool is_mean(const std::string& reduction) {
    if (reduction != "mean" && reduction != "sum") throw nb::value_error("reduction must be mean or sum");
    return reduction == "mean";
}

inline elman::Loss loss_of(const std::string& name) {
    int value = 0;
    for (const char* known : {"half_squared_error", "mean_squared_error", "mean_absolute_error", "huber", "pinball",
                              "binary_cross_entropy", "categorical_cross_entropy"}) {
        if (name == known) return static_cast<elman::Loss>(value);
        ++value;
    }
    throw nb::value_error(("unknown loss " + name).c_str());
}

// The arrays of each cell, in the order of Cell.
struct CellKind {
    const char* name;
    int64_t blocks;  // of H columns in the weights
    bool has_c, has_gates, has_b_hn;
};
inline constexpr CellKind kCells[] = {
    {"rnn", 1, false, false, false}, {"lstm", 4, true, true, false}, {"gru", 3, false, true, true}};

inline const CellKind& kind_of(Cell cell) { return kCells[static_cast<int>(cell)]; }

inline Cell cell_of(const std::string& name) {
    for (Cell cell : {Cell::rnn, Cell::lstm, Cell::gru})
        if (name == kind_of(cell).name) return cell;
    throw nb::value_error(("unknown cell " + name).c_str());
}

// Adds pack_layer, step and fma_loop to the module (streaming.cpp), and Stepper (stepper.cpp).
void bind_streaming(nb::module_& m);
void bind_stepper(nb::module_& m);
// SiLU, softplus, the mixing readout and the loss of its quantiles (readout.cpp).
void bind_readout(nb::module_& m);
// update_many (many.cpp).
void bind_many(nb::module_& m);

}  // namespace elman::bindings
