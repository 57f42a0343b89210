// A native plugin: one shared module with a manifest beside it. The manifest says what the plugin
// contributes, so the module is opened only when one of its contributions is used. A plugin's
// source includes "vdk/plugin.hpp", which has all of the API, and ends with VDK_PLUGIN(MyPlugin).
//
// docs/native-plugins.md walks through one; docs/plugin-manifest.md is the reference of manifests.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

#include "vdk/base/export.hpp"

namespace vdk {

class Configuration;
class DriverConnection;
class Error;
class HookDispatcher;
class Invocation;
class JobContext;
class KeyValueStore;
class Sink;
struct Destination;
struct FileFormat;
struct IngestRequest;
struct Step;

// Opens a connection for the configuration section (the main section, or a sub-section such as
// "reports"). vdk/connection/driver.hpp
using ConnectionFactory = std::function<std::unique_ptr<DriverConnection>(
    const Configuration&, std::string_view section)>;

// Has the engine's own parser read SQL of which nothing is run, without the database. Throws Error
// (user), with the place in the text, where it refuses the text whatever tables there are.
using SyntaxCheck = std::function<void(const Configuration&, std::string_view sql)>;

// Makes what stores rows at one destination. vdk/ingest/sink.hpp; for tables of a database
// make_table_sink of vdk/ingest/table_store.hpp does it.
using SinkFactory = std::function<std::unique_ptr<Sink>(
    const Configuration&, std::string_view section, const Destination&)>;

// Sees every batch before it is stored, and may change the batch and its destination. Made once a
// job, when the first row is sent; called by one thread at a time for each destination.
using PreProcessor = std::function<void(IngestRequest&)>;
using PreProcessorFactory = std::function<PreProcessor(JobContext&)>;

// Sees every batch after it was stored (null) or failed; as PreProcessor otherwise.
using PostProcessor = std::function<void(const IngestRequest&, const Error*)>;
using PostProcessorFactory = std::function<PostProcessor(JobContext&)>;

// Makes what keeps the properties, or secrets, of jobs. vdk/state/key_value_store.hpp
using KeyValueStoreFactory = std::function<std::unique_ptr<KeyValueStore>(const Configuration&)>;

// Runs one step of a type. False: the step has nothing to run. Throws what the step throws.
// vdk/job/job_context.hpp
using StepRunner = std::function<bool(JobContext&, const Step&)>;

// Does what a command of the manifest promises; returns the exit code. vdk/cli/command.hpp
using CommandHandler = std::function<int(Invocation&)>;

// What a plugin hands in when it is loaded. Each name is one of the manifest's, where names of
// connections, ingest methods and formats may have others that stand for the first of them.
// Functions that are handed in may throw Error, which says what a person needs to know; any other
// exception is reported as a fault of the plugin, by its name.
class VDK_API Contributions {
 public:
  virtual ~Contributions();
  virtual void add_connection(std::string_view type, ConnectionFactory factory) = 0;
  // Optional. For a type of connections: `vdk run --check` asks it.
  virtual void add_syntax_check(std::string_view type, SyntaxCheck check) = 0;
  virtual void add_sink(std::string_view method, SinkFactory factory) = 0;
  virtual void add_preprocessor(std::string_view name, PreProcessorFactory factory) = 0;
  virtual void add_postprocessor(std::string_view name, PostProcessorFactory factory) = 0;
  virtual void add_properties(std::string_view type, KeyValueStoreFactory factory) = 0;
  virtual void add_secrets(std::string_view type, KeyValueStoreFactory factory) = 0;
  virtual void add_step_type(std::string_view type, StepRunner runner) = 0;
  virtual void add_command(std::string_view name, CommandHandler handler) = 0;
  virtual void add_format(std::string_view name, FileFormat format) = 0;
  // The plugin's own hook points. What is added to one runs at the place that the manifest
  // announces for the hook, which is not called for this plugin where the manifest does not.
  [[nodiscard]] virtual HookDispatcher& hooks() = 0;
  // A file format of any plugin, which is opened for it. For what was contributed, when it is used,
  // not within contribute(). Any thread. Throws Error (user) where there is none of that name.
  [[nodiscard]] virtual const FileFormat& format(std::string_view name) = 0;
};

class VDK_API Plugin {
 public:
  virtual ~Plugin();
  // Called once, in the thread that loads the plugin. `contributions` lives as long as what was
  // handed in.
  virtual void contribute(Contributions& contributions) = 0;
};

// The size of a class whose layout the program and its plugins share.
struct SharedSize {
  const char* name;
  std::uint32_t size;
};

// Plain C, and read before anything else of the module is trusted: the first two members stay where
// they are in every version of the API.
struct PluginDescriptor {
  std::uint32_t api_version;
  std::uint32_t descriptor_size;
  const char* standard_library;  // "libstdc++ 12"
  const char* flavour;           // "", "address sanitizer", ...
  const SharedSize* sizes;
  std::uint32_t size_count;
  Plugin* (*create)();  // the loader deletes what it returns
};

// Raised with every change of the headers that a compiled plugin can notice.
inline constexpr std::uint32_t kPluginApiVersion = 3;

}  // namespace vdk
