#include "state/file_store.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <functional>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "state/file_name.hpp"
#include "vdk/base/error.hpp"
#include "vdk/base/log.hpp"

namespace vdk {
namespace {

// A lock in the local state; where it cannot be had, the error names the way to another directory.
FileLock lock_state(const std::filesystem::path& file, std::chrono::milliseconds wait) {
  try {
    return FileLock(file, wait);
  } catch (const Error& error) {
    ErrorText text = error.text();
    text.countermeasure +=
        " Local state can live elsewhere: set VDK_STATE_DIRECTORY to a directory that you may "
        "write.";
    throw Error(error.resolvable_by(), std::move(text));
  }
}

std::size_t hash_of(const std::optional<std::string>& text) {
  return text ? std::hash<std::string>{}(*text) : 0;
}

}  // namespace

FileStore::FileStore(StateKind kind, std::filesystem::path directory,
                     std::chrono::milliseconds lock_wait)
    : kind_(kind), directory_(std::move(directory)), lock_wait_(lock_wait) {}

std::filesystem::path FileStore::file_of(std::string_view job, std::string_view team) const {
  std::string name = file_name_of(job) + ".json";
  if (!team.empty()) name.insert(0, file_name_of(team) + ".");
  return directory_ / words_of(kind_).many / name;
}

Value FileStore::read(std::string_view job, std::string_view team) {
  refuse_foreign_directory();
  const std::filesystem::path file = file_of(job, team);
  const std::optional<std::string> text = read_file_if_exists(file);
  {
    const std::lock_guard lock(mutex_);
    seen_[file] = hash_of(text);
  }
  if (!text) return Value::Map{};
  std::string why = "It holds JSON, but no object.";
  try {
    Value map = parse_json(*text);
    if (map.if_map() != nullptr) return map;
  } catch (const Error& error) {
    why = error.text().what;
  }
  throw user_error({
      .what = fmt::format("The {} of the job '{}' cannot be read from {}.", words_of(kind_).many,
                          job, file.string()),
      .why = std::move(why),
      .consequence =
          fmt::format("No {} was read, and the file was left as it is.", words_of(kind_).one),
      .countermeasure = "Repair the file, or remove it to begin with none.",
  });
}

Value FileStore::write(std::string_view job, std::string_view team, const Value& map) {
  const std::string text = text_of(map);
  refuse_foreign_directory();
  const std::filesystem::path file = file_of(job, team);
  bool overwrites = false;
  {
    const std::lock_guard lock(mutex_);
    std::filesystem::path lock_file = file;
    lock_file += ".lock";
    const FileLock file_lock = lock_state(lock_file, lock_wait_);
    if (const auto known = seen_.find(file); known != seen_.end()) {
      overwrites = !warned_ && known->second != hash_of(read_file_if_exists(file));
    }
    write_file_atomic(file, text,
                      kind_ == StateKind::secrets ? Access::owner_only : Access::everybody);
    seen_[file] = hash_of(text);
    warned_ = warned_ || overwrites;
  }
  if (overwrites) {
    log(LogLevel::warning, "vdk.state",
        fmt::format("Another run of the job '{0}' changed its {1} after this one had read them; "
                    "its changes are overwritten. Let only one run at a time write {1}.",
                    job, words_of(kind_).many));
  }
  return map;
}

// Where there is no home, state lies under the system's temporary directory, and anybody may have
// made that directory to read what comes.
void FileStore::refuse_foreign_directory() const {
  if (kind_ != StateKind::secrets) return;
  for (const std::filesystem::path& directory : {directory_, directory_ / words_of(kind_).many}) {
    struct stat status{};
    if (stat(directory.c_str(), &status) != 0) continue;
    if (status.st_uid == geteuid() || status.st_uid == 0 || geteuid() == 0) continue;
    throw platform_error({
        .what = fmt::format("The directory {} belongs to another user.", directory.string()),
        .why = "Secrets are kept only in directories of the user who runs the job.",
        .consequence = "Secrets were neither read nor written.",
        .countermeasure = "Set VDK_STATE_DIRECTORY to a directory of your own.",
    });
  }
}

// Checks each value by reading it back: a file that cannot be read again would lock the job out of
// its state.
std::string FileStore::text_of(const Value& map) const {
  for (const Member& member : *map.if_map()) {
    try {
      (void)parse_json(to_json(Value::Map{member}));
    } catch (const Error&) {
      throw user_error({
          .what = fmt::format("The {} '{}' cannot be stored.", words_of(kind_).one, member.key),
          .why = "It holds something that JSON has no form for: a number that is not finite, text "
                 "that "
                 "is not UTF-8, or values nested too deeply.",
          .consequence = fmt::format("No {} was changed.", words_of(kind_).one),
          .countermeasure = "Store it in another form, for example as text or as null.",
      });
    }
  }
  return to_json(map, 2) + '\n';
}

}  // namespace vdk
