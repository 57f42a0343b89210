// vdk properties and vdk secrets: what a job remembers, seen from outside.
#include <termios.h>
#include <unistd.h>

#include <fmt/format.h>

#include "base/file.hpp"
#include "base/text.hpp"
#include "cli/command.hpp"
#include "cli/command_job.hpp"
#include "cli/control_service.hpp"
#include "cli/job_directory.hpp"
#include "cli/program.hpp"
#include "cli/table.hpp"
#include "job/job_context.hpp"

namespace vdk {

namespace {

std::string_view plural(StateKind kind) {
  return kind == StateKind::properties ? "properties" : "secrets";
}

// Reads one line from standard input; a terminal does not show it.
std::string read_hidden(Host& host, const std::string& key) {
  const bool terminal = isatty(STDIN_FILENO) == 1;
  termios before{};
  if (terminal) {
    host.write_err(fmt::format("Value of {}: ", key));
    tcgetattr(STDIN_FILENO, &before);
    termios silent = before;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
  }
  std::string value;
  for (char c = 0; read(STDIN_FILENO, &c, 1) == 1 && c != '\n';) value += c;
  if (terminal) {
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
    host.write_err("\n");
  }
  return value;
}

void print_all(Host& host, const Value& map, bool as_json) {
  if (as_json) {
    host.write_out(to_json(map.if_map() ? map : Value(Value::Map{}), 2) + '\n');
    return;
  }
  std::vector<std::vector<Value>> rows;
  if (const Value::Map* members = map.if_map()) {
    for (const Member& member : *members)
      rows.push_back({member.key, to_python_text(member.value)});
  }
  host.write_out(simple_table({"key", "value"}, rows));
}

std::string read_whole(const std::string& file) {
  if (file != "-") return read_file(file);
  std::string text;
  for (char c = 0; read(STDIN_FILENO, &c, 1) == 1;) text += c;
  return text;
}

// Reads and changes what the router has, as the options say.
void serve(Invocation& invocation, StateKind kind, JobContext& context,
           const std::vector<std::pair<std::string, std::string>>& given) {
  Host& host = invocation.program().host();
  StateRouter& router = kind == StateKind::properties ? context.properties() : context.secrets();
  router.outlast_process();
  const bool as_json = invocation.get("output") == "json";

  Value map = router.all();
  bool changed = false;
  for (const auto& [key, value] : given) {
    map.set(key, value);
    changed = true;
  }
  for (const std::string& key : invocation.all("delete")) {
    if (!map.erase(key)) {
      throw user_error(
          {.what = fmt::format("There is no key '{}' to delete.", key),
           .why = fmt::format("The {} of the job {} do not hold it.", plural(kind), context.name()),
           .consequence = "Nothing was changed.",
           .countermeasure = fmt::format("See what there is: vdk {} --list", plural(kind))});
    }
    changed = true;
  }
  if (invocation.has("delete_all_job_keys")) {
    map = Value(Value::Map{});
    changed = true;
  }
  if (invocation.has("overwrite_all_job_keys")) {
    map = parse_json(read_whole(invocation.get("overwrite_all_job_keys")));
    if (map.if_map() == nullptr) {
      throw user_error({.what = "The file holds no JSON object.",
                        .consequence = "Nothing was changed.",
                        .countermeasure = R"(It has to look like {"key": "value"}.)"});
    }
    changed = true;
  }
  if (changed) router.set_all(map);

  for (const std::string& key : invocation.all("get")) {
    const Value* value = map.find(key);
    if (!value) {
      throw user_error(
          {.what = fmt::format("There is no key '{}'.", key),
           .why = fmt::format("The {} of the job {} do not hold it.", plural(kind), context.name()),
           .countermeasure = fmt::format("See what there is: vdk {} --list", plural(kind))});
    }
    host.write_out((as_json ? to_json(*value) : to_python_text(*value)) + '\n');
  }
  if (invocation.has("list") || (!changed && !invocation.has("get"))) print_all(host, map, as_json);
}

// A job that is named without a folder is meant as the service knows it, where there is one.
bool goes_to_service(const Invocation& invocation) {
  if (invocation.has("local") || invocation.has("directory")) return false;
  return invocation.has("rest_api_url") ||
         (invocation.has("name") && is_control_service_known(invocation));
}

int run(Invocation& invocation, StateKind kind) {
  if (goes_to_service(invocation)) return run_at_control_service(plural(kind), invocation);
  const auto directory = existing_directory(
      invocation.has("directory") ? invocation.get("directory") : std::string("."),
      "DATA_JOB_DIRECTORY");
  std::vector<std::pair<std::string, std::string>> given;
  const std::vector<std::string> words = invocation.all("set");
  for (std::size_t i = 0; i + 1 < words.size(); i += 2) given.emplace_back(words[i], words[i + 1]);
  for (const std::string& key : invocation.all("set_prompt"))
    given.emplace_back(key, read_hidden(invocation.program().host(), key));
  return run_as_job(invocation.program(),
                    {.directory = directory,
                     .name = invocation.get("name"),
                     .team = invocation.get("team"),
                     .settings = invocation.all("config")},
                    [&](JobContext& context) { serve(invocation, kind, context, given); });
}

Command state_command(StateKind kind) {
  const std::string name(plural(kind));
  const std::string thing = kind == StateKind::properties ? "property" : "secret";
  std::vector<CommandOption> options{
      {.names = "-l,--list",
       .key = "list",
       .help = fmt::format("List all {} (the default).", name)},
      {.names = "--get",
       .key = "get",
       .metavar = "KEY",
       .help = "Print the value of a key.",
       .repeated = true},
      {.names = "--set",
       .key = "set",
       .metavar = "KEY VALUE",
       .help = kind == StateKind::secrets
                   ? "Set a key. Other users see command lines: prefer --set-prompt."
                   : "Set a key. May be given many times.",
       .repeated = true,
       .values = 2},
      {.names = "--set-prompt",
       .key = "set_prompt",
       .metavar = "KEY",
       .help = "Set a key to a value that is asked for, or read from standard input.",
       .repeated = true},
      {.names = "--delete",
       .key = "delete",
       .metavar = "KEY",
       .help = "Remove a key.",
       .repeated = true},
      {.names = fmt::format("--delete-all-job-{}", name),
       .key = "delete_all_job_keys",
       .help = "Remove every key."},
      {.names = fmt::format("--overwrite-all-job-{}", name),
       .key = "overwrite_all_job_keys",
       .metavar = "FILE",
       .help = "Replace everything by the JSON object of a file, or of standard input (-)."},
      {.names = "-n,--name",
       .key = "name",
       .metavar = "TEXT",
       .help = "The job's name, where it is not the directory's."},
      {.names = "-t,--team",
       .key = "team",
       .metavar = "TEXT",
       .help = "The job's team, where config.ini does not say it."},
      {.names = "-u,--rest-api-url",
       .key = "rest_api_url",
       .metavar = "URL",
       .help = fmt::format("The Control Service. Where one is configured, the {} of a job that is "
                           "given by --name are those that it keeps.",
                           name)},
      {.names = "--local", .key = "local", .help = "Do not ask the Control Service."},
      {.names = "-c,--config",
       .key = "config",
       .metavar = "KEY=VALUE",
       .help = "As for vdk run.",
       .repeated = true},
      {.names = "-o,--output",
       .key = "output",
       .help = "How values are printed.",
       .choices = {"text", "json"},
       .default_value = "text"}};
  return {
      .name = name,
      .summary = fmt::format(
          "List, read and change the {} of a job, on this machine or at a Control Service.", name),
      .examples = fmt::format(
          "vdk {0} my-job\nvdk {0} my-job --set last_id 42\nvdk {0} my-job --get last_id", name),
      .arguments = {{.key = "directory",
                     .metavar = "DATA_JOB_DIRECTORY",
                     .help = fmt::format(
                         "The job whose {} are meant; the current directory by default.", thing),
                     .required = false}},
      .options = std::move(options),
      .run = [kind](Invocation& invocation) { return run(invocation, kind); }};
}

}  // namespace

Command properties_command() { return state_command(StateKind::properties); }
Command secrets_command() { return state_command(StateKind::secrets); }

}  // namespace vdk
