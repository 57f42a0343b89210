// deploy: upload a job's folder and make a version of it the one that runs.
#include <chrono>
#include <filesystem>
#include <optional>
#include <thread>

#include "archive.hpp"
#include "commands.hpp"
#include "ini_text.hpp"
#include "printer.hpp"
#include "service.hpp"
#include "user_folder.hpp"
#include "vdk/base/error.hpp"

namespace vdk::control {
namespace {

namespace fs = std::filesystem;

// The id of a deployment is decoration: a job has one.
constexpr std::string_view kDeployment = "/deployments/production";

Error not_deployed(std::string what, std::string why, std::string remedy) {
  return user_error({.what = std::move(what),
                     .why = std::move(why),
                     .consequence = "Nothing was deployed; what ran before goes on.",
                     .countermeasure = std::move(remedy)});
}

// What config.ini says about the job at the service.
class JobIni {
 public:
  explicit JobIni(const fs::path& folder) {
    const fs::path file = folder / "config.ini";
    const auto text = read_file(file);
    if (!text) {
      throw not_deployed(folder.string() + " is no job.", "It has no config.ini.",
                         "Give the job's folder: vdk deploy -p FOLDER");
    }
    ini_ = IniText::parse(*text);
    if (!ini_.repeated().empty()) {
      throw not_deployed(file.string() + " cannot be read.",
                         "It has " + ini_.repeated() + " twice, and no run would read it.",
                         "Leave one of the two.");
    }
  }

  [[nodiscard]] std::string get(std::string_view section, std::string_view key) const {
    return ini_.get(section, key).value_or("");
  }

  // What the service keeps beside the source.
  [[nodiscard]] Value config() const {
    Value schedule(Value::Map{{"schedule_cron", get("job", "schedule_cron")}});
    Value contacts(Value::Map{});
    for (const char* key :
         {"notified_on_job_failure_user_error", "notified_on_job_failure_platform_error",
          "notified_on_job_success", "notified_on_job_deploy"}) {
      contacts.set(key, Value(addresses(key)));
    }
    return Value(Value::Map{
        {"contacts", std::move(contacts)},
        {"schedule", std::move(schedule)},
        {"enable_execution_notifications", notifications()},
        {"notification_delay_period_minutes", delay_minutes()},
    });
  }

 private:
  [[nodiscard]] Value::List addresses(std::string_view key) const {
    Value::List list;
    std::string one;
    for (const char c : get("contacts", key) + ';') {
      if (c != ';' && c != ',') {
        one += c;
        continue;
      }
      if (std::string address = trimmed(one); !address.empty()) list.emplace_back(address);
      one.clear();
    }
    return list;
  }

  [[nodiscard]] bool notifications() const {
    const std::string text = get("contacts", "enable_execution_notifications");
    if (text.empty()) return true;
    for (const char* yes : {"true", "True", "TRUE", "yes", "on", "1"}) {
      if (text == yes) return true;
    }
    for (const char* no : {"false", "False", "FALSE", "no", "off", "0"}) {
      if (text == no) return false;
    }
    throw not_deployed("enable_execution_notifications in config.ini is '" + text + "'.",
                       "It has to be true or false.", "Correct it in the section [contacts].");
  }

  [[nodiscard]] std::int64_t delay_minutes() const {
    constexpr std::int64_t standard = 240;
    const std::string text = get("contacts", "notification_delay_period_minutes");
    if (text.empty()) return standard;
    const bool digits = text.find_first_not_of("0123456789") == std::string::npos;
    const std::int64_t minutes = digits && text.size() < 9 ? std::stoll(text) : 0;
    if (minutes > 0) return minutes;
    throw not_deployed("notification_delay_period_minutes in config.ini is '" + text + "'.",
                       "It has to be a whole number greater than zero.",
                       "Correct it in the section [contacts].");
  }

  IniText ini_;
};

void check_no_keytab(const fs::path& folder) {
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.path().extension() != ".keytab") continue;
    throw not_deployed("The job's folder holds a keytab: " + entry.path().string(),
                       "Keytabs are secrets, and what is deployed is kept with its history.",
                       "Move it beside the folder.");
  }
}

Value enabled_of(const Invocation& invocation) {
  if (invocation.has("enable")) return {true};
  if (invocation.has("disable")) return {false};
  return {};
}

// How far the service came with what was asked for last. Nothing where it does not tell:
// upstream's.
std::optional<Value> read_progress(Service& service, const JobName& job) {
  const std::string path = job_path(job) + std::string(kDeployment) + "/status";
  const HttpAnswer answer = service.try_send("GET", path, {}, std::nullopt);
  if (answer.status != 200) return std::nullopt;
  return parse_json(answer.body);
}

bool is_under_way(const Value& progress) {
  const std::string state = text_at(progress, "state");
  return state == "pending" || state == "building";
}

// Returns when what was asked for runs. Throws Error (user, platform) where it will not.
void wait_until_deployed(Service& service, const JobName& job) {
  constexpr std::chrono::milliseconds pause{100};
  std::optional<Value> progress = read_progress(service, job);
  while (progress && is_under_way(*progress)) {
    std::this_thread::sleep_for(pause);
    progress = read_progress(service, job);
  }
  if (!progress) {
    throw platform_error(
        {.what = "The service does not tell how far the deployment is.",
         .consequence = "It was asked for; when it is done is not known here.",
         .countermeasure = "Look for its version: vdk deploy --show -n " + job.name});
  }
  const std::string state = text_at(*progress, "state");
  if (state == "deployed") return;
  const std::string kept = text_at(*progress, "deployed_version");
  ErrorText text{
      .what = job.name + " was not deployed.",
      .why = text_at(*progress, "message"),
      .consequence = kept.empty() ? "Nothing of it runs." : "Version " + kept + " stays deployed.",
      .countermeasure = "See what was done for it: the member 'log' of " + service.url() +
                        "/data-jobs/for-team/" + job_path(job) + std::string(kDeployment) +
                        "/status"};
  if (state == "user_error") throw user_error(std::move(text));
  throw platform_error(std::move(text));
}

void post_deployment(Service& service, Printer& printer, const JobName& job, Value deployment,
                     bool waits) {
  service.post(job_path(job) + "/deployments", deployment);
  if (waits) wait_until_deployed(service, job);
  const std::string version = text_at(deployment, "job_version");
  if (printer.is_json()) {
    Value result(Value::Map{{"job_name", job.name}});
    for (const char* key : {"job_version", "python_version"}) {
      const Value* value = deployment.find(key);
      result.set(key, value != nullptr ? *value : Value());
    }
    printer.map(result);
    return;
  }
  if (waits) {
    printer.say("Deployed " + job.name + (version.empty() ? "." : " in version " + version + '.'));
    return;
  }
  printer.say("Deploying " + job.name + (version.empty() ? "" : " in version " + version) +
              ".\nSee how it goes: vdk deploy --show -n " + job.name + " -t '" + job.team + "'");
}

int create_deployment(Invocation& invocation, Printer& printer) {
  const fs::path given = wanted(invocation, "job_path", "'-p' / '--job-path'", "Job Path");
  std::error_code none;
  if (!fs::is_directory(given, none)) {
    throw not_deployed(given.string() + " is no directory.", {}, "Give the job's folder with -p.");
  }
  const fs::path folder = fs::canonical(given);
  const JobIni ini(folder);
  check_no_keytab(folder);

  JobName job{.name = invocation.get("name")};
  if (job.name.empty()) job.name = folder.filename().string();
  const std::string ini_team = ini.get("owner", "team");
  const std::string given_team = invocation.get("team");
  if (!given_team.empty() && !ini_team.empty() && given_team != ini_team) {
    throw not_deployed("The job is of another team.",
                       "config.ini says " + ini_team + ", the command line " + given_team + '.',
                       "Correct config.ini, or leave --team away.");
  }
  job.team = given_team.empty() ? ini_team : given_team;
  if (job.team.empty()) job.team = wanted_team(invocation);

  Service service(invocation);
  Value stored = service.get_json(job_path(job));  // before anything is sent
  printer.say("Uploading " + folder.string());
  Service::Query query;
  if (invocation.has("reason")) query.emplace_back("reason", invocation.get("reason"));
  const HttpAnswer uploaded =
      service.upload(job_path(job) + "/sources", pack_folder(folder), query);
  const Value version = parse_json(uploaded.body);

  stored.set("config", ini.config());
  service.put(job_path(job), stored);
  if (ini.get("job", "schedule_cron").empty()) {
    printer.say("It has no schedule: it runs when somebody starts it.");
  }
  Value deployment(Value::Map{{"enabled", enabled_of(invocation)}});
  if (const Value* sha = version.find("version_sha")) deployment.set("job_version", *sha);
  if (invocation.has("vdk_version")) deployment.set("vdk_version", invocation.get("vdk_version"));
  if (const std::string python = ini.get("job", "python_version"); !python.empty()) {
    deployment.set("python_version", python);
  }
  post_deployment(service, printer, job, std::move(deployment), invocation.has("wait"));
  return 0;
}

int update_deployment(Invocation& invocation, Printer& printer) {
  if (invocation.has("job_path")) return create_deployment(invocation, printer);
  const JobName job = wanted_job(invocation);
  Service service(invocation);
  const Value enabled = enabled_of(invocation);
  if (!invocation.has("job_version") && !invocation.has("vdk_version")) {
    if (enabled.is_null()) throw UsageError("Give what to update: --job-version or --vdk-version.");
    service.patch(job_path(job) + std::string(kDeployment),
                  Value(Value::Map{{"enabled", enabled}}));
    const std::string status = *enabled.if_bool() ? "enabled" : "disabled";
    if (printer.is_json()) {
      printer.map(Value(Value::Map{{"job_name", job.name}, {"enabled", enabled}}));
    }
    printer.say("The deployment of " + job.name + " is " + status + '.');
    return 0;
  }
  Value deployment(Value::Map{{"enabled", enabled}});
  for (const char* key : {"job_version", "vdk_version"}) {
    if (invocation.has(key)) deployment.set(key, invocation.get(key));
  }
  post_deployment(service, printer, job, std::move(deployment), invocation.has("wait"));
  return 0;
}

int remove_deployment(Invocation& invocation, Printer& printer) {
  const JobName job = wanted_job(invocation);
  Service service(invocation);
  service.erase(job_path(job) + std::string(kDeployment));
  if (printer.is_json()) {
    printer.map(Value(Value::Map{{"job_name", job.name}, {"removed", true}}));
  }
  printer.say("The deployment of " + job.name + " was removed.");
  return 0;
}

// What was asked for last and is not deployed.
void tell_what_is_under_way(Service& service, Printer& printer, const JobName& job) {
  const std::optional<Value> progress = read_progress(service, job);
  if (!progress) return;
  const Value& status = *progress;
  const std::string state = text_at(status, "state");
  if (state.empty() || state == "deployed") return;
  const std::string version = text_at(status, "job_version");
  const std::string message = text_at(status, "message");
  if (is_under_way(status)) {
    printer.say("Version " + version + " is on its way (" + state + ").");
    return;
  }
  const std::string kept = text_at(status, "deployed_version");
  printer.say("Version " + version + " was not deployed (" + state + "). " + message +
              (kept.empty() ? "" : "\nVersion " + kept + " stays deployed."));
}

int show_deployment(Invocation& invocation, Printer& printer) {
  const JobName job = wanted_job(invocation);
  Service service(invocation);
  const Value deployments = service.get_json(job_path(job) + "/deployments");
  std::vector<Value> rows;
  if (const Value::List* list = deployments.if_list()) {
    for (const Value& deployment : *list) {
      Value row(Value::Map{{"job_name", job.name}});
      for (const char* key :
           {"job_version", "last_deployed_by", "last_deployed_date", "python_version", "enabled"}) {
        const Value* value = deployment.find(key);
        row.set(key, value != nullptr ? *value : Value());
      }
      rows.push_back(std::move(row));
    }
  }
  printer.table(rows);
  if (!printer.is_json()) tell_what_is_under_way(service, printer, job);
  return 0;
}

}  // namespace

int deploy(Invocation& invocation) {
  Printer printer(invocation);
  if (invocation.has("show")) return show_deployment(invocation, printer);
  if (invocation.has("remove")) return remove_deployment(invocation, printer);
  const bool update = invocation.has("update") || invocation.has("enable") ||
                      invocation.has("disable") || invocation.has("job_version");
  return update && !invocation.has("create") ? update_deployment(invocation, printer)
                                             : create_deployment(invocation, printer);
}

}  // namespace vdk::control
