#include "command_line.hpp"

#include <map>
#include <utility>

#include <nanobind/stl/map.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "python_error.hpp"
#include "vdk/base/version.hpp"

namespace vdk {

namespace {

nb::dict described(const CommandArgument& argument) {
  nb::dict facts;
  facts["key"] = argument.key;
  facts["metavar"] = argument.metavar;
  facts["help"] = argument.help;
  facts["required"] = argument.required;
  facts["repeated"] = argument.repeated;
  return facts;
}

nb::dict described(const CommandOption& option) {
  nb::dict facts;
  facts["names"] = option.names;  // "-q,--query"
  facts["key"] = option.key;
  facts["metavar"] = option.metavar;
  facts["help"] = option.help;
  facts["required"] = option.required;
  facts["repeated"] = option.repeated;
  facts["choices"] = nb::cast(option.choices);
  facts["default"] = option.default_value;
  facts["hidden"] = option.hidden;
  facts["values"] = option.values;
  return facts;
}

template <class T>
nb::list all_described(const std::vector<T>& parts) {
  nb::list list;
  for (const T& part : parts) list.append(described(part));
  return list;
}

nb::dict described(const Command& command) {
  nb::dict facts;
  facts["name"] = command.name;
  facts["summary"] = command.summary;
  facts["examples"] = command.examples;
  facts["hidden"] = command.hidden;
  facts["arguments"] = all_described(command.arguments);
  facts["options"] = all_described(command.options);
  return facts;
}

}  // namespace

void CommandLine::bind(nb::module_& module) {
  nb::class_<CommandLine>(module, "CommandLine")
      .def_prop_ro("version", [](const CommandLine&) { return vdk::version(); })
      .def("configure", &CommandLine::configure)
      .def("run", &CommandLine::run)
      .def("set_verbosity", &CommandLine::set_verbosity)
      .def("refuse_run", &CommandLine::refuse_run);
}

void CommandLine::add_to(nb::handle group, std::vector<Command> commands) {
  const nb::object make = import("vdk.host.command_line").attr("make_command");
  const nb::object self = nb::find(this);
  for (Command& command : commands) {
    group.attr("add_command")(make(self, commands_.size(), described(command)));
    commands_.push_back(std::move(command));
  }
}

std::vector<Command> CommandLine::commands() const { return {commands_.begin(), commands_.end()}; }

void CommandLine::configure(const std::string& job_directory,
                            const std::vector<std::string>& settings) {
  Program& running = program();
  const nb::gil_scoped_release unlocked;
  configuration_ = &running.configure_ahead(job_directory, settings);
}

nb::tuple CommandLine::run(std::size_t number, nb::handle values) {
  Program& running = program();
  const Command& command = commands_.at(number);
  auto given = nb::cast<std::map<std::string, std::vector<std::string>>>(values);
  int exit_code = 0;
  {
    const nb::gil_scoped_release unlocked;
    exit_code = running.execute(command, std::move(given));
  }
  nb::object failure = nb::none();
  if (exit_code != 0 && running.failure()) failure = to_python_exception(running.failure());
  return nb::make_tuple(exit_code, failure);
}

bool CommandLine::set_verbosity(const std::string& level) {
  const std::optional<LogLevel> known = parse_log_level(level);
  if (known) program().set_verbosity(*known);
  return known.has_value();
}

void CommandLine::refuse_run() { program().write_early_termination(TerminationStatus::user_error); }

Program& CommandLine::program() const {
  if (program_) return *program_;
  throw platform_error({.what = "A command of a command line that has ended was called.",
                        .consequence = "It did not run.",
                        .countermeasure = "Take commands from the group that vdk_command_line "
                                          "gives, each time anew."});
}

}  // namespace vdk
