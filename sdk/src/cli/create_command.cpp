#include <unistd.h>

#include <algorithm>
#include <map>
#include <vector>

#include <fmt/format.h>

#include "base/file.hpp"
#include "cli/command.hpp"
#include "cli/control_service.hpp"
#include "cli/program.hpp"
#include "vdk/base/value.hpp"

namespace vdk {

namespace fs = std::filesystem;

namespace {

// The rule of the Control Service, so that a job that runs here can be deployed there under the
// same name.
void check_name(const std::string& name) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  };
  if (name.size() >= 5 && name.size() <= 45 && name.front() >= 'a' && name.front() <= 'z' &&
      std::ranges::all_of(name, allowed)) {
    return;
  }
  throw user_error(
      {.what = fmt::format("'{}' cannot be the name of a job.", name),
       .why =
           "A name is 5 to 45 characters long, starts with a letter, and holds lower-case letters, "
           "digits and dashes only.",
       .consequence = "Nothing was created.",
       .countermeasure = "Choose another name, for example daily-sales."});
}

std::string config_ini(const std::string& team) {
  return fmt::format(
      "; How this job runs. `vdk config-help` lists every option, `vdk config .` shows the values "
      "in force.\n"
      "[owner]\n"
      "team = {}\n"
      "\n"
      "; What a Control Service does with the job once it is deployed.\n"
      "[job]\n"
      "; When it runs, in UTC: minute, hour, day of the month, month, day of the week; 30 4 * * * "
      "is "
      "each day at 04:30.\n"
      "; Empty: only when somebody starts it.\n"
      "schedule_cron =\n"
      "; Its version of Python, where the service has several: `vdk info` tells them.\n"
      "; python_version = 3.11\n"
      "\n"
      "; Who is told what, by mail: addresses with semicolons between them.\n"
      "[contacts]\n"
      "notified_on_job_failure_user_error =\n"
      "notified_on_job_failure_platform_error =\n"
      "notified_on_job_success =\n"
      "notified_on_job_deploy =\n"
      "\n"
      "[vdk]\n"
      "; Properties keep what the job must remember between runs; the file back end keeps them on "
      "this machine.\n"
      "properties_default_type = file\n",
      team);
}

constexpr std::string_view kSqlStep10 =
    "-- The first step: SQL, sent to the default database.\n"
    "create table if not exists greetings (name text, greeting text);\n"
    "delete from greetings;\n"
    "insert into greetings values ('world', 'Hello');\n";

constexpr std::string_view kPythonStep20 =
    "# The second step: Python. `run` is called with the job's own interface to databases, "
    "ingestion and state.\n"
    "from vdk.api.job_input import IJobInput\n"
    "\n"
    "\n"
    "def run(job_input: IJobInput):\n"
    "    for name, greeting in job_input.execute_query(\"select name, greeting from greetings\"):\n"
    "        print(f\"{greeting}, {name}!\")\n";

bool is_json(const Invocation& invocation) { return invocation.get("output") == "json"; }

// Where the job's folder is to be. Throws where something is there already.
fs::path free_directory(const Invocation& invocation) {
  const std::string name = invocation.get("name");
  const fs::path parent =
      invocation.has("path") ? fs::path(invocation.get("path")) : fs::current_path();
  fs::path directory = fs::absolute(parent / name).lexically_normal();
  std::error_code failure;
  if (fs::exists(directory, failure)) {
    throw user_error(
        {.what = fmt::format("{} exists already.", directory.string()),
         .consequence = "Nothing was created, and what is there was not touched.",
         .countermeasure = "Choose another name or --path, or remove the directory first."});
  }
  return directory;
}

void make_directory(const fs::path& directory) {
  std::error_code failure;
  fs::create_directories(directory, failure);
  if (failure) {
    throw user_error(
        {.what = fmt::format("The directory {} cannot be created.", directory.string()),
         .why = fmt::format("The system says: {}.", failure.message()),
         .consequence = "Nothing was created.",
         .countermeasure = "Give --path a directory that you may write."});
  }
}

void create_locally(Host& host, const Invocation& invocation, const fs::path& directory) {
  make_directory(directory);
  const std::string team = invocation.has("team") ? invocation.get("team") : default_team();
  write_file_atomic(directory / "config.ini", config_ini(team));
  if (!invocation.has("no_sample")) {
    write_file_atomic(directory / "10_greet.sql", kSqlStep10);
    write_file_atomic(directory / "20_print.py", kPythonStep20);
  }
  if (is_json(invocation)) {
    host.write_out(
        to_json(Value::Map{
            {"job_name", invocation.get("name")}, {"team", team}, {"path", directory.string()}}) +
        '\n');
    return;
  }
  host.write_out(fmt::format(
      "Created the job {} in {}\n{}", invocation.get("name"), directory.string(),
      invocation.has("no_sample") ? std::string()
                                  : fmt::format("Run it: vdk run {}\n", directory.string())));
}

std::string ask(Host& host, std::string_view question) {
  host.write_out(question);
  std::string answer;
  for (char c = 0; read(STDIN_FILENO, &c, 1) == 1 && c != '\n';) answer += c;
  return answer;
}

int create(Invocation& invocation) {
  Program& program = invocation.program();
  const bool service_known = is_control_service_known(invocation);
  if (invocation.has("cloud") && !service_known) {
    throw configuration_error(
        {.what = "The job cannot be created in a Control Service.",
         .why = "No service is configured: control_service_rest_api_url and --rest-api-url are not "
                "set.",
         .consequence = "Nothing was created.",
         .countermeasure = "Leave --cloud away to create the job on this machine."});
  }
  check_name(invocation.get("name"));
  if (invocation.has("cloud")) return run_at_control_service("create", invocation);
  const fs::path directory = free_directory(invocation);
  if (service_known && !invocation.has("local")) {
    make_directory(directory.parent_path());
    const int code = run_at_control_service("create", invocation);
    if (code != 0) return code;
  }
  create_locally(program.host(), invocation, directory);
  return 0;
}

int run(Invocation& invocation) {
  if (invocation.has("name")) return create(invocation);
  if (isatty(STDIN_FILENO) == 0) throw UsageError("Missing option '-n' / '--name'.");
  Program& program = invocation.program();
  std::map<std::string, std::vector<std::string>> values{
      {"name", {ask(program.host(), "Job name: ")}}};
  for (const char* key :
       {"team", "path", "local", "cloud", "rest_api_url", "no_sample", "output"}) {
    if (invocation.has(key)) values[key] = invocation.all(key);
  }
  Invocation named(program, std::move(values));
  return create(named);
}

}  // namespace

Command create_command() {
  return {
      .name = "create",
      .summary =
          "Create a data job: a directory with a configuration and two sample steps that run at "
          "once.",
      .examples = "vdk create -n my-job\nvdk create -n my-job -t my-team -p ~/jobs --no-sample",
      .options =
          {{.names = "-n,--name", .key = "name", .metavar = "TEXT", .help = "The name of the job."},
           {.names = "-t,--team",
            .key = "team",
            .metavar = "TEXT",
            .help = "The team that owns the job."},
           {.names = "-p,--path",
            .key = "path",
            .metavar = "PATH",
            .help =
                "The directory in which the job's directory is made; the current one by default."},
           {.names = "--local", .key = "local", .help = "Create the job on this machine only."},
           {.names = "--cloud,--no-template",
            .key = "cloud",
            .help = "Create the job in the Control Service only."},
           {.names = "-u,--rest-api-url",
            .key = "rest_api_url",
            .metavar = "URL",
            .help = "The Control Service. Where one is configured, the job is registered there "
                    "too."},
           {.names = "--no-sample", .key = "no_sample", .help = "Create the configuration only."},
           {.names = "-o,--output",
            .key = "output",
            .help = "For people or for programs.",
            .choices = {"text", "json"},
            .default_value = "text"}},
      .run = run};
}

}  // namespace vdk
