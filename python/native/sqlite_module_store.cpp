#include "sqlite_module_store.hpp"

#include <dlfcn.h>
#include <sqlite3.h>

#include <mutex>
#include <optional>

#include <nanobind/stl/string.h>

#include "convert.hpp"
#include "python_error.hpp"
#include "vdk/config/configuration.hpp"
#include "vdk/data/text_form.hpp"

namespace vdk {

namespace {

using sqlite::Form;

// SQLite's code of the exception; modules before Python 3.11 tell only by class and message.
int code_of(nb::handle exception, std::string_view message) {
  const nb::object code = nb::getattr(exception, "sqlite_errorcode", nb::none());
  if (!code.is_none()) return nb::cast<int>(code);
  const auto says = [&](std::string_view words) {
    return message.find(words) != std::string_view::npos;
  };
  if (class_name(exception) == "IntegrityError") {
    return says("datatype mismatch") ? SQLITE_MISMATCH : SQLITE_CONSTRAINT;
  }
  if (says("too big")) return SQLITE_TOOBIG;
  if (says("is locked")) return SQLITE_BUSY;
  if (says("is full")) return SQLITE_FULL;
  if (says("readonly")) return SQLITE_READONLY;
  if (says("disk I/O")) return SQLITE_IOERR;
  if (says("unable to open")) return SQLITE_CANTOPEN;
  if (says("is not a database")) return SQLITE_NOTADB;
  if (says("malformed")) return SQLITE_CORRUPT;
  return SQLITE_ERROR;
}

struct Failure {
  int code;
  std::string message;
};

Failure describe(const nb::python_error& error) {
  std::string message = nb::cast<std::string>(nb::str(error.value()));
  const int code = code_of(error.value(), message);
  return {code, std::move(message)};
}

std::size_t most_columns(const nb::object& connection) {
  constexpr std::size_t kUsual = 2'000;
  if (!nb::hasattr(connection, "getlimit")) return kUsual;
  const auto limit = [&](int which) {
    return nb::cast<std::size_t>(nb::object(connection.attr("getlimit")(which)));
  };
  return std::min(limit(SQLITE_LIMIT_COLUMN), limit(SQLITE_LIMIT_VARIABLE_NUMBER));
}

nb::object owned(PyObject* object) {
  if (!object) nb::raise_python_error();
  return nb::steal(object);
}

PyObject* next_of_feed(PyObject* self) { return nb::inst_ptr<SqliteRowFeed>(self)->next(); }

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

std::unique_ptr<TableStore> open_module_store(const Configuration& configuration,
                                              std::string_view section, std::string_view target) {
  const std::string file = sqlite::target_file(configuration, section, target);
  return std::make_unique<SqliteModuleStore>(
      file, configuration.get_integer("sqlite_busy_timeout_seconds"));
}

// Which sink it is shows when the first rows come: the interpreter's module is not loaded for jobs
// that need none.
struct Choice {
  std::once_flag made;
  std::optional<Configuration> own;  // with the interpreter's library; outlives the sinks
  SinkFactory sinks;
};

}  // namespace

void SqliteRowFeed::bind(nb::module_& module) {
  static PyType_Slot slots[] = {{Py_tp_iter, reinterpret_cast<void*>(PyObject_SelfIter)},
                                {Py_tp_iternext, reinterpret_cast<void*>(next_of_feed)},
                                {0, nullptr}};
  nb::class_<SqliteRowFeed>(module, "SqliteRowFeed", nb::type_slots(slots));
}

SqliteRowFeed::SqliteRowFeed(std::span<const Batch> batches, const TableShape& table,
                             std::span<const std::size_t> into)
    : batches_(batches), table_(table), into_(into) {
  for (std::size_t i = 0; i < into.size(); ++i) {
    forms_.push_back(
        sqlite::form_for(batches.front().columns()[i].field.type, table.columns[into[i]]));
  }
}

PyObject* SqliteRowFeed::next() noexcept {
  try {
    while (batch_ < batches_.size()) {
      const Batch& batch = batches_[batch_];
      if (row_ == batch.rows()) {
        ++batch_;
        row_ = 0;
        continue;
      }
      ++given_;
      if (refuses(batch)) {
        ++row_;
        continue;
      }
      const auto count = static_cast<Py_ssize_t>(forms_.size());
      nb::object tuple = owned(PyTuple_New(count));
      for (std::size_t i = 0; i < forms_.size(); ++i) {
        PyTuple_SetItem(tuple.ptr(), static_cast<Py_ssize_t>(i),
                        cell(batch.columns()[i], forms_[i]).release().ptr());
      }
      ++row_;
      return tuple.release().ptr();
    }
    return nullptr;
  } catch (nb::python_error& error) {
    error.restore();
  } catch (...) {
    raise_in_python(std::current_exception());
  }
  return nullptr;
}

bool SqliteRowFeed::refuses(const Batch& batch) {
  for (std::size_t i = 0; i < forms_.size(); ++i) {
    const Column& column = batch.columns()[i];
    if (forms_[i] != Form::no_big_integer || column.is_null(row_)) continue;
    if (!sqlite::is_big_integer(column.bytes(row_))) continue;
    if (out_of_range_.rows.empty()) out_of_range_.column = table_.columns[into_[i]].name;
    out_of_range_.rows.push_back(given_ - 1);
    return true;
  }
  return false;
}

nb::object SqliteRowFeed::cell(const Column& column, Form form) {
  if (column.is_null(row_)) return nb::none();
  switch (column.field.type) {
    case ColumnType::null:
      return nb::none();
    case ColumnType::boolean:
      return owned(PyLong_FromLong(column.boolean(row_) ? 1 : 0));
    case ColumnType::integer:
      return owned(PyLong_FromLongLong(column.integer(row_)));
    case ColumnType::real:
      if (form == Form::text_if_rounded) {
        const std::string text = sqlite::exact_text(column.real(row_));
        if (!text.empty()) return make_str(text);
      }
      return owned(PyFloat_FromDouble(column.real(row_)));
    case ColumnType::binary: {
      const std::string_view bytes = column.bytes(row_);
      return owned(PyBytes_FromStringAndSize(bytes.data(), static_cast<Py_ssize_t>(bytes.size())));
    }
    case ColumnType::text:
    case ColumnType::decimal:
    case ColumnType::json:
      return make_str(column.bytes(row_));
    case ColumnType::date:
    case ColumnType::timestamp:
    case ColumnType::timestamp_tz:
      break;
  }
  buffer_.clear();
  append_cell_text(buffer_, column, row_, DateTimeStyle::blank);
  return make_str(buffer_);
}

SqliteModuleStore::Opened SqliteModuleStore::open(const std::string& file,
                                                  std::int64_t timeout_seconds) {
  return call_python({}, [&] {
    const nb::object connection =
        import("vdk.host.connections").attr("open_sqlite")(make_str(file), timeout_seconds);
    return Opened{SharedObject(connection), SharedObject(import("sqlite3").attr("Error")),
                  most_columns(connection)};
  });
}

SqliteModuleStore::SqliteModuleStore(const std::string& file, std::int64_t timeout_seconds)
    : SqliteModuleStore(file, open(file, timeout_seconds)) {}

SqliteModuleStore::SqliteModuleStore(const std::string& file, Opened opened)
    : SqliteTables(file, opened.most_columns),
      connection_(std::move(opened.connection)),
      error_class_(std::move(opened.error_class)) {}

SqliteModuleStore::~SqliteModuleStore() {
  try {
    call_python({}, [&] { connection_.get().attr("close")(); });
  } catch (const Error&) {
    // Everything was committed; there is nobody to tell that closing failed.
  }
}

// Runs a call of the module and says what its exceptions mean to the core, which needs no lock.
template <class Call>
auto SqliteModuleStore::with_engine(std::string_view during, Call&& call) const
    -> decltype(call()) {
  Failure failure;
  {
    const nb::gil_scoped_acquire lock;
    try {
      return call();
    } catch (nb::python_error& error) {
      if (!error.matches(error_class_.get())) throw_to_core(error, {});
      failure = describe(error);
    }
  }
  throw_failure(failure.code, failure.message, during);
}

void SqliteModuleStore::run(const std::string& sql) { (void)query(sql); }

std::vector<std::vector<Value>> SqliteModuleStore::query(const std::string& sql) {
  check_sql(sql);
  return with_engine("in: " + sql,
                     [&] { return fetch_rows(connection_.get().attr("execute")(make_str(sql))); });
}

bool SqliteModuleStore::in_transaction() const {
  return call_python(
      {}, [&] { return nb::cast<bool>(nb::object(connection_.get().attr("in_transaction"))); });
}

void SqliteModuleStore::append(const TableShape& table, std::span<const std::size_t> into,
                               std::span<const Batch> batches) {
  if (batches.empty()) return;
  const std::string statement = sqlite::insert_statement(table, into);
  check_sql(statement);
  RefusedRows refused;
  with_engine("for the table " + table.path.back() + '.', [&] {
    auto* feed = new SqliteRowFeed(batches, table, into);
    const nb::object rows = nb::cast(feed, nb::rv_policy::take_ownership);
    for (bool at_end = false; !at_end;) {
      try {
        connection_.get().attr("executemany")(make_str(statement), rows);
        at_end = true;
      } catch (nb::python_error& error) {
        if (!error.matches(error_class_.get())) throw;
        const Failure failure = describe(error);
        if (!refused.add(failure.code, failure.message, table, feed->row())) throw;
        // A constraint that says ROLLBACK ends the transaction; else the rows that follow go on.
        at_end = !nb::cast<bool>(nb::object(connection_.get().attr("in_transaction")));
      }
    }
    for (const std::size_t row : feed->out_of_range().rows) {
      refused.add({"out_of_range", feed->out_of_range().column}, sqlite::kNoBigInteger, row);
    }
  });
  refused.throw_if_any(table);
}

SinkFactory sqlite_sink_factory(SinkFactory native) {
  return [native = std::move(native), choice = std::make_shared<Choice>()](
             const Configuration& configuration, std::string_view section,
             const Destination& destination) -> std::unique_ptr<Sink> {
    if (!configuration.get_string("sqlite_library", section).empty()) {
      return native(configuration, section, destination);
    }
    std::call_once(choice->made, [&] {
      const std::string library = sqlite_library_of_interpreter();
      choice->own = configuration;
      choice->sinks = native;
      if (library.empty()) {
        choice->sinks =
            make_table_sink(open_module_store, "sqlite_ingest_auto_create_table_enabled");
      } else {
        choice->own->override_value("sqlite_library", library,
                                    {OriginKind::plugin, "the Python host"});
      }
    });
    return choice->sinks(*choice->own, section, destination);
  };
}

}  // namespace vdk
