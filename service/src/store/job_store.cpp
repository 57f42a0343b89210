#include "store/job_store.hpp"

#include "store/schedule_store.hpp"
#include "vdk/base/value.hpp"

namespace vdk::service {

namespace {

constexpr std::string_view kSelectJob =
    "SELECT name, team, description, schedule, contacts, db_default_type, generate_keytab, "
    "has_keytab, enable_execution_notifications, notification_delay_minutes, source_version "
    "FROM job WHERE name = $1 AND team = $2";

Value to_value(const std::vector<std::string>& texts) {
  Value::List list;
  for (const auto& text : texts) list.emplace_back(text);
  return list;
}

std::vector<std::string> to_texts(const Value* value) {
  std::vector<std::string> texts;
  if (value == nullptr || value->if_list() == nullptr) return texts;
  for (const auto& item : *value->if_list()) {
    if (const auto* text = item.if_string()) texts.push_back(*text);
  }
  return texts;
}

std::string contacts_text(const Contacts& contacts) {
  return to_json(Value::Map{
      {"failure_user_error", to_value(contacts.failure_user_error)},
      {"failure_platform_error", to_value(contacts.failure_platform_error)},
      {"success", to_value(contacts.success)},
      {"deploy", to_value(contacts.deploy)},
  });
}

std::optional<Job> first_job(const SqlResult& found) {
  if (found.rows.empty()) return std::nullopt;
  const auto& row = found.rows.front();
  Job job{.name = row[0].text(), .team = row[1].text(), .description = row[2].text_if()};
  job.config.schedule = row[3].text_if();
  job.config.contacts = parse_contacts(row[4].text());
  job.config.db_default_type = row[5].text_if();
  job.config.generate_keytab = row[6].flag();
  job.has_keytab = row[7].flag();
  job.config.enable_execution_notifications = row[8].flag_if();
  job.config.notification_delay_minutes = row[9].integer_if();
  job.source_version = row[10].text_if();
  return job;
}

}  // namespace

Contacts parse_contacts(const std::string& text) {
  const auto value = parse_json(text);
  return {.failure_user_error = to_texts(value.find("failure_user_error")),
          .failure_platform_error = to_texts(value.find("failure_platform_error")),
          .success = to_texts(value.find("success")),
          .deploy = to_texts(value.find("deploy"))};
}

std::optional<Job> find_job(Connection& connection, std::string_view team, std::string_view name) {
  return first_job(connection.run(kSelectJob, {name, team}));
}

std::optional<Job> find_job(Database& database, std::string_view team, std::string_view name) {
  return first_job(database.read_one(kSelectJob, {name, team}));
}

bool insert_job(Connection& connection, const Job& job) {
  const auto done = connection.run(
      "INSERT INTO job (name, team, description, schedule, contacts, db_default_type, "
      "generate_keytab, has_keytab, enable_execution_notifications, notification_delay_minutes, "
      "created_at, revision) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 1) "
      "ON CONFLICT (name) DO NOTHING",
      {job.name, job.team, job.description, job.config.schedule, contacts_text(job.config.contacts),
       job.config.db_default_type, job.config.generate_keytab, job.has_keytab,
       job.config.enable_execution_notifications, job.config.notification_delay_minutes, now()});
  return done.changed == 1;
}

void update_job(Connection& connection, const Job& job) {
  connection.run(
      "UPDATE job SET description = $2, schedule = $3, contacts = $4, db_default_type = $5, "
      "generate_keytab = $6, enable_execution_notifications = $7, notification_delay_minutes = $8, "
      "revision = revision + 1 WHERE name = $1",
      {job.name, job.description, job.config.schedule, contacts_text(job.config.contacts),
       job.config.db_default_type, job.config.generate_keytab,
       job.config.enable_execution_notifications, job.config.notification_delay_minutes});
}

void move_job(Connection& connection, const Job& job, std::string_view new_team) {
  connection.run("UPDATE job SET team = $2, revision = revision + 1 WHERE name = $1",
                 {job.name, new_team});
  if (job.team == new_team) return;
  // What a stranger may have stored under the new team's name for it gives way.
  for (const std::string table : {"property_set", "secret_set"}) {
    connection.run("DELETE FROM " + table + " WHERE team = $1 AND job_name = $2",
                   {new_team, job.name});
    connection.run("UPDATE " + table + " SET team = $1 WHERE team = $2 AND job_name = $3",
                   {new_team, job.team, job.name});
  }
}

void delete_job(Connection& connection, const Job& job) {
  remove_schedule(connection, job.name);
  connection.run("DELETE FROM property_set WHERE team = $1 AND job_name = $2",
                 {job.team, job.name});
  connection.run("DELETE FROM secret_set WHERE team = $1 AND job_name = $2", {job.team, job.name});
  connection.run("DELETE FROM job WHERE name = $1", {job.name});
}

}  // namespace vdk::service
