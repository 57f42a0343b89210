#include "sink.hpp"

#include <dlfcn.h>

#include "python_error.hpp"

namespace vdk {

namespace {

// One batch as a stream, which may be opened many times.
struct Stream {
  std::shared_ptr<const Batch> batch;
  bool delivered = false;

  static Stream& of(ArrowArrayStream* stream) {
    return *static_cast<Stream*>(stream->private_data);
  }

  static int get_schema(ArrowArrayStream* stream, ArrowSchema* out) {
    std::vector<Column> empty;
    for (const Column& column : of(stream).batch->columns()) {
      Column bare{.field = column.field};
      bare.offsets.assign(1, 0);
      empty.push_back(std::move(bare));
    }
    ArrowArray unused{};
    Batch::export_to_arrow(Batch(std::move(empty), 0), out, &unused);
    unused.release(&unused);
    return 0;
  }

  static int get_next(ArrowArrayStream* stream, ArrowArray* out) {
    Stream& self = of(stream);
    *out = ArrowArray{};
    if (std::exchange(self.delivered, true)) return 0;
    ArrowSchema unused{};
    Batch::export_to_arrow(*self.batch, &unused, out);
    unused.release(&unused);
    return 0;
  }

  static const char* get_last_error(ArrowArrayStream*) { return nullptr; }

  static void release(ArrowArrayStream* stream) {
    delete &of(stream);
    stream->release = nullptr;
  }
};

constexpr const char* kCapsuleName = "arrow_array_stream";

void delete_capsule(PyObject* capsule) {
  auto* stream = static_cast<ArrowArrayStream*>(PyCapsule_GetPointer(capsule, kCapsuleName));
  if (stream->release) stream->release(stream);
  delete stream;
}

class DuckDbSink final : public Sink {
 public:
  DuckDbSink(const std::string& file, bool create_tables) {
    call_python({}, [&] {
      writer_ = SharedObject(
          import("vdk.host.duckdb_sink").attr("DuckDbSink")(make_str(file), create_tables));
    });
  }
  ~DuckDbSink() override {
    try {
      call_python({}, [&] { writer_.get().attr("close")(); });
    } catch (const Error&) {
      // Everything was committed; there is nobody to tell that closing failed.
    }
  }

  void write(const Destination& destination, const Batch& batch) override {
    if (destination.table.empty()) {
      throw user_error({.what = "The rows have no destination table.",
                        .consequence = "They were not stored.",
                        .countermeasure = "Pass destination_table when rows are sent."});
    }
    const auto shared = std::make_shared<const Batch>(batch);
    call_python({}, [&] {
      nb::list fields;
      for (const Column& column : shared->columns()) {
        fields.append(
            nb::make_tuple(make_str(column.field.name), make_str(to_string(column.field.type))));
      }
      writer_.get().attr("write")(make_str(destination.table), fields,
                                  nb::cast(new ArrowBatch(shared), nb::rv_policy::take_ownership));
    });
  }

 private:
  SharedObject writer_;
};

// The file that holds the SQLite which the interpreter's own module calls, where it can be told.
std::string sqlite_library_of_interpreter() {
  return call_python({}, [&]() -> std::string {
    const nb::object module = import("_sqlite3");
    if (!nb::hasattr(module, "__file__")) return {};  // built into the interpreter
    const std::string file(text_of(nb::object(module.attr("__file__"))));
    void* opened = dlopen(file.c_str(), RTLD_NOW | RTLD_NOLOAD);
    if (!opened) return {};
    void* symbol = dlsym(opened, "sqlite3_open_v2");
    Dl_info place{};
    const bool found = symbol && dladdr(symbol, &place) != 0 && place.dli_fname;
    dlclose(opened);
    return found ? place.dli_fname : std::string();
  });
}

}  // namespace

nb::object ArrowBatch::arrow_c_stream(nb::handle) const {
  auto stream = std::make_unique<ArrowArrayStream>();
  stream->get_schema = Stream::get_schema;
  stream->get_next = Stream::get_next;
  stream->get_last_error = Stream::get_last_error;
  stream->release = Stream::release;
  stream->private_data = new Stream{batch_};
  PyObject* capsule = PyCapsule_New(stream.get(), kCapsuleName, delete_capsule);
  if (!capsule) {
    stream->release(stream.get());
    nb::raise_python_error();
  }
  stream.release();
  return nb::steal(capsule);
}

SinkFactory duckdb_sink_factory() {
  return [](const Configuration& configuration, std::string_view section) -> std::unique_ptr<Sink> {
    return std::make_unique<DuckDbSink>(
        configuration.get_string("duckdb_database", section),
        configuration.get_bool("duckdb_ingest_auto_create_table_enabled", section));
  };
}

SinkFactory sqlite_sink_factory(SinkFactory native) {
  return
      [native = std::move(native)](const Configuration& configuration, std::string_view section) {
        if (!configuration.get_string("sqlite_library", section).empty())
          return native(configuration, section);
        Configuration own = configuration;
        own.override_value("sqlite_library", sqlite_library_of_interpreter(),
                           {OriginKind::plugin, "the Python host"});
        return native(own, section);
      };
}

}  // namespace vdk
