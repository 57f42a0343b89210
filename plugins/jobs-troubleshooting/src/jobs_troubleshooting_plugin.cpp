// A page that tells what a running job does, by upstream's configuration keys.
#include <memory>

#include "text_server.hpp"
#include "thread_dump.hpp"
#include "vdk/plugin.hpp"

namespace {

constexpr std::string_view kLogger = "vdk.troubleshooting";

bool lists(std::string_view list, std::string_view wanted) {
  while (!list.empty()) {
    const std::size_t end = std::min(list.find(','), list.size());
    std::string_view word = list.substr(0, end);
    list.remove_prefix(std::min(end + 1, list.size()));
    while (word.starts_with(' ')) word.remove_prefix(1);
    while (word.ends_with(' ')) word.remove_suffix(1);
    if (word == wanted) return true;
  }
  return false;
}

std::string page(std::string_view path) {
  if (path != "/threads") return {};
  std::string dump = vdk::troubleshooting::dump_threads();
  vdk::log(vdk::LogLevel::info, kLogger, dump);
  return dump;
}

class JobsTroubleshootingPlugin : public vdk::Plugin {
 public:
  void contribute(vdk::Contributions& contributions) override {
    vdk::HookDispatcher& hooks = contributions.hooks();
    hooks.initialize_job.add("jobs-troubleshooting", [this](vdk::JobContext& job) {
      if (job.template_name().empty()) start(job.configuration());
      return std::nullopt;
    });
    hooks.finalize_job.add("jobs-troubleshooting", [this](vdk::JobContext& job) {
      if (job.template_name().empty()) server_.reset();
      return std::nullopt;
    });
  }

 private:
  // What goes wrong here does not concern the job.
  void start(const vdk::Configuration& configuration) {
    const std::string wanted = configuration.get_string("troubleshoot_utilities_to_use");
    if (!lists(wanted, "thread-dump")) {
      vdk::log(vdk::LogLevel::warning, kLogger,
               "troubleshoot_utilities_to_use is '" + wanted + "'; only thread-dump is there.");
      return;
    }
    const std::string address = configuration.get_string("troubleshoot_address_to_use");
    try {
      server_ = std::make_unique<vdk::troubleshooting::TextServer>(
          address, static_cast<int>(configuration.get_integer("troubleshoot_port_to_use")), page);
      vdk::log(vdk::LogLevel::info, kLogger,
               "The threads of this job: http://" + address + ':' +
                   std::to_string(server_->port()) + "/threads");
    } catch (const std::exception& failure) {
      vdk::log(vdk::LogLevel::warning, kLogger,
               "The page of the job's threads is not there: " + std::string(failure.what()) + '.');
    }
  }

  std::unique_ptr<vdk::troubleshooting::TextServer> server_;
};

}  // namespace

VDK_PLUGIN(JobsTroubleshootingPlugin)
