// A native plugin: one shared module with a manifest beside it. The manifest says what the plugin
// contributes, so the module is opened only when one of its contributions is used.
//
// A plugin's source ends with VDK_PLUGIN(MyPlugin). The loader compares the descriptor with its own
// before it touches any C++ symbol of the module, and refuses by name and version what was built
// against another API.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

#include "vdk/base/export.hpp"

namespace vdk {

class Configuration;
class DriverConnection;
class HookDispatcher;
class Sink;
struct Destination;
struct FileFormat;

// Opens a connection for the configuration section (the main section, or a sub-section such as
// "reports").
using ConnectionFactory = std::function<std::unique_ptr<DriverConnection>(
    const Configuration&, std::string_view section)>;
// vdk/ingest/sink.hpp
using SinkFactory = std::function<std::unique_ptr<Sink>(
    const Configuration&, std::string_view section, const Destination&)>;

// What a plugin hands in when it is loaded.
class VDK_API Contributions {
 public:
  virtual ~Contributions();
  virtual void add_connection(std::string_view type, ConnectionFactory factory) = 0;
  virtual void add_sink(std::string_view method, SinkFactory factory) = 0;
  virtual void add_format(std::string_view name, FileFormat format) = 0;
  [[nodiscard]] virtual HookDispatcher& hooks() = 0;
  // A file format of any plugin, which is opened for it. For what was contributed, when it is used,
  // not within contribute(). Any thread. Throws Error (user) where there is none of that name.
  [[nodiscard]] virtual const FileFormat& format(std::string_view name) = 0;
};

class VDK_API Plugin {
 public:
  virtual ~Plugin();
  // Called once, in the thread that loads the plugin. Keys, types and methods are those of the
  // manifest.
  virtual void contribute(Contributions& contributions) = 0;
};

// Plain C: read before the module is trusted.
struct PluginDescriptor {
  std::uint32_t api_version;
  std::uint32_t descriptor_size;
  const char* compiler;  // "gcc 12 libstdc++ 20220819"
  Plugin* (*create)();   // the loader deletes what it returns
};

inline constexpr std::uint32_t kPluginApiVersion = 1;

#if defined(__SANITIZE_ADDRESS__)
#define VDK_BUILD_FLAVOUR " asan"
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define VDK_BUILD_FLAVOUR " asan"
#endif
#endif
#ifndef VDK_BUILD_FLAVOUR
#define VDK_BUILD_FLAVOUR ""
#endif
#define VDK_STRINGIFY_(x) #x
#define VDK_STRINGIFY(x) VDK_STRINGIFY_(x)
// The C++ ABI that both sides must share: the standard library and its release, not the compiler's
// brand.
#define VDK_ABI_TAG "libstdc++ " VDK_STRINGIFY(__GLIBCXX__) VDK_BUILD_FLAVOUR

// NOLINTBEGIN(bugprone-macro-parentheses): a class name takes none
#define VDK_PLUGIN(Class)                                                                      \
  extern "C" __attribute__((visibility("default"))) const vdk::PluginDescriptor*               \
  vdk_plugin_descriptor() {                                                                    \
    static const vdk::PluginDescriptor descriptor{vdk::kPluginApiVersion,                      \
                                                  sizeof(vdk::PluginDescriptor), VDK_ABI_TAG,  \
                                                  []() -> vdk::Plugin* { return new Class; }}; \
    return &descriptor;                                                                        \
  }
// NOLINTEND(bugprone-macro-parentheses)

}  // namespace vdk
