#include "python_host.hpp"

#include <unistd.h>

#include "connection.hpp"
#include "job/cancellation.hpp"
#include "python_error.hpp"
#include "python_step.hpp"

namespace vdk {

namespace {

bool stderr_is_original() {
  const nb::object sys = nb::module_::import_("sys");
  const nb::object stream = sys.attr("stderr");
  return !stream.is_none() && stream.is(sys.attr("__stderr__"));
}

}  // namespace

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

void PythonHost::register_features(HookDispatcher& hooks) {
  hooks.initialize_job.add("python-host", [](JobContext& context) {
    context.host_data = std::make_shared<PythonJob>(context);
    context.runners.insert_or_assign(std::string(kPythonStep), run_python_step);
    context.runners.insert_or_assign(std::string(kSqlStep), run_sql_step_in_python);
    add_python_connections(context);
    return std::nullopt;
  });
}

void PythonHost::watch_signals(Cancellation& cancellation) {
  if (!owns_process_) return;
  const int pipe = cancellation.watch(false);
  call_python({}, [&] { signal_handlers_ = std::make_unique<SignalHandlers>(pipe); });
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
