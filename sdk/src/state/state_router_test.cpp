#include "state/state_router.hpp"

#include <cstdlib>
#include <stdexcept>
#include <thread>

#include "state/file_store.hpp"
#include "state/test_support.hpp"

namespace vdk {
namespace {

using test::failure_of;
using Options = std::vector<std::pair<std::string, std::string>>;
using Strings = std::vector<std::string>;

Configuration configuration_with(const Options& options) {
  ConfigurationBuilder builder;
  declare_state_options(builder);
  for (const auto& [key, value] : options) {
    builder.set(key, value, {OriginKind::config_ini, "config.ini:1"});
  }
  return builder.build();
}

Value map_of(std::string_view key, Value value) {
  Value map(Value::Map{});
  map.set(key, std::move(value));
  return map;
}

// A back end outside of any store, so that tests see what reaches it.
struct Shelf {
  Value map{Value::Map{}};
  int reads = 0;
  int writes = 0;
  std::string job;
  std::string team;
};

class ShelfStore : public KeyValueStore {
 public:
  explicit ShelfStore(Shelf& shelf) : shelf_(shelf) {}
  Value read(std::string_view job, std::string_view team) override {
    ++shelf_.reads;
    shelf_.job = job;
    shelf_.team = team;
    return shelf_.map;
  }
  Value write(std::string_view job, std::string_view team, const Value& map) override {
    ++shelf_.writes;
    shelf_.job = job;
    shelf_.team = team;
    shelf_.map = map;
    return map;
  }

 private:
  Shelf& shelf_;
};

class AddingPreprocessor : public KeyValueStore {
 public:
  explicit AddingPreprocessor(std::string suffix) : suffix_(std::move(suffix)) {}
  Value read(std::string_view, std::string_view) override { throw std::logic_error("never read"); }
  Value write(std::string_view, std::string_view, const Value& map) override {
    Value result = map;
    for (Member& member : *result.if_map()) {
      if (const std::string* text = member.value.if_string()) member.value = *text + suffix_;
    }
    return result;
  }

 private:
  std::string suffix_;
};

class FailingPreprocessor : public KeyValueStore {
 public:
  Value read(std::string_view, std::string_view) override { return Value::Map{}; }
  Value write(std::string_view, std::string_view, const Value&) override {
    throw std::runtime_error("the pre-processor's own reason");
  }
};

class EachKind : public testing::TestWithParam<StateKind> {
 protected:
  [[nodiscard]] StateKind kind() const { return GetParam(); }
  [[nodiscard]] std::string many() const { return std::string(words_of(kind()).many); }

  // The type chosen with these plugin types registered, or "ERROR".
  [[nodiscard]] std::string chosen(const Strings& types, const std::string& configured = "") const {
    const Configuration configuration = configuration_with(
        configured.empty() ? Options{} : Options{{many() + "_default_type", configured}});
    StateRouter router(kind(), configuration, "job", "");
    Shelf shelf;
    for (const std::string& type : types) {
      router.add(type, [&shelf] { return std::make_unique<ShelfStore>(shelf); });
    }
    std::string type = "ERROR";
    try {
      type = router.chosen_type();
    } catch (const Error& error) {
      EXPECT_EQ(error.resolvable_by(), ResolvableBy::configuration);
    }
    const test::Warnings warnings;
    EXPECT_EQ(router.available(), type != "ERROR");
    return type;
  }
};

INSTANTIATE_TEST_SUITE_P(StateRouter, EachKind,
                         testing::Values(StateKind::properties, StateKind::secrets),
                         [](const auto& instance) {
                           return std::string(words_of(instance.param).many);
                         });

TEST_P(EachKind, the_back_end_is_chosen_as_upstream_chooses) {
  EXPECT_EQ(chosen({}), "memory");
  EXPECT_EQ(chosen({"plugin"}), "plugin");
  EXPECT_EQ(chosen({"default", "control-service"}), "default");
  EXPECT_EQ(chosen({"plugin", "other"}), "ERROR");
  EXPECT_EQ(chosen({"plugin", "other"}, "other"), "other");
  EXPECT_EQ(chosen({"default", "plugin"}, "memory"), "memory");
  EXPECT_EQ(chosen({"plugin"}, "absent"), "ERROR");
  EXPECT_EQ(chosen({"default"}, "absent"), "ERROR");
  EXPECT_EQ(chosen({"plugin"}, "Plugin"), "ERROR") << "types are case-sensitive";
  EXPECT_EQ(chosen({"Default", "plugin"}), "ERROR");
}

TEST_P(EachKind, the_built_in_file_back_end_is_used_only_where_it_is_asked_for) {
  EXPECT_EQ(chosen({}, "file"), "file");
  EXPECT_EQ(chosen({"plugin", "other"}, "file"), "file");
  EXPECT_EQ(chosen({"file"}), "file") << "a plugin's own type of that name counts";
  EXPECT_EQ(chosen({"file", "plugin"}), "ERROR");
}

TEST_P(EachKind, an_unknown_type_names_the_nearest_and_all_others) {
  const Configuration configuration = configuration_with({{many() + "_default_type", "flie"}});
  const StateRouter router(kind(), configuration, "job", "");
  const auto error = failure_of([&] { (void)router.chosen_type(); });
  EXPECT_EQ(error.text().what, "There is no back end 'flie' for " + many() + ".");
  EXPECT_NE(error.text().why.find("Registered are: file, memory."), std::string::npos);
  EXPECT_EQ(error.text().countermeasure, "Did you mean 'file'?");
}

TEST_P(EachKind, too_many_types_disable_every_call_with_the_way_out) {
  const Configuration configuration = configuration_with({});
  StateRouter router(kind(), configuration, "job", "");
  Shelf shelf;
  for (const char* type : {"one", "two"}) {
    router.add(type, [&shelf] { return std::make_unique<ShelfStore>(shelf); });
  }
  const test::Warnings warnings;
  EXPECT_FALSE(router.available());
  for (const auto& call : std::vector<std::function<void()>>{
           [&] { (void)router.all(); }, [&] { (void)router.get("x"); },
           [&] { router.set_all(Value::Map{}); }}) {
    const auto error = failure_of(call);
    EXPECT_EQ(error.type_name(), "VdkConfigurationError");
    EXPECT_EQ(error.text().what, "The back end of " + many() + " cannot be chosen.");
    EXPECT_NE(error.text().why.find("file, memory, one, two"), std::string::npos);
    EXPECT_EQ(error.text().countermeasure, "Set " + many() + "_default_type to one of them.");
  }
  EXPECT_EQ(warnings.lines.size(), 1U) << "said once, not with every call";
}

TEST_P(EachKind, a_factory_that_fails_disables_the_back_end_with_its_reason) {
  const Configuration configuration = configuration_with({});
  StateRouter router(kind(), configuration, "job", "");
  int made = 0;
  router.add("plugin", [&made]() -> std::unique_ptr<KeyValueStore> {
    ++made;
    throw std::runtime_error("no connection to the service");
  });
  const test::Warnings warnings;
  EXPECT_FALSE(router.available());
  const auto error = failure_of([&] { (void)router.all(); });
  EXPECT_EQ(error.type_name(), "VdkConfigurationError");
  EXPECT_EQ(error.text().why, "no connection to the service");
  EXPECT_EQ(made, 1);
}

TEST_P(EachKind, nothing_is_made_before_the_first_use) {
  Configuration configuration = configuration_with({});
  StateRouter router(kind(), configuration, "job", "");
  int made = 0;
  Shelf shelf;
  for (const char* type : {"one", "two"}) {
    router.add(type, [&] {
      ++made;
      return std::make_unique<ShelfStore>(shelf);
    });
  }
  EXPECT_EQ(made, 0);
  // A plugin may set the option in initialize_job.
  configuration.override_value(many() + "_default_type", "two", {OriginKind::plugin, "test"});
  EXPECT_TRUE(router.available());
  EXPECT_EQ(made, 1);
}

TEST_P(EachKind, reads_are_cached_until_a_write) {
  const Configuration configuration = configuration_with({});
  StateRouter router(kind(), configuration, "the job", "the team");
  Shelf shelf;
  shelf.map = map_of("a", 1);
  router.add("plugin", [&] { return std::make_unique<ShelfStore>(shelf); });
  EXPECT_EQ(router.get("a"), Value(1));
  EXPECT_EQ(router.get("absent"), Value());
  EXPECT_EQ(router.get("absent", "other"), Value("other"));
  shelf.map = map_of("a", 2);
  EXPECT_EQ(router.all(), map_of("a", 1));
  EXPECT_EQ(shelf.reads, 1);
  router.set_all(map_of("b", 3));
  EXPECT_EQ(router.all(), map_of("b", 3));
  EXPECT_EQ(shelf.reads, 2);
  EXPECT_EQ(shelf.job, "the job");
  EXPECT_EQ(shelf.team, "the team");
}

TEST_P(EachKind, a_null_value_is_a_value) {
  const Configuration configuration = configuration_with({});
  StateRouter router(kind(), configuration, "job", "");
  const test::Warnings warnings;
  router.set_all(map_of("a", nullptr));
  EXPECT_EQ(router.get("a", "default"), Value());
}

TEST_P(EachKind, keys_with_white_space_and_booleans_are_refused_and_nothing_is_stored) {
  const Configuration configuration = configuration_with({});
  StateRouter router(kind(), configuration, "job", "");
  Shelf shelf;
  router.add("plugin", [&] { return std::make_unique<ShelfStore>(shelf); });
  for (const char* key : {"a b", " a", "a\t", "a\n", "a\x1Fz", "a\u00A0b", "a\u3000", "\u2003"}) {
    const auto error = failure_of([&] { router.set_all(map_of(key, 1)); });
    EXPECT_EQ(error.type_name(), "ValueError") << key;
    EXPECT_EQ(error.resolvable_by(), ResolvableBy::user);
  }
  const auto boolean = failure_of([&] { router.set_all(map_of("flag", true)); });
  EXPECT_EQ(boolean.type_name(), "ValueError");
  EXPECT_EQ(boolean.text().what,
            "The value of the " + std::string(words_of(kind()).one) + " 'flag' is a boolean.");
  EXPECT_EQ(failure_of([&] { router.set_all(Value::List{}); }).type_name(), "ValueError");
  EXPECT_EQ(shelf.writes, 0);
}

TEST_P(EachKind, every_other_type_is_stored_and_nested_contents_are_not_inspected) {
  const Configuration configuration = configuration_with({});
  StateRouter router(kind(), configuration, "job", "");
  Shelf shelf;
  router.add("plugin", [&] { return std::make_unique<ShelfStore>(shelf); });
  const Value map =
      parse_json(R"({"i": 1, "f": 1.5, "s": "x", "l": [true, {"a b": false}], "n": null,
                                   "m": {"a b": true}, "": 1, "big": 123456789012345678901234567890,
                                   ".vdk.data_sources.state": {}, "zażółć": 1})");
  router.set_all(map);
  EXPECT_EQ(shelf.map, map);
}

TEST_P(EachKind, write_preprocessors_run_in_sequence_before_validation) {
  const Configuration configuration =
      configuration_with({{many() + "_default_type", "plugin"},
                          {many() + "_write_preprocess_sequence", "plus, times"}});
  StateRouter router(kind(), configuration, "job", "");
  Shelf shelf;
  router.add("plugin", [&] { return std::make_unique<ShelfStore>(shelf); });
  router.add("times", [] { return std::make_unique<AddingPreprocessor>("*"); });
  router.add("plus", [] { return std::make_unique<AddingPreprocessor>("+"); });
  router.set_all(map_of("a", "x"));
  EXPECT_EQ(shelf.map, map_of("a", "x+*"));
}

TEST_P(EachKind, a_failing_preprocessor_stores_nothing) {
  const Configuration configuration = configuration_with(
      {{many() + "_default_type", "plugin"}, {many() + "_write_preprocess_sequence", "failing"}});
  StateRouter router(kind(), configuration, "job", "");
  Shelf shelf;
  router.add("plugin", [&] { return std::make_unique<ShelfStore>(shelf); });
  router.add("failing", [] { return std::make_unique<FailingPreprocessor>(); });
  const auto error = failure_of([&] { router.set_all(map_of("a", "x")); });
  EXPECT_EQ(error.resolvable_by(), ResolvableBy::user);
  EXPECT_EQ(error.type_name(), kind() == StateKind::secrets ? "WritePreProcessSecretsException"
                                                            : "WritePreProcessPropertiesException");
  EXPECT_EQ(error.text().what, "The write pre-processor 'failing' of " + many() + " failed.");
  EXPECT_EQ(error.text().why, "the pre-processor's own reason");
  EXPECT_EQ(shelf.writes, 0);
}

TEST_P(EachKind, an_unknown_preprocessor_disables_the_api) {
  const Configuration configuration =
      configuration_with({{many() + "_write_preprocess_sequence", "absent"}});
  StateRouter router(kind(), configuration, "job", "");
  const test::Warnings warnings;
  EXPECT_FALSE(router.available());
  const auto error = failure_of([&] { (void)router.all(); });
  EXPECT_EQ(error.text().what, "There is no write pre-processor 'absent' for " + many() + ".");
}

TEST_P(EachKind, memory_says_once_that_nothing_remains_and_names_the_file_back_end) {
  const Configuration configuration = configuration_with({});
  StateRouter router(kind(), configuration, "job", "");
  const test::Warnings warnings;
  (void)router.all();
  EXPECT_EQ(warnings.lines, Strings{});
  router.set_all(map_of("a", 1));
  router.set_all(map_of("a", 2));
  ASSERT_EQ(warnings.lines.size(), 1U);
  EXPECT_NE(warnings.lines[0].find(many() + "_default_type = file"), std::string::npos);
  EXPECT_EQ(warnings.lines[0].find('\n'), std::string::npos);
  EXPECT_EQ(router.all(), map_of("a", 2));
  StateRouter next_run(kind(), configuration, "job", "");
  EXPECT_EQ(next_run.all(), Value(Value::Map{}));
}

TEST_P(EachKind, file_keeps_what_was_written_for_the_next_run) {
  const test::TemporaryDirectory directory;
  const char* before = std::getenv("VDK_STATE_DIRECTORY");
  const std::string saved = before != nullptr ? before : "";
  setenv("VDK_STATE_DIRECTORY", directory.path().c_str(), 1);
  const Configuration configuration = configuration_with({{many() + "_default_type", "file"}});
  const test::Warnings warnings;
  StateRouter(kind(), configuration, "job", "team").set_all(map_of("a", "kept"));
  EXPECT_EQ(StateRouter(kind(), configuration, "job", "team").all(), map_of("a", "kept"));
  EXPECT_EQ(StateRouter(kind(), configuration, "job", "").all(), Value(Value::Map{}));
  EXPECT_TRUE(std::filesystem::exists(directory.path() / many() / "team.job.json"));
  EXPECT_EQ(warnings.lines, Strings{});
  if (before != nullptr) {
    setenv("VDK_STATE_DIRECTORY", saved.c_str(), 1);
  } else {
    unsetenv("VDK_STATE_DIRECTORY");
  }
}

TEST_P(EachKind, many_threads_may_read_and_write) {
  const Configuration configuration = configuration_with({});
  StateRouter router(kind(), configuration, "job", "");
  const test::Warnings warnings;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&router, i] {
      for (int j = 0; j < 50; ++j) {
        Value map = router.all();
        map.set("key" + std::to_string(i), j);
        router.set_all(std::move(map));
        (void)router.get("key0");
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_LE(router.all().if_map()->size(), 4U);
  EXPECT_EQ(warnings.lines.size(), 1U);
}

TEST(StateRouter, secrets_are_hidden_from_every_text_once_they_were_read_or_written) {
  const Configuration configuration = configuration_with({});
  StateRouter router(StateKind::secrets, configuration, "job", "");
  Shelf shelf;
  shelf.map =
      parse_json(R"({"stored": "st0red-passw0rd", "nested": {"list": ["n3sted-passw0rd"]}})");
  router.add("plugin", [&] { return std::make_unique<ShelfStore>(shelf); });
  (void)router.all();
  EXPECT_EQ(redact("a st0red-passw0rd b n3sted-passw0rd"), "a *** b ***");
  router.set_all(map_of("new", "wr1tten-passw0rd"));
  EXPECT_EQ(redact("wr1tten-passw0rd"), "***");
}

TEST(StateRouter, properties_are_not_hidden) {
  const Configuration configuration = configuration_with({});
  StateRouter router(StateKind::properties, configuration, "job", "");
  const test::Warnings warnings;
  router.set_all(map_of("a", "visible-property"));
  EXPECT_EQ(redact("visible-property"), "visible-property");
}

TEST(StateRouter, for_a_process_that_is_no_run_the_file_takes_the_place_of_memory_alone) {
  const Configuration configuration = configuration_with({});
  StateRouter router(StateKind::properties, configuration, "job", "");
  EXPECT_EQ(router.chosen_type(), "memory");
  EXPECT_TRUE(router.available());  // made already, as the configuration from secrets does
  router.outlast_process();
  EXPECT_EQ(router.chosen_type(), "file");

  Shelf shelf;
  router.add("plugin", [&] { return std::make_unique<ShelfStore>(shelf); });
  EXPECT_EQ(router.chosen_type(), "plugin");
  (void)router.all();
  EXPECT_EQ(shelf.reads, 1);
}

}  // namespace
}  // namespace vdk
