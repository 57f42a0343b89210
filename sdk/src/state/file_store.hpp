// The back end `file`: one JSON file a job in the directory of local state.
#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "base/file.hpp"
#include "state/state_kind.hpp"
#include "vdk/state/key_value_store.hpp"

namespace vdk {

// Files are `<directory>/<properties|secrets>/[<team>.]<job>.json`, each name encoded by
// file_name_of; those of secrets are readable by their owner only. Each is replaced whole and
// synced, under a lock, so that it is valid JSON at any time. A job that reads, changes and writes
// does so in two calls: where another run wrote in between, the later write wins and one warning
// says so.
class FileStore : public KeyValueStore {
 public:
  explicit FileStore(StateKind kind, std::filesystem::path directory = local_state_directory(),
                     std::chrono::milliseconds lock_wait = std::chrono::seconds(30));

  // Throws Error (user) naming the file where it does not hold a JSON object.
  [[nodiscard]] Value read(std::string_view job, std::string_view team) override;
  // Throws Error: user, where a value is nothing that JSON can hold; platform, where the file
  // cannot be written.
  Value write(std::string_view job, std::string_view team, const Value& map) override;

  [[nodiscard]] std::filesystem::path file_of(std::string_view job, std::string_view team) const;

 private:
  void refuse_foreign_directory() const;
  [[nodiscard]] std::string text_of(const Value& map) const;

  StateKind kind_;
  std::filesystem::path directory_;
  std::chrono::milliseconds lock_wait_;
  std::mutex mutex_;
  // The hash of each file's text as this store knows it.
  std::map<std::filesystem::path, std::size_t> seen_;
  bool warned_ = false;
};

}  // namespace vdk
