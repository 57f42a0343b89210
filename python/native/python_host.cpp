#include "python_host.hpp"

#include <unistd.h>

#include <algorithm>
#include <iterator>

#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include "cli/python_launcher.hpp"
#include "cli/terminal_view.hpp"
#include "connection.hpp"
#include "duckdb_module_store.hpp"
#include "entry_points.hpp"
#include "job/cancellation.hpp"
#include "job/native_plugins.hpp"
#include "log_bridge.hpp"
#include "native_connection.hpp"
#include "python_error.hpp"
#include "python_ingestion.hpp"
#include "python_step.hpp"
#include "run_settings.hpp"
#include "sqlite_module_store.hpp"

namespace vdk {

namespace {

bool stderr_is_original() {
  const nb::object sys = nb::module_::import_("sys");
  const nb::object stream = sys.attr("stderr");
  return !stream.is_none() && stream.is(sys.attr("__stderr__"));
}

// One engine per file in a process: what the interpreter has a module for is reached through it, or
// with its library.
ConnectionFactory python_connection(const PluginManifest& manifest, ConnectionFactory native) {
  if (manifest.engine == "sqlite") return sqlite_connection_factory();
  if (manifest.engine == "duckdb") return duckdb_connection_factory();
  return native_connection_factory(std::move(native));
}

SinkFactory python_sink(const PluginManifest& manifest, SinkFactory native) {
  if (manifest.engine == "sqlite") {
    native = sqlite_sink_factory(std::move(native));
  } else if (manifest.engine == "duckdb") {
    native = duckdb_sink_factory();
  }
  return encoding_sink_factory(std::move(native));
}

// Of the run that draws on the terminal, of which a process has one. Read and written with the
// interpreter lock. The view never waits for that lock: it writes to the terminal directly.
TerminalView* g_view = nullptr;

TerminalView* watching_view() { return in_forked_child() ? nullptr : g_view; }

}  // namespace

PythonHost::PythonHost(bool owns_process, nb::object registry, nb::object root_command)
    : registry_(std::move(registry)),
      root_command_(std::move(root_command)),
      watched_imports_(nb::none()),
      owns_process_(owns_process),
      direct_stderr_(owns_process && stderr_is_original()) {
  watch_forks();
}

PythonHost::~PythonHost() {
  signal_handlers_.reset();
  set_record_receiver(nb::none());
  if (!waiting_.empty() && !in_forked_child()) {
    try {
      write("stderr", waiting_);
    } catch (const Error&) {
      // The stream is gone, and with it the only place to say so.
    }
  }
}

void PythonHost::register_features(HookDispatcher& hooks, PluginIndex& plugins) {
  if (owns_process_) plugins.name_crashes();
  register_native_plugins(hooks, plugins, {.connection = python_connection, .sink = python_sink});
  hooks.initialize_job.add(
      "core-python-host",
      [](JobContext& context) {
        keep_run_settings(context.configuration());
        if (context.template_name().empty()) tap_core_log();
        call_python({},
                    [&] { (void)PythonJob::of(context); });  // which takes a template's arguments
        context.runners.insert_or_assign(std::string(kPythonStep), run_python_step);
        context.runners.insert_or_assign(std::string(kSqlStep), run_sql_step_in_python);
        return std::nullopt;
      },
      HookOrder::first);
}

void PythonHost::own_hooks(Program& program) {
  call_python({}, [&] {
    bool with_commands = false;
    if (registry_.get().is_none()) {
      const std::vector<PluginDistribution> distributions =
          owns_process_ ? entry_points_at_start(program.plugins().environment()) : entry_points();
      if (distributions.empty()) return;
      for (const PluginDistribution& distribution : distributions) {
        with_commands |= std::ranges::find(distribution.entry_points, "vdk.plugin.cli",
                                           &EntryPoint::group) != distribution.entry_points.end();
      }
      const nb::object plugins = import("vdk.host.plugins");
      if (lists_loaded_plugins(program.arguments()))
        watched_imports_ = SharedObject(import("vdk.host.plugin_report").attr("WatchedImports")());
      registry_ = SharedObject(plugins.attr("registry_of_environment")(
          nb::borrow(watched_imports_.get()), owns_process_));
    }
    plugins_ = std::make_unique<PluginOwner>(program, nb::borrow(registry_.get()),
                                             nb::borrow(root_command_.get()), with_commands);
  });
}

std::vector<PluginReport> PythonHost::python_plugins(
    const PluginIndex& plugins, const std::vector<PluginDistribution>& distributions) {
  std::vector<PluginReport> reports = report_distributions(plugins, distributions);
  if (!plugins_) return reports;
  using Loaded = std::tuple<std::string, double, std::string, std::vector<std::string>,
                            std::vector<std::string>, std::vector<std::pair<std::string, double>>>;
  const auto loaded = call_python({}, [&] {
    return nb::cast<std::vector<Loaded>>(
        nb::object(import("vdk.host.plugin_report")
                       .attr("loaded")(plugins_->registry(), plugins_->root_command(),
                                       watched_imports_.get())));
  });
  for (const auto& [name, seconds, failure, contributions, hooks, imports] : loaded) {
    const auto report = std::ranges::find(reports, name, &PluginReport::name);
    if (report == reports.end()) continue;
    report->load_milliseconds = seconds * 1000;
    std::ranges::copy(contributions, std::back_inserter(report->contributions));
    report->hooks = hooks;
    for (const auto& [module, taken] : imports) report->imports.push_back({module, taken * 1000});
    if (!failure.empty()) {
      report->state = to_string(PluginState::failed);
      report->cause = failure;
    } else if (report->state != to_string(PluginState::shadowed)) {
      report->state = to_string(PluginState::loaded);
    }
  }
  return reports;
}

std::optional<int> PythonHost::run_command_line(Program&) {
  if (!plugins_) return std::nullopt;
  return call_python({}, [&] { return plugins_->run_command_line(); });
}

void PythonHost::watch_signals(Cancellation& cancellation) {
  if (!owns_process_) return;
  const int pipe = cancellation.watch(false);
  call_python({}, [&] { signal_handlers_ = std::make_unique<SignalHandlers>(pipe); });
  cancellation.on_signal(
      [handlers = signal_handlers_.get()](int) { handlers->wake_main_thread(); });
}

std::vector<StepProblem> PythonHost::check_python_step(const Step& step) {
  return call_python({}, [&] {
    std::vector<StepProblem> problems;
    const nb::object found =
        import("vdk.host.python_step")
            .attr("check_step")(make_str(step.file.string()), make_str(step.name));
    for (const nb::handle problem : found) {
      problems.push_back(
          {nb::cast<bool>(problem[0]), std::string(text_of(nb::object(problem[1])))});
    }
    return problems;
  });
}

void PythonHost::watch_output(TerminalView* view) {
  call_python({}, [&] {
    g_view = view;
    if (view) import("vdk.host.terminal").attr("watch")();
  });
}

void make_way_on_terminal() {
  if (TerminalView* view = watching_view()) view->make_way();
}

void others_printed_on_terminal(bool ended_line) {
  if (TerminalView* view = watching_view()) view->others_printed(ended_line);
}

void leave_terminal_to_others() {
  if (TerminalView* view = watching_view()) view->leave_to_others();
}

void PythonHost::write(const char* stream, std::string_view text) {
  call_python({}, [&] {
    const nb::object target = nb::module_::import_("sys").attr(stream);
    if (target.is_none()) return;
    target.attr("write")(make_str(text));
    target.attr("flush")();  // who reads events reads them as they happen
  });
}

void PythonHost::write_out(std::string_view text) { write("stdout", text); }

void PythonHost::write_result(std::string_view bytes) {
  call_python({}, [&] {
    const nb::object target = nb::module_::import_("sys").attr("stdout");
    if (target.is_none()) return;
    target.attr("flush")();
    // A stream that Python code put there may take text alone.
    const nb::object binary = nb::getattr(target, "buffer", nb::none());
    if (binary.is_none()) {
      target.attr("write")(make_str(bytes));
    } else {
      binary.attr("write")(nb::bytes(bytes.data(), bytes.size()));
    }
    target.attr("flush")();
  });
}

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
