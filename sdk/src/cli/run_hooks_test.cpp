// The life cycle of `vdk run` as implementations of its hooks see it.
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include <gtest/gtest.h>

#include "cli/command.hpp"
#include "cli/program.hpp"
#include "vdk/base/error.hpp"
#include "vdk/hooks/hooks.hpp"

namespace vdk {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kOwnStep = "own";

class PluginHost final : public Host {
 public:
  explicit PluginHost(std::function<void(HookDispatcher&)> plugin) : plugin_(std::move(plugin)) {}

  [[nodiscard]] bool runs_python() const noexcept override { return false; }
  void register_features(HookDispatcher& hooks, PluginIndex&) override { plugin_(hooks); }
  void watch_signals(Cancellation&) override {}
  [[nodiscard]] bool owns_terminal() const noexcept override { return false; }
  void watch_output(TerminalView*) override {}
  void write_out(std::string_view text) override { out += text; }
  void write_err(std::string_view text) override { err += text; }
  void write_result(std::string_view bytes) override { out += bytes; }

  std::string out;
  std::string err;

 private:
  std::function<void(HookDispatcher&)> plugin_;
};

// A job `job` in a directory of its own, run by a program with one plugin. Its SQL steps note their
// names, and fail where their file says so.
class RunHooks : public testing::Test {
 protected:
  RunHooks()
      : root_(fs::temp_directory_path() /
              ("vdk-hooks-" + std::to_string(getpid()) + "-" +
               testing::UnitTest::GetInstance()->current_test_info()->name())) {
    fs::create_directories(root_ / "job");
    set("VDK_STATE_DIRECTORY", (root_ / "state").string());
    set("VDK_TERMINATION_MESSAGE_WRITER_OUTPUT_FILE", (root_ / "ended.json").string());
    file("10_step.sql", "ran");
  }
  ~RunHooks() override {
    for (const auto& [name, former] : formers_) {
      if (former) {
        setenv(name.c_str(), former->c_str(), 1);
      } else {
        unsetenv(name.c_str());
      }
    }
    fs::remove_all(root_);
  }

  void set(const std::string& name, const std::string& value) {
    const char* former = getenv(name.c_str());
    formers_.emplace(name, former ? std::optional<std::string>(former) : std::nullopt);
    setenv(name.c_str(), value.c_str(), 1);
  }
  void file(const std::string& name, const std::string& content) const {
    std::ofstream(root_ / "job" / name) << content;
  }
  void note(const std::string& what) { seen_.push_back(what); }

  int run(const std::function<void(HookDispatcher&)>& plugin = [](HookDispatcher&) {}) {
    PluginHost host([&](HookDispatcher& hooks) {
      hooks.initialize_job.add("steps", [this](JobContext& context) {
        const auto runner = [this](JobContext&, const Step& step) {
          note(step.name);
          std::ifstream stream(step.file);
          std::string content;
          std::getline(stream, content);
          if (content == "fail") throw user_error({.what = "The step failed."});
          return true;
        };
        context.runners.insert_or_assign(std::string(kSqlStep), runner);
        context.runners.insert_or_assign(std::string(kOwnStep), runner);
        return std::nullopt;
      });
      plugin(hooks);
    });
    const int code = run_program({"run", (root_ / "job").string()}, host);
    err_ = host.err;
    return code;
  }

  [[nodiscard]] std::string termination() const {
    std::ostringstream text;
    text << std::ifstream(root_ / "ended.json").rdbuf();
    const Value json = parse_json(text.str());
    return *json.find("status")->if_string();
  }

  // Notes its calls in every hook of a run.
  void observe(HookDispatcher& hooks) {
    const auto noting = [this](const char* name) {
      return [this, name](auto&&...) {
        note(name);
        return std::nullopt;
      };
    };
    hooks.vdk_start.add("plugin", noting("vdk_start"));
    hooks.vdk_command_line.add("plugin", noting("vdk_command_line"));
    hooks.vdk_configure.add("plugin", noting("vdk_configure"));
    hooks.vdk_initialize.add("plugin", noting("vdk_initialize"));
    hooks.vdk_exception.add("plugin", noting("vdk_exception"));
    hooks.vdk_exit.add("plugin", [this](int code) {
      note("vdk_exit " + std::to_string(code));
      return std::nullopt;
    });
    hooks.initialize_job.add("plugin", noting("initialize_job"));
    hooks.run_job.add("plugin", noting("run_job"));
    hooks.run_step.add("plugin", noting("run_step"));
    hooks.finalize_job.add("plugin", noting("finalize_job"));
  }

  using Names = std::vector<std::string>;
  fs::path root_;
  Names seen_;
  std::string err_;
  std::map<std::string, std::optional<std::string>> formers_;
};

TEST_F(RunHooks, come_in_upstreams_order) {
  EXPECT_EQ(run([this](HookDispatcher& hooks) { observe(hooks); }), 0) << err_;
  EXPECT_EQ(seen_, (Names{"vdk_start", "vdk_command_line", "vdk_configure", "vdk_initialize",
                          "initialize_job", "run_job", "run_step", "10_step.sql", "finalize_job",
                          "vdk_exit 0"}));
  EXPECT_EQ(termination(), "Success");
}

TEST_F(RunHooks, of_a_failed_job_end_with_its_own_error_and_its_true_code) {
  file("10_step.sql", "fail");
  EXPECT_EQ(run([this](HookDispatcher& hooks) {
              observe(hooks);
              hooks.vdk_exception.add("plugin", [this](const Error& error) {
                note(error.text().what);
                return std::nullopt;
              });
            }),
            1);
  EXPECT_EQ(Names(seen_.end() - 4, seen_.end()),
            (Names{"finalize_job", "The step failed.", "vdk_exception", "vdk_exit 1"}));
  EXPECT_EQ(termination(), "User error");
}

TEST_F(RunHooks, a_handled_exception_makes_the_exit_code_0) {
  file("10_step.sql", "fail");
  EXPECT_EQ(run([this](HookDispatcher& hooks) {
              observe(hooks);
              hooks.vdk_exception.add("plugin", [](const Error&) { return true; });
            }),
            0);
  EXPECT_EQ(seen_.back(), "vdk_exit 0");
  EXPECT_EQ(termination(), "User error");
}

TEST_F(RunHooks, an_exception_handler_that_fails_handles_nothing) {
  file("10_step.sql", "fail");
  EXPECT_EQ(run([](HookDispatcher& hooks) {
              hooks.vdk_exception.add("plugin", [](const Error&) -> std::optional<bool> {
                throw std::runtime_error("The handler failed.");
              });
            }),
            1);
  EXPECT_NE(err_.find("The handler failed."), std::string::npos) << err_;
  EXPECT_EQ(termination(), "User error");
}

TEST_F(RunHooks, a_failing_exit_is_exit_1_and_no_success) {
  EXPECT_EQ(run([](HookDispatcher& hooks) {
              hooks.vdk_exit.add("plugin", [](int) -> std::optional<NoResult> {
                throw std::runtime_error("The exit failed.");
              });
            }),
            1);
  EXPECT_NE(err_.find("The exit failed."), std::string::npos) << err_;
  EXPECT_EQ(termination(), "Platform error");
}

TEST_F(RunHooks, a_failing_start_of_the_run_ends_it_before_vdk_exit) {
  EXPECT_EQ(run([this](HookDispatcher& hooks) {
              observe(hooks);
              hooks.vdk_initialize.add("failing",
                                       [](const Configuration&) -> std::optional<NoResult> {
                                         throw configuration_error({.what = "No start."});
                                       });
            }),
            1);
  EXPECT_EQ(seen_, (Names{"vdk_start", "vdk_command_line", "vdk_configure"}));
  EXPECT_NE(err_.find("No start."), std::string::npos) << err_;
  EXPECT_EQ(termination(), "Platform error");
}

TEST_F(RunHooks, a_failing_initialize_job_runs_no_step_and_is_not_finalized) {
  EXPECT_EQ(run([this](HookDispatcher& hooks) {
              observe(hooks);
              hooks.initialize_job.add("failing", [](JobContext&) -> std::optional<NoResult> {
                throw user_error({.what = "No job."});
              });
            }),
            1);
  EXPECT_EQ(Names(seen_.end() - 2, seen_.end()), (Names{"vdk_exception", "vdk_exit 1"}));
  EXPECT_EQ(std::ranges::count(seen_, "10_step.sql"), 0);
  EXPECT_EQ(std::ranges::count(seen_, "finalize_job"), 0);
  EXPECT_EQ(termination(), "User error");
}

TEST_F(RunHooks, an_ordinary_plugin_finds_the_cores_steps_and_may_add_to_them) {
  file("20_other.sql", "ran");
  EXPECT_EQ(run([this](HookDispatcher& hooks) {
              hooks.initialize_job.add("plugin", [this](JobContext& context) {
                for (const Step& step : context.steps) note("found " + step.name);
                context.steps.push_back({.name = "15_own", .type = std::string(kOwnStep)});
                std::ranges::sort(context.steps, {}, &Step::name);
                return std::nullopt;
              });
              hooks.initialize_job.add(
                  "earlier",
                  [this](JobContext& context) {
                    note("earlier " + std::to_string(context.steps.size()));
                    return std::nullopt;
                  },
                  HookOrder::first);
            }),
            0)
      << err_;
  EXPECT_EQ(seen_, (Names{"earlier 0", "found 10_step.sql", "found 20_other.sql", "10_step.sql",
                          "15_own", "20_other.sql"}));
}

TEST_F(RunHooks, a_plugins_value_wins_over_config_ini_and_the_environment_over_both) {
  file("config.ini", "[vdk]\nown_first = from config.ini\nown_second = from config.ini\n");
  set("OWN_SECOND", "from the environment");
  EXPECT_EQ(run([this](HookDispatcher& hooks) {
              hooks.vdk_configure.add("plugin", [](ConfigurationBuilder& builder) {
                for (const std::string key : {"own_first", "own_second", "own_third"}) {
                  builder.add({.key = key, .default_value = "the default", .description = "Own."});
                }
                for (const std::string key : {"own_first", "own_second"}) {
                  builder.set(key, "from the plugin", {OriginKind::plugin, "own"});
                }
                return std::nullopt;
              });
              hooks.vdk_initialize.add("plugin", [this](const Configuration& configuration) {
                for (const std::string key : {"own_first", "own_second", "own_third"}) {
                  note(configuration.get_string(key));
                }
                return std::nullopt;
              });
            }),
            0)
      << err_;
  EXPECT_EQ(Names(seen_.begin(), seen_.begin() + 3),
            (Names{"from the plugin", "from the environment", "the default"}));
}

TEST_F(RunHooks, a_secret_overrides_its_option_behind_all_plugins) {
  EXPECT_EQ(run([this](HookDispatcher& hooks) {
              hooks.vdk_configure.add("plugin", [](ConfigurationBuilder& builder) {
                builder.add({.key = "own_password", .default_value = "", .description = "Own."});
                return std::nullopt;
              });
              const auto noting = [this](JobContext& context) {
                note("password " + context.configuration().get_string("own_password"));
                return std::nullopt;
              };
              hooks.initialize_job.add(
                  "plugin",
                  [](JobContext& context) {
                    context.secrets().set_all(parse_json(R"({"own_password": "sesame"})"));
                    return std::nullopt;
                  },
                  HookOrder::first);
              hooks.initialize_job.add("plugin", noting, HookOrder::last);
              hooks.run_job.add("plugin", [noting](JobContext& context) {
                noting(context);
                return std::optional<ExecutionResult>();
              });
            }),
            0)
      << err_;
  EXPECT_EQ(seen_, (Names{"password ", "password sesame", "10_step.sql"}));
}

TEST_F(RunHooks, are_printed_where_that_is_asked_for) {
  file("20_bad.sql", "fail");
  const auto plugin = [this](HookDispatcher& hooks) { observe(hooks); };
  EXPECT_EQ(run(plugin), 1);
  EXPECT_EQ(err_.find("hook "), std::string::npos) << err_;
  set("VDK_DEBUG_HOOKS_ENABLED", "yes");
  EXPECT_EQ(run(plugin), 1);
  for (const std::string line : {"hook vdk_command_line: called\n", "hook run_step: 1 results\n",
                                 "hook vdk_exit: called\n"}) {
    EXPECT_NE(err_.find(line), std::string::npos) << line << err_;
  }
  PluginHost host(plugin);
  unsetenv("VDK_DEBUG_HOOKS_ENABLED");
  EXPECT_EQ(run_program({"version", "--debug-hooks"}, host), 0);
  EXPECT_NE(host.err.find("hook vdk_command_line: called\n"), std::string::npos) << host.err;
}

TEST_F(RunHooks, other_commands_are_left_through_vdk_exit_too) {
  const auto plugin = [this](HookDispatcher& hooks) {
    observe(hooks);
    hooks.vdk_command_line.add("plugin", [](std::vector<Command>& commands) {
      commands.push_back({.name = "fail",
                          .summary = "Fails.",
                          .examples = "",
                          .run = [](Invocation& invocation) -> int {
                            (void)invocation.program().configure(nullptr, {});
                            throw user_error({.what = "The command failed."});
                          }});
      return std::nullopt;
    });
  };
  PluginHost good(plugin);
  EXPECT_EQ(run_program({"config-help"}, good), 0);
  EXPECT_EQ(seen_.back(), "vdk_exit 0");
  PluginHost bad(plugin);
  EXPECT_EQ(run_program({"fail"}, bad), 1);
  EXPECT_EQ(Names(seen_.end() - 2, seen_.end()), (Names{"vdk_exception", "vdk_exit 1"}));
}

}  // namespace
}  // namespace vdk
