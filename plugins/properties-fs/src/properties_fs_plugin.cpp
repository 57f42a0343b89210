// Properties of all jobs in one file, by upstream's names.
#include "properties_file.hpp"
#include "vdk/plugin.hpp"

namespace {

class PropertiesFsPlugin : public vdk::Plugin {
 public:
  void contribute(vdk::Contributions& contributions) override {
    contributions.add_properties(
        "fs-properties-client",
        [](const vdk::Configuration& configuration) -> std::unique_ptr<vdk::KeyValueStore> {
          const std::filesystem::path directory =
              configuration.get_string("fs_properties_directory");
          // A job without config.ini has no team, as Python writes it.
          std::string no_team = configuration.get("team").is_null() ? "None" : "";
          return std::make_unique<vdk::properties_fs::PropertiesFile>(
              directory / configuration.get_string("fs_properties_filename"), std::move(no_team));
        });
  }
};

}  // namespace

VDK_PLUGIN(PropertiesFsPlugin)
