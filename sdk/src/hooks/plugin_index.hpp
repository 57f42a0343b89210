// The native plugins of an installation: read from their manifests, opened when one of their
// contributions is used. The manifest is documented in docs/plugin-manifest.md.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "hooks/plugin_manifest.hpp"
#include "hooks/plugin_places.hpp"
#include "vdk/base/export.hpp"
#include "vdk/config/configuration.hpp"
#include "vdk/data/file_format.hpp"
#include "vdk/hooks/plugin.hpp"

namespace vdk {

class HookDispatcher;

// "not needed": nothing has used it; "shadowed": another one has its place.
enum class PluginState { not_needed, loaded, shadowed, failed };
[[nodiscard]] VDK_API std::string_view to_string(PluginState state) noexcept;

// What became of one plugin.
struct PluginStanding {
  PluginManifest manifest;  // of one that failed before it was read: its file and source alone
  PluginState state = PluginState::not_needed;
  std::string cause{};  // shadowed, failed
  std::chrono::duration<double, std::milli> load_time{0};
};

class VDK_API PluginIndex {
 public:
  // Reads the manifests of all places of this process, which the Python environment may add to;
  // what cannot be used is logged with one warning that names it and its cause, and the others
  // stay.
  explicit PluginIndex(PythonEnvironment environment);
  // The plugins of one directory alone.
  explicit PluginIndex(const std::filesystem::path& directory);
  ~PluginIndex();
  PluginIndex(const PluginIndex&) = delete;
  PluginIndex& operator=(const PluginIndex&) = delete;

  // The job's Python environment, as it was found at the start.
  [[nodiscard]] const PythonEnvironment& environment() const noexcept { return environment_; }

  // Leaves out every plugin whose original is among these Python distributions ("vdk-audit"), which
  // the host has loaded. Before anything that uses manifests.
  void yield_to(std::span<const std::string> distributions);

  // Those that can be used, by name.
  [[nodiscard]] const std::vector<PluginManifest>& manifests() const noexcept { return manifests_; }
  // Every plugin that was found, by name and then by precedence.
  [[nodiscard]] std::vector<PluginStanding> standings() const;
  // Whether the plugin's module was opened.
  [[nodiscard]] bool is_open(std::string_view plugin) const;
  // Called after each opening, in the thread that needed the plugin; under the index's lock.
  void on_open(std::function<void(const PluginStanding&)> listener);
  // From the first opening on a signal that ends the process names the plugin that was at work. For
  // hosts that own the process.
  void name_crashes() noexcept { names_crashes_ = true; }

  // Declares every plugin's options.
  void declare_options(ConfigurationBuilder& builder) const;

  // Open the plugin's module where it is not open yet and return what it contributed. Throw Error
  // (configuration) where the module cannot be opened, was built against another API, or does not
  // contribute what its manifest says. Any thread.
  void open(const PluginManifest& manifest);
  [[nodiscard]] const ConnectionFactory& connection_factory(const PluginManifest& manifest,
                                                            std::string_view type = {});
  // Null where the plugin has none for this type.
  [[nodiscard]] const SyntaxCheck* syntax_check(const PluginManifest& manifest,
                                                std::string_view type);
  [[nodiscard]] const SinkFactory& sink_factory(const PluginManifest& manifest,
                                                std::string_view method = {});
  [[nodiscard]] const PreProcessorFactory& preprocessor(const PluginManifest& manifest,
                                                        std::string_view name);
  [[nodiscard]] const PostProcessorFactory& postprocessor(const PluginManifest& manifest,
                                                          std::string_view name);
  [[nodiscard]] const KeyValueStoreFactory& properties(const PluginManifest& manifest,
                                                       std::string_view type);
  [[nodiscard]] const KeyValueStoreFactory& secrets(const PluginManifest& manifest,
                                                    std::string_view type);
  [[nodiscard]] const StepRunner& step_runner(const PluginManifest& manifest,
                                              std::string_view type);
  [[nodiscard]] const CommandHandler& command(const PluginManifest& manifest,
                                              std::string_view name);
  // What the plugin added to its own hook points; null, and one error in the log, where it cannot
  // be opened.
  [[nodiscard]] HookDispatcher* hooks_of(const PluginManifest& manifest);
  // The format of that name. Throws Error (user) that lists the known ones where it is unknown.
  [[nodiscard]] const FileFormat& format(std::string_view name);
  // The format of files whose names end so ("csv"); empty where no plugin says.
  [[nodiscard]] std::string format_of_ending(std::string_view ending) const;

 private:
  class OpenPlugin;
  struct Opened;

  void read(const std::vector<PluginPlace>& places);
  void leave_out(PluginManifest manifest, PluginState state, std::string cause);
  void leave_out_unfulfilled();
  void settle_contributions();
  OpenPlugin& opened(const PluginManifest& manifest);

  PythonEnvironment environment_;
  std::vector<PluginManifest> manifests_;
  std::vector<PluginStanding> left_out_;
  bool names_crashes_ = false;
  mutable std::recursive_mutex mutex_;  // of what follows: one that opens may need others open
  std::function<void(const PluginStanding&)> listener_;
  std::map<std::string, std::unique_ptr<Opened>, std::less<>> opened_;
};

// Compares a module's descriptor with what this program was built against; an empty string where
// they fit, else the reason.
[[nodiscard]] VDK_API std::string why_refused(const PluginDescriptor* descriptor);

// What this program was built against: the descriptor of a plugin of its own.
[[nodiscard]] const PluginDescriptor& own_descriptor() noexcept;

}  // namespace vdk
