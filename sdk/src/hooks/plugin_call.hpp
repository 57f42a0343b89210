// Calls into native plugins.
#pragma once

#include <exception>
#include <functional>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "base/text.hpp"
#include "hooks/plugin_manifest.hpp"
#include "vdk/base/error.hpp"

namespace vdk {

// Runs what a plugin handed in. What is not meant for a person becomes an error that names the
// plugin; `passes` tells exceptions that are not the plugin's own.
template <class Call>
auto call_of_plugin(
    const PluginManifest& manifest, std::string_view where, const Call& call,
    const std::function<bool()>& passes = [] { return false; }) {
  try {
    return call();
  } catch (Error& error) {
    if (!passes()) error.add_location(fmt::format("the plugin {}, {}", manifest.name, where));
    throw;
  } catch (const SkipRemainingSteps&) {
    throw;
  } catch (const std::exception& exception) {
    if (passes()) throw;
    throw platform_error(
        {.what =
             fmt::format("The plugin {} {} failed in {}.", manifest.name, manifest.version, where),
         .why = std::string(first_line(exception.what())),
         .consequence = "What it was asked for was not done.",
         .countermeasure = fmt::format(
             "Tell the author of the plugin; without it ({}) the program works as before.",
             manifest.file.string())});
  }
}

}  // namespace vdk
