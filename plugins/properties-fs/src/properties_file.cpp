#include "properties_file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <system_error>
#include <utility>

#include "vdk/base/error.hpp"
#include "vdk/base/output_file.hpp"

namespace vdk::properties_fs {

namespace fs = std::filesystem;

namespace {

Error refused(const fs::path& path, int error) {
  return platform_error({.what = "The properties file " + path.string() + " cannot be used.",
                         .why = std::string("The system says: ") + std::strerror(error) + ".",
                         .consequence = "No property was read or changed.",
                         .countermeasure =
                             "Correct fs_properties_directory and fs_properties_filename, or the "
                             "rights of the file and its directory."});
}

// Held by one writer at a time; the kernel drops it when the process dies.
class Lock {
 public:
  explicit Lock(const fs::path& path)
      : descriptor_(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666)) {
    if (descriptor_ < 0) throw refused(path, errno);
    while (flock(descriptor_, LOCK_EX) != 0) {
      if (errno == EINTR) continue;
      const int error = errno;
      close(descriptor_);
      throw refused(path, error);
    }
  }
  ~Lock() { close(descriptor_); }
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;

 private:
  int descriptor_;
};

}  // namespace

PropertiesFile::PropertiesFile(fs::path path, std::string no_team)
    : path_(std::move(path)), no_team_(std::move(no_team)) {}

std::string PropertiesFile::key_of(std::string_view job, std::string_view team) const {
  return (team.empty() ? no_team_ : std::string(team)) + '_' + std::string(job) + "__";
}

Value PropertiesFile::read_all() const {
  std::ifstream file(path_, std::ios::binary);
  if (!file) {
    if (errno == ENOENT) return Value::Map{};
    throw refused(path_, errno);
  }
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  std::string why = "It is no JSON object.";
  try {
    Value all = parse_json(text);
    if (all.if_map() != nullptr) return all;
  } catch (const Error& error) {
    why = error.text().what;
  }
  throw user_error({.what = "The properties file " + path_.string() + " is damaged.",
                    .why = std::move(why),
                    .consequence = "No property was read or changed; the file is as it was.",
                    .countermeasure = "Mend it, or move it away: then the jobs begin without "
                                      "properties."});
}

Value PropertiesFile::read(std::string_view job, std::string_view team) {
  const Value all = read_all();
  const Value* found = all.find(key_of(job, team));
  return found != nullptr && found->if_map() != nullptr ? *found : Value(Value::Map{});
}

Value PropertiesFile::write(std::string_view job, std::string_view team, const Value& map) {
  std::error_code failure;
  if (path_.has_parent_path()) fs::create_directories(path_.parent_path(), failure);
  if (failure) throw refused(path_, failure.value());
  const Lock lock(path_.string() + ".lock");
  Value all = read_all();
  all.set(key_of(job, team), map);
  OutputFile file(path_, OutputFile::Existing::is_replaced);
  file.write(to_json(all));
  file.publish();
  return map;
}

}  // namespace vdk::properties_fs
