// The properties of all jobs in one JSON file, in the form of upstream's vdk-properties-fs.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "vdk/base/value.hpp"
#include "vdk/state/key_value_store.hpp"

namespace vdk::properties_fs {

// Any thread, and any number of processes.
class PropertiesFile : public KeyValueStore {
 public:
  // `no_team` stands in the key of a job that has no team.
  PropertiesFile(std::filesystem::path path, std::string no_team);

  // Throw Error: user where the file is no JSON object, platform where the system refuses.
  [[nodiscard]] Value read(std::string_view job, std::string_view team) override;
  Value write(std::string_view job, std::string_view team, const Value& map) override;

 private:
  [[nodiscard]] std::string key_of(std::string_view job, std::string_view team) const;
  [[nodiscard]] Value read_all() const;

  std::filesystem::path path_;
  std::string no_team_;
};

}  // namespace vdk::properties_fs
