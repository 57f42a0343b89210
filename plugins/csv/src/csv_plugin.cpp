// CSV as a file format.
#include "csv_reader.hpp"
#include "csv_writer.hpp"
#include "vdk/plugin.hpp"

namespace {

class CsvPlugin : public vdk::Plugin {
 public:
  void contribute(vdk::Contributions& contributions) override {
    contributions.add_format("csv", vdk::csv::csv_format());
  }
};

}  // namespace

VDK_PLUGIN(CsvPlugin)
