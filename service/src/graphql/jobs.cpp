#include "graphql/jobs.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.hpp"
#include "graphql/job_search.hpp"
#include "schedule/cron.hpp"
#include "store/execution_store.hpp"
#include "store/job_list.hpp"
#include "vdk/base/error.hpp"

namespace vdk::service::graphql {

namespace {

// An answer is bounded: in fields of jobs, and in executions that are nested in them.
constexpr std::int64_t kMostValues = 2'000'000;
constexpr std::size_t kMostExecutions = 100'000;

Value nullable(const std::optional<std::string>& text) { return text ? Value(*text) : Value(); }
template <typename Number>
Value nullable(const std::optional<Number>& number) {
  return number ? Value(*number) : Value();
}
Value nullable_time(const std::optional<Time>& time) {
  return time ? Value(to_graphql_time(*time)) : Value();
}
Value texts(const std::vector<std::string>& texts) {
  return Value::List(texts.begin(), texts.end());
}
Value nothing() { return nullptr; }

std::string upper(std::string_view word) {
  std::string text(word);
  for (char& c : text) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return text;
}

// The next time after now, in seconds of Unix time; -1 where there is none.
Value next_run(const std::optional<std::string>& schedule) {
  constexpr int kNever = -1;
  if (!schedule || trim(*schedule).empty()) return kNever;
  try {
    const auto cron = Cron::parse(*schedule);
    const auto next = cron.next(std::chrono::floor<std::chrono::seconds>(now()));
    if (next) return next->time_since_epoch().count();
  } catch (const Error&) {
    // What nobody can read never runs.
  }
  return kNever;
}

using Nothing = std::monostate;

// Where upstream has an object of nulls.
const TypeOf<Nothing>& no_contacts() {
  static const auto type = [] {
    TypeOf<Nothing> made("DataJobContacts");
    for (const auto* name : {"notifiedOnJobFailureUserError", "notifiedOnJobFailurePlatformError",
                             "notifiedOnJobSuccess", "notifiedOnJobDeploy"}) {
      made.add({.name = name}, [](const Nothing&, const Selection&) { return nothing(); });
    }
    return made;
  }();
  return type;
}

const TypeOf<Nothing>& no_schedule() {
  static const auto type =
      TypeOf<Nothing>("DataJobSchedule")
          .add({.name = "scheduleCron"}, [](const Nothing&, const Selection&) { return nothing(); })
          .add({.name = "nextRunEpochSeconds"},
               [](const Nothing&, const Selection&) { return Value(0); });
  return type;
}

const TypeOf<Contacts>& contacts_type() {
  static const auto type =
      TypeOf<Contacts>("DataJobContacts")
          .add({.name = "notifiedOnJobFailureUserError"},
               [](const Contacts& c, const Selection&) { return texts(c.failure_user_error); })
          .add({.name = "notifiedOnJobFailurePlatformError"},
               [](const Contacts& c, const Selection&) { return texts(c.failure_platform_error); })
          .add({.name = "notifiedOnJobSuccess"},
               [](const Contacts& c, const Selection&) { return texts(c.success); })
          .add({.name = "notifiedOnJobDeploy"},
               [](const Contacts& c, const Selection&) { return texts(c.deploy); });
  return type;
}

using Schedule = std::optional<std::string>;

const TypeOf<Schedule>& schedule_type() {
  static const auto type =
      TypeOf<Schedule>("DataJobSchedule")
          .add({.name = "scheduleCron"},
               [](const Schedule& cron, const Selection&) { return nullable(cron); })
          .add({.name = "nextRunEpochSeconds"},
               [](const Schedule& cron, const Selection&) { return next_run(cron); });
  return type;
}

// Upstream's spellings.
const TypeOf<Resources>& resources_type() {
  static const auto type = [] {
    TypeOf<Resources> made("DataJobResources");
    made.add({.name = "cpuLimit"},
             [](const Resources& r, const Selection&) { return nullable(r.cpu_limit); })
        .add({.name = "cpuRequest"},
             [](const Resources& r, const Selection&) { return nullable(r.cpu_request); })
        .add({.name = "memoryLimit"},
             [](const Resources& r, const Selection&) { return nullable(r.memory_limit); })
        .add({.name = "memoryRequest"},
             [](const Resources& r, const Selection&) { return nullable(r.memory_request); });
    for (const auto* name :
         {"empheralStorageLimit", "empheralSorageRequest", "netBandwitdthLimit"}) {
      made.add({.name = name}, [](const Resources&, const Selection&) { return nothing(); });
    }
    return made;
  }();
  return type;
}

// A job of the page, and what its nested fields are read from.
struct JobSource {
  const JobsContext& context;
  const ListedJob& listed;
  std::size_t& executions;  // given so far in this answer

  [[nodiscard]] const ActualDeployment& deployment() const { return *listed.deployment; }
};

struct ExecutionSource {
  const JobSource& job;
  const Execution& execution;
};

const TypeOf<Schedule>& execution_schedule_type() {
  static const auto type =
      TypeOf<Schedule>("DataJobSchedule")
          .add({.name = "scheduleCron"},
               [](const Schedule& cron, const Selection&) { return nullable(cron); })
          .add({.name = "nextRunEpochSeconds"},
               [](const Schedule&, const Selection&) { return nothing(); });
  return type;
}

const TypeOf<Execution>& execution_deployment_type() {
  using E = const Execution&;
  using S = const Selection&;
  static const auto type =
      TypeOf<Execution>("DataJobExecutionDeployment")
          .add({.name = "id"}, [](E, S) { return Value("release"); })
          .add({.name = "enabled"}, [](E, S) { return Value(true); })
          .add({.name = "contacts", .type = &no_contacts()}, [](E, S) { return nothing(); })
          .add({.name = "jobVersion"}, [](E e, S) { return nullable(e.job_version); })
          .add({.name = "jobPythonVersion"}, [](E e, S) { return nullable(e.python_version); })
          .add({.name = "deployedDate"}, [](E e, S) { return nullable_time(e.deployed_at); })
          .add({.name = "deployedBy"}, [](E e, S) { return nullable(e.deployed_by); })
          .add({.name = "mode"}, [](E, S) { return Value("release"); })
          .add({.name = "resources", .type = &resources_type()},
               [](E e, S s) { return resources_type().object(e.resources, s); })
          .add({.name = "schedule", .type = &execution_schedule_type()},
               [](E e, S s) { return execution_schedule_type().object(e.schedule, s); })
          .add({.name = "vdkVersion"}, [](E e, S) { return nullable(e.vdk_version); })
          .add({.name = "status"}, [](E, S) { return nothing(); });
  return type;
}

const TypeOf<ExecutionSource>& execution_type() {
  using E = const ExecutionSource&;
  using S = const Selection&;
  static const auto type =
      TypeOf<ExecutionSource>("DataJobExecution")
          .add({.name = "id"}, [](E e, S) { return Value(e.execution.id); })
          .add({.name = "type"},
               [](E e, S) {
                 return Value(e.execution.type == ExecutionType::manual ? "MANUAL" : "SCHEDULED");
               })
          .add({.name = "jobName"}, [](E e, S) { return Value(e.execution.job_name); })
          .add({.name = "status"},
               [](E e, S) { return Value(upper(to_string(e.execution.status))); })
          .add({.name = "startTime"}, [](E e, S) { return nullable_time(e.execution.start_time); })
          .add({.name = "endTime"}, [](E e, S) { return nullable_time(e.execution.end_time); })
          .add({.name = "startedBy"}, [](E e, S) { return nullable(e.execution.started_by); })
          .add({.name = "message"}, [](E e, S) { return nullable(e.execution.message); })
          .add({.name = "opId"}, [](E e, S) { return Value(e.execution.op_id); })
          .add({.name = "logsUrl"},
               [](E e, S) {
                 return Value(e.job.context.logs_url(e.execution, e.job.listed.job.team));
               })
          .add({.name = "deployment", .type = &execution_deployment_type()},
               [](E e, S s) { return execution_deployment_type().object(e.execution, s); });
  return type;
}

Value executions(const JobSource& source, const Selection& selected) {
  const auto found = list_executions(source.context.connection, source.listed.job.name, {});
  source.executions += found.size();
  if (source.executions > kMostExecutions) {
    throw QueryError::fetching(
        fmt::format("There are more than {} executions. Ask for a smaller page", kMostExecutions),
        selected.location, {"jobs", "content", "deployments", selected.key});
  }
  Value::List values;
  for (const auto& execution : found) {
    values.push_back(execution_type().object({source, execution}, selected));
  }
  return values;
}

Value count(const JobSource& source, std::initializer_list<ExecutionStatus> statuses) {
  const auto counts = count_executions(source.context.connection, source.listed.job.name);
  std::int64_t sum = 0;
  for (const auto status : statuses) {
    if (const auto found = counts.find(status); found != counts.end()) sum += found->second;
  }
  return sum;
}

const TypeOf<JobSource>& deployment_type() {
  using J = const JobSource&;
  using S = const Selection&;
  using enum ExecutionStatus;
  static const auto type =
      TypeOf<JobSource>("DataJobDeployment")
          .add({.name = "id"}, [](J j, S) { return Value(j.listed.job.name); })
          .add({.name = "enabled"}, [](J j, S) { return Value(j.listed.is_enabled); })
          .add({.name = "contacts", .type = &no_contacts()},
               [](J, S s) { return no_contacts().object({}, s); })
          .add({.name = "jobVersion"}, [](J j, S) { return Value(j.deployment().version); })
          .add({.name = "jobPythonVersion"},
               [](J j, S) { return Value(j.deployment().python_version); })
          .add({.name = "lastDeployedDate"},
               [](J j, S) { return Value(to_graphql_time(j.deployment().deployed_at)); })
          .add({.name = "lastDeployedBy"},
               [](J j, S) { return nullable(j.deployment().deployed_by); })
          .add({.name = "mode"}, [](J, S) { return Value("release"); })
          .add({.name = "resources", .type = &resources_type()},
               [](J j, S s) { return resources_type().object(j.deployment().resources, s); })
          .add({.name = "schedule", .type = &no_schedule()},
               [](J, S s) { return no_schedule().object({}, s); })
          .add({.name = "vdkVersion"}, [](J j, S) { return nullable(j.deployment().vdk_version); })
          .add({.name = "status"}, [](J, S) { return nothing(); })
          .add({.name = "executions", .type = &execution_type()}, executions)
          .add({.name = "lastExecutionStatus"},
               [](J j, S) {
                 const auto& last = j.listed.last_execution;
                 return last ? Value(upper(to_string(last->status))) : nothing();
               })
          .add({.name = "lastExecutionTime"},
               [](J j, S) {
                 const auto& last = j.listed.last_execution;
                 return last ? Value(to_graphql_time(last->end)) : nothing();
               })
          .add({.name = "lastExecutionDuration"},
               [](J j, S) {
                 const auto& last = j.listed.last_execution;
                 return last ? Value(last->seconds) : nothing();
               })
          .add({.name = "successfulExecutions"}, [](J j, S) { return count(j, {succeeded}); })
          .add({.name = "failedExecutions"},
               [](J j, S) { return count(j, {user_error, platform_error}); });
  return type;
}

const TypeOf<Job>& config_type() {
  using J = const Job&;
  using S = const Selection&;
  static const auto type =
      TypeOf<Job>("DataJobConfig")
          .add({.name = "team"}, [](J j, S) { return Value(j.team); })
          .add({.name = "description"}, [](J j, S) { return nullable(j.description); })
          .add({.name = "schedule", .type = &schedule_type()},
               [](J j, S s) { return schedule_type().object(j.config.schedule, s); })
          .add({.name = "contacts", .type = &contacts_type()},
               [](J j, S s) { return contacts_type().object(j.config.contacts, s); })
          .add({.name = "generateKeytab"}, [](J j, S) { return Value(j.config.generate_keytab); })
          .add({.name = "sourceUrl"}, [](J, S) { return nothing(); })
          .add({.name = "logsUrl"}, [](J, S) { return nothing(); });
  return type;
}

const TypeOf<JobSource>& job_type() {
  using J = const JobSource&;
  using S = const Selection&;
  static const auto type =
      TypeOf<JobSource>("DataJob")
          .add({.name = "jobName"}, [](J j, S) { return Value(j.listed.job.name); })
          .add({.name = "config", .type = &config_type()},
               [](J j, S s) { return config_type().object(j.listed.job, s); })
          .add({.name = "deployments", .type = &deployment_type()}, [](J j, S s) {
            if (!j.listed.deployment) return nothing();
            return Value(Value::List{deployment_type().object(j, s)});
          });
  return type;
}

std::int64_t count_fields(const Selection& selected) {
  std::int64_t fields = 1;
  for (const auto& field : selected.fields) fields += count_fields(field);
  return fields;
}

Value content(const JobsContext& context, const JobSearch& search, const Selection& selected) {
  JobSearch bounded = search;
  const auto most_jobs = kMostValues / count_fields(selected);
  bounded.limit = std::min(search.limit, most_jobs + 1);
  const auto jobs = list_jobs(context.connection, bounded);
  if (std::cmp_greater(jobs.size(), most_jobs)) {
    throw QueryError::fetching(
        fmt::format("The page has more than {} jobs. Ask for a smaller one", most_jobs),
        selected.location, {"jobs", selected.key});
  }
  std::size_t executions = 0;
  Value::List values;
  values.reserve(jobs.size());
  for (const auto& job : jobs) {
    values.push_back(job_type().object({context, job, executions}, selected));
  }
  return values;
}

// Zero jobs have one page, unless a page has one job: so it always was.
std::int64_t count_pages(std::int64_t items, std::int64_t page_size) {
  if (items == 0) return page_size > 1 ? 1 : 0;
  return (items - 1) / page_size + 1;
}

Value page(const JobsContext& context, const Selection& jobs) {
  const auto search = job_search(jobs);
  Value page(Value::Map{{"content", nullptr}, {"totalItems", 0}, {"totalPages", 0}});
  if (const auto* selected = jobs.find("content")) {
    page.set("content", content(context, search, *selected));
  }
  const bool wants_items = jobs.find("totalItems") != nullptr;
  const bool wants_pages = jobs.find("totalPages") != nullptr;
  if (wants_items || wants_pages) {
    const auto items = count_jobs(context.connection, search);
    if (wants_items) page.set("totalItems", items);
    if (wants_pages) page.set("totalPages", count_pages(items, search.limit));
  }
  return page;
}

// These two are never made into objects: the page is given in upstream's own form.
const ObjectType& page_type() {
  static const auto type = TypeOf<Nothing>("DataJobPage")
                               .add({.name = "content", .type = &job_type()}, {})
                               .add({.name = "totalPages"}, {})
                               .add({.name = "totalItems"}, {});
  return type;
}

}  // namespace

const ObjectType& query_type() {
  static const auto type = TypeOf<Nothing>("Query").add({.name = "jobs",
                                                         .type = &page_type(),
                                                         .arguments = {{"pageNumber", &kInt, 0},
                                                                       {"pageSize", &kInt, 20},
                                                                       {"filter", &kPredicates},
                                                                       {"search", &kString}}},
                                                        {});
  return type;
}

const std::vector<const InputType*>& input_types() {
  static const std::vector<const InputType*> types{&kPredicate, &kDirection};
  return types;
}

Value answer(const JobsContext& context, const Selection& query) {
  // An alias hides the page: that is upstream's form too.
  const auto found = std::ranges::find(query.fields, "jobs", &Selection::key);
  if (found == query.fields.end() || found->name != "jobs") return nullptr;
  return page(context, *found);
}

}  // namespace vdk::service::graphql
