// What the public face of a job's context stands for, for those who make contexts and see all of
// it.
#pragma once

#include <filesystem>
#include <set>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/ids.hpp"
#include "connection/connection_registry.hpp"
#include "connection/substitution.hpp"
#include "ingest/ingester.hpp"
#include "job/events.hpp"
#include "state/state_router.hpp"
#include "template/template_registry.hpp"
#include "vdk/base/export.hpp"
#include "vdk/base/value.hpp"
#include "vdk/hooks/hooks.hpp"
#include "vdk/job/job_context.hpp"  // IWYU pragma: export
#include "vdk/job/step.hpp"

namespace vdk {

class Cancellation;

// Which steps of a job run; all of them where both are empty. Names are file names.
struct StepSelection {
  std::string from_step{};
  std::string only_step{};
};

// What a run and the templates in it share.
struct RunScope {
  HookDispatcher& hooks;
  EventStream& events;
  Cancellation& cancellation;
  RunIds ids;
  TimePoint start;
  // A run that goes on where another one ended: the execution that the ledgers of loads know, and
  // the steps that need not run again. Empty for any other run.
  std::string resumed{};
  std::set<std::string, std::less<>> finished_steps{};
  // What stands before the statements of the attempt that it goes on with; see query_comment.
  std::string former_comment{};
  StepSelection selection{};  // of the job's own steps
};

struct JobContext::Request {
  std::string name;
  std::filesystem::path directory;  // empty for a job without one
  std::string team;
  Value arguments{};
  std::string template_name{};
  std::string step_path{};  // of the steps in it: unique in the execution; "" for the job itself
};

}  // namespace vdk
