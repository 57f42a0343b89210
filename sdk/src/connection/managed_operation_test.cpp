#include "connection/managed_operation.hpp"

#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "vdk/base/error.hpp"
#include "vdk/base/log.hpp"
#include "vdk/hooks/hooks.hpp"

namespace vdk {
namespace {

using Calls = std::vector<std::string>;

class ManagedOperationTest : public testing::Test {
 protected:
  ManagedOperationTest() {
    hooks_.db_connection_validate_operation.add("test", [this](std::string_view text) {
      calls_.push_back("validate " + std::string(text));
      return std::optional<NoResult>{};
    });
    hooks_.db_connection_before_operation.add("test", [this](ManagedOperation& operation) {
      calls_.push_back("before " + operation.operation());
      operation.set_operation("+" + operation.operation());
      return std::optional<NoResult>{};
    });
    hooks_.db_connection_on_operation_failure.add(
        "test", [this](ManagedOperation& operation, const Error& error) {
          calls_.push_back("failure " + operation.operation() + ": " + error.text().what);
          return std::optional<NoResult>{};
        });
    former_ = set_log_sink(
        [this](const LogRecord& record) { logged_ += std::string(record.message) + '\n'; });
  }
  ~ManagedOperationTest() override { set_log_sink(former_); }

  void execute(ManagedOperation& operation) {
    calls_.push_back("execute " + operation.operation());
  }
  [[nodiscard]] auto executing() {
    return [this](ManagedOperation& operation) { execute(operation); };
  }
  [[nodiscard]] auto failing() {
    return [this](ManagedOperation& operation) {
      execute(operation);
      throw std::logic_error("broken");
    };
  }

  HookDispatcher hooks_;
  Calls calls_;
  std::string logged_;
  LogSink former_;
};

TEST_F(ManagedOperationTest, validates_decorates_and_executes_in_this_order) {
  ManagedOperation operation("q");
  run_operation(hooks_, operation, executing());
  EXPECT_EQ(calls_, (Calls{"validate q", "before q", "execute +q"}));
  EXPECT_EQ(operation.initial_operation(), "q");
}

TEST_F(ManagedOperationTest, logs_the_duration_in_upstreams_phrase) {
  ManagedOperation operation("q");
  run_operation(hooks_, operation, executing());
  EXPECT_NE(logged_.find("Executing query SUCCEEDED. Query duration 00h:00m:00s"),
            std::string::npos)
      << logged_;
}

TEST_F(ManagedOperationTest, a_refused_query_is_not_executed_and_no_failure_of_it) {
  hooks_.db_connection_validate_operation.add("strict",
                                              [](std::string_view) -> std::optional<NoResult> {
                                                throw user_error({.what = "not allowed"});
                                              });
  ManagedOperation operation("q");
  EXPECT_THROW(run_operation(hooks_, operation, executing()), Error);
  EXPECT_TRUE(calls_.empty());
}

TEST_F(ManagedOperationTest, after_a_failure_decorates_again_and_tells_the_hooks) {
  ManagedOperation operation("q");
  EXPECT_THROW(run_operation(hooks_, operation, failing()), std::logic_error);
  EXPECT_EQ(calls_,
            (Calls{"validate q", "before q", "execute +q", "before +q", "failure ++q: broken"}));
}

TEST_F(ManagedOperationTest, the_very_same_exception_comes_out) {
  const auto thrown = std::make_exception_ptr(user_error({.what = "mine"}));
  ManagedOperation operation("q");
  try {
    run_operation(hooks_, operation, [&](ManagedOperation&) { std::rethrow_exception(thrown); });
    FAIL();
  } catch (...) {
    EXPECT_EQ(std::current_exception(), thrown);
  }
}

TEST_F(ManagedOperationTest, a_recovered_statement_is_no_failure) {
  ManagedOperation operation("q");
  std::exception_ptr seen;
  run_operation(hooks_, operation, failing(),
                [&](ManagedOperation&, const std::exception_ptr& failure) {
                  seen = failure;
                  return true;
                });
  EXPECT_TRUE(seen);
  EXPECT_NE(logged_.find("Recovered query duration"), std::string::npos);
}

TEST_F(ManagedOperationTest, an_error_of_the_recovery_comes_out_and_the_original_is_logged) {
  ManagedOperation operation("q");
  const auto recover = [](ManagedOperation&, const std::exception_ptr&) -> bool {
    throw user_error({.what = "recovery failed"});
  };
  EXPECT_THROW(run_operation(hooks_, operation, failing(), recover), Error);
  EXPECT_NE(logged_.find("broken"), std::string::npos);
}

TEST_F(ManagedOperationTest, a_cancelled_statement_is_neither_reported_nor_recovered) {
  ManagedOperation operation("q");
  bool recovered = false;
  EXPECT_THROW(run_operation(
                   hooks_, operation, [](ManagedOperation&) { throw Cancelled(15); },
                   [&](ManagedOperation&, const std::exception_ptr&) { return recovered = true; }),
               Cancelled);
  EXPECT_FALSE(recovered);
  EXPECT_EQ(calls_, (Calls{"validate q", "before q"}));
}

}  // namespace
}  // namespace vdk
