// Adds the execution's id to rows, by upstream's names.
#include "constant_column.hpp"
#include "vdk/plugin.hpp"

namespace {

// Rows that stay objects of another language have no columns to add one to.
vdk::Error unseen_rows() {
  return vdk::configuration_error(
      {.what = "vdk-gdp-execution-id cannot add the execution's id to these rows.",
       .why =
           "A Python plugin takes part in their ingestion, so they stay Python objects, and this "
           "native pre-processor sees columns only.",
       .consequence = "They were not stored.",
       .countermeasure = "Install the Python plugin of the same name: pip install "
                         "vdk-gdp-execution-id."});
}

class GdpExecutionIdPlugin : public vdk::Plugin {
 public:
  void contribute(vdk::Contributions& contributions) override {
    contributions.add_preprocessor(
        "vdk-gdp-execution-id", [](vdk::JobContext& job) -> vdk::PreProcessor {
          return [name = job.configuration().get_string("gdp_execution_id_micro_dimension_name"),
                  id = job.execution_id()](vdk::IngestRequest& request) {
            if (request.batch.rows() > 0 && request.batch.schema().empty()) throw unseen_rows();
            request.batch = vdk::gdp::with_text_column(request.batch, name, id);
          };
        });
  }
};

}  // namespace

VDK_PLUGIN(GdpExecutionIdPlugin)
