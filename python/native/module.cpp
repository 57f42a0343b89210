// The extension module vdk._native.
#include <nanobind/stl/map.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "arrow_batches.hpp"
#include "cli/program.hpp"
#include "command_line.hpp"
#include "connection.hpp"
#include "connection/sql_file.hpp"
#include "convert.hpp"
#include "entry_points.hpp"
#include "job.hpp"
#include "job/termination_file.hpp"
#include "log_bridge.hpp"
#include "native_connection.hpp"
#include "operation.hpp"
#include "python_configuration.hpp"
#include "python_error.hpp"
#include "python_host.hpp"
#include "python_step.hpp"
#include "run_settings.hpp"
#include "signals.hpp"
#include "sqlite_module_store.hpp"
#include "standalone_job.hpp"
#include "vdk/base/log.hpp"
#include "vdk/base/version.hpp"

namespace {

namespace nb = nanobind;
using vdk::Job;

int traverse_job(PyObject* self, visitproc visit, void* argument) {
  if (const int stop = visit(reinterpret_cast<PyObject*>(Py_TYPE(self)), argument)) return stop;
  if (!nb::inst_ready(self)) return 0;
  return nb::inst_ptr<Job>(self)->traverse(visit, argument);
}

int clear_job(PyObject* self) {
  nb::inst_ptr<Job>(self)->clear_references();
  return 0;
}

PyType_Slot job_slots[] = {{Py_tp_traverse, reinterpret_cast<void*>(traverse_job)},
                           {Py_tp_clear, reinterpret_cast<void*>(clear_job)},
                           {0, nullptr}};

int run(const std::vector<std::string>& arguments, bool owns_process, const nb::object& registry,
        const nb::object& root_command) {
  const nb::object modules = nb::module_::import_("sys").attr("modules");
  const nb::object logging = modules.attr("get")("logging");
  if (!owns_process && !logging.is_none()) {
    vdk::import("vdk.host.logging_bridge").attr("connect")(logging);
  }
  vdk::PythonHost host(owns_process, registry, root_command);
  const nb::gil_scoped_release unlocked;
  return vdk::run_program(arguments, host);
}

nb::list split(nb::handle script) {
  nb::list statements;
  for (const std::string_view statement : vdk::split_statements(vdk::text_of(script))) {
    statements.append(vdk::make_str(statement));
  }
  return statements;
}

vdk::LogLevel core_level(int python_level) {
  if (python_level >= 50) return vdk::LogLevel::critical;
  if (python_level >= 40) return vdk::LogLevel::error;
  if (python_level >= 30) return vdk::LogLevel::warning;
  return python_level >= 20 ? vdk::LogLevel::info : vdk::LogLevel::debug;
}

// Levels are those of Python's logging.
void log_message(int level, const std::string& logger, const std::string& message) {
  const auto known = core_level(level);
  const nb::gil_scoped_release unlocked;
  vdk::log(known, logger, message);
}

// A record of Python's logging, which has passed Python's own levels.
void print_record(int level, const std::string& logger, const std::string& message,
                  const std::string& file, unsigned line, const std::string& function) {
  const nb::gil_scoped_release unlocked;
  vdk::log_from_python({core_level(level), logger, message, {file, line, function}});
}

// What compile() gives for the bytes of a source file. compile() itself first makes a hundred
// classes for syntax trees, which takes longer than a small step does.
nb::object compile_source(nb::handle source, nb::handle path) {
  char* text = nullptr;
  Py_ssize_t size = 0;
  if (PyBytes_AsStringAndSize(source.ptr(), &text, &size) != 0) nb::raise_python_error();
  if (std::string_view(text, static_cast<std::size_t>(size)).find('\0') != std::string_view::npos) {
    PyErr_SetString(PyExc_SyntaxError, "source code string cannot contain null bytes");
    nb::raise_python_error();
  }
  PyObject* code = Py_CompileString(text, std::string(vdk::text_of(path)).c_str(), Py_file_input);
  if (!code) nb::raise_python_error();
  return nb::steal(code);
}

// How a run ended, from a plugin that ends the process itself.
void write_termination(vdk::PythonConfiguration& configuration, const std::string& status) {
  using vdk::TerminationStatus;
  TerminationStatus known = TerminationStatus::platform_error;
  for (const auto candidate :
       {TerminationStatus::success, TerminationStatus::user_error, TerminationStatus::skipped}) {
    if (vdk::to_string(candidate) == status) known = candidate;
  }
  vdk::TerminationFile(configuration.get()).write(known);
}

}  // namespace

NB_MODULE(_native, module) {
  // Plugins keep objects of ours to the end of the process; that is no fault of anybody's.
  nb::set_leak_warnings(false);
  vdk::register_error_translator();
  module.attr("version") = vdk::version();
  module.def("main", run, nb::arg("arguments"), nb::arg("owns_process") = false,
             nb::arg("registry").none() = nb::none(), nb::arg("root_command").none() = nb::none());
  module.def("entry_points", vdk::entry_points_in_python);
  module.def("run_sql_step", vdk::run_sql_step_of_plugin);
  vdk::PythonConfiguration::bind(module);
  vdk::CommandLine::bind(module);
  vdk::StandaloneJob::bind(module);
  module.def("write_termination", write_termination);
  module.def("handle_signal", vdk::handle_signal);
  module.def("split_statements", split);
  module.def("log", log_message, nb::arg("level"), nb::arg("logger"), nb::arg("message"));
  module.def("print_record", print_record);
  module.def("redact", [](nb::handle text) { return vdk::redact(vdk::text_of(text)); });
  module.def("make_way_on_terminal", vdk::make_way_on_terminal);
  module.def("others_printed_on_terminal", vdk::others_printed_on_terminal);
  module.def("leave_terminal_to_others", vdk::leave_terminal_to_others);
  module.def("set_record_receiver", vdk::set_record_receiver, nb::arg("receiver").none());
  module.def("configures_logging", [] { return vdk::run_settings().configures_logging; });
  module.def("logger_levels", [] { return vdk::run_settings().logger_levels; });
  module.def("compile_source", compile_source);
  module.def("parse_json",
             [](nb::handle text) { return vdk::to_python(vdk::parse_json(vdk::text_of(text))); });

  vdk::ArrowBatches::bind(module);
  vdk::SqliteRowFeed::bind(module);
  module.def("run_operation", vdk::run_with_relay, nb::arg("relay").none(), nb::arg("operation"),
             nb::arg("steps"), nb::arg("log").none());
  nb::class_<vdk::CoreHooks>(module, "CoreHooks")
      .def("run_operation", &vdk::CoreHooks::run_operation);
  vdk::bind_native_connections(module);

  nb::class_<Job>(module, "Job", nb::type_slots(job_slots))
      .def_prop_ro("name", &Job::name)
      .def_prop_ro("directory", &Job::directory)
      .def("arguments", &Job::arguments)
      .def("execution_properties", &Job::execution_properties)
      .def("configuration_value", &Job::configuration_value, nb::arg("key"),
           nb::arg("section").none() = nb::none())
      .def("properties", [](Job& job) { return job.state(vdk::StateKind::properties); })
      .def("set_properties",
           [](Job& job, nb::handle map) { job.set_state(vdk::StateKind::properties, map); })
      .def("secrets", [](Job& job) { return job.state(vdk::StateKind::secrets); })
      .def("set_secrets",
           [](Job& job, nb::handle map) { job.set_state(vdk::StateKind::secrets, map); })
      .def("substitute", &Job::substitute, nb::arg("text"), nb::arg("standard_literals") = false)
      .def("send_object", &Job::send_object, nb::arg("payload").none(), nb::arg("table").none(),
           nb::arg("method").none(), nb::arg("target").none(), nb::arg("collection").none())
      .def("send_plain_object", &Job::send_plain_object, nb::arg("payload").none(),
           nb::arg("table").none(), nb::arg("method").none(), nb::arg("target").none(),
           nb::arg("collection").none())
      .def("set_load_options", &Job::set_load_options, nb::arg("table").none(),
           nb::arg("method").none(), nb::arg("target").none(), nb::arg("collection").none(),
           nb::arg("disposition").none(), nb::arg("keys"), nb::arg("delete_flag").none(),
           nb::arg("contract").none())
      .def("send_page", &Job::send_page, nb::arg("rows"), nb::arg("columns"),
           nb::arg("table").none(), nb::arg("method").none(), nb::arg("target").none(),
           nb::arg("collection").none(), nb::arg("rows_before"), nb::arg("nan_is_null"))
      .def("send_arrow", &Job::send_arrow, nb::arg("source"), nb::arg("names"),
           nb::arg("table").none(), nb::arg("method").none(), nb::arg("target").none(),
           nb::arg("collection").none(), nb::arg("is_table"))
      .def("dates_as_text", &Job::dates_as_text, nb::arg("table").none(), nb::arg("method").none(),
           nb::arg("target").none(), nb::arg("collection").none())
      .def("flush", &Job::flush)
      .def("open_connection", &Job::open_connection, nb::arg("type").none())
      .def("run_operation", &Job::run_operation)
      .def("add_connection", &Job::add_connection, nb::arg("type"), nb::arg("factory"),
           nb::arg("distribution") = "")
      .def("add_ingester", &Job::add_ingester, nb::arg("method"), nb::arg("factory"),
           nb::arg("distribution") = "")
      .def("add_properties",
           [](Job& job, nb::handle type, nb::handle factory, const std::string& distribution) {
             job.add_store(vdk::StateKind::properties, type, factory, distribution);
           })
      .def("add_secrets",
           [](Job& job, nb::handle type, nb::handle factory, const std::string& distribution) {
             job.add_store(vdk::StateKind::secrets, type, factory, distribution);
           })
      .def("has_properties", [](Job& job) { return job.has_store(vdk::StateKind::properties); })
      .def("has_secrets", [](Job& job) { return job.has_store(vdk::StateKind::secrets); })
      .def("add_template", &Job::add_template)
      .def("execute_template", &Job::execute_template, nb::arg("name"), nb::arg("arguments").none(),
           nb::arg("database"));
}
