#include "connection/managed_operation.hpp"

#include <functional>
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
    hooks_.db_connection_validate_operation.add("test", [this](const ManagedOperation& operation) {
      calls_.push_back("validate " + operation.operation());
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

  // A connection that notes what it is asked, and does what a test wants.
  class Steps : public OperationSteps {
   public:
    explicit Steps(Calls& calls) : calls_(calls) {}
    void validate(ManagedOperation& operation) override {
      calls_.push_back("connection validates " + operation.operation());
      if (refuses) throw user_error({.what = "refused"});
    }
    void decorate(ManagedOperation& operation) override {
      calls_.push_back("connection decorates " + operation.operation());
      operation.set_operation(operation.operation() + "*");
      if (cannot_decorate) throw platform_error({.what = "no decoration"});
    }
    void execute(ManagedOperation& operation) override {
      calls_.push_back("execute " + operation.operation());
      if (failure) std::rethrow_exception(failure);
    }
    void after(ManagedOperation& operation) override {
      calls_.push_back("after " + operation.operation());
      if (after_fails) throw std::logic_error("after broken");
    }
    bool recover(ManagedOperation& operation, const std::exception_ptr& error) override {
      calls_.push_back("recover " + operation.operation());
      return recovery && recovery(error);
    }

    bool refuses = false;
    bool cannot_decorate = false;
    bool after_fails = false;
    std::exception_ptr failure{};
    std::function<bool(const std::exception_ptr&)> recovery{};

   private:
    Calls& calls_;
  };

  void run() {
    ManagedOperation operation("q");
    run_operation(hooks_, operation, steps_);
  }

  HookDispatcher hooks_;
  Calls calls_;
  Steps steps_{calls_};
  const std::exception_ptr broken_ = std::make_exception_ptr(std::logic_error("broken"));
  std::string logged_;
  LogSink former_;
};

TEST_F(ManagedOperationTest, validates_decorates_executes_and_ends_in_this_order) {
  run();
  EXPECT_EQ(calls_, (Calls{"validate q", "connection validates q", "before q",
                           "connection decorates +q", "execute +q*", "after +q*"}));
}

TEST_F(ManagedOperationTest, logs_the_duration_in_upstreams_phrase) {
  run();
  EXPECT_NE(logged_.find("Executing query SUCCEEDED. Query duration 00h:00m:00s"),
            std::string::npos)
      << logged_;
}

TEST_F(ManagedOperationTest, a_query_that_a_hook_refuses_reaches_nobody) {
  hooks_.db_connection_validate_operation.add(
      "strict", [](const ManagedOperation&) -> std::optional<NoResult> {
        throw user_error({.what = "not allowed"});
      });
  EXPECT_THROW(run(), Error);
  EXPECT_TRUE(calls_.empty());
  EXPECT_NE(logged_.find("not allowed"), std::string::npos) << logged_;
}

TEST_F(ManagedOperationTest, a_query_that_the_connection_refuses_is_not_executed) {
  steps_.refuses = true;
  EXPECT_THROW(run(), Error);
  EXPECT_EQ(calls_, (Calls{"validate q", "connection validates q"}));
}

TEST_F(ManagedOperationTest, a_failed_decoration_is_no_failed_query) {
  steps_.cannot_decorate = true;
  EXPECT_THROW(run(), Error);
  EXPECT_EQ(calls_.back(), "connection decorates +q");
  EXPECT_NE(logged_.find("no decoration"), std::string::npos) << logged_;
}

TEST_F(ManagedOperationTest, after_a_failure_hooks_are_told_and_nothing_is_decorated_twice) {
  steps_.failure = broken_;
  EXPECT_THROW(run(), std::logic_error);
  EXPECT_EQ(calls_,
            (Calls{"validate q", "connection validates q", "before q", "connection decorates +q",
                   "execute +q*", "before q", "failure +q*: broken", "recover +q*"}));
}

TEST_F(ManagedOperationTest, the_very_same_exception_comes_out) {
  steps_.failure = std::make_exception_ptr(user_error({.what = "mine"}));
  try {
    run();
    FAIL();
  } catch (...) {
    EXPECT_EQ(std::current_exception(), steps_.failure);
  }
}

TEST_F(ManagedOperationTest, a_recovered_statement_is_no_failure) {
  steps_.failure = broken_;
  steps_.recovery = [&](const std::exception_ptr& failure) { return failure == broken_; };
  run();
  EXPECT_EQ(calls_.back(), "after +q*");
  EXPECT_NE(logged_.find("Recovered query duration"), std::string::npos);
}

TEST_F(ManagedOperationTest, what_fails_after_a_success_makes_no_failure) {
  steps_.after_fails = true;
  run();
  EXPECT_EQ(calls_.back(), "after +q*");
  EXPECT_NE(logged_.find("after broken"), std::string::npos) << logged_;
}

TEST_F(ManagedOperationTest, an_error_of_the_recovery_comes_out_and_the_original_is_logged) {
  steps_.failure = broken_;
  steps_.recovery = [](const std::exception_ptr&) -> bool {
    throw user_error({.what = "recovery failed"});
  };
  EXPECT_THROW(run(), Error);
  EXPECT_NE(logged_.find("broken"), std::string::npos);
}

TEST_F(ManagedOperationTest, a_cancelled_statement_is_neither_reported_nor_recovered) {
  steps_.failure = std::make_exception_ptr(Cancelled(15));
  EXPECT_THROW(run(), Cancelled);
  EXPECT_EQ(calls_.back(), "execute +q*");
}

}  // namespace
}  // namespace vdk
