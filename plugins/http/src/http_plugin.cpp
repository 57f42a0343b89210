// Web services as an ingest method.
#include "http_sink.hpp"
#include "vdk/plugin.hpp"

namespace {

class HttpPlugin : public vdk::Plugin {
 public:
  void contribute(vdk::Contributions& contributions) override {
    contributions.add_sink("http",
                           [](const vdk::Configuration& configuration, std::string_view,
                              const vdk::Destination& destination) -> std::unique_ptr<vdk::Sink> {
                             return std::make_unique<vdk::http::HttpSink>(
                                 vdk::http::parse_target(destination.target),
                                 vdk::http::read_settings(configuration),
                                 vdk::DeadLetter(configuration.get_string("ingest_dead_letter")));
                           });
  }
};

}  // namespace

VDK_PLUGIN(HttpPlugin)
