#include "python_host.hpp"

#include <unistd.h>

#include "base/text.hpp"
#include "connection.hpp"
#include "job/cancellation.hpp"
#include "job/native_plugins.hpp"
#include "python_error.hpp"
#include "python_step.hpp"
#include "sink.hpp"

namespace vdk {

namespace {

// Of the job that was initialized last: logging, which asks for them, is one for the process too.
struct LoggerLevels {
  std::mutex mutex;
  std::map<std::string, std::string> by_name;
};
LoggerLevels g_logger_levels;

void keep_logger_levels(const Configuration& configuration) {
  std::map<std::string, std::string> levels{{"vdk", upper(configuration.get_string("log_level_vdk"))}};
  for (const std::string& entry : split(configuration.get_string("log_level_module"), ';')) {
    if (trim(entry).empty()) continue;
    const std::size_t equals = entry.find('=');
    if (equals == std::string::npos) {
      throw configuration_error({.what = "log_level_module cannot be understood: " + entry,
                                 .why = "Each part names a logger and its level: name=LEVEL.",
                                 .consequence = "The job did not start.",
                                 .countermeasure = "Write it like requests=WARNING;my.module=DEBUG."});
    }
    levels[std::string(trim(entry.substr(0, equals)))] = upper(trim(std::string_view(entry).substr(equals + 1)));
  }
  const std::lock_guard lock(g_logger_levels.mutex);
  g_logger_levels.by_name = std::move(levels);
}

bool stderr_is_original() {
  const nb::object sys = nb::module_::import_("sys");
  const nb::object stream = sys.attr("stderr");
  return !stream.is_none() && stream.is(sys.attr("__stderr__"));
}

// One engine per file in a process: what the interpreter has a module for is reached through it, or with its library.
ConnectionFactory python_connection(const PluginManifest& manifest, ConnectionFactory native) {
  if (manifest.engine == "sqlite") return sqlite_connection_factory();
  if (manifest.engine == "duckdb") return duckdb_connection_factory();
  return native;
}

SinkFactory python_sink(const PluginManifest& manifest, SinkFactory native) {
  if (manifest.engine == "sqlite") return sqlite_sink_factory(std::move(native));
  if (manifest.engine == "duckdb") return duckdb_sink_factory();
  return native;
}

}  // namespace

std::map<std::string, std::string> logger_levels() {
  const std::lock_guard lock(g_logger_levels.mutex);
  return g_logger_levels.by_name;
}

PythonHost::PythonHost(bool owns_process)
    : owns_process_(owns_process), direct_stderr_(owns_process && stderr_is_original()) {
  watch_forks();
}

PythonHost::~PythonHost() {
  signal_handlers_.reset();
  if (!waiting_.empty() && !in_forked_child()) {
    try {
      write("stderr", waiting_);
    } catch (const Error&) {
      // The stream is gone, and with it the only place to say so.
    }
  }
}

void PythonHost::register_features(HookDispatcher& hooks, PluginIndex& plugins) {
  register_native_plugins(hooks, plugins, {.connection = python_connection, .sink = python_sink});
  hooks.initialize_job.add("python-host", [](JobContext& context) {
    keep_logger_levels(context.configuration());
    context.host_data = std::make_shared<PythonJob>(context);
    context.runners.insert_or_assign(std::string(kPythonStep), run_python_step);
    context.runners.insert_or_assign(std::string(kSqlStep), run_sql_step_in_python);
    return std::nullopt;
  });
}

void PythonHost::watch_signals(Cancellation& cancellation) {
  if (!owns_process_) return;
  const int pipe = cancellation.watch(false);
  call_python({}, [&] { signal_handlers_ = std::make_unique<SignalHandlers>(pipe); });
}

std::vector<StepProblem> PythonHost::check_python_step(const Step& step) {
  return call_python({}, [&] {
    std::vector<StepProblem> problems;
    const nb::object found =
        import("vdk.host.python_step").attr("check_step")(make_str(step.file.string()), make_str(step.name));
    for (const nb::handle problem : found) {
      problems.push_back({nb::cast<bool>(problem[0]), std::string(text_of(nb::object(problem[1])))});
    }
    return problems;
  });
}

void PythonHost::write(const char* stream, std::string_view text) {
  call_python({}, [&] {
    const nb::object target = nb::module_::import_("sys").attr(stream);
    if (!target.is_none()) target.attr("write")(make_str(text));
  });
}

void PythonHost::write_out(std::string_view text) { write("stdout", text); }

void PythonHost::write_err(std::string_view text) {
  if (direct_stderr_) {
    while (!text.empty()) {
      const ssize_t written = ::write(STDERR_FILENO, text.data(), text.size());
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) return;
      text.remove_prefix(static_cast<std::size_t>(written));
    }
    return;
  }
  std::string whole;
  {
    const std::lock_guard lock(waiting_mutex_);
    waiting_ += text;
    if (std::this_thread::get_id() != main_thread_) return;
    whole.swap(waiting_);
  }
  write("stderr", whole);
}

}  // namespace vdk
