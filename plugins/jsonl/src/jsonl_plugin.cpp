// JSON Lines as a file format.
#include "jsonl_writer.hpp"
#include "vdk/plugin.hpp"

namespace {

class JsonlPlugin : public vdk::Plugin {
 public:
  void contribute(vdk::Contributions& contributions) override {
    contributions.add_format("jsonl", vdk::jsonl::jsonl_format());
  }
};

}  // namespace

VDK_PLUGIN(JsonlPlugin)
