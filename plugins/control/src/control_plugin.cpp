// The client of the Control Service: its commands, and the properties and secrets that it keeps.
#include "commands.hpp"
#include "key_value_service.hpp"
#include "vdk/plugin.hpp"

namespace {

namespace control = vdk::control;

class ControlPlugin : public vdk::Plugin {
 public:
  void contribute(vdk::Contributions& contributions) override {
    contributions.add_command("login", control::login);
    contributions.add_command("logout", control::logout);
    contributions.add_command("set-default", control::set_default);
    contributions.add_command("reset-default", control::reset_default);
    contributions.add_command("info", control::info);
    contributions.add_command("control-create", control::register_job);
    contributions.add_command("delete", control::delete_job);
    contributions.add_command("list", control::list_jobs);
    contributions.add_command("show", control::show_job);
    contributions.add_command("download-job", control::download_job);
    contributions.add_command("download-key", control::download_key);
    contributions.add_command("deploy", control::deploy);
    contributions.add_command("execute", control::execute);
    contributions.add_command("control-properties", control::properties);
    contributions.add_command("control-secrets", control::secrets);
    contributions.add_command("server", control::server);
    contributions.add_properties("control-service", [](const vdk::Configuration& configuration) {
      return control::make_key_value_service("properties", configuration);
    });
    contributions.add_secrets("control-service", [](const vdk::Configuration& configuration) {
      return control::make_key_value_service("secrets", configuration);
    });
  }
};

}  // namespace

VDK_PLUGIN(ControlPlugin)
