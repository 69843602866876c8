#include "arrays.h"

namespace elman::bindings {
namespace {

// numpy.ndarray if the fields of an array are what NumPy says of it, else null.
PyTypeObject* checked_arrays(const nb::module_& numpy) {
    nb::object type = numpy.attr("ndarray");
    const nb::object array = numpy.attr("zeros")(nb::make_tuple(2, 3), "float32");
    if (nb::cast<std::size_t>(type.attr("__basicsize__")) < sizeof(NumpyArray)) return nullptr;
    const NumpyArray& fields = *reinterpret_cast<const NumpyArray*>(array.ptr());
    const bool same =
        reinterpret_cast<std::uintptr_t>(fields.data) == nb::cast<std::uintptr_t>(array.attr("ctypes").attr("data")) &&
        fields.ndim == 2 && fields.shape[0] == 2 && fields.shape[1] == 3 &&
        fields.dtype->number == nb::cast<int>(array.attr("dtype").attr("num")) &&
        fields.flags == nb::cast<int>(array.attr("flags").attr("num"));
    return same ? reinterpret_cast<PyTypeObject*>(type.release().ptr()) : nullptr;
}

}  // namespace

PyTypeObject* numpy_arrays() {
    static PyTypeObject* const type = [] {
        try {
            return checked_arrays(nb::module_::import_("numpy"));
        } catch (const nb::python_error&) {
            return static_cast<PyTypeObject*>(nullptr);  // without NumPy the extension can be looked at: a build does
        }
    }();
    return type;
}

}  // namespace elman::bindings
