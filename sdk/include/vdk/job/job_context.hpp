// A running job (or template) as hooks, step types, processors and commands see it.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "vdk/base/export.hpp"
#include "vdk/base/value.hpp"
#include "vdk/config/configuration.hpp"
#include "vdk/connection/driver.hpp"
#include "vdk/data/batch.hpp"
#include "vdk/hooks/hooks.hpp"
#include "vdk/hooks/plugin.hpp"
#include "vdk/ingest/sink.hpp"
#include "vdk/job/step.hpp"

namespace vdk {

class ConnectionRegistry;
class Ingester;
class StateRouter;
class TemplateRegistry;
struct Parameter;
struct RunScope;

// What becomes of `{name}` in a query: the parameter of that name takes its place, or it stays.
enum class Substitution { parameters, none };

enum class Contribution { connection, sink };

// Lives from before initialize_job until after finalize_job. Belongs to the thread that runs the
// job, except where a member says otherwise; a template that a step runs has a context of its own.
class VDK_API JobContext {
 public:
  [[nodiscard]] const std::string& name() const noexcept;
  [[nodiscard]] const std::filesystem::path& directory()
      const noexcept;  // empty: a job without one
  [[nodiscard]] const Value& arguments() const noexcept;
  [[nodiscard]] const std::string& template_name() const noexcept;  // empty for the job itself
  [[nodiscard]] const std::string& execution_id() const noexcept;
  [[nodiscard]] const std::string& attempt_id() const noexcept;
  [[nodiscard]] const std::string& op_id() const noexcept;
  [[nodiscard]] Configuration& configuration() noexcept;

  // Filled by initialize_job: steps in the order in which they run, and what runs each type.
  std::vector<Step> steps;
  std::map<std::string, StepRunner, std::less<>> runners;
  // The types of steps by the endings of their files: lower case, without a dot.
  std::map<std::string, std::string, std::less<>> step_endings;

  // Runs the text on the named ("" = default) connection, through the hooks of connections. Null
  // where there is no result set. Throws Error.
  [[nodiscard]] std::unique_ptr<ResultStream> execute_query(
      std::string_view sql, std::string_view database = {},
      Substitution substitution = Substitution::parameters);

  // Sends rows to a table, by the method and to the target (empty: those of the configuration). May
  // wait while much is queued. They are stored when the step has ended. Any thread. Throws Error.
  void send(const Batch& batch, std::string_view table, std::string_view method = {},
            std::string_view target = {});

  // All properties and secrets of the job: maps. Any thread. Throw Error (configuration) where no
  // back end can be used, and (user) where a key or value is not allowed.
  [[nodiscard]] Value read_properties();
  void write_properties(Value map);
  [[nodiscard]] Value read_secrets();

  // Runs a template with the caller's name and ids in a context of its own; throws the template's
  // own exception.
  ExecutionResult execute_template(std::string_view name, Value arguments,
                                   std::string_view database = "default");

  // The four execution properties (specification: sdk 3.6).
  [[nodiscard]] Value execution_properties() const;

  // The rest is the core's own: it speaks of classes that have no public headers.
  struct Request;
  JobContext(RunScope& scope, Configuration configuration, Request request);
  ~JobContext();
  JobContext(const JobContext&) = delete;
  JobContext& operator=(const JobContext&) = delete;

  [[nodiscard]] RunScope& scope() noexcept;
  [[nodiscard]] HookDispatcher& hooks() noexcept;
  [[nodiscard]] ConnectionRegistry& connections() noexcept;
  [[nodiscard]] Ingester& ingester() noexcept;
  [[nodiscard]] StateRouter& properties() noexcept;
  [[nodiscard]] StateRouter& secrets() noexcept;
  [[nodiscard]] TemplateRegistry& templates() noexcept;

  // The name of a step that is unique in the execution, also where templates run in steps.
  [[nodiscard]] std::string path_of(const Step& step) const;
  // The step at work; templates that it runs are told apart by it.
  void enter(const Step& step);
  // What SQL text may name, in order; later ones win (specification: sdk 2.5).
  [[nodiscard]] std::vector<Parameter> parameters();

  // The program's own driver or sink of this name stands in for that of a plugin distribution.
  void stand_in(Contribution kind, std::string_view name, std::string_view distribution);
  // Whether a registration by that distribution gives way to the program's own, which is noted in
  // the log. `native_engines = false` has none give way.
  [[nodiscard]] bool is_shadowed(Contribution kind, std::string_view name,
                                 std::string_view distribution) const;

  // Whatever the language host keeps for this context; destroyed before everything else in it.
  std::shared_ptr<void> host_data;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace vdk
