// requirements.txt as the installer reads it, and what of it is ours to decide.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace vdk {

// The distributions that are this program itself, whatever version is asked for.
inline constexpr std::string_view kOwnDistribution = "vdk-core";
[[nodiscard]] bool is_own_distribution(std::string_view name);

struct Requirements {
  // In one file each, whatever files they came from; without lines that name our distributions.
  std::vector<std::string> requirements;
  std::vector<std::string> constraints;
  // The lines that were left out ("vdk-core==0.3.*").
  std::vector<std::string> passed_over;
  std::vector<std::string> own_extras;  // that those lines asked for: "quickstart"
  // Some line is a path: what it names is part of the job's directory, so all of that counts.
  bool names_files = false;
  // Every line has to have a hash, as the installer sees it.
  bool has_hashes = false;

  [[nodiscard]] bool empty() const { return requirements.empty() && own_extras.empty(); }
};

// Of the job in this directory; nothing where it has no requirements.txt. Throws Error (user) where
// a file cannot be read, or files include each other without end.
[[nodiscard]] Requirements read_requirements(const std::filesystem::path& job);

// "Foo.Bar_baz" is "foo-bar-baz": how distributions' names are compared.
[[nodiscard]] std::string normal_name(std::string_view name);

}  // namespace vdk
