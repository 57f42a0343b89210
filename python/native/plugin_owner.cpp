#include "plugin_owner.hpp"

#include <algorithm>
#include <utility>

#include <nanobind/stl/function.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "base/clock.hpp"
#include "job.hpp"
#include "log_bridge.hpp"
#include "operation.hpp"
#include "python_configuration.hpp"
#include "python_error.hpp"
#include "python_step.hpp"
#include "results.hpp"
#include "vdk/base/version.hpp"

namespace vdk {

namespace {

const char* word_of(HookOrder order) {
  switch (order) {
    case HookOrder::first:
      return "first";
    case HookOrder::last:
      return "last";
    case HookOrder::normal:
      return "";
  }
  return "";
}

nb::object nothing(const std::optional<NoResult>&) { return nb::none(); }
NoResult ignored(nb::handle) { return {}; }

// Calls an implementation of the core without the interpreter lock.
template <class Function, class... Args>
auto in_core(const Function& function, Args&&... args) {
  const nb::gil_scoped_release unlocked;
  return function(std::forward<Args>(args)...);
}

PythonConfiguration& native_configuration(nb::handle configuration) {
  return nb::cast<PythonConfiguration&>(nb::object(configuration.attr("_native")));
}

JobContext& native_context(nb::handle context) {
  return nb::cast<Job&>(nb::object(context.attr("_native"))).context();
}

// An exception of Python for an implementation of the core that looks at it.
PythonError described(nb::handle exception) {
  return {{.type_name = class_name(exception),
           .message = nb::cast<std::string>(nb::str(exception)),
           .locations = {}},
          SharedObject(nb::borrow(exception))};
}

// The words that vdk_start left.
std::vector<std::string> words_in(nb::handle list) {
  std::vector<std::string> words;
  for (const nb::handle word : list) words.push_back(nb::cast<std::string>(nb::str(word)));
  return words;
}

nb::list list_of(const std::vector<std::string>& words) {
  nb::list list;
  for (const std::string& word : words) list.append(make_str(word));
  return list;
}

// What a plugin returned, or an error that says that it is nothing of the kind.
template <class Result>
Result core_result(const std::function<Result(nb::handle)>& read, nb::handle answer,
                   const char* hook) {
  const auto refusal = [&](std::string why) {
    return platform_error({.what = std::string("A plugin returned an object of the class ") +
                                   class_name(answer) + " from its hook " + hook + ".",
                           .why = std::move(why),
                           .consequence = "The hook has no result, and so the run fails.",
                           .countermeasure = "Correct the plugin, or remove it."});
  };
  try {
    return read(answer);
  } catch (nb::python_error& error) {
    throw refusal(nb::cast<std::string>(nb::str(error.value())));
  } catch (const std::bad_cast&) {
    throw refusal("That is not what the hook is to give.");
  }
}

// A statement as hooks of Python see it: Python's own, or one made for a driver of the core.
struct SeenOperation {
  explicit SeenOperation(ManagedOperation& of) : operation(of) {
    python = dynamic_cast<PythonOperation*>(&of);
    if (python) {
      python->push();
      object = nb::borrow(python->object());
    } else {
      object = import("vdk.internal.builtin_plugins.connection.decoration_cursor")
                   .attr("ManagedOperation")(make_str(of.operation()));
    }
  }
  // What the hooks made of it.
  void pull() const {
    if (python) {
      python->pull();
    } else {
      operation.set_operation(
          nb::cast<std::string>(nb::str(nb::object(object.attr("get_operation")()))));
    }
  }

  ManagedOperation& operation;
  PythonOperation* python = nullptr;
  nb::object object;
};

}  // namespace

PluginOwner::PluginOwner(Program& program, nb::object registry, nb::object root_command,
                         bool with_commands)
    : program_(program),
      registry_(std::move(registry)),
      relay_(nb::object(registry_.get().attr("hook")())),
      root_command_(std::move(root_command)),
      core_context_(nb::none()) {
  import("vdk.host.plugins").attr("add_specs")(registry_.get());
  HookDispatcher& hooks = program.hooks();
  own_command_hooks(hooks);
  own_command_line(hooks, with_commands || !root_command_.get().is_none());
  own_job_hooks(hooks);
  own_connection_hooks(hooks);
  register_core();
  const nb::object manager = registry_.get().attr("plugin_manager")();
  const nb::object own = import("vdk.host.plugins").attr("own_classes")();
  manager.attr("listen")(nb::cpp_function([heard = heard_](const std::string& hook) {
                           const auto flag = heard.find(hook);
                           if (flag != heard.end()) flag->second->store(true);
                         }),
                         own);
}

PluginOwner::~PluginOwner() {
  alive_->store(false);
  if (command_line_.get().is_valid()) nb::cast<CommandLine&>(command_line_.get()).detach();
  try {
    const nb::object manager = registry_.get().attr("plugin_manager")();
    manager.attr("listen")(nb::none(), nb::make_tuple());
    for (const SharedObject& plugin : registered_) {
      if (nb::cast<bool>(nb::object(manager.attr("is_registered")(plugin.get()))))
        manager.attr("unregister")(plugin.get());
    }
  } catch (nb::python_error& error) {
    error.discard_as_unraisable("taking the program's own plugins out of a registry");
  }
}

nb::object PluginOwner::core_context() const { return nb::borrow(core_context_.get()); }

std::string PluginOwner::job_directory() const { return job_directory_; }

nb::object PluginOwner::context_of(JobContext& context) {
  PythonJob& job = PythonJob::of(context);
  if (job.context().is_valid()) return nb::borrow(job.context());
  nb::object configuration;
  if (context.template_name().empty()) {
    job_directory_ = context.directory().string();
    job.lend(nb::borrow(configuration_.get()));
    configuration = nb::none();
  } else {
    configuration = nb::cast(PythonConfiguration());
    job.lend(configuration);
  }
  job.set_context(import("vdk.host.contexts")
                      .attr("job_context")(core_context_.get(), configuration, job.native(),
                                           job.job_input(), make_str(context.template_name())));
  return nb::borrow(job.context());
}

template <class Result, class... Args>
nb::object PluginOwner::as_python(
    const typename HookPoint<Result(Args...)>::Implementation& implementation,
    const Meeting<Result(Args...)>& meeting) const {
  return nb::cpp_function([function = implementation.function, call_core = meeting.call_core,
                           alive = alive_](const nb::args& args) -> nb::object {
    if (!alive->load()) {
      throw platform_error({.what = "A hook was called through the registry of a program that has "
                                    "ended.",
                            .consequence = "The program's own part in it was not done."});
    }
    ask_who_prints();
    return call_core(function, args);
  });
}

template <class Result, class... Args>
void PluginOwner::own(HookPoint<Result(Args...)>& point, const char* name,
                      Meeting<Result(Args...)> meeting, bool always) {
  const auto heard = std::make_shared<std::atomic<bool>>(always);
  heard_.emplace(name, heard);
  for (const auto& implementation : point.implementations()) {
    known_.emplace(implementation.registered,
                   std::pair(implementation.plugin,
                             Known{name, word_of(implementation.order),
                                   as_python<Result, Args...>(implementation, meeting)}));
  }
  const bool first_result = point.kind() == HookKind::first_result;
  point.set_owner(
      {.call = [this, name, meeting, first_result](Args... args) -> std::vector<Result> {
         return call_python(job_directory(), [&] {
           try {
             const nb::object answer = meeting.call(nb::object(relay_.get().attr(name)), args...);
             ask_who_prints();
             std::vector<Result> results;
             if (answer.is_none()) return results;
             if (first_result) {
               results.push_back(core_result(meeting.result, answer, name));
             } else {
               for (const nb::handle one : answer)
                 results.push_back(core_result(meeting.result, one, name));
             }
             return results;
           } catch (nb::python_error& error) {
             const nb::object culprit =
                 import("vdk.host.plugins")
                     .attr("culprit")(registry_.get(), error.value(), make_str(name));
             const std::string plugin(text_of(culprit));
             if (plugin.empty()) throw;
             try {
               throw_to_core(error, job_directory());
             } catch (PythonError&) {
               throw;  // says it itself
             } catch (Error& known) {
               known.add_location("the hook " + std::string(name) + " of the plugin " + plugin);
               throw;
             }
           }
         });
       },
       .has_others = [heard] { return heard->load(std::memory_order_relaxed); },
       .added =
           [this, name, meeting](const auto& implementation) {
             call_python({}, [&] {
               add(implementation.plugin, {{name, word_of(implementation.order),
                                            as_python<Result, Args...>(implementation, meeting)}});
             });
           }});
}

// In the order of their first registration, each plugin with all its implementations.
void PluginOwner::register_core() {
  std::vector<std::pair<std::string, std::vector<Known>>> plugins;
  for (auto& [number, entry] : known_) {
    auto& [plugin, implementation] = entry;
    const auto same = std::ranges::find_if(plugins, [&](const auto& other) {
      return other.first == plugin && std::ranges::none_of(other.second, [&](const Known& known) {
               return known.hook == implementation.hook;
             });
    });
    if (same != plugins.end()) {
      same->second.push_back(std::move(implementation));
    } else {
      plugins.emplace_back(plugin, std::vector<Known>{std::move(implementation)});
    }
  }
  known_.clear();
  for (const auto& [plugin, implementations] : plugins) add(plugin, implementations);
}

void PluginOwner::add(const std::string& plugin, const std::vector<Known>& implementations) {
  nb::list list;
  for (const Known& known : implementations)
    list.append(nb::make_tuple(make_str(known.hook), make_str(known.order), known.function));
  registered_.emplace_back(nb::object(
      import("vdk.host.plugins").attr("register_core")(registry_.get(), make_str(plugin), list)));
}

void PluginOwner::own_command_hooks(HookDispatcher& hooks) {
  own<NoResult, std::vector<std::string>&>(
      hooks.vdk_start, "vdk_start",
      {.call =
           [this](nb::handle hook, std::vector<std::string>& words) {
             const nb::list list = list_of(words);
             words_ = SharedObject(list);
             nb::dict arguments;
             arguments["plugin_registry"] = registry_.get();
             arguments["command_line_args"] = list;
             hook.attr("call_historic")(nb::arg("kwargs") = arguments);
             words = words_in(list);
             return nb::object(nb::none());
           },
       .call_core =
           [](const auto& function, const nb::args& args) {
             std::vector<std::string> words = words_in(args[1]);
             const std::vector<std::string> before = words;
             in_core(function, words);
             if (words != before)
               args[1].attr("__setitem__")(nb::slice(nb::none(), nb::none(), nb::none()),
                                           list_of(words));
             return nb::object(nb::none());
           },
       .result = ignored});

  own<NoResult, ConfigurationBuilder&>(
      hooks.vdk_configure, "vdk_configure",
      {.call =
           [](nb::handle hook, ConfigurationBuilder& builder) {
             const nb::object native = nb::cast(PythonConfigurationBuilder());
             const Loan loan(nb::cast<PythonConfigurationBuilder&>(native), builder);
             return nb::object(
                 hook(nb::arg("config_builder") =
                          import("vdk.internal.core.config").attr("builder_of")(native)));
           },
       .call_core =
           [](const auto& function, const nb::args& args) {
             auto& builder =
                 nb::cast<PythonConfigurationBuilder&>(nb::object(args[0].attr("_native"))).get();
             return nothing(in_core(function, builder));
           },
       .result = ignored});

  own<NoResult, Configuration&>(
      hooks.vdk_initialize, "vdk_initialize",
      {.call =
           [this](nb::handle hook, Configuration& configuration) {
             const nb::object native = nb::cast(PythonConfiguration());
             const Loan loan(nb::cast<PythonConfiguration&>(native), configuration);
             configuration_ = SharedObject(native);
             const RunIds& ids = program_.ids();
             core_context_ = SharedObject(
                 import("vdk.host.contexts")
                     .attr("core_context")(
                         registry_.get(), native, make_str(version()),
                         nb::make_tuple(make_str(ids.op_id), make_str(ids.execution_id),
                                        make_str(ids.attempt_id)),
                         std::chrono::duration<double>(program_.start().time_since_epoch())
                             .count()));
             return nb::object(hook(nb::arg("context") = core_context()));
           },
       .call_core =
           [](const auto& function, const nb::args& args) {
             const nb::object configuration = args[0].attr("configuration");
             return nothing(in_core(function, native_configuration(configuration).get()));
           },
       .result = ignored},
      true);

  own<bool, const Error&>(
      hooks.vdk_exception, "vdk_exception",
      {.call =
           [](nb::handle hook, const Error& error) {
             return nb::object(hook(nb::arg("exception") = to_python_exception(error)));
           },
       .call_core = [](const auto& function, const nb::args& args) -> nb::object {
         const PythonError error = described(args[0]);
         const std::optional<bool> handled = in_core(function, error);
         return handled ? nb::object(nb::bool_(*handled)) : nb::none();
       },
       .result = [](nb::handle handled) { return handled.is(nb::bool_(true)); }});

  own<NoResult, int>(hooks.vdk_exit, "vdk_exit",
                     {.call =
                          [this](nb::handle hook, int exit_code) {
                            return nb::object(hook(nb::arg("context") = core_context(),
                                                   nb::arg("exit_code") = exit_code));
                          },
                      .call_core =
                          [](const auto& function, const nb::args& args) {
                            return nothing(in_core(function, nb::cast<int>(args[1])));
                          },
                      .result = ignored});
}

void PluginOwner::own_command_line(HookDispatcher& hooks, bool always) {
  own<NoResult, std::vector<Command>&>(
      hooks.vdk_command_line, "vdk_command_line",
      {.call =
           [this](nb::handle hook, std::vector<Command>& commands) {
             command_line_ =
                 SharedObject(nb::cast(new CommandLine(program_), nb::rv_policy::take_ownership));
             root_command_ = SharedObject(
                 nb::object(import("vdk.host.command_line")
                                .attr("make_group")(command_line_.get(), root_command_.get())));
             nb::object answer = hook(nb::arg("root_command") = root_command_.get());
             for (Command& command : nb::cast<CommandLine&>(command_line_.get()).commands())
               commands.push_back(std::move(command));
             return answer;
           },
       .call_core =
           [this](const auto& function, const nb::args& args) {
             std::vector<Command> commands;
             in_core(function, commands);
             nb::cast<CommandLine&>(command_line_.get()).add_to(args[0], std::move(commands));
             return nb::object(nb::none());
           },
       .result = ignored},
      always);
  // Whoever runs the command line himself gets the same group.
  heard_.emplace("vdk_cli_execute", heard_.at("vdk_command_line"));
}

std::optional<int> PluginOwner::run_command_line() {
  if (!command_line_.get().is_valid()) return std::nullopt;
  const nb::object command_line = nb::borrow(command_line_.get());
  CommandLine& native = nb::cast<CommandLine&>(command_line);
  const nb::object host = import("vdk.host.command_line");
  const nb::list words = list_of(program_.words());
  host.attr("configure")(command_line, root_command_.get(), words);
  // Until a job has a configuration of its own, the context's is the program's.
  const Loan loan(nb::cast<PythonConfiguration&>(configuration_.get()), *native.configuration());
  return nb::cast<int>(nb::object(host.attr("execute")(
      command_line, relay_.get(), root_command_.get(), words, core_context())));
}

void PluginOwner::own_job_hooks(HookDispatcher& hooks) {
  own<NoResult, JobContext&>(hooks.initialize_job, "initialize_job",
                             {.call =
                                  [this](nb::handle hook, JobContext& context) {
                                    nb::object answer =
                                        hook(nb::arg("context") = context_of(context));
                                    PythonJob::of(context).take_steps();
                                    return answer;
                                  },
                              .call_core =
                                  [](const auto& function, const nb::args& args) {
                                    JobContext& context = native_context(args[0]);
                                    PythonJob::of(context).take_steps();
                                    in_core(function, context);
                                    PythonJob::of(context).give_steps();
                                    return nb::object(nb::none());
                                  },
                              .result = ignored});

  own<ExecutionResult, JobContext&>(
      hooks.run_job, "run_job",
      {.call =
           [this](nb::handle hook, JobContext& context) {
             const nb::object python = context_of(context);
             nb::object answer = hook(nb::arg("context") = python);
             import("vdk.host.contexts").attr("note_result")(python, answer);
             return answer;
           },
       .call_core = [](const auto& function, const nb::args& args) -> nb::object {
         JobContext& context = native_context(args[0]);
         // A plugin may have changed them just now.
         PythonJob::of(context).take_changed_steps();
         const std::optional<ExecutionResult> result = in_core(function, context);
         return result ? to_python(*result) : nb::none();
       },
       .result = [this](nb::handle result) { return execution_result(result, job_directory()); }});

  own<StepResult, JobContext&, const Step&>(
      hooks.run_step, "run_step",
      {.call =
           [this](nb::handle hook, JobContext& context, const Step& step) {
             const nb::object python = context_of(context);
             const nb::object python_step = PythonJob::of(context).step_object(step);
             const nb::object contexts = import("vdk.host.contexts");
             contexts.attr("note_step_start")(python, python_step);
             nb::object answer = hook(nb::arg("context") = python, nb::arg("step") = python_step);
             contexts.attr("note_step_end")(python, python_step, answer);
             return answer;
           },
       .call_core = [](const auto& function, const nb::args& args) -> nb::object {
         JobContext& context = native_context(args[0]);
         const Step step = PythonJob::of(context).core_step(args[1]);
         const std::optional<StepResult> result = in_core(function, context, step);
         return result ? to_python(*result) : nb::none();
       },
       .result = [this](nb::handle result) { return step_result(result, job_directory()); }});

  own<NoResult, JobContext&>(
      hooks.finalize_job, "finalize_job",
      {.call =
           [this](nb::handle hook, JobContext& context) {
             return nb::object(hook(nb::arg("context") = context_of(context)));
           },
       .call_core =
           [](const auto& function, const nb::args& args) {
             return nothing(in_core(function, native_context(args[0])));
           },
       .result = ignored});
}

void PluginOwner::own_connection_hooks(HookDispatcher& hooks) {
  own<NoResult, const ManagedOperation&>(
      hooks.db_connection_validate_operation, "db_connection_validate_operation",
      {.call =
           [](nb::handle hook, const ManagedOperation& operation) {
             const auto* python = dynamic_cast<const PythonOperation*>(&operation);
             if (!python) {
               return nb::object(hook(nb::arg("operation") = make_str(operation.operation()),
                                      nb::arg("parameters") = nb::none()));
             }
             const nb::handle own = python->object();
             return nb::object(hook(nb::arg("operation") = own.attr("get_initial_operation")(),
                                    nb::arg("parameters") = own.attr("get_initial_parameters")()));
           },
       .call_core =
           [](const auto& function, const nb::args& args) {
             const ManagedOperation operation(nb::cast<std::string>(nb::str(args[0])));
             return nothing(in_core(function, operation));
           },
       .result = ignored});

  own<NoResult, ManagedOperation&>(
      hooks.db_connection_before_operation, "db_connection_before_operation",
      {.call =
           [](nb::handle hook, ManagedOperation& operation) {
             const SeenOperation seen(operation);
             nb::object answer = hook(nb::arg("operation") = seen.object);
             seen.pull();
             return answer;
           },
       .call_core =
           [](const auto& function, const nb::args& args) {
             PythonOperation operation{nb::borrow(args[0])};
             in_core(function, operation);
             operation.push();
             return nb::object(nb::none());
           },
       .result = ignored});

  own<NoResult, ManagedOperation&, const Error&>(
      hooks.db_connection_on_operation_failure, "db_connection_on_operation_failure",
      {.call =
           [](nb::handle hook, ManagedOperation& operation, const Error& error) {
             const SeenOperation seen(operation);
             nb::object answer = hook(nb::arg("operation") = seen.object,
                                      nb::arg("exception") = to_python_exception(error));
             seen.pull();
             return answer;
           },
       .call_core =
           [](const auto& function, const nb::args& args) {
             PythonOperation operation{nb::borrow(args[0])};
             const PythonError error = described(args[1]);
             in_core(function, operation, error);
             operation.push();
             return nb::object(nb::none());
           },
       .result = ignored});
}

}  // namespace vdk
