// Files as an ingest method.
#include "file_sink.hpp"
#include "vdk/plugin.hpp"

namespace {

class FilePlugin : public vdk::Plugin {
 public:
  void contribute(vdk::Contributions& contributions) override {
    contributions.add_sink(
        "file",
        [&contributions](const vdk::Configuration& configuration, std::string_view,
                         const vdk::Destination&) -> std::unique_ptr<vdk::Sink> {
          return std::make_unique<vdk::file::FileSink>(
              configuration, [&contributions](std::string_view name) -> const vdk::FileFormat& {
                return contributions.format(name);
              });
        });
  }
};

}  // namespace

VDK_PLUGIN(FilePlugin)
