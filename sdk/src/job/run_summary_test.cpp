#include "job/run_summary.hpp"

#include <gtest/gtest.h>

#include "job/termination_file.hpp"

namespace vdk {
namespace {

ExecutionResult failed_result(ResolvableBy by) {
  ExecutionResult result;
  result.status = StepStatus::error;
  result.failure = describe_failure(std::make_exception_ptr(Error(by, {.what = "It broke."})));
  result.steps.push_back(
      {.name = "10_a.sql", .type = "sql", .start = {}, .end = {}, .status = StepStatus::success});
  result.steps.push_back({.name = "20_b.py",
                          .type = "python",
                          .start = {},
                          .end = {},
                          .status = StepStatus::error,
                          .details = "It broke.",
                          .failure = result.failure});
  return result;
}

TEST(RunSummary, a_successful_run_blames_nobody) {
  ExecutionResult result;
  result.steps.push_back({.name = "10_a.sql", .type = "sql", .start = {}, .end = {}});
  EXPECT_EQ(
      to_json(summary_json(result)),
      R"({"steps": [{"name": "10_a.sql", "status": "success", "blamee": null, "details": null}], )"
      R"("status": "success", "blamee": null, "details": null})");
}

TEST(RunSummary, a_failed_run_names_step_blame_and_cause) {
  const Value summary = summary_json(failed_result(ResolvableBy::user));
  EXPECT_EQ(*summary.find("blamee"), Value("User Error"));
  EXPECT_EQ(*summary.find("details"), Value("It broke."));
  const std::string text = summary_text(failed_result(ResolvableBy::user));
  EXPECT_EQ(text,
            "Job execution result: ERROR\nStep results:\n10_a.sql - SUCCESS\n20_b.py - "
            "ERROR\nUserCodeError: It broke.\n");
}

TEST(Termination, the_status_follows_from_the_result_alone) {
  EXPECT_EQ(to_string(termination_status(ExecutionResult{})), "Success");
  EXPECT_EQ(to_string(termination_status(failed_result(ResolvableBy::user))), "User error");
  EXPECT_EQ(to_string(termination_status(failed_result(ResolvableBy::platform))), "Platform error");
  EXPECT_EQ(to_string(termination_status(failed_result(ResolvableBy::configuration))),
            "Platform error");
  EXPECT_EQ(to_string(termination_status(describe_failure(std::make_exception_ptr(Cancelled(15))))),
            "Cancelled");
}

}  // namespace
}  // namespace vdk
