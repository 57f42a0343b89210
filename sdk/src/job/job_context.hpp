// Everything that one running job (or template) has: its steps, connections, ingestion, state.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

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
#include "vdk/config/configuration.hpp"
#include "vdk/hooks/hooks.hpp"
#include "vdk/job/step.hpp"

namespace vdk {

class Cancellation;

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
};

// Runs one step of a type. False: the step has nothing to run. Throws what the step throws.
using StepRunner = std::function<bool(JobContext&, const Step&)>;

// What becomes of `{name}` in a query: the parameter of that name takes its place, or it stays.
enum class Substitution { parameters, none };

class VDK_API JobContext {
 public:
  struct Request {
    std::string name;
    std::filesystem::path directory;  // empty for a job without one
    std::string team;
    Value arguments{};
    std::string template_name{};
    std::string step_path{};  // of the steps in it: unique in the execution; "" for the job itself
  };

  JobContext(RunScope& scope, Configuration configuration, Request request);
  ~JobContext();

  [[nodiscard]] const std::string& name() const noexcept { return request_.name; }
  [[nodiscard]] const std::filesystem::path& directory() const noexcept {
    return request_.directory;
  }
  [[nodiscard]] const Value& arguments() const noexcept { return request_.arguments; }
  [[nodiscard]] const std::string& template_name() const noexcept { return request_.template_name; }
  [[nodiscard]] RunScope& scope() noexcept { return scope_; }
  [[nodiscard]] HookDispatcher& hooks() noexcept { return scope_.hooks; }
  [[nodiscard]] Configuration& configuration() noexcept { return configuration_; }
  [[nodiscard]] ConnectionRegistry& connections() noexcept { return connections_; }
  [[nodiscard]] Ingester& ingester() noexcept { return ingester_; }
  [[nodiscard]] StateRouter& properties() noexcept { return properties_; }
  [[nodiscard]] StateRouter& secrets() noexcept { return secrets_; }
  [[nodiscard]] TemplateRegistry& templates() noexcept { return templates_; }

  // Filled by initialize_job: steps in the order in which they run, and what runs each type.
  std::vector<Step> steps;
  std::map<std::string, StepRunner, std::less<>> runners;

  // The name of a step that is unique in the execution, also where templates run in steps.
  [[nodiscard]] std::string path_of(const Step& step) const;
  // The step at work; templates that it runs are told apart by it.
  void enter(const Step& step);

  // The four execution properties (specification: sdk 3.6).
  [[nodiscard]] Value execution_properties() const;
  // What SQL text may name, in order; later ones win (specification: sdk 2.5).
  [[nodiscard]] std::vector<Parameter> parameters();
  // Runs the text on the named ("" = default) connection. Null where there is no result set.
  [[nodiscard]] std::unique_ptr<ResultStream> execute_query(
      std::string_view sql, std::string_view database = {},
      Substitution substitution = Substitution::parameters);
  // Runs a template with the caller's name and ids in a context of its own; throws the template's
  // own exception.
  ExecutionResult execute_template(std::string_view name, Value arguments,
                                   std::string_view database = "default");

  // Whatever the language host keeps for this context; destroyed before everything else in it.
  std::shared_ptr<void> host_data;

 private:
  RunScope& scope_;
  Request request_;
  Configuration configuration_;
  ConnectionRegistry connections_;
  StateRouter properties_;
  StateRouter secrets_;
  TemplateRegistry templates_;
  Ingester ingester_;
  std::string current_step_;
  int templates_in_step_ = 0;
};

}  // namespace vdk
