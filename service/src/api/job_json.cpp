#include "api/job_json.hpp"

#include "api/errors.hpp"
#include "base/text.hpp"

namespace vdk::service {

namespace {

// Addresses are stored one by one; a semicolon between them is upstream's way to join several.
std::vector<std::string> read_addresses(const JsonReader& contacts, std::string_view name) {
  std::vector<std::string> addresses;
  for (const auto& text : contacts.texts(name)) {
    for (auto& address : split(text, ';')) {
      if (!address.empty()) addresses.push_back(std::move(address));
    }
  }
  return addresses;
}

Contacts read_contacts(const JsonReader& contacts) {
  return {
      .failure_user_error = read_addresses(contacts, "notified_on_job_failure_user_error"),
      .failure_platform_error = read_addresses(contacts, "notified_on_job_failure_platform_error"),
      .success = read_addresses(contacts, "notified_on_job_success"),
      .deploy = read_addresses(contacts, "notified_on_job_deploy")};
}

// A member that has a default may be left out, and may be null only where null is a value.
JobConfig read_config(const JsonReader& config) {
  if (config.is_null("generate_keytab")) throw bad_json("'config.generate_keytab' is null.");
  JobConfig result;
  result.db_default_type = config.text("db_default_type");
  if (const auto contacts = config.object("contacts")) result.contacts = read_contacts(*contacts);
  if (const auto schedule = config.object("schedule")) {
    result.schedule = schedule->text("schedule_cron");
  }
  result.generate_keytab = config.flag("generate_keytab").value_or(true);
  if (config.is_null("enable_execution_notifications")) {
    result.enable_execution_notifications.reset();
  } else {
    result.enable_execution_notifications =
        config.flag("enable_execution_notifications").value_or(true);
  }
  if (config.is_null("notification_delay_period_minutes")) {
    result.notification_delay_minutes.reset();
  } else {
    result.notification_delay_minutes =
        config.integer("notification_delay_period_minutes").value_or(240);
  }
  return result;
}

Value texts_value(const std::vector<std::string>& texts) {
  Value::List list;
  for (const auto& text : texts) list.emplace_back(text);
  return list;
}

}  // namespace

Value nullable(const std::optional<std::string>& text) {
  return text ? Value(*text) : Value(nullptr);
}

JobBody read_job(const Value& body) {
  const JsonReader reader(body, "");
  JobBody job{.name = reader.text("job_name"),
              .team = reader.text("team"),
              .description = reader.text("description")};
  if (const auto config = reader.object("config")) {
    job.config = read_config(*config);
  } else {
    job.config.generate_keytab = false;
    job.config.enable_execution_notifications.reset();
    job.config.notification_delay_minutes.reset();
  }
  return job;
}

Value to_value(const Contacts& contacts) {
  return Value::Map{
      {"notified_on_job_failure_user_error", texts_value(contacts.failure_user_error)},
      {"notified_on_job_failure_platform_error", texts_value(contacts.failure_platform_error)},
      {"notified_on_job_success", texts_value(contacts.success)},
      {"notified_on_job_deploy", texts_value(contacts.deploy)},
  };
}

Value schedule_value(const std::optional<std::string>& expression) {
  return Value::Map{{"schedule_cron", nullable(expression)}};
}

Value to_value(const Job& job) {
  const auto& config = job.config;
  return Value::Map{
      {"job_name", job.name},
      {"description", nullable(job.description)},
      {"config",
       Value::Map{
           {"db_default_type", nullable(config.db_default_type)},
           {"contacts", to_value(config.contacts)},
           {"schedule", schedule_value(config.schedule)},
           {"generate_keytab", config.generate_keytab},
           {"enable_execution_notifications", config.enable_execution_notifications
                                                  ? Value(*config.enable_execution_notifications)
                                                  : Value(nullptr)},
           {"notification_delay_period_minutes", config.notification_delay_minutes
                                                     ? Value(*config.notification_delay_minutes)
                                                     : Value(nullptr)},
       }},
      {"team", job.team},
  };
}

}  // namespace vdk::service
