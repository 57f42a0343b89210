#include "arrow_batches.hpp"

#include "vdk/data/batch_stream.hpp"

namespace vdk {

namespace {

constexpr const char* kCapsuleName = "arrow_array_stream";

void delete_capsule(PyObject* capsule) {
  auto* stream = static_cast<ArrowArrayStream*>(PyCapsule_GetPointer(capsule, kCapsuleName));
  if (stream->release) stream->release(stream);
  delete stream;
}

}  // namespace

void ArrowBatches::bind(nb::module_& module) {
  nb::class_<ArrowBatches>(module, "ArrowBatches")
      .def("__arrow_c_stream__", &ArrowBatches::arrow_c_stream,
           nb::arg("requested_schema").none() = nb::none());
}

nb::object ArrowBatches::arrow_c_stream(nb::handle) const {
  auto stream = std::make_unique<ArrowArrayStream>();
  export_stream(batches_, stream.get());
  ArrowArrayStream* owned = stream.release();
  PyObject* capsule = PyCapsule_New(owned, kCapsuleName, delete_capsule);
  if (!capsule) {
    owned->release(owned);
    delete owned;
    nb::raise_python_error();
  }
  return nb::steal(capsule);
}

}  // namespace vdk
