// Watches what Python steps do, by upstream's configuration keys.
#include "audit_rules.hpp"
#include "python_audit.hpp"
#include "vdk/plugin.hpp"

namespace {

class AuditPlugin : public vdk::Plugin {
 public:
  void contribute(vdk::Contributions& contributions) override {
    vdk::HookDispatcher& hooks = contributions.hooks();
    hooks.initialize_job.add("audit", [](vdk::JobContext& job) {
      if (!job.template_name().empty()) return std::nullopt;
      const vdk::Configuration& configuration = job.configuration();
      const bool watched = vdk::audit::watch_python(std::make_shared<const vdk::audit::AuditRules>(
          configuration.get_string("forbidden_events_list"),
          configuration.get_bool("exit_on_forbidden_event"),
          static_cast<int>(configuration.get_integer("exit_code"))));
      vdk::log(vdk::LogLevel::debug, "vdk.audit",
               watched ? "Python steps are watched."
                       : "There is no Python here, and so no audit event.");
      return std::nullopt;
    });
    hooks.finalize_job.add("audit", [](vdk::JobContext& job) {
      if (job.template_name().empty()) vdk::audit::watch_python(nullptr);
      return std::nullopt;
    });
  }
};

}  // namespace

VDK_PLUGIN(AuditPlugin)
