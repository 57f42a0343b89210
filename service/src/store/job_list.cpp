#include "store/job_list.hpp"

#include <fmt/format.h>

#include "base/text.hpp"
#include "store/deployment_store.hpp"
#include "store/job_store.hpp"

namespace vdk::service {

namespace {

// Texts are sorted byte by byte, on every database.
constexpr std::string_view kBytewise = " COLLATE \"C\"";

constexpr std::string_view kFrom =
    " FROM job j LEFT JOIN deployment d ON d.job_name = j.name AND d.version IS NOT NULL";

// The pattern of LIKE for a text with signs for any text and, where there is one, any character.
std::string like_pattern(std::string_view text, char any_text, char any_character = '\0') {
  std::string pattern;
  for (const char c : text) {
    if (c == any_text) {
      pattern += '%';
    } else if (c == any_character && c != '\0') {
      pattern += '_';
    } else {
      if (c == '%' || c == '_' || c == '\\') pattern += '\\';
      pattern += c;
    }
  }
  return pattern;
}

// A condition in SQL and what it compares with.
class Where {
 public:
  explicit Where(const JobSearch& search) {
    if (search.matches_nothing) add("1 = 0");
    for (const auto& name : search.names) {
      // Without a star it is a name, whatever else is in it.
      const bool is_pattern = name.find('*') != std::string::npos;
      like("j.name", is_pattern ? like_pattern(name, '*', '?') : like_pattern(name, '\0'));
    }
    for (const auto& team : search.teams) {
      like("trim(j.team)", like_pattern(trim(team), '%'));
    }
    for (const auto& text : search.descriptions) contains("j.description", text);
    for (const auto& text : search.python_versions) contains("d.python_version", text);
    for (const auto& enabled : search.enabled) {
      if (enabled) {
        add("d.enabled = " + parameter(*enabled));
      } else {
        add("d.job_name IS NULL");
      }
    }
    for (const auto status : search.last_statuses) {
      add("d.job_name IS NOT NULL AND j.last_execution_status = " +
          parameter(static_cast<std::int64_t>(status)));
    }
    for (const auto& period : search.last_ends) {
      add("d.job_name IS NOT NULL AND j.last_execution_end_time >= " + parameter(period.from));
      add("j.last_execution_end_time <= " + parameter(period.until));
    }
  }

  // The number under which the statement has the value.
  template <typename T>
  std::string parameter(const T& value) {
    parameters_.emplace_back(value);
    return fmt::format("${}", parameters_.size());
  }

  [[nodiscard]] const std::string& sql() const noexcept { return sql_; }
  [[nodiscard]] const std::vector<SqlValue>& parameters() const noexcept { return parameters_; }

 private:
  void add(std::string_view condition) {
    sql_.append(sql_.empty() ? " WHERE " : " AND ").append(condition);
  }
  void like(std::string_view column, const std::string& pattern) {
    add(fmt::format("lower({}) LIKE lower({}) ESCAPE '\\'", column, parameter(pattern)));
  }
  void contains(std::string_view column, std::string_view text) {
    like(column, '%' + like_pattern(text, '\0') + '%');
  }

  std::string sql_;
  std::vector<SqlValue> parameters_;
};

std::string text_column(std::string_view column) { return fmt::format("{}{}", column, kBytewise); }

std::string column_of(JobProperty property) {
  switch (property) {
    case JobProperty::name:
      return text_column("j.name");
    case JobProperty::team:
      return text_column("j.team");
    case JobProperty::description:
      return text_column("j.description");
    case JobProperty::python_version:
      return text_column("d.python_version");
    case JobProperty::enabled:
      return "CASE WHEN d.enabled = 1 THEN 0 WHEN d.enabled = 0 THEN 1 ELSE 2 END";
    case JobProperty::last_execution_status: {
      // By the words that clients see.
      std::string words = "CASE j.last_execution_status";
      for (const auto status :
           {ExecutionStatus::submitted, ExecutionStatus::running, ExecutionStatus::succeeded,
            ExecutionStatus::cancelled, ExecutionStatus::skipped, ExecutionStatus::user_error,
            ExecutionStatus::platform_error}) {
        words += fmt::format(" WHEN {} THEN '{}'", static_cast<int>(status), to_string(status));
      }
      return text_column("(" + words + " END)");
    }
    case JobProperty::last_execution_time:
      return "j.last_execution_end_time";
    case JobProperty::last_execution_duration:
      return "j.last_execution_duration";
  }
  return "j.name";
}

std::string order_of(const JobSearch& search) {
  const bool null_is_first = search.order == JobProperty::last_execution_status ||
                             search.order == JobProperty::last_execution_time ||
                             search.order == JobProperty::last_execution_duration;
  return fmt::format(" ORDER BY {} {} NULLS {}, {}", column_of(search.order),
                     search.is_descending ? "DESC" : "ASC",
                     null_is_first != search.is_descending ? "FIRST" : "LAST",
                     text_column("j.name"));
}

ListedJob to_listed(const Row& row) {
  ListedJob listed{
      .job = {.name = row[0].text(), .team = row[1].text(), .description = row[2].text_if()}};
  listed.job.config.schedule = row[3].text_if();
  listed.job.config.contacts = parse_contacts(row[4].text());
  listed.job.config.generate_keytab = row[5].flag();
  if (!row[6].is_null() && !row[7].is_null()) {
    listed.last_execution = LastExecution{.status = static_cast<ExecutionStatus>(row[6].integer()),
                                          .end = row[7].time(),
                                          .seconds = row[8].integer_if().value_or(0)};
  }
  if (!row[9].is_null()) {
    listed.is_enabled = row[9].flag();
    listed.deployment = ActualDeployment{.version = row[10].text(),
                                         .python_version = row[11].text(),
                                         .vdk_version = row[12].text_if(),
                                         .schedule = row[13].text_if(),
                                         .resources = parse_resources(row[14].text_if()),
                                         .deployed_by = row[15].text_if(),
                                         .deployed_at = row[16].time()};
  }
  return listed;
}

}  // namespace

std::vector<ListedJob> list_jobs(Connection& connection, const JobSearch& search) {
  Where where(search);
  std::string sql =
      "SELECT j.name, j.team, j.description, j.schedule, j.contacts, j.generate_keytab, "
      "j.last_execution_status, j.last_execution_end_time, j.last_execution_duration, d.enabled, "
      "d.version, d.python_version, d.vdk_version, d.schedule, d.resources, d.deployed_by, "
      "d.deployed_at";
  sql.append(kFrom).append(where.sql()).append(order_of(search));
  sql += " LIMIT " + where.parameter(search.limit);
  sql += " OFFSET " + where.parameter(search.offset);
  std::vector<ListedJob> jobs;
  for (const auto& row : connection.run(sql, where.parameters()).rows) {
    jobs.push_back(to_listed(row));
  }
  return jobs;
}

std::int64_t count_jobs(Connection& connection, const JobSearch& search) {
  const Where where(search);
  const auto sql = "SELECT count(*)" + std::string(kFrom) + where.sql();
  return connection.run(sql, where.parameters()).rows.front()[0].integer();
}

std::map<ExecutionStatus, std::int64_t> count_executions(Connection& connection,
                                                         std::string_view job_name) {
  std::map<ExecutionStatus, std::int64_t> counts;
  const auto found = connection.run(
      "SELECT status, count(*) FROM execution WHERE job_name = $1 GROUP BY status", {job_name});
  for (const auto& row : found.rows) {
    counts[static_cast<ExecutionStatus>(row[0].integer())] = row[1].integer();
  }
  return counts;
}

}  // namespace vdk::service
