#include "sink.hpp"

#include <dlfcn.h>

#include "python_error.hpp"
#include "vdk/data/text_form.hpp"

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

nb::list fields_of(const Batch& batch) {
  nb::list fields;
  for (const Column& column : batch.columns()) {
    fields.append(
        nb::make_tuple(make_str(column.field.name), make_str(to_string(column.field.type))));
  }
  return fields;
}

void require_table(const Destination& destination) {
  if (!destination.table.empty()) return;
  throw user_error({.what = "The rows have no destination table.",
                    .consequence = "They were not stored.",
                    .countermeasure = "Pass destination_table when rows are sent."});
}

// A sink that is a Python object with `write` and `close`.
class PythonSink : public Sink {
 public:
  ~PythonSink() override {
    try {
      call_python({}, [&] { writer_.get().attr("close")(); });
    } catch (const Error&) {
      // Everything was committed; there is nobody to tell that closing failed.
    }
  }

 protected:
  SharedObject writer_;
};

class DuckDbSink final : public PythonSink {
 public:
  DuckDbSink(const std::string& file, bool create_tables) {
    call_python({}, [&] {
      writer_ = SharedObject(
          import("vdk.host.duckdb_sink").attr("DuckDbSink")(make_str(file), create_tables));
    });
  }

  void write(const Destination& destination, const Batch& batch) override {
    require_table(destination);
    const auto shared = std::make_shared<const Batch>(batch);
    call_python({}, [&] {
      writer_.get().attr("write")(make_str(destination.table), fields_of(*shared),
                                  nb::cast(new ArrowBatch(shared), nb::rv_policy::take_ownership));
    });
  }
};

// What SQLite holds of a cell.
nb::object sqlite_value(const Column& column, std::size_t row) {
  if (column.is_null(row)) return nb::none();
  switch (column.field.type) {
    case ColumnType::boolean:
      return nb::int_(column.boolean(row) ? 1 : 0);
    case ColumnType::integer:
      return nb::int_(column.integer(row));
    case ColumnType::real:
      return nb::float_(column.real(row));
    case ColumnType::binary: {
      const std::string_view bytes = column.bytes(row);
      return nb::bytes(bytes.data(), bytes.size());
    }
    default: {
      std::string text;
      append_cell_text(text, column, row, DateTimeStyle::blank);
      return make_str(text);
    }
  }
}

class SqliteModuleSink final : public PythonSink {
 public:
  SqliteModuleSink(const std::string& file, bool create_tables, std::int64_t timeout_seconds)
      : has_file_(!file.empty()) {
    call_python({}, [&] {
      writer_ =
          SharedObject(import("vdk.host.sqlite_sink")
                           .attr("SqliteSink")(make_str(file), create_tables, timeout_seconds));
    });
  }

  void write(const Destination& destination, const Batch& batch) override {
    require_table(destination);
    if (destination.target.empty() && !has_file_) {
      throw user_error(
          {.what = "Failed to proceed with ingestion",
           .why = "Neither a target was given nor sqlite_file is configured.",
           .consequence = "The rows were not stored.",
           .countermeasure = "Pass the path of the database file as target, or set sqlite_file."});
    }
    call_python({}, [&] {
      nb::list rows;
      for (std::size_t row = 0; row < batch.rows(); ++row) {
        nb::list values;
        for (const Column& column : batch.columns()) values.append(sqlite_value(column, row));
        rows.append(values);
      }
      writer_.get().attr("write")(make_str(destination.target), make_str(destination.table),
                                  fields_of(batch), rows);
    });
  }

 private:
  bool has_file_;
};

// The file that holds the SQLite which the interpreter's own module calls; empty where its
// functions cannot be called by others (a copy linked into the module or the interpreter, with its
// symbols hidden).
std::string sqlite_library_of_interpreter() {
  return call_python({}, [&]() -> std::string {
    const nb::object module = import("_sqlite3");
    void* opened = RTLD_DEFAULT;
    if (nb::hasattr(module, "__file__")) {
      const std::string file(text_of(nb::object(module.attr("__file__"))));
      opened = dlopen(file.c_str(), RTLD_NOW | RTLD_NOLOAD);
      if (!opened) return {};
    }
    void* symbol = dlsym(opened, "sqlite3_open_v2");
    Dl_info place{};
    const bool found = symbol && dladdr(symbol, &place) != 0 && place.dli_fname;
    if (opened != RTLD_DEFAULT) dlclose(opened);
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
  ArrowArrayStream* owned = stream.release();
  PyObject* capsule = PyCapsule_New(owned, kCapsuleName, delete_capsule);
  if (!capsule) {
    owned->release(owned);
    delete owned;
    nb::raise_python_error();
  }
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
  return [native = std::move(native)](const Configuration& configuration,
                                      std::string_view section) -> std::unique_ptr<Sink> {
    if (!configuration.get_string("sqlite_library", section).empty()) {
      return native(configuration, section);
    }
    const std::string library = sqlite_library_of_interpreter();
    if (!library.empty()) {
      Configuration own = configuration;
      own.override_value("sqlite_library", library, {OriginKind::plugin, "the Python host"});
      return native(own, section);
    }
    constexpr std::string_view kCreate = "sqlite_ingest_auto_create_table_enabled";
    const bool own_setting = !configuration.get(kCreate, section).is_null();
    return std::make_unique<SqliteModuleSink>(
        configuration.get_string("sqlite_file", section),
        configuration.get_bool(kCreate, own_setting ? section : kMainSection),
        configuration.get_integer("sqlite_busy_timeout_seconds"));
  };
}

}  // namespace vdk
