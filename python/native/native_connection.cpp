#include "native_connection.hpp"

#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "cells.hpp"
#include "connection.hpp"
#include "connection/parameters.hpp"
#include "convert.hpp"
#include "python_error.hpp"
#include "vdk/config/configuration.hpp"
#include "vdk/connection/result_batch.hpp"
#include "vdk/data/text_form.hpp"
#include "vdk/data/uniform_batches.hpp"

namespace vdk {

namespace {

constexpr std::size_t kRowsAtOnce = 10'000;

// Raises what PEP 249 has for an error of the core.
[[noreturn]] void raise_database_error(const Error& error) {
  const ErrorText& text = error.text();
  const nb::object exception =
      import("vdk.host.dbapi")
          .attr("from_core")(make_str(error.type_name()),
                             make_str(to_string(error.resolvable_by())), make_str(text.what),
                             make_str(text.why), make_str(text.consequence),
                             make_str(text.countermeasure), error.is_transient());
  PyErr_SetObject(exception.type().ptr(), exception.ptr());
  nb::raise_python_error();
}

[[noreturn]] void raise_interface_error(const char* what) {
  const nb::object type = import("vdk.host.dbapi").attr("InterfaceError");
  PyErr_SetString(type.ptr(), what);
  nb::raise_python_error();
}

// Works in the driver without the interpreter lock; its errors come out as PEP 249's.
template <class Work>
auto in_driver(Work&& work) -> decltype(work()) {
  try {
    const nb::gil_scoped_release unlocked;
    return work();
  } catch (const Cancelled&) {
    throw;
  } catch (const Error& error) {
    raise_database_error(error);
  }
}

struct Result;

// A driver's connection, one thread at a time. Recursive, because the last owner of a result may
// let it go anywhere.
struct Session {
  std::recursive_mutex mutex;
  std::mutex interrupting;  // with `mutex` to change the driver, alone to interrupt
  std::unique_ptr<DriverConnection> driver;  // null once it is closed
  std::weak_ptr<Result> current;             // whose stream is open

  void close() {
    const std::lock_guard lock(mutex);
    const std::lock_guard no_interrupt(interrupting);
    driver.reset();
  }
  void interrupt() noexcept {
    const std::lock_guard lock(interrupting);
    if (driver) driver->interrupt();
  }
};

// The rows of one statement. What is left of them is kept when its connection is wanted for the
// next statement. All but the destructor under the session's lock.
struct Result {
  explicit Result(std::shared_ptr<Session> of) : session(std::move(of)) {}
  ~Result() { end(); }
  Result(const Result&) = delete;
  Result& operator=(const Result&) = delete;

  std::shared_ptr<Session> session;
  std::unique_ptr<ResultStream> stream;  // while the rows are the driver's
  std::deque<Batch> kept;
  std::exception_ptr failure;  // of keeping them
  std::vector<ResultColumn> columns;

  std::optional<Batch> next(std::size_t rows) {
    if (!kept.empty()) {
      Batch batch = std::move(kept.front());
      kept.pop_front();
      return batch;
    }
    if (failure) std::rethrow_exception(std::exchange(failure, nullptr));
    if (!stream) return std::nullopt;
    std::optional<Batch> batch = stream->next_batch(rows);
    if (!batch) stream.reset();
    return batch;
  }

  void end() {
    const std::lock_guard lock(session->mutex);
    stream.reset();
  }

  void keep_rest() {
    try {
      while (stream) {
        std::optional<Batch> batch = stream->next_batch(kRowsAtOnce);
        if (!batch) break;
        kept.push_back(std::move(*batch));
      }
    } catch (...) {
      failure = std::current_exception();
    }
    stream.reset();
  }
};

SqlParameter parameter_from(nb::handle value) {
  const Scalar scalar = read_scalar(value);
  std::string text;
  switch (scalar.kind) {
    case ScalarKind::null:
      return {};
    case ScalarKind::boolean:
      return {ColumnType::boolean, scalar.integer != 0 ? "true" : "false"};
    case ScalarKind::integer:
      return {ColumnType::integer, std::to_string(scalar.integer)};
    case ScalarKind::big_integer:
      return {ColumnType::decimal, std::string(scalar.text())};
    case ScalarKind::real:
      append_real_text(text, scalar.real);
      return {ColumnType::real, text};
    case ScalarKind::text:
      return {ColumnType::text, std::string(scalar.text())};
    case ScalarKind::binary:
      return {ColumnType::binary, std::string(scalar.text())};
    case ScalarKind::date:
      append_date_text(text, scalar.integer);
      return {ColumnType::date, text};
    case ScalarKind::timestamp:
      append_timestamp_text(text, scalar.integer);
      return {ColumnType::timestamp, text};
    case ScalarKind::timestamp_tz:
      append_timestamp_utc_text(text, scalar.integer);
      return {ColumnType::timestamp_tz, text};
    case ScalarKind::decimal:
      return {ColumnType::decimal, std::string(scalar.text())};
    case ScalarKind::nested:
      return {ColumnType::json, to_json(to_value_lenient(value))};
    case ScalarKind::unknown:
      break;
  }
  throw nb::type_error(
      ("A parameter of type " + class_name(value) + " has no place in a SQL statement.").c_str());
}

constexpr const char* kCapsuleName = "arrow_array_stream";

// The rows that a cursor has left, for whatever reads __arrow_c_stream__.
class ArrowRows {
 public:
  ArrowRows(UniformBatches::Next next, Schema columns)
      : batches_(std::make_shared<UniformBatches>(std::move(next), std::move(columns))) {}

  [[nodiscard]] nb::object arrow_c_stream(nb::handle /*requested_schema*/) const {
    auto stream = std::make_unique<ArrowArrayStream>();
    export_stream(batches_, stream.get());
    PyObject* capsule = PyCapsule_New(stream.get(), kCapsuleName, [](PyObject* object) {
      auto* owned = static_cast<ArrowArrayStream*>(PyCapsule_GetPointer(object, kCapsuleName));
      if (owned->release) owned->release(owned);
      delete owned;
    });
    if (!capsule) {
      stream->release(stream.get());
      nb::raise_python_error();
    }
    (void)stream.release();
    return nb::steal(capsule);
  }

 private:
  std::shared_ptr<UniformBatches> batches_;
};

class NativeCursor {
 public:
  explicit NativeCursor(std::shared_ptr<Session> session) : session_(std::move(session)) {}
  ~NativeCursor() { drop(); }
  NativeCursor(const NativeCursor&) = delete;
  NativeCursor& operator=(const NativeCursor&) = delete;

  void execute(nb::handle sql, nb::handle parameters) {
    const std::string text(text_of(sql));
    std::optional<std::vector<SqlParameter>> values;
    std::optional<std::map<std::string, SqlParameter, std::less<>>> named;
    if (PyDict_Check(parameters.ptr())) {
      named.emplace();
      for (const auto& [key, value] : nb::borrow<nb::dict>(parameters)) {
        named->emplace(std::string(text_of(key)), parameter_from(value));
      }
    } else if (!parameters.is_none()) {
      values.emplace();
      for (const nb::handle value : parameters) values->push_back(parameter_from(value));
    }
    drop();
    auto result = std::make_shared<Result>(session_);
    changed_rows_ = in_driver([&]() -> std::int64_t {
      const std::lock_guard lock(session_->mutex);
      DriverConnection& driver = open_driver();
      if (const auto other = session_->current.lock()) other->keep_rest();
      session_->current.reset();
      result->stream = driver.execute(named    ? bind_parameters(text, *named, driver)
                                      : values ? bind_parameters(text, *values, driver)
                                               : text);
      if (result->stream) {
        result->columns = result->stream->columns();
        session_->current = result;
        has_rows_ = true;
      }
      return driver.changed_rows().value_or(-1);
    });
    result_ = std::move(result);
  }

  // None where the last statement has no result set.
  [[nodiscard]] nb::object description() const {
    if (!has_rows_) return nb::none();
    nb::list columns;
    for (const ResultColumn& column : result_->columns) {
      const nb::object type = column.type.empty() ? nb::object(nb::none()) : make_str(column.type);
      columns.append(nb::make_tuple(make_str(column.name), type, nb::none(), nb::none(), nb::none(),
                                    nb::none(), nb::none()));
    }
    return columns;
  }

  [[nodiscard]] std::int64_t changed_rows() const noexcept { return changed_rows_; }

  // At most `count` rows as tuples; all that are left where it is negative.
  [[nodiscard]] nb::list fetch(std::int64_t count) {
    if (!has_rows_) raise_interface_error("no results to fetch");
    nb::list rows;
    for (std::int64_t taken = 0; count < 0 || taken < count; ++taken) {
      if (row_ == batch_rows() && !next_batch()) break;
      nb::object row = nb::steal(PyTuple_New(static_cast<Py_ssize_t>(batch_->columns().size())));
      for (std::size_t i = 0; i < batch_->columns().size(); ++i) {
        PyTuple_SetItem(row.ptr(), static_cast<Py_ssize_t>(i),
                        python_cell(batch_->columns()[i], row_).release().ptr());
      }
      ++row_;
      rows.append(row);
    }
    return rows;
  }

  // The rows that are left; they are no longer fetched here.
  [[nodiscard]] ArrowRows* arrow() {
    if (!has_rows_) raise_interface_error("no results to fetch");
    if (row_ > 0 && row_ < batch_rows()) {
      raise_interface_error("some rows were fetched one by one already; execute the query again");
    }
    auto first = std::make_shared<std::optional<Batch>>();
    if (row_ == 0) first->swap(batch_);
    batch_.reset();
    row_ = 0;
    return new ArrowRows(
        [result = result_, first]() -> std::optional<Batch> {
          if (*first) return std::exchange(*first, std::nullopt);
          const std::lock_guard lock(result->session->mutex);
          return result->next(kRowsAtOnce);
        },
        schema_of(result_->columns));
  }

  void close() { drop(); }

 private:
  [[nodiscard]] DriverConnection& open_driver() const {
    if (session_->driver) return *session_->driver;
    throw user_error({.what = "The connection is closed.",
                      .consequence = "The statement was not sent.",
                      .countermeasure = "Open a new one: job_input.get_managed_connection()."});
  }

  [[nodiscard]] std::size_t batch_rows() const noexcept { return batch_ ? batch_->rows() : 0; }

  bool next_batch() {
    batch_ = in_driver([&] {
      const std::lock_guard lock(session_->mutex);
      return result_->next(kRowsAtOnce);
    });
    row_ = 0;
    return batch_.has_value();
  }

  void drop() {
    batch_.reset();
    row_ = 0;
    has_rows_ = false;
    changed_rows_ = -1;
    if (!result_) return;
    const nb::gil_scoped_release unlocked;
    result_->end();
    result_.reset();
  }

  std::shared_ptr<Session> session_;
  std::shared_ptr<Result> result_;
  bool has_rows_ = false;
  std::int64_t changed_rows_ = -1;
  std::optional<Batch> batch_;
  std::size_t row_ = 0;
};

class NativeConnection {
 public:
  explicit NativeConnection(std::unique_ptr<DriverConnection> driver)
      : session_(std::make_shared<Session>()) {
    session_->driver = std::move(driver);
  }

  [[nodiscard]] NativeCursor* cursor() const { return new NativeCursor(session_); }

  void close() const {
    const nb::gil_scoped_release unlocked;
    const std::lock_guard lock(session_->mutex);
    if (const auto result = session_->current.lock()) result->end();
    session_->close();
  }

  [[nodiscard]] bool is_open() const {
    const nb::gil_scoped_release unlocked;
    const std::lock_guard lock(session_->mutex);
    return session_->driver && session_->driver->is_connected();
  }

  [[nodiscard]] bool answers() const {
    return in_driver([&] {
      const std::lock_guard lock(session_->mutex);
      if (!session_->driver) return false;
      if (const auto result = session_->current.lock()) result->keep_rest();
      return session_->driver->answers();
    });
  }

  // Sends COMMIT or ROLLBACK where a transaction is open.
  void end_transaction(nb::handle statement) const {
    const std::string text(text_of(statement));
    in_driver([&] {
      const std::lock_guard lock(session_->mutex);
      if (!session_->driver || !session_->driver->in_transaction()) return;
      if (const auto result = session_->current.lock()) result->keep_rest();
      (void)session_->driver->execute(text);
    });
  }

  void interrupt() const noexcept { session_->interrupt(); }

  [[nodiscard]] nb::object description() const {
    return make_str(session_->driver ? session_->driver->description() : std::string("closed"));
  }
  [[nodiscard]] bool standard_literals() const {
    return session_->driver && session_->driver->literal_style() == LiteralStyle::standard;
  }

 private:
  std::shared_ptr<Session> session_;
};

// Opens a native driver as often as Python asks for it.
class NativeOpener {
 public:
  NativeOpener(ConnectionFactory factory, Configuration configuration, std::string section)
      : factory_(std::move(factory)),
        configuration_(std::move(configuration)),
        section_(std::move(section)) {}

  [[nodiscard]] NativeConnection* open() const {
    auto driver = in_driver([&] { return factory_(configuration_, section_); });
    if (!driver) raise_interface_error("The driver gave no connection.");
    return new NativeConnection(std::move(driver));
  }

 private:
  ConnectionFactory factory_;
  Configuration configuration_;
  std::string section_;
};

// The rows that any cursor of PEP 249 has left.
ArrowRows* rows_as_arrow(nb::handle cursor) {
  std::vector<ResultColumn> columns;
  for (const nb::handle column : nb::borrow<nb::object>(cursor.attr("description"))) {
    columns.push_back({std::string(text_of(nb::object(column[0])))});
  }
  const auto next = [columns, shared = SharedObject(nb::borrow(cursor))]() -> std::optional<Batch> {
    return call_python({}, [&]() -> std::optional<Batch> {
      BatchBuilder builder;
      (void)add_columns(builder, columns);
      const nb::object page = shared.get().attr("fetchmany")(kRowsAtOnce);
      for (const nb::handle row : page) {
        std::size_t place = 0;
        for (const nb::handle cell : row) append_object(builder, place++, cell, {});
        builder.end_row();
      }
      if (builder.rows() == 0) return std::nullopt;
      return builder.finish();
    });
  };
  return new ArrowRows(next, schema_of(columns));
}

}  // namespace

void bind_native_connections(nb::module_& module) {
  nb::class_<ArrowRows>(module, "ArrowRows")
      .def("__arrow_c_stream__", &ArrowRows::arrow_c_stream,
           nb::arg("requested_schema").none() = nb::none());
  nb::class_<NativeCursor>(module, "NativeCursor")
      .def("execute", &NativeCursor::execute, nb::arg("sql"), nb::arg("parameters").none())
      .def_prop_ro("description", &NativeCursor::description)
      .def_prop_ro("changed_rows", &NativeCursor::changed_rows)
      .def("fetch", &NativeCursor::fetch, nb::arg("count"))
      .def("arrow", &NativeCursor::arrow, nb::rv_policy::take_ownership)
      .def("close", &NativeCursor::close);
  nb::class_<NativeConnection>(module, "NativeConnection")
      .def("cursor", &NativeConnection::cursor, nb::rv_policy::take_ownership)
      .def("close", &NativeConnection::close)
      .def("end_transaction", &NativeConnection::end_transaction, nb::arg("statement"))
      .def("interrupt", &NativeConnection::interrupt)
      .def("answers", &NativeConnection::answers)
      .def_prop_ro("is_open", &NativeConnection::is_open)
      .def_prop_ro("description", &NativeConnection::description)
      .def_prop_ro("standard_literals", &NativeConnection::standard_literals);
  nb::class_<NativeOpener>(module, "NativeOpener")
      .def("open", &NativeOpener::open, nb::rv_policy::take_ownership);
  module.def("rows_as_arrow", rows_as_arrow, nb::arg("cursor"), nb::rv_policy::take_ownership);
}

ConnectionFactory native_connection_factory(ConnectionFactory driver) {
  return
      [driver = std::move(driver)](const Configuration& configuration,
                                   std::string_view section) -> std::unique_ptr<DriverConnection> {
        return call_python({}, [&] {
          const nb::object opener =
              nb::cast(new NativeOpener(driver, configuration, std::string(section)),
                       nb::rv_policy::take_ownership);
          nb::object connection =
              import("vdk.host.dbapi").attr("NativeDatabase")(opener).attr("connect")();
          std::string place(text_of(nb::object(connection.attr("_db_con").attr("description"))));
          return std::make_unique<PythonConnection>(std::move(connection), std::move(place));
        });
      };
}

}  // namespace vdk
