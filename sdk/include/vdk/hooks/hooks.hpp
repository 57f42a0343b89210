// All hook points of a run, by upstream's names. Core features and plugins meet here and nowhere
// else.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "vdk/base/export.hpp"
#include "vdk/hooks/hook_point.hpp"

namespace vdk {

class Configuration;
class ConfigurationBuilder;
class JobContext;
class ManagedOperation;
class Error;
struct Command;
struct ExecutionResult;
struct IngestRequest;
struct Step;
struct StepResult;

class VDK_API HookDispatcher {
 public:
  HookDispatcher();
  ~HookDispatcher();
  HookDispatcher(const HookDispatcher&) = delete;
  HookDispatcher& operator=(const HookDispatcher&) = delete;

  // Command line life cycle, in the order of one call. The words of the command line may be changed
  // until a command is chosen by them. Commands: those that the core has come first, so that a
  // plugin may change them; of two with one name the later added counts.
  HookPoint<NoResult(std::vector<std::string>& arguments)> vdk_start{HookKind::historic};
  HookPoint<NoResult(std::vector<Command>&)> vdk_command_line;
  HookPoint<NoResult(ConfigurationBuilder&)> vdk_configure;
  HookPoint<NoResult(Configuration&)> vdk_initialize;
  HookPoint<bool(const Error&)> vdk_exception;  // true: handled, the run ends with exit code 0
  HookPoint<NoResult(int exit_code)> vdk_exit;

  // Job run life cycle; fired for the job and for every template that it runs.
  HookPoint<NoResult(JobContext&)> initialize_job;
  HookPoint<ExecutionResult(JobContext&)> run_job{HookKind::first_result};
  HookPoint<StepResult(JobContext&, const Step&)> run_step{HookKind::first_result};
  HookPoint<NoResult(JobContext&)> finalize_job;

  // Managed connection life cycle, in the order of one statement.
  HookPoint<NoResult(const ManagedOperation&)> db_connection_validate_operation;
  HookPoint<NoResult(ManagedOperation&)> db_connection_before_operation;
  HookPoint<NoResult(ManagedOperation&, const Error&)> db_connection_on_operation_failure;

  // Ingestion life cycle; called for each batch before and after it is committed.
  HookPoint<NoResult(IngestRequest&)> pre_ingest_process;
  HookPoint<NoResult(const IngestRequest&, const Error*)> post_ingest_process;
};

}  // namespace vdk
