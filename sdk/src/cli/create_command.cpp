#include <unistd.h>

#include <algorithm>

#include <fmt/format.h>

#include "base/file.hpp"
#include "cli/command.hpp"
#include "cli/program.hpp"

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

void create_locally(Host& host, const Invocation& invocation) {
  const std::string name = invocation.get("name");
  check_name(name);
  const fs::path parent =
      invocation.has("path") ? fs::path(invocation.get("path")) : fs::current_path();
  const fs::path directory = fs::absolute(parent / name).lexically_normal();
  std::error_code failure;
  if (fs::exists(directory, failure)) {
    throw user_error(
        {.what = fmt::format("{} exists already.", directory.string()),
         .consequence = "Nothing was created, and what is there was not touched.",
         .countermeasure = "Choose another name or --path, or remove the directory first."});
  }
  fs::create_directories(directory, failure);
  if (failure) {
    throw user_error(
        {.what = fmt::format("The directory {} cannot be created.", directory.string()),
         .why = fmt::format("The system says: {}.", failure.message()),
         .consequence = "Nothing was created.",
         .countermeasure = "Give --path a directory that you may write."});
  }
  write_file_atomic(directory / "config.ini", config_ini(invocation.get("team")));
  if (!invocation.has("no_sample")) {
    write_file_atomic(directory / "10_greet.sql", kSqlStep10);
    write_file_atomic(directory / "20_print.py", kPythonStep20);
  }
  host.write_out(fmt::format("Created the job {} in {}\n{}", name, directory.string(),
                             invocation.has("no_sample")
                                 ? std::string()
                                 : fmt::format("Run it: vdk run {}\n", directory.string())));
}

std::string ask(Host& host, std::string_view question) {
  host.write_out(question);
  std::string answer;
  for (char c = 0; read(STDIN_FILENO, &c, 1) == 1 && c != '\n';) answer += c;
  return answer;
}

int run(Invocation& invocation) {
  Program& program = invocation.program();
  if (!invocation.has("name")) {
    if (isatty(STDIN_FILENO) == 0) throw UsageError("Missing option '-n' / '--name'.");
    const std::string name = ask(program.host(), "Job name: ");
    Invocation named(program, {{"name", {name}}, {"team", invocation.all("team")}});
    create_locally(program.host(), named);
    return 0;
  }
  const Configuration configuration = program.configure(nullptr, {});
  std::string url = invocation.get("rest_api_url");
  if (url.empty()) url = configuration.get_string("control_service_rest_api_url");
  if (invocation.has("cloud")) {
    throw configuration_error(
        {.what = "The job cannot be created in a Control Service.",
         .why = url.empty() ? "No service is configured: control_service_rest_api_url and "
                              "--rest-api-url are not set."
                            : "This version of vdk has no client for the Control Service yet.",
         .consequence = "Nothing was created.",
         .countermeasure = "Leave --cloud away to create the job on this machine."});
  }
  create_locally(program.host(), invocation);
  return 0;
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
           {.names = "--local",
            .key = "local",
            .help = "Create the job on this machine (the default)."},
           {.names = "--cloud", .key = "cloud", .help = "Create the job in the Control Service."},
           {.names = "-u,--rest-api-url",
            .key = "rest_api_url",
            .metavar = "URL",
            .help = "The Control Service."},
           {.names = "--no-sample", .key = "no_sample", .help = "Create the configuration only."}},
      .run = run};
}

}  // namespace vdk
