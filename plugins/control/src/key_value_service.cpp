#include "key_value_service.hpp"

#include <cstdlib>
#include <mutex>
#include <utility>

#include "service.hpp"

namespace vdk::control {
namespace {

class KeyValueService final : public KeyValueStore {
 public:
  KeyValueService(std::string kind, const Configuration& configuration)
      : kind_(std::move(kind)), service_(configuration) {}

  Value read(std::string_view job, std::string_view team) override {
    const std::lock_guard lock(mutex_);
    return service_.get_json(path(job, team));
  }
  Value write(std::string_view job, std::string_view team, const Value& map) override {
    const std::lock_guard lock(mutex_);
    service_.put(path(job, team), map);
    return map;
  }

 private:
  [[nodiscard]] std::string path(std::string_view job, std::string_view team) const {
    // A deployed job need not name its team: the service does.
    const char* deployed = std::getenv("VDK_JOB_TEAM");
    const std::string own = team.empty() && deployed != nullptr ? deployed : std::string(team);
    return job_path({.team = own, .name = std::string(job)}) + "/deployments/production/" + kind_;
  }

  std::string kind_;
  std::mutex mutex_;
  Service service_;
};

}  // namespace

std::unique_ptr<KeyValueStore> make_key_value_service(std::string kind,
                                                      const Configuration& configuration) {
  return std::make_unique<KeyValueService>(std::move(kind), configuration);
}

}  // namespace vdk::control
