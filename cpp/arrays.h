// Arguments that are arrays: C-contiguous, in the memory of the CPU.
//
// A call with twenty arrays through DLPack spends more time on them than an RNN of 16 units on its arithmetic. What NumPy says of an
// array is read from the array itself instead: the first fields of NumPy's structs are part of its stable ABI, with equal layouts
// in NumPy 1 and 2. An array that these fields do not suit, or another library's, goes through DLPack, which accepts or refuses it.
#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include <cstdint>
#include <memory>
#include <type_traits>

namespace elman::bindings {

namespace nb = nanobind;

// The first fields of NumPy's PyArray_Descr and PyArrayObject.
struct NumpyDtype {
    PyObject_HEAD PyTypeObject* scalar;
    char kind, letter, byte_order, unused;
    int number;
};
struct NumpyArray {
    PyObject_HEAD void* data;
    int ndim;
    const Py_ssize_t* shape;
    const Py_ssize_t* strides;
    PyObject* base;
    const NumpyDtype* dtype;
    int flags;
};

// numpy.ndarray if its arrays have the fields above, else null.
PyTypeObject* numpy_arrays();

// written: whether the call writes it.
template <bool written> class Array {
  public:
    using Other = std::conditional_t<written, nb::ndarray<nb::c_contig, nb::device::cpu>,
                                     nb::ndarray<nb::ro, nb::c_contig, nb::device::cpu>>;

    // Whether the object could be read.
    bool from_numpy(PyObject* object) noexcept {
        constexpr int contiguous = 0x1, aligned = 0x100, writable = 0x400;
        constexpr int needed = contiguous | aligned | (written ? writable : 0);
        PyTypeObject* type = numpy_arrays();
        if (!type || !PyObject_TypeCheck(object, type)) return false;
        const NumpyArray& array = *reinterpret_cast<const NumpyArray*>(object);
        if ((array.flags & needed) != needed || array.ndim > kMostDimensions) return false;
        if (!take_dtype(*array.dtype)) return false;
        data_ = array.data, ndim_ = static_cast<std::size_t>(array.ndim), valid_ = true;
        for (std::size_t i = 0; i < ndim_; ++i) shape_[i] = array.shape[i];
        return true;
    }

    bool from_other(Other&& other) {
        if (other.ndim() > kMostDimensions) return false;
        ndim_ = other.ndim(), dtype_ = other.dtype(), valid_ = true;
        data_ = const_cast<void*>(static_cast<const void*>(other.data()));
        for (std::size_t i = 0; i < ndim_; ++i) shape_[i] = other.shape(i);
        other_ = std::make_unique<Other>(std::move(other));
        return true;
    }

    bool is_valid() const { return valid_; }  // false: None was passed
    std::size_t ndim() const { return ndim_; }
    int64_t shape(std::size_t i) const { return shape_[i]; }
    nb::dlpack::dtype dtype() const { return dtype_; }
    std::conditional_t<written, void*, const void*> data() const { return data_; }
    std::size_t size() const {
        std::size_t n = 1;
        for (std::size_t i = 0; i < ndim_; ++i) n *= static_cast<std::size_t>(shape_[i]);
        return n;
    }

  private:
    static constexpr int kMostDimensions = 6;

    bool take_dtype(const NumpyDtype& dtype) noexcept {
        constexpr int of_long = 7, of_long_long = 9, of_float = 11, of_double = 12;
        if (dtype.byte_order != '=' && dtype.byte_order != '|') return false;
        if (dtype.number == of_float) dtype_ = nb::dtype<float>();
        else if (dtype.number == of_double) dtype_ = nb::dtype<double>();
        else if (dtype.number == of_long_long || (dtype.number == of_long && sizeof(long) == 8))
            dtype_ = nb::dtype<int64_t>();
        else return false;
        return true;
    }

    void* data_ = nullptr;
    std::size_t ndim_ = 0;
    int64_t shape_[kMostDimensions];
    nb::dlpack::dtype dtype_{};
    bool valid_ = false;
    std::unique_ptr<Other> other_;  // keeps what DLPack lends
};

// For a call. The caller keeps the arrays of NumPy.
using In = Array<false>;
using Out = Array<true>;

// For longer: these keep their memory.
using KeptIn = In::Other;
using KeptOut = Out::Other;

}  // namespace elman::bindings

namespace nanobind::detail {

template <bool written> struct type_caster<elman::bindings::Array<written>> {
    using Other = make_caster<typename elman::bindings::Array<written>::Other>;
    NB_TYPE_CASTER(elman::bindings::Array<written>, Other::Name)

    bool from_python(handle source, uint32_t flags, cleanup_list* cleanup) noexcept {
        if (source.is_none()) return flags & static_cast<uint32_t>(cast_flags::accepts_none);
        if (value.from_numpy(source.ptr())) return true;
        Other other;
        return other.from_python(source, flags, cleanup) && value.from_other(std::move(other.value));
    }
};

}  // namespace nanobind::detail
