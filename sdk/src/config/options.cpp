// The options of the core, as `vdk config-help` prints them.
#include <cstdlib>
#include <filesystem>

#include "config/sources.hpp"

namespace vdk {

namespace {

std::string temporary_directory() {
  for (const char* name : {"TMPDIR", "TEMP", "TMP"}) {
    const char* const directory = std::getenv(name);
    std::error_code failure;
    if (directory && *directory && std::filesystem::is_directory(directory, failure))
      return directory;
  }
  return "/tmp";
}

void declare_providers(ConfigurationBuilder& builder) {
  builder.add({.key = "__config_provider__ environment variables",
               .default_value = "always_enabled",
               .description =
                   "Every option can be set by an environment variable of its name with the prefix "
                   "\"VDK_\": \"my_key\" by \"VDK_MY_KEY\". Dots and dashes become underscores: "
                   "\"my.key\" is set by \"VDK_MY_KEY\", too.\n"
                   "The key of a section is set by \"VDK_<SECTION>_<KEY>\".\n"
                   "The same names without \"VDK_\" work as well; the prefixed ones win. An empty "
                   "variable sets an empty value.",
               .show_default = false});
  builder.add(
      {.key = "__config_provider__job config ini",
       .default_value = "always_enabled",
       .description =
           "The file config.ini in the data job's directory. Its section [vdk] sets options, "
           "a section [vdk_<name>] those of the section <name>.\n"
           "Environment variables win over it.",
       .show_default = false});
  builder.add(
      {.key = "__config_provider__ command line",
       .default_value = "always_enabled",
       .description =
           "\"-c KEY=VALUE\", or \"-c SECTION.KEY=VALUE\", sets an option for one command. It "
           "wins over environment variables and config.ini.",
       .show_default = false});
  builder.add(
      {.key = "__config_provider__ secrets",
       .default_value = "always_enabled",
       .description =
           "A secret of the data job with the name of an option, or with the name "
           "\"<section>_<key>\", sets that option while the job runs, unless an environment "
           "variable does.",
       .show_default = false});
}

void declare_run(ConfigurationBuilder& builder) {
  builder.add(
      {.key = "db_default_type",
       .description =
           "The type of database that queries, SQL steps and templates use when they name none, "
           "for example sqlite, duckdb or postgres. Plugins add types."});
  builder.add(
      {.key = "working_dir",
       .default_value = ".",
       .description =
           "Directory for the working files of deployed jobs. Kept for plugins; the core does not "
           "use it."});
  builder.add({.key = "monitoring_enabled",
               .default_value = false,
               .description = "Set by deployments. Kept for plugins; the core does not use it."});
  builder.add(
      {.key = "job_githash",
       .default_value = "unknown",
       .description = "The version of the job's source. Deployments set it; the run records it."});
  builder.add(
      {.key = "op_id",
       .default_value = "",
       .description =
           "Identifies what started this run, like a trace id: jobs that start one another share "
           "it. Requests to the Control Service carry it in the header X-OPID. Made from the "
           "execution id if empty."});
  builder.add({.key = "execution_id",
               .default_value = "",
               .description =
                   "Identifies this execution of the job. An execution that is retried has several "
                   "attempts. Generated if empty."});
  builder.add(
      {.key = "attempt_id",
       .default_value = "",
       .description =
           "Identifies this attempt of the execution: one start of the job. Generated if empty."});
  builder.add(
      {.key = "temporary_write_directory",
       .default_value = temporary_directory(),
       .description =
           "Where a job may write temporary files. By default the system's directory for them, "
           "whose files may be gone at the next run."});
  builder.add(
      {.key = "python_version",
       .description =
           "The Python version with which the job is deployed. It belongs into section [job] of "
           "config.ini. If it is not set, the Control Service's default is used.\n"
           "Example:\n"
           "[job]\n"
           "schedule_cron = */50 * * * *\n"
           "python_version = 3.11",
       .show_default = false});
  builder.add({.key = "job_run_summary_file_path",
               .default_value = "",
               .description = "If set, a summary of the run is written to this file as JSON."});
}

void declare_logging(ConfigurationBuilder& builder) {
  builder.add(
      {.key = "log_config",
       .default_value = "LOCAL",
       .description =
           "How to log: LOCAL for people, CLOUD for deployments, NONE leaves logging to whoever "
           "set it up."});
  builder.add(
      {.key = "log_level_vdk",
       .default_value = "INFO",
       .description =
           "Level of VDK's own log: CRITICAL, ERROR, WARNING, INFO or DEBUG. Applies from the "
           "program's start on when it is set as an environment variable."});
  builder.add(
      {.key = "log_level_module",
       .description =
           "Levels of single loggers, as logger=LEVEL pairs separated by semicolons, for example "
           "a.b.c=INFO;foo.bar=ERROR. Levels are CRITICAL, ERROR, WARNING, INFO and DEBUG. Others "
           "follow \"vdk -v LEVEL\"."});
  builder.add({.key = "log_stack_trace_on_exit",
               .default_value = false,
               .description =
                   "Log the stack trace of the error once more when the run ends with a failure."});
  builder.add(
      {.key = "log_execution_result",
       .default_value = false,
       .description = "Log the complete result of the run as JSON instead of a short summary."});
  builder.add({.key = "log_exception_formatter",
               .default_value = "pretty",
               .description =
                   "How errors are shown: pretty draws a frame and wraps long lines, plain does "
                   "neither."});
  builder.add({.key = "syslog_enabled",
               .default_value = false,
               .description = "Send the log to syslog as well. VDK itself has no syslog yet: the "
                              "four options are there for "
                              "plugins that read them."});
  builder.add({.key = "syslog_url",
               .default_value = "localhost",
               .description = "Name of the host whose syslog receives the log."});
  builder.add({.key = "syslog_port", .default_value = 514, .description = "Port of that syslog."});
  builder.add({.key = "syslog_sock_type",
               .default_value = "UDP",
               .description = "Protocol of that syslog: UDP or TCP, in capitals."});
}

void declare_notifications(ConfigurationBuilder& builder) {
  builder.add(
      {.key = "notification_enabled",
       .default_value = false,
       .description =
           "Send mails about how a run ended for local runs, too. VDK itself sends no mails "
           "yet: the options of notification are there for plugins that read them."});
  builder.add(
      {.key = "notification_job_log_url_pattern",
       .default_value = "https://example-job-log-url.com/{op_id},{start_time_ms},{end_time_ms}",
       .description =
           "Where the log of a run can be read. {op_id}, {start_time_ms} and {end_time_ms} are "
           "replaced by those of the run."});
  builder.add({.key = "notification_email_cc_list",
               .default_value = "",
               .description = "Addresses that get a copy of every mail, separated by semicolons."});
  builder.add({.key = "notification_sender",
               .default_value = "data-pipelines@vmware.com",
               .description = "The address that mails come from."});
  builder.add({.key = "notification_smtp_host",
               .default_value = "smtp.vmware.com",
               .description = "Host of the mail server."});
  builder.add({.key = "notification_smtp_port",
               .default_value = 25,
               .description = "Port of the mail server."});
  builder.add({.key = "notification_smtp_use_tls",
               .default_value = false,
               .description = "Encrypt the connection to the mail server by STARTTLS."});
  builder.add({.key = "notification_smtp_login_username",
               .default_value = "",
               .description = "User name for the mail server. Without one there is no login."});
  builder.add({.key = "notification_smtp_login_password",
               .default_value = "",
               .description = "Password for the mail server.",
               .sensitive = true});
  builder.add(
      {.key = "notification_smtp_debug_level",
       .default_value = 1,
       .description = "0 keeps the conversation with the mail server out of the DEBUG log."});
  builder.add(
      {.key = "notified_on_job_failure_user_error",
       .default_value = "",
       .description =
           "Who gets a mail when a run fails by the job's own code, data or configuration, for "
           "example by a mistake in an SQL step. Addresses separated by semicolons."});
  builder.add({.key = "notified_on_job_failure_platform_error",
               .default_value = "",
               .description =
                   "Who gets a mail when a run fails by the platform, or is late by it. Addresses "
                   "separated by semicolons."});
  builder.add(
      {.key = "notified_on_job_success",
       .default_value = "",
       .description = "Who gets a mail when a run succeeds. Addresses separated by semicolons."});
  builder.add(
      {.key = "notified_on_job_deploy",
       .default_value = "",
       .description =
           "Who gets a mail about a deployment of the job. Addresses separated by semicolons."});
  builder.add(
      {.key = "enable_attempt_notifications",
       .default_value = false,
       .description = "Send the mails above for every attempt, not only for the whole execution."});
}

void declare_team_and_version(ConfigurationBuilder& builder) {
  builder.add({.key = "team_client_id",
               .description = "OAuth client id of the team, for plugins that log in as the team."});
  builder.add(
      {.key = "team_client_secret",
       .description = "OAuth client secret of the team, for plugins that log in as the team.",
       .sensitive = true});
  builder.add({.key = "team_oauth_authorize_url",
               .description =
                   "Where to get OAuth tokens for the team, for plugins that log in as the team."});
  // Accepted, so that configurations which have them stay valid.
  builder.add({.key = "package_name",
               .default_value = "vdk-core",
               .description =
                   "The package whose new versions are looked for. VDK does not look for "
                   "new versions of itself; kept for plugins."});
  builder.add({.key = "package_index",
               .default_value = "",
               .description =
                   "The package index in which new versions are looked for. VDK does not "
                   "look for new versions of itself; kept for plugins."});
  builder.add({.key = "version_check_plugins",
               .default_value = true,
               .description = "Look for new versions of plugins, too. VDK does not look for new "
                              "versions; kept for plugins."});
  builder.add({.key = "version_check_disabled",
               .default_value = false,
               .description = "Do not look for new versions. VDK does not do so in any case; kept "
                              "for plugins."});
}

}  // namespace

void declare_core_options(ConfigurationBuilder& builder) {
  declare_providers(builder);
  declare_run(builder);
  declare_logging(builder);
  declare_notifications(builder);
  declare_team_and_version(builder);
}

}  // namespace vdk
