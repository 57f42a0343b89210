// What a running job offers to Python: the native half of job_input.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "cells.hpp"
#include "job/job_context.hpp"
#include "python.hpp"
#include "python_ingestion.hpp"
#include "row_gather.hpp"

namespace vdk {

// vdk._native.Job. All members are called with the interpreter lock and give it away while the core
// works. Calls after the end of the job are user errors, not crashes: a step's thread or global may
// outlive it.
class Job {
 public:
  explicit Job(JobContext& context);
  ~Job();
  Job(const Job&) = delete;
  Job& operator=(const Job&) = delete;

  // The context of the core. Throws Error (user) once the job has ended.
  [[nodiscard]] JobContext& context() const;

  // Cuts the tie to the context; waits for calls of other threads that are under way.
  void detach();

  [[nodiscard]] nb::object name() const;
  [[nodiscard]] nb::object directory() const;  // str
  // Parsed once; the same object at every call. A template has its caller's own object.
  [[nodiscard]] nb::object arguments();
  [[nodiscard]] nb::object execution_properties();
  [[nodiscard]] nb::object configuration_value(nb::handle key, nb::handle section);

  // Properties or secrets: the live cache of the job, filled at the first call and dropped by a
  // write.
  [[nodiscard]] nb::object state(StateKind kind);
  void set_state(StateKind kind, nb::handle map);

  // Parameter substitution with the job's live properties and arguments. `standard_literals`: the
  // engine that gets the text is known to take a backslash in '…' as itself.
  [[nodiscard]] nb::object substitute(nb::handle text, bool standard_literals);

  void send_object(nb::handle payload, nb::handle table, nb::handle method, nb::handle target,
                   nb::handle collection);
  // The same for a plain row that needs no waiting; false, with nothing done, for any other.
  [[nodiscard]] bool send_plain_object(nb::handle payload, nb::handle table, nb::handle method,
                                       nb::handle target, nb::handle collection);
  // How the rows that the step sends there are stored. None leaves a choice to the configuration.
  void set_load_options(nb::handle table, nb::handle method, nb::handle target,
                        nb::handle collection, nb::handle disposition, nb::handle keys,
                        nb::handle delete_flag, nb::handle contract);
  // A page of the rows of a tabular call, which had `rows_before` in earlier ones; returns how many
  // it has had then.
  std::int64_t send_page(nb::handle rows, nb::handle columns, nb::handle table, nb::handle method,
                         nb::handle target, nb::handle collection, std::int64_t rows_before,
                         bool nan_is_null);
  // What offers __arrow_c_stream__ (pyarrow, polars, DuckDB): its columns, under the given names
  // where there are some.
  // `is_table`: the source holds all of its rows in memory, however far they are sent.
  void send_arrow(nb::handle source, nb::handle names, nb::handle table, nb::handle method,
                  nb::handle target, nb::handle collection, bool is_table);
  // Whether dates and times go there as text.
  bool dates_as_text(nb::handle table, nb::handle method, nb::handle target, nb::handle collection);
  void flush();
  // Sends what gathered of the rows that stay Python's.
  void send_gathered_rows();

  // The managed connection of that type (None: the default one); its Python object.
  [[nodiscard]] nb::object open_connection(nb::handle type);
  // The life of one statement; see run_python_operation.
  void run_operation(nb::handle operation, nb::handle steps);
  // A connection type of a Python plugin: the callable gives a ManagedConnectionBase or any
  // connection of PEP 249. `distribution` brought the plugin; where it is the one that a driver of
  // the program stands in for, that driver stays.
  void add_connection(nb::handle type, nb::handle factory, const std::string& distribution);
  // An ingestion method of a Python plugin: the callable gives an IIngesterPlugin.
  void add_ingester(nb::handle method, nb::handle factory, const std::string& distribution);
  // A back end of properties or secrets: the callable gives its client.
  void add_store(StateKind kind, nb::handle type, nb::handle factory,
                 const std::string& distribution);
  [[nodiscard]] bool has_store(StateKind kind);

  void add_template(nb::handle name, nb::handle directory, nb::handle database);
  [[nodiscard]] nb::object execute_template(nb::handle name, nb::handle arguments,
                                            nb::handle database);

  // The arguments that the caller of a template gave, for the context that is being initialized.
  // Null where there are none.
  [[nodiscard]] static nb::object take_template_arguments();
  void set_arguments(nb::object arguments) { arguments_ = std::move(arguments); }

  // For the interpreter's cycle collector.
  int traverse(visitproc visit, void* argument) const;
  void clear_references();

 private:
  // Properties or secrets as steps see them.
  struct LiveState {
    nb::object cache{};
    nb::object objects{};  // what JSON cannot hold, where the back end is the run's memory
  };
  [[nodiscard]] LiveState& state_of(StateKind kind) noexcept {
    return kind == StateKind::properties ? properties_ : secrets_;
  }

  class Call;
  struct Route;
  [[nodiscard]] const Route& route(nb::handle table, nb::handle method, nb::handle target,
                                   nb::handle collection);
  [[nodiscard]] const Route* known_route(nb::handle table, nb::handle method, nb::handle target,
                                         nb::handle collection);

  void send_row(const std::vector<Destination>& destinations, nb::handle dict);

  JobContext* context_;
  std::shared_ptr<PythonIngestion> ingestion_;
  RowGather gather_;
  std::atomic<int> calls_{0};
  nb::object arguments_;
  LiveState properties_;
  LiveState secrets_;
  // Says in the log that another plugin's registration gives way to the distribution's.
  void note_registration(const std::string& what, const std::string& distribution);

  std::map<std::string, std::string> registered_;  // "connection db", to distributions
  std::vector<std::unique_ptr<Route>> routes_;     // of the last sends, the last one first
  std::vector<std::unique_ptr<RowCells>> spare_rows_;
};

}  // namespace vdk
