// Built for an API that this program does not have; its other members would be read wrongly.
#include "vdk/plugin.hpp"

extern "C" __attribute__((visibility("default"))) const vdk::PluginDescriptor*
vdk_plugin_descriptor() {
  static constexpr vdk::PluginDescriptor descriptor{.api_version = vdk::kPluginApiVersion + 1,
                                                    .descriptor_size = 8,
                                                    .standard_library = nullptr,
                                                    .flavour = nullptr,
                                                    .sizes = nullptr,
                                                    .size_count = 1000,
                                                    .create = nullptr};
  return &descriptor;
}
