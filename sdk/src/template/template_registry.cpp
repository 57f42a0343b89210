#include "template/template_registry.hpp"

#include <fmt/format.h>

#include "base/text.hpp"
#include "vdk/base/error.hpp"
#include "vdk/base/log.hpp"

namespace vdk {

void TemplateRegistry::add(std::string_view name, std::filesystem::path directory,
                           std::string_view database) {
  auto& known = templates_[{std::string(database), std::string(name)}];
  if (!known.empty() && known != directory) {
    log(LogLevel::warning, "vdk.template",
        fmt::format("The template '{}' for database '{}' is registered twice: {} replaces {}.",
                    name, database, directory.string(), known.string()));
  }
  known = std::move(directory);
}

const std::filesystem::path& TemplateRegistry::directory_of(std::string_view name,
                                                            std::string_view database) const {
  const auto found = templates_.find({std::string(database), std::string(name)});
  if (found != templates_.end()) return found->second;
  std::vector<std::string> known;
  for (const auto& [key, directory] : templates_)
    known.push_back(fmt::format("{} ({})", key.second, key.first));
  throw user_error(
      {.what = fmt::format("There is no template '{}' for database '{}'.", name, database),
       .why = known.empty()
                  ? std::string("No installed plugin registers a template.")
                  : fmt::format("Known templates, each with its database: {}.", join(known, ", ")),
       .consequence = "The template did not run.",
       .countermeasure =
           "Install the plugin that brings the template, or correct its name or database."});
}

}  // namespace vdk
