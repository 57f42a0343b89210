#include "config/sources.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>

#include <gtest/gtest.h>

#include "vdk/base/error.hpp"
#include "vdk/base/log.hpp"

namespace vdk {
namespace {

using Environment = std::vector<std::pair<std::string, std::string>>;
using Texts = std::vector<std::string>;

const Origin kIni{OriginKind::config_ini, "config.ini:3"};

// A job directory with a config.ini, gone with this object.
class JobDirectory {
 public:
  explicit JobDirectory(std::string_view config_ini) {
    static int count = 0;
    path_ = std::filesystem::temp_directory_path() /
            ("vdk-config-test-" + std::to_string(getpid()) + "-" + std::to_string(++count));
    std::filesystem::create_directories(path_);
    std::ofstream(path_ / "config.ini", std::ios::binary) << config_ini;
  }
  JobDirectory(const JobDirectory&) = delete;
  JobDirectory& operator=(const JobDirectory&) = delete;
  ~JobDirectory() { std::filesystem::remove_all(path_); }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

Configuration configured(std::string_view config_ini, const Environment& environment = {}) {
  const JobDirectory job(config_ini);
  ConfigurationBuilder builder;
  declare_core_options(builder);
  JobConfig(job.path()).apply(builder);
  apply_environment(builder, environment);
  return std::move(builder).build();
}

std::string where(const Configuration& configuration, std::string_view key,
                  std::string_view section = kMainSection) {
  const std::vector<Assignment> history = configuration.history(key, section);
  return history.empty() ? "nowhere" : history.back().origin.where;
}

// --- config.ini ---

TEST(JobConfig, no_file_sets_nothing) {
  const JobDirectory job("");
  std::filesystem::remove(job.path() / "config.ini");
  const JobConfig config(job.path());
  ConfigurationBuilder builder;
  config.apply(builder);
  EXPECT_TRUE(builder.current().keys().empty());
  EXPECT_FALSE(config.team());
  EXPECT_FALSE(config.get("owner", "team"));
}

TEST(JobConfig, a_file_without_a_team_has_an_empty_one) {
  const JobDirectory job("[owner]\n");
  EXPECT_EQ(JobConfig(job.path()).team(), "");
  EXPECT_EQ(configured("[job]\n").get("team"), Value{""});
}

TEST(JobConfig, the_team_has_two_keys) {
  const Configuration configuration = configured("[owner]\nteam = my team\n");
  EXPECT_EQ(configuration.get_string("team"), "my team");
  EXPECT_EQ(configuration.get_string("JobConfigKeys.TEAM"), "my team");
  EXPECT_EQ(where(configuration, "team"), "config.ini:2");
}

TEST(JobConfig, contacts_become_text_separated_by_semicolons) {
  const Configuration configuration = configured(
      "[contacts]\n"
      "notified_on_job_success = a@x.org\n"
      "notified_on_job_failure_user_error = a@x.org; b@x.org ,c@x.org;;\n"
      "notified_on_job_failure_platform_error =\n"
      "notified_on_job_deploy = d@x.org\n"
      "enable_attempt_notifications = yes\n"
      "enable_execution_notifications = no\n"
      "notification_delay_period_minutes = 10\n");
  EXPECT_EQ(configuration.get_string("notified_on_job_success"), "a@x.org");
  EXPECT_EQ(configuration.get_string("notified_on_job_failure_user_error"),
            "a@x.org;b@x.org;c@x.org");
  EXPECT_EQ(configuration.get("notified_on_job_failure_platform_error"), Value{""});
  EXPECT_EQ(configuration.get("enable_attempt_notifications"), Value{true});
  // For deployments only:
  EXPECT_TRUE(configuration.is_default("notified_on_job_deploy"));
  EXPECT_TRUE(configuration.get("enable_execution_notifications").is_null());
  EXPECT_TRUE(configuration.get("notification_delay_period_minutes").is_null());
}

TEST(JobConfig, an_empty_attempt_switch_is_the_default) {
  EXPECT_TRUE(configured("[contacts]\nenable_attempt_notifications =\n")
                  .is_default("enable_attempt_notifications"));
}

TEST(JobConfig, of_the_job_only_the_python_version_is_for_runs) {
  const Configuration configuration = configured(
      "[job]\npython_version = 3.9\nschedule_cron = */5 * * * %\ndb_default_type = trino\n");
  EXPECT_EQ(configuration.get_string("python_version"), "3.9");
  EXPECT_TRUE(configuration.get("schedule_cron").is_null());
  EXPECT_TRUE(configuration.is_default("db_default_type"));
}

TEST(JobConfig, every_key_of_vdk_is_an_option_and_wins_over_the_other_sections) {
  const Configuration configuration = configured(
      "[owner]\nteam = from owner\n"
      "[contacts]\nnotified_on_job_success = c@x.org\n"
      "[vdk]\nDB_Default_Type = duckdb\nmy.plugin-key = 'quoted'\nteam = from "
      "vdk\nnotified_on_job_success = v@x.org,w\n");
  EXPECT_EQ(configuration.get_string("db_default_type"), "duckdb");
  EXPECT_EQ(where(configuration, "db_default_type"), "config.ini:6");
  EXPECT_EQ(configuration.get_string("my.plugin-key"), "'quoted'");
  EXPECT_EQ(configuration.get_string("team"), "from vdk");
  EXPECT_EQ(configuration.get_string("jobconfigkeys.team"), "from owner");
  EXPECT_EQ(configuration.get_string("notified_on_job_success"), "v@x.org,w") << "as written";
}

TEST(JobConfig, vdk_underscore_name_is_the_section_name) {
  const Configuration configuration = configured(
      "[vdk_Second_DB]\nhost = h\nEmpty =\n[vdk_]\nlost = 1\n[vdk_my_vdk_db]\nx = 1\n[other]\ny = "
      "2\n");
  EXPECT_EQ(configuration.sections(), (Texts{"vdk", "my_vdk_db", "second_db"}));
  EXPECT_EQ(configuration.keys("second_db"), (Texts{"empty", "host"}));
  EXPECT_EQ(configuration.get("empty", "second_db"), Value{""});
  EXPECT_EQ(where(configuration, "host", "second_db"), "config.ini:2");
  EXPECT_TRUE(configuration.get("lost").is_null());
  EXPECT_TRUE(configuration.get("y").is_null());
}

TEST(JobConfig, defaults_leak_into_the_sections_that_exist) {
  const Configuration configuration = configured(
      "[DEFAULT]\nhost = h\nteam = t\n[vdk]\n[vdk_a]\nhost = own\n[vdk_b]\nurl = %(host)s/x\n");
  EXPECT_EQ(configuration.get_string("host"), "h");
  EXPECT_EQ(configuration.get_string("host", "a"), "own");
  EXPECT_EQ(configuration.get_string("host", "b"), "h");
  EXPECT_EQ(configuration.get_string("url", "b"), "h/x");
  EXPECT_EQ(where(configuration, "host", "b"), "config.ini:2");
  EXPECT_EQ(configuration.get_string("jobconfigkeys.team"), "") << "there is no section owner";
}

TEST(JobConfig, values_that_no_run_reads_may_misuse_percent_signs) {
  EXPECT_EQ(
      configured("[job]\nschedule_cron = 5%\n[x]\ny = %\n[vdk]\nop_id = 1\n").get_string("op_id"),
      "1");
  EXPECT_THROW((void)configured("[vdk]\nx = 5%\n"), Error);
  EXPECT_THROW((void)configured("[vdk_a]\nx = 5%\n"), Error);
  EXPECT_THROW((void)configured("[owner]\nteam = 5%\n"), Error);
}

TEST(JobConfig, errors_name_the_whole_path) {
  const JobDirectory job("[owner]\nteam = a\nteam = b\n");
  try {
    const JobConfig config(job.path());
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_TRUE(error.text().what.starts_with((job.path() / "config.ini").string() + ":3: "))
        << error.what();
  }
}

TEST(JobConfig, a_value_that_does_not_fit_names_key_value_and_line) {
  try {
    (void)configured("[vdk]\n\nlog_execution_result = maybe\n");
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(
        error.text().what,
        "The value 'maybe' of the configuration option log_execution_result is not a boolean.");
    EXPECT_EQ(error.text().why, "It was set by config.ini:3.");
    EXPECT_EQ(error.text().countermeasure, "Use true, false, yes, no, y, n, 1 or 0.");
  }
}

TEST(JobConfig, a_section_option_of_a_plugin_converts_whatever_comes_first) {
  const JobDirectory job("[vdk_second_db]\nport = 5432\n");
  const Option option{.key = "port", .default_value = 1, .section = "second_db"};
  ConfigurationBuilder before;
  before.add(option);
  JobConfig(job.path()).apply(before);
  ConfigurationBuilder after;
  JobConfig(job.path()).apply(after);
  after.add(option);
  EXPECT_EQ(before.current().get("port", "second_db"), Value{5432});
  EXPECT_EQ(after.current().get("port", "second_db"), Value{5432});
}

// --- environment ---

struct EnvironmentCase {
  const char* name;
  Environment environment;
  const char* key;
  Value expected;
};

class EnvironmentVariable : public testing::TestWithParam<EnvironmentCase> {};

TEST_P(EnvironmentVariable, sets_options) {
  ConfigurationBuilder builder;
  for (const char* key :
       {"log_config", "op_id", "my.key", "my-other-key", "my.mixed-key_x", "vdk_own", "own"}) {
    builder.add({.key = key, .default_value = ""});
  }
  builder.add({.key = "flag", .default_value = false}).add({.key = "db_default_type"});
  builder.set("log_config", "from ini", kIni);
  apply_environment(builder, GetParam().environment);
  EXPECT_EQ(builder.current().get(GetParam().key), GetParam().expected);
}

INSTANTIATE_TEST_SUITE_P(
    Names, EnvironmentVariable,
    testing::Values(
        EnvironmentCase{"with_prefix", {{"VDK_LOG_CONFIG", "CLOUD"}}, "log_config", "CLOUD"},
        EnvironmentCase{"without_prefix", {{"LOG_CONFIG", "CLOUD"}}, "log_config", "CLOUD"},
        EnvironmentCase{
            "prefix_wins", {{"VDK_LOG_CONFIG", "1"}, {"LOG_CONFIG", "2"}}, "log_config", "1"},
        EnvironmentCase{"prefix_wins_in_any_order",
                        {{"LOG_CONFIG", "2"}, {"VDK_LOG_CONFIG", "1"}},
                        "log_config",
                        "1"},
        EnvironmentCase{"empty_counts", {{"VDK_LOG_CONFIG", ""}}, "log_config", ""},
        EnvironmentCase{"lower_case", {{"vdk_log_config", "CLOUD"}}, "log_config", "CLOUD"},
        EnvironmentCase{"mixed_case", {{"Log_Config", "CLOUD"}}, "log_config", "CLOUD"},
        EnvironmentCase{"dots", {{"VDK_MY_KEY", "1"}}, "my.key", "1"},
        EnvironmentCase{"dots_as_they_are", {{"MY.KEY", "1"}}, "my.key", "1"},
        EnvironmentCase{"dashes", {{"MY_OTHER_KEY", "1"}}, "my-other-key", "1"},
        EnvironmentCase{"dashes_as_they_are", {{"VDK_MY-OTHER-KEY", "1"}}, "my-other-key", "1"},
        EnvironmentCase{"dots_and_dashes", {{"VDK_MY_MIXED_KEY_X", "1"}}, "my.mixed-key_x", "1"},
        EnvironmentCase{"typed", {{"FLAG", "Yes"}}, "flag", true},
        EnvironmentCase{"prefix_within_the_name_counts_too", {{"OP_VDK_ID", "1"}}, "op_id", "1"},
        EnvironmentCase{"prefix_twice_is_one", {{"VDK_VDK_OP_ID", "1"}}, "op_id", "1"},
        EnvironmentCase{"prefix_wins_over_a_key_that_has_it", {{"VDK_OWN", "1"}}, "own", "1"},
        EnvironmentCase{"key_that_has_the_prefix", {{"VDK_VDK_OWN", "1"}}, "vdk_own", "1"},
        EnvironmentCase{"unknown_ones_do_nothing", {{"VDK_UNKNOWN", "1"}}, "unknown", nullptr},
        EnvironmentCase{"prefix_alone", {{"VDK_", "1"}}, "log_config", "from ini"}),
    [](const auto& test) { return test.param.name; });

TEST(EnvironmentVariable, origin_is_the_name_as_it_is_and_both_forms_are_remembered) {
  ConfigurationBuilder builder;
  builder.add({.key = "log_config", .default_value = "LOCAL"});
  apply_environment(builder, Environment{{"vdk_log_config", "a"}, {"LOG_CONFIG", "b"}});
  const std::vector<Assignment> history = builder.current().history("log_config");
  ASSERT_EQ(history.size(), 3U);
  EXPECT_EQ(history[1].origin.where, "LOG_CONFIG");
  EXPECT_EQ(history[2].origin.where, "vdk_log_config");
  EXPECT_EQ(history[2].origin.kind, OriginKind::environment);
}

TEST(EnvironmentVariable, of_keys_with_one_name_the_plainest_gets_it) {
  ConfigurationBuilder builder;
  for (const char* key : {"a-b.c", "a-b-c", "a.b.c", "a_b_c"}) {
    builder.add({.key = key});
  }
  apply_environment(builder, Environment{{"VDK_A_B_C", "1"}});
  EXPECT_EQ(builder.current().get_string("a_b_c"), "1");
  for (const char* key : {"a-b.c", "a-b-c", "a.b.c"}) {
    EXPECT_TRUE(builder.current().is_default(key)) << key;
  }
}

TEST(EnvironmentVariable, sections_are_set_with_their_name_and_the_prefix_wins) {
  const Configuration configuration = configured(
      "[vdk_second_db]\nhost = h\nport = 1\nuser = u\npassword = p\n[vdk_my-db]\nhost = h\n",
      {{"VDK_SECOND_DB_HOST", "1"},
       {"SECOND_DB_PORT", "2"},
       {"VDK_SECOND_DB_USER", "3"},
       {"SECOND_DB_USER", "4"},
       {"vdk_my_db_host", "5"},
       {"PASSWORD", "6"},
       {"VDK_PASSWORD", "7"}});
  EXPECT_EQ(configuration.get_string("host", "second_db"), "1");
  EXPECT_EQ(configuration.get_string("port", "second_db"), "2");
  EXPECT_EQ(configuration.get_string("user", "second_db"), "3");
  EXPECT_EQ(configuration.get_string("host", "my-db"), "5");
  EXPECT_EQ(configuration.get_string("password", "second_db"), "p");
}

TEST(EnvironmentVariable, a_key_that_the_section_does_not_have_is_not_added) {
  const Configuration configuration =
      configured("[vdk_second_db]\nhost = h\n", {{"VDK_SECOND_DB_PORT", "1"}});
  EXPECT_TRUE(configuration.get("port", "second_db").is_null());
}

TEST(EnvironmentVariable, a_section_does_not_hide_variables_that_contain_its_name) {
  const Configuration configuration =
      configured("[vdk_db]\nhost = h\n[vdk_log]\nx = 1\n[vdk_second_db]\nhost = h2\n",
                 {{"VDK_DB_DEFAULT_TYPE", "duckdb"},
                  {"LOG_CONFIG", "CLOUD"},
                  {"VDK_SECOND_DB_HOST", "s"},
                  {"VDK_DB_HOST", "d"}});
  EXPECT_EQ(configuration.get_string("db_default_type"), "duckdb");
  EXPECT_EQ(configuration.get_string("log_config"), "CLOUD");
  EXPECT_EQ(configuration.get_string("host", "second_db"), "s");
  EXPECT_EQ(configuration.get_string("host", "db"), "d");
}

TEST(EnvironmentVariable, what_fits_a_section_belongs_to_it_and_to_the_longest_one) {
  const Configuration configuration =
      configured("[vdk_db]\ndefault_type = a\nx_host = b\n[vdk_db_x]\nhost = c\n",
                 {{"VDK_DB_DEFAULT_TYPE", "duckdb"}, {"DB_X_HOST", "h"}});
  EXPECT_EQ(configuration.get_string("default_type", "db"), "duckdb");
  EXPECT_TRUE(configuration.is_default("db_default_type"));
  EXPECT_EQ(configuration.get_string("host", "db_x"), "h");
  EXPECT_EQ(configuration.get_string("x_host", "db"), "b");
}

TEST(EnvironmentVariable, wins_over_config_ini_and_plugins) {
  ConfigurationBuilder builder;
  builder.add({.key = "a"});
  apply_environment(builder, Environment{{"A", "environment"}});
  builder.set("a", "plugin", {OriginKind::plugin, "p"}).set("a", "ini", kIni);
  EXPECT_EQ(builder.current().get_string("a"), "environment");
}

TEST(EnvironmentVariable, the_team_is_one_only_beside_a_config_ini) {
  EXPECT_EQ(configured("[owner]\nteam = a\n", {{"TEAM", "b"}}).get_string("team"), "b");
  ConfigurationBuilder builder;
  declare_core_options(builder);
  apply_environment(builder, Environment{{"TEAM", "b"}});
  EXPECT_TRUE(builder.current().get("team").is_null());
}

TEST(EnvironmentVariable, of_the_process_are_all_listed) {
  ASSERT_EQ(setenv("VDK_CONFIG_TEST_VARIABLE", "a=b", 1), 0);
  const Environment environment = process_environment();
  unsetenv("VDK_CONFIG_TEST_VARIABLE");
  EXPECT_EQ(
      std::ranges::count(environment,
                         std::pair<std::string, std::string>{"VDK_CONFIG_TEST_VARIABLE", "a=b"}),
      1);
}

// --- -c ---

TEST(CommandLine, sets_options_of_all_sections) {
  ConfigurationBuilder builder;
  builder.add({.key = "db_default_type"})
      .add({.key = "my.key"})
      .add({.key = "n", .default_value = 1});
  builder.set("host", "h", kIni, "second_db").set("k", "v", kIni, "a").set("k", "v", kIni, "a.b");
  apply_command_line(builder,
                     Texts{"DB_default_type=duckdb", "my.key=1", " n = 5", "second_db.host=x=y ",
                           "Second_DB.port=", "a.b.k=deep", "vdk_third.host=t", "new.key=1"});
  const Configuration& configuration = builder.current();
  EXPECT_EQ(configuration.get_string("db_default_type"), "duckdb");
  EXPECT_EQ(configuration.get_string("my.key"), "1");
  EXPECT_EQ(configuration.get("n"), Value{5});
  EXPECT_EQ(configuration.get("host", "second_db"), Value{"x=y "}) << "values stay as they are";
  EXPECT_EQ(configuration.get("port", "second_db"), Value{""});
  EXPECT_EQ(configuration.get_string("k", "a.b"), "deep");
  EXPECT_EQ(configuration.get_string("k", "a"), "v");
  EXPECT_EQ(configuration.get_string("host", "third"), "t");
  EXPECT_EQ(configuration.get_string("key", "new"), "1");
  EXPECT_EQ(where(configuration, "db_default_type"), "-c");
}

TEST(CommandLine, spelling_of_dots_and_dashes_does_not_matter_for_known_keys) {
  ConfigurationBuilder builder;
  builder.add({.key = "db_default_type"}).add({.key = "my.mixed-key"});
  apply_command_line(builder, Texts{"db-default-type=a", "my_mixed_key=b"});
  EXPECT_EQ(builder.current().get_string("db_default_type"), "a");
  EXPECT_EQ(builder.current().get_string("my.mixed-key"), "b");
}

TEST(CommandLine, the_last_one_wins_and_all_win_over_the_environment) {
  ConfigurationBuilder builder;
  builder.add({.key = "a"});
  apply_command_line(builder, Texts{"a=1", "a=2"});
  apply_environment(builder, Environment{{"VDK_A", "3"}});
  EXPECT_EQ(builder.current().get_string("a"), "2");
}

TEST(CommandLine, a_setting_without_key_or_equals_sign_is_a_user_error) {
  for (const char* setting : {"db_default_type", "=x", "", " =x"}) {
    ConfigurationBuilder builder;
    try {
      apply_command_line(builder, Texts{setting});
      ADD_FAILURE() << setting;
    } catch (const Error& error) {
      EXPECT_EQ(error.resolvable_by(), ResolvableBy::user);
      EXPECT_NE(std::string_view(error.what()).find("KEY=VALUE"), std::string_view::npos)
          << error.what();
    }
  }
}

// --- secrets ---

struct SecretCase {
  const char* name;
  const char* secret;
  const char* section;
  const char* key;
  Value expected;
};

class Secret : public testing::TestWithParam<SecretCase> {};

TEST_P(Secret, overrides_options) {
  ConfigurationBuilder builder;
  builder.add({.key = "db_default_type", .default_value = "sqlite"});
  builder.add({.key = "retries", .default_value = 3})
      .add({.key = "db_password"})
      .add({.key = "own"});
  for (const char* section : {"db", "second_db", "db_password"}) {
    builder.set("host", "h", kIni, section);
  }
  builder.set("password", "p", kIni, "second_db");
  apply_environment(builder, Environment{{"VDK_SECOND_DB_HOST", "from env"}, {"own", ""}});
  apply_command_line(builder, Texts{"retries=7"});
  Configuration configuration = std::move(builder).build();
  apply_secrets(configuration, Value::Map{{GetParam().secret, "s"}});
  EXPECT_EQ(configuration.get(GetParam().key, GetParam().section), GetParam().expected);
}

INSTANTIATE_TEST_SUITE_P(
    Names, Secret,
    testing::Values(
        SecretCase{"of_the_main_section", "DB_Default_Type", "vdk", "db_default_type", "s"},
        SecretCase{"over_the_command_line_unconverted", "retries", "vdk", "retries", "s"},
        SecretCase{"of_a_section", "second_db_password", "second_db", "password", "s"},
        SecretCase{"of_the_section_with_that_key", "db_host", "db", "host", "s"},
        SecretCase{"of_a_longer_section", "db_password_host", "db_password", "host", "s"},
        SecretCase{"not_of_a_section_without_that_key", "db_password", "vdk", "db_password", "s"},
        SecretCase{"not_over_the_environment", "second_db_host", "second_db", "host", "from env"},
        SecretCase{"not_over_an_empty_variable", "own", "vdk", "own", ""},
        SecretCase{"unknown_in_the_main_section", "unknown", "vdk", "unknown", nullptr},
        SecretCase{"unknown_in_a_section", "second_db_port", "second_db", "port", nullptr},
        SecretCase{"containing_a_section_name", "my_second_db_password", "second_db", "password",
                   "p"}),
    [](const auto& test) { return test.param.name; });

TEST(Secret, keeps_its_own_type_and_says_where_it_came_from) {
  Configuration configuration =
      ConfigurationBuilder().add({.key = "retries", .default_value = "3"}).build();
  apply_secrets(configuration, Value::Map{{"Retries", 5}});
  EXPECT_EQ(configuration.get("retries"), Value{5});
  EXPECT_EQ(where(configuration, "retries"), "Retries");
  apply_secrets(configuration, nullptr);
  EXPECT_EQ(configuration.get("retries"), Value{5});
}

TEST(Secret, sensitive_values_never_reach_the_log) {
  ConfigurationBuilder builder;
  builder.add({.key = "pin", .default_value = "default-pin", .sensitive = true})
      .add({.key = "plain"});
  builder.set("pin", "first-pin", kIni).set("pin", "second-pin", {OriginKind::plugin, ""});
  Configuration configuration = std::move(builder).build();
  apply_secrets(configuration, Value::Map{{"plain", "from-the-vault"}});
  redact_sensitive_values(configuration);
  EXPECT_EQ(redact("first-pin second-pin from-the-vault default-pin"), "*** *** *** default-pin");
}

// --- warnings ---

TEST(Warnings, unknown_keys_name_the_nearest_one) {
  const JobDirectory job(
      "[vdk]\ndb_defualt_type = sqlite\nlog_config = LOCAL\n[vdk_db]\nanything = 1\n");
  ConfigurationBuilder builder;
  declare_core_options(builder);
  JobConfig(job.path()).apply(builder);
  apply_environment(builder, Environment{{"VDK_LOG_CONFUG", "x"}});
  apply_command_line(builder, Texts{"op_iid=1", "entirely_other=1", "nowhere.key=1", "db.more=1"});
  builder.set("set_by_a_plugin", "1", {OriginKind::plugin, "p"});
  EXPECT_EQ(
      unknown_key_warnings(builder.current()),
      (Texts{"config.ini:2: nobody knows the configuration option 'db_defualt_type'. Did you mean "
             "db_default_type?",
             "option -c: nobody knows the configuration option 'entirely_other'.",
             "option -c: nobody knows the configuration option 'op_iid'. Did you mean op_id?",
             "option -c: nobody knows the configuration option 'more' of section 'db'.",
             "option -c: nobody knows the configuration option 'key' of section 'nowhere'."}));
}

TEST(Warnings, a_section_is_judged_where_somebody_declared_some_of_it) {
  const JobDirectory job("[vdk_second_db]\nhsot = 1\nport = 2\n[vdk_other]\nhsot = 1\n");
  ConfigurationBuilder builder;
  JobConfig(job.path()).apply(builder);
  builder.add({.key = "host", .default_value = "", .section = "second_db"});
  builder.add({.key = "port", .default_value = 0, .section = "second_db"});
  EXPECT_EQ(unknown_key_warnings(builder.current()),
            (Texts{"config.ini:2: nobody knows the configuration option 'hsot' of section "
                   "'second_db'. Did you mean "
                   "host?"}));
}

TEST(Warnings, a_key_that_a_plugin_sets_too_is_known) {
  ConfigurationBuilder builder;
  builder.set("theirs", "1", kIni).set("theirs", "2", {OriginKind::plugin, "p"});
  EXPECT_TRUE(unknown_key_warnings(builder.current()).empty());
}

TEST(Warnings, what_config_ini_says_in_vain_is_named) {
  const JobDirectory job(
      "[Owner]\nteam = a\n[jobs]\nx = 1\n[VDK_second]\nx = 1\n[contacts]\nnotified_on_job_sucess = "
      "a\n"
      "[job]\nschedule_cron = 1\ndb_default_type = sqlite\nunlike = 1\n[elsewhere]\nx = "
      "1\n[vdk]\n[owner]\n");
  ConfigurationBuilder builder;
  declare_core_options(builder);
  const JobConfig config(job.path());
  config.apply(builder);
  const Texts first_four{
      "config.ini:1: nothing reads the section [Owner]. Did you mean [owner]?",
      "config.ini:3: nothing reads the section [jobs]. Did you mean [job]?",
      "config.ini:5: nothing reads the section [VDK_second]. Did you mean [vdk_second]?",
      "config.ini:8: nothing reads the key 'notified_on_job_sucess' of section [contacts]. Did you "
      "mean "
      "notified_on_job_success?"};
  const std::string database =
      "config.ini:11: 'db_default_type' in section [job] concerns deployments only. For local runs "
      "set it in section "
      "[vdk].";
  const std::string unlike = "config.ini:12: nothing reads the key 'unlike' of section [job].";
  Texts expected = first_four;
  expected.push_back(database);
  expected.push_back(unlike);
  EXPECT_EQ(config.warnings(builder.current()), expected);

  apply_environment(builder, Environment{{"VDK_DB_DEFAULT_TYPE", "duckdb"}});
  expected = first_four;
  expected.push_back(unlike);
  EXPECT_EQ(config.warnings(builder.current()), expected);
}

TEST(Warnings, a_right_config_ini_has_none) {
  const JobDirectory job(
      "[owner]\nteam = a\n[job]\nschedule_cron = 11 23 5 8 1\npython_version = 3.11\n[contacts]\n"
      "notified_on_job_failure_user_error=\nnotified_on_job_failure_platform_error=\nnotified_on_"
      "job_success=\n"
      "notified_on_job_deploy=\nenable_attempt_notifications=false\nenable_execution_notifications="
      "true\n"
      "notification_delay_period_minutes=1\n[vdk]\ndb_default_type=sqlite\n");
  ConfigurationBuilder builder;
  declare_core_options(builder);
  const JobConfig config(job.path());
  config.apply(builder);
  EXPECT_EQ(config.warnings(builder.current()), Texts{});
  EXPECT_EQ(unknown_key_warnings(builder.current()), Texts{});
}

// --- options ---

struct OptionCase {
  const char* key;
  Value default_value;
};

class CoreOption : public testing::TestWithParam<OptionCase> {};

TEST_P(CoreOption, has_upstreams_default) {
  ConfigurationBuilder builder;
  declare_core_options(builder);
  const Option* option = builder.current().option(GetParam().key);
  ASSERT_NE(option, nullptr) << GetParam().key;
  EXPECT_EQ(option->default_value, GetParam().default_value) << GetParam().key;
  EXPECT_TRUE(option->description.ends_with(".") || option->description.ends_with("3.11"))
      << option->description;
}

INSTANTIATE_TEST_SUITE_P(
    All, CoreOption,
    testing::Values(
        OptionCase{"db_default_type", nullptr}, OptionCase{"working_dir", "."},
        OptionCase{"monitoring_enabled", false}, OptionCase{"log_config", "LOCAL"},
        OptionCase{"log_level_vdk", "INFO"}, OptionCase{"log_level_module", nullptr},
        OptionCase{"log_stack_trace_on_exit", false}, OptionCase{"log_execution_result", false},
        OptionCase{"log_exception_formatter", "pretty"}, OptionCase{"job_githash", "unknown"},
        OptionCase{"op_id", ""}, OptionCase{"execution_id", ""}, OptionCase{"attempt_id", ""},
        OptionCase{"team_client_id", nullptr}, OptionCase{"team_client_secret", nullptr},
        OptionCase{"team_oauth_authorize_url", nullptr}, OptionCase{"python_version", nullptr},
        OptionCase{"syslog_url", "localhost"}, OptionCase{"syslog_port", 514},
        OptionCase{"syslog_enabled", false}, OptionCase{"syslog_sock_type", "UDP"},
        OptionCase{"package_name", "vdk-core"}, OptionCase{"package_index", ""},
        OptionCase{"version_check_plugins", true}, OptionCase{"version_check_disabled", false},
        OptionCase{"notification_enabled", false},
        OptionCase{"notification_job_log_url_pattern",
                   "https://example-job-log-url.com/{op_id},{start_time_ms},{end_time_ms}"},
        OptionCase{"notification_email_cc_list", ""},
        OptionCase{"notification_sender", "data-pipelines@vmware.com"},
        OptionCase{"notification_smtp_host", "smtp.vmware.com"},
        OptionCase{"notification_smtp_port", 25}, OptionCase{"notification_smtp_use_tls", false},
        OptionCase{"notification_smtp_login_username", ""},
        OptionCase{"notification_smtp_login_password", ""},
        OptionCase{"notification_smtp_debug_level", 1},
        OptionCase{"notified_on_job_failure_user_error", ""},
        OptionCase{"notified_on_job_failure_platform_error", ""},
        OptionCase{"notified_on_job_success", ""}, OptionCase{"notified_on_job_deploy", ""},
        OptionCase{"enable_attempt_notifications", false},
        OptionCase{"job_run_summary_file_path", ""}));

TEST(CoreOption, secrets_are_sensitive) {
  ConfigurationBuilder builder;
  declare_core_options(builder);
  EXPECT_TRUE(builder.current().is_sensitive("team_client_secret"));
  EXPECT_TRUE(builder.current().is_sensitive("notification_smtp_login_password"));
}

TEST(CoreOption, the_temporary_directory_is_the_systems) {
  ConfigurationBuilder builder;
  const char* former = std::getenv("TMPDIR");
  const std::string kept = former ? former : "";
  ASSERT_EQ(setenv("TMPDIR", "/", 1), 0);
  declare_core_options(builder);
  EXPECT_EQ(builder.current().get_string("temporary_write_directory"), "/");
  ASSERT_EQ(setenv("TMPDIR", "/no/such/directory", 1), 0);
  declare_core_options(builder);
  EXPECT_NE(builder.current().get_string("temporary_write_directory"), "/no/such/directory");
  if (former) {
    setenv("TMPDIR", kept.c_str(), 1);
  } else {
    unsetenv("TMPDIR");
  }
}

}  // namespace
}  // namespace vdk
