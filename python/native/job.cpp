#include "job.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include <nanobind/stl/string.h>

#include "base/text.hpp"
#include "connection.hpp"
#include "connection/substitution.hpp"
#include "convert.hpp"
#include "job/cancellation.hpp"
#include "log_bridge.hpp"
#include "operation.hpp"
#include "python_error.hpp"
#include "python_store.hpp"
#include "results.hpp"
#include "signals.hpp"
#include "vdk/data/arrow_import.hpp"

namespace vdk {

namespace {

thread_local nb::object* t_template_arguments = nullptr;

[[noreturn]] void raise(const nb::object& exception) {
  PyErr_SetObject(exception.type().ptr(), exception.ptr());
  nb::raise_python_error();
}

std::string lowered(const std::string& name) {
  return nb::cast<std::string>(make_str(name).attr("lower")());
}

// Raises an exception that the user has to resolve.
[[noreturn]] void raise_user(PyObject* type, const std::string& message) {
  const nb::object exception = nb::borrow(type)(make_str(message));
  exception.attr("_vdk_resolvable_by") =
      import("vdk.internal.core.errors").attr("ResolvableBy").attr("USER_ERROR");
  raise(exception);
}

[[noreturn]] void raise_value_error(const std::string& message) {
  raise(nb::borrow(PyExc_ValueError)(make_str(message)));
}

template <class... Args>
[[noreturn]] void raise_ingestion(const char* type, Args&&... args) {
  raise(import("vdk.internal.builtin_plugins.ingestion.exception")
            .attr(type)(std::forward<Args>(args)...));
}

std::string optional_text(nb::handle text) {
  return text.is_none() ? std::string() : std::string(text_of(text));
}

void refuse_in_child(const char* what) {
  if (!in_forked_child()) return;
  throw user_error(
      {.what = std::string(what) + " in a process that the step forked does nothing.",
       .why = "The threads that do the work stayed in the parent process.",
       .consequence = "The call was refused, so that nothing is lost without a word.",
       .countermeasure =
           "Return the data to the parent process and send it from there, or start the child "
           "with the \"spawn\" method."});
}

// The rows of a tabular call, one after another. A row is anything that iterates over its values:
// a list or a tuple as a rule.
class RowReader {
 public:
  explicit RowReader(std::int64_t rows_before) : rows_(rows_before) {}

  // The values of the next row, in a list or a tuple. Raises an error of the user where it has
  // names instead of places, or is no row at all.
  nb::object read(nb::handle row) {
    ++rows_;
    if (!PyTuple_Check(row.ptr()) && !PyList_Check(row.ptr())) check(row);
    PyObject* const values = PySequence_Fast(row.ptr(), "a row iterates over its values");
    if (!values) nb::raise_python_error();
    return nb::steal(values);
  }

  [[nodiscard]] std::int64_t rows() const noexcept { return rows_; }  // of the call, up to here
  [[nodiscard]] bool is_first() const noexcept { return rows_ == 1; }
  [[nodiscard]] std::string row_name() const { return "Row " + std::to_string(rows_); }

 private:
  void check(nb::handle row) {
    PyTypeObject* const type = Py_TYPE(row.ptr());
    if (type == known_good_) return;
    if (PyDict_Check(row.ptr()) || nb::isinstance(row, import("collections.abc").attr("Mapping"))) {
      raise_ingestion("InvalidArgumentsIngestionException", make_str("rows"),
                      make_str("an iterable of sequences, one value for each column"),
                      make_str("a " + class_name(row) + " in row " + std::to_string(rows_)),
                      make_str("Send dicts one by one with send_object_for_ingestion, or make "
                               "lists of them."));
    }
    if (!PyObject_HasAttrString(row.ptr(), "__iter__") && !PySequence_Check(row.ptr())) {
      // Of the type that existing jobs know.
      raise_user(PyExc_TypeError, row_name() + " is of type " + class_name(row) +
                                      ". Give a sequence for each row, with one value for each "
                                      "column.");
    }
    known_good_ = type;
  }

  std::int64_t rows_;
  PyTypeObject* known_good_ = nullptr;  // the type of the row before
};

// The identity of a row in messages: the start of its "@id" or "id".
nb::object payload_id(nb::handle payload) {
  for (const char* key : {"@id", "id"}) {
    PyObject* value = PyDict_GetItemString(payload.ptr(), key);
    if (!value) continue;
    const auto text = nb::cast<std::string>(nb::str(nb::handle(value)));
    return make_str(std::string_view(text).substr(0, 20));
  }
  return make_str("");
}

// Types of values that properties may have, exactly (specification: sdk 6.3).
bool is_property_type(nb::handle value) {
  const PyTypeObject* type = Py_TYPE(value.ptr());
  return type == &PyLong_Type || type == &PyFloat_Type || type == &PyUnicode_Type ||
         type == &PyList_Type || type == &PyDict_Type || value.is_none();
}

bool has_white_space(nb::handle str) {
  if (PyUnicode_GetLength(str.ptr()) == 0) return false;
  const nb::object words = str.attr("split")();
  return PyList_Size(words.ptr()) != 1 || !nb::object(words[0]).equal(str);
}

void check_state(StateKind kind, nb::handle map) {
  const std::string what = kind == StateKind::properties ? "property" : "secret";
  if (!PyDict_Check(map.ptr())) {
    raise_value_error(
        "All " + std::string(kind == StateKind::properties ? "properties" : "secrets") +
        " are set by one dict, but " + class_name(map) + " was given. Nothing was stored.");
  }
  PyObject* key = nullptr;
  PyObject* value = nullptr;
  Py_ssize_t at = 0;
  while (PyDict_Next(map.ptr(), &at, &key, &value)) {
    if (Py_TYPE(key) != &PyUnicode_Type || has_white_space(key)) {
      raise_value_error(
          "The " + what + " name " + nb::cast<std::string>(nb::repr(nb::handle(key))) + " (" +
          class_name(key) +
          ") is not allowed: a name is text without white space. Nothing was stored.");
    }
    if (!is_property_type(value)) {
      raise_value_error(
          "The " + what + " " + nb::cast<std::string>(nb::repr(nb::handle(key))) +
          " has a value of type " + class_name(value) +
          ", but only int, float, str, list, dict and None can be stored. Nothing was "
          "stored.");
    }
  }
}

// The value for quoting by type; none where it is quoted as its text.
std::optional<Value> typed_value(nb::handle value) {
  try {
    return to_value_lenient(value);
  } catch (const nb::builtin_exception&) {
    return std::nullopt;
  }
}

StateRouter& router(JobContext& context, StateKind kind) {
  return kind == StateKind::properties ? context.properties() : context.secrets();
}

std::string not_storable(StateKind kind, const std::string& name, const char* why) {
  return std::string("The ") + (kind == StateKind::properties ? "property '" : "secret '") + name +
         "' cannot be stored as JSON: " + why + ". Nothing was stored.";
}

nb::object deep_copy(nb::handle object) { return import("copy").attr("deepcopy")(object); }

void send_to_all(Ingester& ingester, const std::vector<Destination>& destinations, Batch batch) {
  if (destinations.empty()) return;
  for (std::size_t i = 0; i + 1 < destinations.size(); ++i) ingester.send(destinations[i], batch);
  ingester.send(destinations.back(), std::move(batch));
}

// As upstream hands values of tabular rows to plugins: dates and UUIDs are text.
nb::object tabular_value(nb::handle value) {
  const Scalar scalar = read_scalar(value);
  switch (scalar.kind) {
    case ScalarKind::date:
    case ScalarKind::timestamp:
    case ScalarKind::timestamp_tz:
      if (nb::hasattr(value, "isoformat")) return value.attr("isoformat")();
      return nb::borrow(value);
    case ScalarKind::text:
      if (!PyUnicode_Check(value.ptr())) return nb::str(value);
      return nb::borrow(value);
    default:
      return nb::borrow(value);
  }
}

Batch renamed(const Batch& batch, const std::vector<std::string>& names) {
  const std::size_t columns = batch.schema().size();
  if (columns != names.size()) {
    throw user_error({.what = "There are " + std::to_string(names.size()) +
                              " column names, but the rows have " + std::to_string(columns) +
                              " columns.",
                      .consequence = "The rows were not sent.",
                      .countermeasure = "Give one name for each column, or none to keep theirs."});
  }
  return batch.rename(names);
}

nb::object checked_copy(nb::handle map) {
  PyObject* copy = PyDict_Copy(map.ptr());
  if (!copy) nb::raise_python_error();
  return nb::steal(copy);
}

}  // namespace

// A call that is under way: the context stays until it ends.
class Job::Call {
 public:
  explicit Call(Job& job) : job_(job) {
    (void)job.context();
    ++job.calls_;
  }
  ~Call() {
    if (--job_.calls_ == 0) job_.calls_.notify_all();
  }
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  [[nodiscard]] JobContext& context() const noexcept { return *job_.context_; }

  // Does something in the core, without the interpreter lock.
  template <class Work>
  decltype(auto) work(Work&& work) const {
    JobContext& context = *job_.context_;
    struct HandOver {
      ~HandOver() { hand_over_records(); }
    } const afterwards;
    const nb::gil_scoped_release unlocked;
    return work(context);
  }

 private:
  Job& job_;
};

// Where a send went. The arguments are kept, so that the next send may compare them by
// identity.
struct Job::Route {
  nb::object table, method, target, collection;
  std::vector<Destination> destinations;
  std::vector<Destination> of_python;  // whose rows stay Python's
  bool all_sqlite = false;             // SQLite has no type for dates: their text is what it stores
};

Job::Job(JobContext& context)
    : context_(&context),
      ingestion_(std::make_shared<PythonIngestion>(context)),
      gather_(context) {}
Job::~Job() = default;

JobContext& Job::context() const {
  if (context_) return *context_;
  throw user_error(
      {.what = "This job_input belongs to a job that has ended.",
       .why = "It was kept, or used by a thread, beyond the end of the job.",
       .consequence = "The call did nothing.",
       .countermeasure =
           "Use job_input only while run(job_input) runs; join threads before it returns."});
}

void Job::detach() {
  context_ = nullptr;
  routes_.clear();
  {
    const nb::gil_scoped_release unlocked;
    for (int calls = calls_; calls != 0; calls = calls_) calls_.wait(calls);
  }
  ingestion_.reset();  // plugins refer to this object
}

nb::object Job::name() const { return make_str(context_ ? context_->name() : std::string()); }
nb::object Job::directory() const {
  return make_str(context_ ? context_->directory().string() : std::string());
}

nb::object Job::arguments() {
  if (!arguments_.is_valid()) {
    const Call call(*this);
    const Value& given = call.context().arguments();
    arguments_ = given.is_null() ? nb::object(nb::dict()) : to_python(given);
  }
  return arguments_;
}

nb::object Job::execution_properties() {
  const Call call(*this);
  return to_python(call.context().execution_properties());
}

nb::object Job::configuration_value(nb::handle key, nb::handle section) {
  const Call call(*this);
  return to_python(call.context().configuration().get(
      text_of(key), section.is_none() ? kMainSection : text_of(section)));
}

nb::object Job::state(StateKind kind) {
  LiveState& live = state_of(kind);
  if (live.cache.is_valid()) return live.cache;
  if (live.objects.is_valid()) {
    live.cache = deep_copy(live.objects);
  } else {
    const Call call(*this);
    const Value all = call.work([&](JobContext& context) { return router(context, kind).all(); });
    live.cache = all.is_null() ? nb::object(nb::dict()) : to_python(all);
  }
  return live.cache;
}

void Job::set_state(StateKind kind, nb::handle map) {
  refuse_in_child("Storing properties or secrets");
  check_state(kind, map);
  const Call call(*this);
  const bool in_memory = call.work(
      [&](JobContext& context) { return router(context, kind).chosen_type() == "memory"; });
  LiveState& live = state_of(kind);
  Value values{Value::Map{}};
  nb::object kept;
  PyObject* key = nullptr;
  PyObject* value = nullptr;
  Py_ssize_t at = 0;
  while (PyDict_Next(map.ptr(), &at, &key, &value)) {
    const std::string name(text_of(key));
    try {
      values.set(name, in_memory ? to_value_lenient(value) : to_value(value));
    } catch (const nb::builtin_exception& failure) {
      if (!in_memory) raise_user(PyExc_ValueError, not_storable(kind, name, failure.what()));
      values.set(name, nb::cast<std::string>(nb::str(nb::handle(value))));
    }
  }
  // What lives as long as the run may hold any object; the core has its picture of it.
  if (in_memory && !is_plain_json(map)) kept = deep_copy(map);
  call.work([&](JobContext& context) { router(context, kind).set_all(std::move(values)); });
  live.objects = std::move(kept);
  live.cache.reset();
}

nb::object Job::substitute(nb::handle text, bool standard_literals) {
  std::vector<Parameter> parameters;
  const std::string_view sql = text_of(text);
  const bool quotes = sql.find("!sql}") != std::string_view::npos;
  const auto take = [&parameters, quotes](nb::handle map) {
    const nb::object items = checked_copy(map);  // str() of a value may run Python code
    PyObject* key = nullptr;
    PyObject* value = nullptr;
    Py_ssize_t at = 0;
    while (PyDict_Next(items.ptr(), &at, &key, &value)) {
      auto name = nb::cast<std::string>(nb::str(nb::handle(key)));
      Parameter parameter{std::move(name), nb::cast<std::string>(nb::str(nb::handle(value)))};
      if (quotes) parameter.value = typed_value(value);
      const auto known = std::ranges::find(parameters, parameter.key, &Parameter::key);
      if (known == parameters.end()) {
        parameters.push_back(std::move(parameter));
      } else {
        *known = std::move(parameter);
      }
    }
  };
  const Call call(*this);
  if (call.work([](JobContext& context) { return context.properties().available(); })) {
    take(state(StateKind::properties));
  }
  take(execution_properties());
  const nb::object given = arguments();
  if (PyDict_CheckExact(given.ptr())) take(given);
  return make_str(vdk::substitute(
      sql, parameters, standard_literals ? LiteralStyle::standard : LiteralStyle::unknown));
}

const Job::Route* Job::known_route(nb::handle table, nb::handle method, nb::handle target,
                                   nb::handle collection) {
  for (auto known = routes_.begin(); known != routes_.end(); ++known) {
    const Route& route = **known;
    if (route.table.is(table) && route.method.is(method) && route.target.is(target) &&
        route.collection.is(collection)) {
      if (known != routes_.begin()) std::rotate(routes_.begin(), known, known + 1);
      return routes_.front().get();
    }
  }
  return nullptr;
}

const Job::Route& Job::route(nb::handle table, nb::handle method, nb::handle target,
                             nb::handle collection) {
  if (const Route* known = known_route(table, method, target, collection)) return *known;
  auto made = std::make_unique<Route>(Route{nb::borrow(table),
                                            nb::borrow(method),
                                            nb::borrow(target),
                                            nb::borrow(collection),
                                            {},
                                            {},
                                            false});
  const std::string texts[] = {optional_text(method), optional_text(target), optional_text(table),
                               optional_text(collection)};
  const Call call(*this);
  made->destinations = call.work([&](JobContext& context) {
    return context.ingester().resolve(texts[0], texts[1], texts[2], texts[3]);
  });
  for (const Destination& destination : made->destinations) {
    if (ingestion_->takes_rows(destination.method)) made->of_python.push_back(destination);
  }
  std::erase_if(made->destinations, [&](const Destination& destination) {
    return std::ranges::find(made->of_python, destination) != made->of_python.end();
  });
  made->all_sqlite = std::ranges::all_of(made->destinations, [&](const Destination& destination) {
    return cell_rules(call.context().configuration(), destination.method).temporal !=
           Temporal::typed;
  });
  constexpr std::size_t kMostRoutes = 16;
  if (routes_.size() == kMostRoutes) routes_.pop_back();
  routes_.insert(routes_.begin(), std::move(made));
  return *routes_.front();
}

void Job::send_object(nb::handle payload, nb::handle table, nb::handle method, nb::handle target,
                      nb::handle collection) {
  refuse_in_child("Sending rows");
  if (!PyDict_Check(payload.ptr())) {
    if (payload.is_none()) raise_ingestion("EmptyPayloadIngestionException");
    raise_ingestion("InvalidPayloadTypeIngestionException", make_str(""), make_str("dict"),
                    make_str(class_name(payload)));
  }
  if (PyDict_Size(payload.ptr()) == 0) raise_ingestion("EmptyPayloadIngestionException");

  // Copied: another thread may send elsewhere while this one waits.
  const Route& to = route(table, method, target, collection);
  const std::vector<Destination> destinations = to.destinations;
  const CellRules rules{to.all_sqlite ? Temporal::iso_text : Temporal::typed, to.all_sqlite};
  send_row(std::vector(to.of_python), payload);
  if (destinations.empty()) return;
  std::unique_ptr<RowCells> row;
  if (spare_rows_.empty()) {
    row = std::make_unique<RowCells>();
  } else {
    row = std::move(spare_rows_.back());
    spare_rows_.pop_back();
  }
  try {
    row->read(payload, rules);
  } catch (const nb::builtin_exception& failure) {
    raise_ingestion("JsonSerializationIngestionException", payload_id(payload),
                    nb::borrow(PyExc_TypeError)(make_str(failure.what())));
  }
  {
    const Call call(*this);
    call.work([&](JobContext& context) {
      for (const Destination& destination : destinations) {
        context.ingester().send_rows(destination,
                                     [&row](BatchBuilder& builder) { row->append_to(builder); });
      }
    });
  }
  row->clear();
  spare_rows_.push_back(std::move(row));
}

bool Job::send_plain_object(nb::handle payload, nb::handle table, nb::handle method,
                            nb::handle target, nb::handle collection) {
  if (!context_ || !PyDict_CheckExact(payload.ptr()) || PyDict_Size(payload.ptr()) == 0) {
    return false;
  }
  const Route* const to = known_route(table, method, target, collection);
  if (!to || to->destinations.size() != 1 || !to->of_python.empty()) return false;
  const CellRules rules{to->all_sqlite ? Temporal::iso_text : Temporal::typed, to->all_sqlite};
  // The interpreter lock stays: nothing here waits, and nobody who waits for it is waited for.
  const auto gathered = context_->ingester().try_send_row(
      to->destinations.front(),
      [&](BatchBuilder& builder) { return append_plain_row(builder, payload, rules); });
  if (gathered == Ingester::Gathered::full) {
    const Destination destination = to->destinations.front();
    const Call call(*this);
    call.work([&](JobContext& context) { context.ingester().settle(destination); });
  }
  return gathered != Ingester::Gathered::refused;
}

void Job::send_row(const std::vector<Destination>& destinations, nb::handle dict) {
  const Call call(*this);
  for (const Destination& destination : destinations) gather_.add(destination, dict);
}

void Job::send_gathered_rows() {
  if (context_) gather_.flush();
}

void Job::set_load_options(nb::handle table, nb::handle method, nb::handle target,
                           nb::handle collection, nb::handle disposition, nb::handle keys,
                           nb::handle delete_flag, nb::handle contract) {
  refuse_in_child("Sending rows");
  std::vector<Destination> destinations = route(table, method, target, collection).destinations;
  for (const Destination& other : route(table, method, target, collection).of_python) {
    if (!ingestion_->is_sink(other.method)) {
      destinations.push_back(other);
      continue;
    }
    raise_user(PyExc_ValueError,
               "The ingestion method " + other.method +
                   " belongs to a plugin, which knows no disposition, keys, delete flag or "
                   "contract. Nothing was sent. Send the rows without them.");
  }
  const auto refuse = [](const std::string& what, const std::string& word,
                         const std::string& choices) {
    raise_user(PyExc_ValueError, "There is no " + what + " '" + word +
                                     "'. Nothing was sent. Pass one of: " + choices + ".");
  };
  LoadOptions options;
  if (disposition.is_none()) {
    const Call call(*this);
    options.disposition =
        disposition_of(call.context().configuration().get_string("ingest_disposition"))
            .value_or(Disposition::append);
  } else {
    const auto word = nb::cast<std::string>(nb::str(disposition));
    const auto known = disposition_of(word);
    if (!known) refuse("disposition", word, "append, replace, merge");
    options.disposition = *known;
  }
  if (!contract.is_none()) {
    const auto word = nb::cast<std::string>(nb::str(contract));
    options.contract = contract_of(word);
    if (!options.contract) {
      refuse("contract", word, "evolve, freeze, discard_row, discard_value");
    }
  }
  for (const nb::handle key : keys) options.keys.push_back(nb::cast<std::string>(nb::str(key)));
  options.delete_flag = optional_text(delete_flag);
  const Call call(*this);
  call.work([&](JobContext& context) {
    for (const Destination& destination : destinations) {
      context.ingester().set_load_options(destination, options);
    }
  });
}

std::int64_t Job::send_page(nb::handle rows, nb::handle columns, nb::handle table,
                            nb::handle method, nb::handle target, nb::handle collection,
                            std::int64_t rows_before, bool nan_is_null) {
  refuse_in_child("Sending rows");
  const Route& to = route(table, method, target, collection);
  const std::vector<Destination> destinations = to.destinations;
  const CellRules rules{to.all_sqlite ? Temporal::iso_text_with_t : Temporal::typed,
                        to.all_sqlite || nan_is_null};
  const std::vector<Destination> of_python = to.of_python;
  const bool builds = !destinations.empty();
  BatchBuilder builder;
  std::vector<std::size_t> places;
  std::vector<nb::object> names;
  for (const nb::handle name : columns) {
    names.push_back(PyUnicode_Check(name.ptr()) ? nb::borrow(name) : nb::object(nb::str(name)));
    places.push_back(builder.column(text_of(names.back())));
  }
  const auto count = static_cast<Py_ssize_t>(places.size());

  RowReader reader(rows_before);
  const auto bad_width = [&](Py_ssize_t width) {
    const auto counted = [](Py_ssize_t number, std::string_view one, std::string_view many) {
      return std::to_string(number) += plural(number, one, many);
    };
    const std::string message = reader.row_name() + " has " + counted(width, " value", " values") +
                                (count == 1 ? ", but there is " : ", but there are ") +
                                counted(count, " column name", " column names") +
                                ". Give one value for each column.";
    // A longer row in the midst of a call is an IndexError to existing jobs.
    if (!reader.is_first()) raise_user(PyExc_IndexError, message);
    raise_ingestion("PayloadIngestionException", make_str(""), make_str(message),
                    make_str(optional_text(table)), make_str(optional_text(target)));
  };
  try {
    for (const nb::handle row : rows) {
      const nb::object values = reader.read(row);
      PyObject* raw = values.ptr();
      const bool is_tuple = PyTuple_Check(raw);
      const Py_ssize_t width = is_tuple ? PyTuple_Size(raw) : PyList_Size(raw);
      if (width > count || (width != count && reader.is_first())) bad_width(width);
      const auto value = [&](Py_ssize_t i) {
        return nb::handle(is_tuple ? PyTuple_GetItem(raw, i) : PyList_GetItem(raw, i));
      };
      if (!of_python.empty()) {
        nb::dict dict;
        for (Py_ssize_t i = 0; i < width; ++i)
          dict[names[static_cast<std::size_t>(i)]] = tabular_value(value(i));
        send_row(of_python, dict);
      }
      if (!builds) continue;
      for (Py_ssize_t i = 0; i < width; ++i) {
        append_object(builder, places[static_cast<std::size_t>(i)], value(i), rules);
      }
      builder.end_row();
    }
  } catch (const nb::builtin_exception& failure) {
    raise_ingestion(
        "JsonSerializationIngestionException", make_str(""),
        nb::borrow(PyExc_TypeError)(make_str(reader.row_name() + ": " + failure.what())));
  }
  const auto rows_after = reader.rows();
  if (builder.rows() == 0) return rows_after;
  Batch batch = builder.finish();
  const Call call(*this);
  call.work([&](JobContext& context) {
    send_to_all(context.ingester(), destinations, std::move(batch));
  });
  return rows_after;
}

void Job::send_arrow(nb::handle source, nb::handle names, nb::handle table, nb::handle method,
                     nb::handle target, nb::handle collection, bool is_table) {
  refuse_in_child("Sending rows");
  const std::vector<Destination> destinations =
      route(table, method, target, collection).destinations;
  const std::vector<Destination> of_python = route(table, method, target, collection).of_python;
  std::vector<std::string> wanted;
  for (const nb::handle name : names) wanted.push_back(nb::cast<std::string>(nb::str(name)));
  const nb::object capsule = source.attr("__arrow_c_stream__")();
  void* stream = PyCapsule_GetPointer(capsule.ptr(), "arrow_array_stream");
  if (!stream) nb::raise_python_error();

  const Call call(*this);
  // The producer takes the interpreter lock itself where it needs it.
  call.work([&](JobContext& context) {
    auto* const arrays = static_cast<ArrowArrayStream*>(stream);
    ArrowBatchReader reader =
        is_table ? ArrowBatchReader::of_table(arrays) : ArrowBatchReader(arrays);
    while (std::optional<Batch> batch = reader.next()) {
      if (!wanted.empty()) batch = renamed(*batch, wanted);
      if (!of_python.empty()) {
        const nb::gil_scoped_acquire lock;
        const auto rows = python_rows(*batch, {});
        for (const nb::handle row : nb::borrow(rows->list())) send_row(of_python, row);
      }
      send_to_all(context.ingester(), destinations, std::move(*batch));
    }
  });
}

bool Job::dates_as_text(nb::handle table, nb::handle method, nb::handle target,
                        nb::handle collection) {
  return route(table, method, target, collection).all_sqlite;
}

void Job::flush() {
  const Call call(*this);
  call.work([](JobContext& context) { context.ingester().flush(); });
}

nb::object Job::open_connection(nb::handle type) {
  const std::string wanted = optional_text(type);
  const Call call(*this);
  auto& driver = call.work([&](JobContext& context) -> DriverConnection& {
    return context.connections().open(wanted, context.configuration()).driver();
  });
  // Every connection of this host is one of Python's.
  return nb::borrow(dynamic_cast<PythonConnection&>(driver).object());
}

void Job::run_operation(nb::handle operation, nb::handle steps) {
  const Call call(*this);
  const std::string directory = call.context().directory().string();
  const nb::object core_log = nb::none();
  const auto start = std::chrono::steady_clock::now();
  call.work([&](JobContext& context) {
    run_python_operation(context.hooks(), operation, steps, core_log, directory);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    Value fields;
    fields.set("seconds", took.count());
    if (!in_forked_child()) context.scope().events.emit("statement", std::move(fields));
  });
}

void Job::add_connection(nb::handle type, nb::handle factory, const std::string& distribution) {
  const Call call(*this);
  const std::string name(text_of(type));
  JobContext& context = call.context();
  if (context.is_shadowed(Contribution::connection, name, distribution)) return;
  note_registration("connection " + lowered(name), distribution);
  context.connections().add(name, python_connection_factory(nb::borrow(factory), name),
                            Provider::plugin, name);
}

void Job::add_ingester(nb::handle method, nb::handle factory, const std::string& distribution) {
  const Call call(*this);
  const std::string name(text_of(method));
  note_registration("ingestion method " + lowered(name), distribution);
  ingestion_->add(name, nb::borrow(factory), distribution);
  routes_.clear();
}

void Job::add_store(StateKind kind, nb::handle type, nb::handle factory,
                    const std::string& distribution) {
  const Call call(*this);
  const std::string name(text_of(type));
  note_registration(std::string(words_of(kind).many) + " back end " + name, distribution);
  router(call.context(), kind).add(name, python_store_factory(kind, nb::borrow(factory)));
}

void Job::note_registration(const std::string& what, const std::string& distribution) {
  const auto [known, is_first] = registered_.try_emplace(what, distribution);
  if (is_first || known->second == distribution) return;
  log(LogLevel::warning, "vdk.plugins",
      "The " + what + " is registered twice: by " + known->second + " and by " + distribution +
          ", whose plugin is used. Uninstall one of the two.");
  known->second = distribution;
}

bool Job::has_store(StateKind kind) {
  const Call call(*this);
  return call.work([&](JobContext& context) { return router(context, kind).available(); });
}

void Job::add_template(nb::handle name, nb::handle directory, nb::handle database) {
  const Call call(*this);
  call.context().templates().add(text_of(name), text_of(nb::object(nb::str(directory))),
                                 text_of(database));
}

nb::object Job::execute_template(nb::handle name, nb::handle arguments, nb::handle database) {
  refuse_in_child("Running a template");
  const std::string template_name(text_of(name));
  const std::string database_name(text_of(database));
  // The template gets the very object; the core only a picture of it.
  nb::object shared = nb::borrow(arguments);
  Value picture;
  try {
    picture = to_value_lenient(arguments);
  } catch (const nb::builtin_exception&) {
    picture = nb::cast<std::string>(nb::str(arguments));
  }
  nb::object* former = std::exchange(t_template_arguments, &shared);
  struct Restore {
    nb::object* former;
    ~Restore() { t_template_arguments = former; }
  } const restore{former};
  const Call call(*this);
  const ExecutionResult result = call.work([&](JobContext& context) {
    return context.execute_template(template_name, std::move(picture), database_name);
  });

  return to_python(result);
}

nb::object Job::take_template_arguments() {
  return t_template_arguments ? std::move(*t_template_arguments) : nb::object();
}

int Job::traverse(visitproc visit, void* argument) const {
  for (const nb::object* held : {&arguments_, &properties_.cache, &properties_.objects,
                                 &secrets_.cache, &secrets_.objects}) {
    if (!held->is_valid()) continue;
    if (const int stop = visit(held->ptr(), argument)) return stop;
  }
  return 0;
}

void Job::clear_references() {
  arguments_.reset();
  properties_ = {};
  secrets_ = {};
  routes_.clear();
}

}  // namespace vdk
