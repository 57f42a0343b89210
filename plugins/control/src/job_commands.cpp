// create (its part at the service), delete, list, show, download-job and download-key.
#include <filesystem>

#include "archive.hpp"
#include "commands.hpp"
#include "printer.hpp"
#include "service.hpp"
#include "user_folder.hpp"
#include "vdk/base/error.hpp"
#include "vdk/base/output_file.hpp"

namespace vdk::control {
namespace {

namespace fs = std::filesystem;

fs::path parent_of(const Invocation& invocation) {
  const fs::path path = invocation.has("path") ? fs::path(invocation.get("path")) : fs::path(".");
  std::error_code none;
  if (!fs::is_directory(path, none)) {
    throw user_error({.what = path.string() + " is no directory.",
                      .consequence = "Nothing was done.",
                      .countermeasure = "Make it, or give another --path."});
  }
  return fs::canonical(path);
}

// The keytab lies beside the job's folder, for its owner's eyes only. Says where.
fs::path save_keytab(Service& service, const JobName& job, const fs::path& parent) {
  const HttpAnswer answer = service.get(job_path(job) + "/keytab");
  const fs::path path = parent / (job.name + ".keytab");
  OutputFile file(path, OutputFile::Existing::is_replaced);
  file.write(answer.body);
  fs::permissions(file.partial(), fs::perms::owner_read | fs::perms::owner_write);
  file.publish();
  return path;
}

// Without a keytab a job misses some connections at most.
void try_to_save_keytab(Invocation& invocation, Service& service, const JobName& job,
                        const fs::path& parent) {
  try {
    (void)save_keytab(service, job, parent);
  } catch (const Error& error) {
    invocation.print_error("The keytab of " + job.name + " was not downloaded: " + error.what() +
                           '\n');
  }
}

std::string quoted(const std::string& text) { return to_json(Value(text)); }

std::string jobs_query(int page, int page_size, const std::string& team, std::size_t details) {
  std::string filter = R"([{ property: "config.team", )";
  if (!team.empty()) filter += "pattern: " + quoted(team) + ", ";
  filter += R"(sort: ASC }, { property: "jobName", sort: ASC }])";
  std::string config = "team description schedule { scheduleCron }";
  std::string deployments = "enabled status";
  if (details >= 1) deployments += " jobVersion lastDeployedBy lastDeployedDate";
  if (details >= 2) {
    config +=
        " contacts { notifiedOnJobDeploy notifiedOnJobSuccess "
        "notifiedOnJobFailurePlatformError notifiedOnJobFailureUserError }";
  }
  if (details >= 3) {
    deployments += " executions { id type status startTime endTime opId startedBy }";
  }
  return "{ jobs(pageNumber: " + std::to_string(page) + ", pageSize: " + std::to_string(page_size) +
         ", filter: " + filter + ") { content { jobName config { " + config + " } deployments { " +
         deployments + " } } } }";
}

const Value& at(const Value& map, std::string_view key) {
  static const Value none;
  const Value* value = map.find(key);
  return value != nullptr ? *value : none;
}

const Value& first_of(const Value& list) {
  static const Value none;
  const Value::List* values = list.if_list();
  return values != nullptr && !values->empty() ? values->front() : none;
}

// A job as a row, in the columns of upstream's client.
Value row_of(const Value& job) {
  const Value& config = at(job, "config");
  const Value& deployment = first_of(at(job, "deployments"));
  Value row(Value::Map{{"job_name", at(job, "jobName")}, {"job_team", at(config, "team")}});
  const auto copy = [&row](const Value& from, std::string_view key, std::string_view as) {
    if (const Value* value = from.find(key)) row.set(as, *value);
  };
  if (deployment.if_map() == nullptr) {
    row.set("status", "NOT_DEPLOYED");
  } else {
    const bool* enabled = at(deployment, "enabled").if_bool();
    row.set("status", enabled != nullptr && *enabled ? "ENABLED" : "DISABLED");
    copy(at(config, "schedule"), "scheduleCron", "schedule_cron");
    if (!at(deployment, "status").is_null()) copy(deployment, "status", "last_deployment_status");
    copy(deployment, "jobVersion", "job_version");
    copy(deployment, "lastDeployedBy", "deployed_by");
    copy(deployment, "lastDeployedDate", "deployed_date");
    const Value& execution = first_of(at(deployment, "executions"));
    copy(execution, "status", "last_execution_status");
    copy(execution, "startTime", "last_execution_date");
    copy(execution, "type", "last_execution_type");
    copy(execution, "startedBy", "last_execution_started_by");
  }
  const Value& contacts = at(config, "contacts");
  copy(contacts, "notifiedOnJobSuccess", "notified_on_success");
  copy(contacts, "notifiedOnJobFailureUserError", "notified_on_user_error");
  copy(contacts, "notifiedOnJobFailurePlatformError", "notified_on_platform_error");
  copy(contacts, "notifiedOnJobDeploy", "notified_on_deploy");
  return row;
}

}  // namespace

int register_job(Invocation& invocation) {
  const JobName job = wanted_job(invocation);
  Service service(invocation);
  const Value body(
      Value::Map{{"job_name", job.name}, {"team", job.team}, {"config", Value(Value::Map{})}});
  const std::string path = team_path(job.team) + "/jobs";
  const HttpAnswer answer = service.try_send("POST", path, {{"name", job.name}}, to_json(body));
  const bool is_known = answer.status == 409;
  if (answer.status >= 400 && !is_known) service.fail(answer, path);
  try_to_save_keytab(invocation, service, job, parent_of(invocation));
  Printer printer(invocation);
  if (printer.is_json()) {
    // Where a folder is made too, that is told instead.
    if (invocation.has("cloud")) {
      printer.map(Value(Value::Map{{"job_name", job.name}, {"team", job.team}}));
    }
    return 0;
  }
  invocation.print((is_known ? "The service knows the job " : "Registered the job ") + job.name +
                   (is_known ? " already: " : " of the team " + job.team + " at ") + service.url() +
                   '\n');
  return 0;
}

int delete_job(Invocation& invocation) {
  Printer printer(invocation);
  const JobName job = wanted_job(invocation);
  Service service(invocation);
  if (!invocation.has("yes")) {
    const std::string answer = ask(
        invocation, "Delete the job " + job.name + " of the team " + job.team + " for good? [y/N]",
        Echo::shown);
    if (answer != "y" && answer != "Y" && answer != "yes") {
      invocation.print_error("Nothing was deleted.\n");
      return 1;
    }
  }
  service.erase(job_path(job));
  if (printer.is_json()) {
    printer.map(Value(Value::Map{{"job_name", job.name}, {"team", job.team}, {"deleted", true}}));
  }
  printer.say("The job " + job.name + " was deleted from the service.");
  return 0;
}

int list_jobs(Invocation& invocation) {
  constexpr int kPageSize = 100;
  Service service(invocation);
  std::string team = invocation.get("team");
  if (team.empty()) team = Defaults::get(Defaults::kTeam);
  const bool all = invocation.has("all") || team.empty();
  const std::string asked_by = team.empty() ? "no-team-specified" : team;
  std::vector<Value> rows;
  for (int page = 1;; ++page) {
    const std::string query = jobs_query(page, kPageSize, all ? std::string() : team,
                                         invocation.all("more_details").size());
    const Value answer = service.get_json(team_path(asked_by) + "/jobs", {{"query", query}});
    const Value::List* content = at(at(answer, "data"), "content").if_list();
    if (content == nullptr) break;
    for (const Value& job : *content) rows.push_back(row_of(job));
    if (content->size() < kPageSize) break;
  }
  Printer(invocation).table(rows);
  return 0;
}

int show_job(Invocation& invocation) {
  constexpr std::size_t kShownExecutions = 2;
  const JobName job = wanted_job(invocation);
  Service service(invocation);
  Value shown = service.get_json(job_path(job));
  shown.set("deployments", service.get_json(job_path(job) + "/deployments"));
  Value executions = service.get_json(job_path(job) + "/executions");
  if (Value::List* list = executions.if_list();
      list != nullptr && list->size() > kShownExecutions) {
    list->resize(kShownExecutions);
  }
  shown.set("executions", std::move(executions));
  Printer(invocation).map(shown);
  return 0;
}

int download_job(Invocation& invocation) {
  Printer printer(invocation);
  const JobName job = wanted_job(invocation);
  const fs::path parent = parent_of(invocation);
  const fs::path folder = parent / job.name;
  std::error_code none;
  if (fs::exists(folder, none)) {
    throw user_error({.what = folder.string() + " exists already.",
                      .consequence = "Nothing was downloaded, and what is there was not touched.",
                      .countermeasure = "Give another --path, or move the directory away."});
  }
  Service service(invocation);
  const HttpAnswer answer = service.get(job_path(job) + "/sources");
  unpack_archive(answer.body, parent);
  try_to_save_keytab(invocation, service, job, parent);
  if (printer.is_json()) {
    printer.map(Value(Value::Map{{"job_name", job.name}, {"path", folder.string()}}));
  }
  printer.say("Downloaded the job " + job.name + " to " + folder.string());
  return 0;
}

int download_key(Invocation& invocation) {
  Printer printer(invocation);
  const JobName job = wanted_job(invocation);
  Service service(invocation);
  const fs::path path = save_keytab(service, job, parent_of(invocation));
  if (printer.is_json()) {
    printer.map(Value(Value::Map{{"job_name", job.name}, {"path", path.string()}}));
  }
  printer.say("Saved the keytab of " + job.name + " as " + path.string());
  return 0;
}

}  // namespace vdk::control
