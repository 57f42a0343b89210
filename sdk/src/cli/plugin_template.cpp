#include "cli/plugin_template.hpp"

#include <string_view>

#include "base/text.hpp"
#include "vdk/base/version.hpp"

namespace vdk {

namespace {

// In all of them NAME is the plugin's name and RELEASE this program's version.

constexpr std::string_view kCMake = R"(cmake_minimum_required(VERSION 3.25)
project(vdk_plugin_NAME VERSION 0.1.0 LANGUAGES CXX)

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release)
endif()

find_package(vdk RELEASE REQUIRED)

vdk_add_plugin(NAME SOURCES src/NAME_plugin.cpp)

enable_testing()
vdk_add_plugin_test(NAME ${CMAKE_CURRENT_SOURCE_DIR}/tests/run.sh)
)";

constexpr std::string_view kManifest = R"({
  "name": "NAME",
  "version": "@PROJECT_VERSION@",
  "title": "NAME",
  "sinks": ["NAME"],
  "hooks": ["finalize_job"],
  "when": ["NAME_farewell"],
  "options": [
    {
      "key": "NAME_separator",
      "default": ";",
      "description": "What stands between the values of a line."
    },
    {
      "key": "NAME_farewell",
      "default": "",
      "description": "What the log says at the end of a job; nothing where it is empty."
    }
  ]
}
)";

constexpr std::string_view kSource =
    R"(// The ingest method NAME: appends rows as lines of text to the file that the target names. And a hook
// that says farewell when a job ends.
#include <fstream>

#include "vdk/plugin.hpp"

namespace {

class NameSink : public vdk::Sink {
 public:
  NameSink(std::string path, std::string separator)
      : path_(std::move(path)), separator_(std::move(separator)) {}

  vdk::WriteResult write(std::span<const vdk::Batch> batches,
                         const vdk::LoadPosition& /*after*/) override {
    std::string lines;
    vdk::WriteResult result;
    for (const vdk::Batch& batch : batches) {
      for (std::size_t row = 0; row < batch.rows(); ++row) {
        for (std::size_t column = 0; column < batch.schema().size(); ++column) {
          if (column > 0) lines += separator_;
          vdk::append_cell_text(lines, batch.column(column), row);
        }
        lines += '\n';
      }
      result.rows_stored += static_cast<std::int64_t>(batch.rows());
    }
    std::ofstream file(path_, std::ios::app | std::ios::binary);
    if (!(file << lines).flush()) {
      throw vdk::platform_error({.what = "The file " + path_ + " cannot be written.",
                                 .why = "The system refused it.",
                                 .consequence = "These rows were not stored.",
                                 .countermeasure = "Free space, or choose another target."});
    }
    return result;
  }

  bool needs_table() const override { return false; }
  // What a crash leaves behind may be half of a batch, which is sent again.
  vdk::Delivery delivery() const override { return vdk::Delivery::at_least_once; }

 private:
  std::string path_;
  std::string separator_;
};

class NamePlugin : public vdk::Plugin {
 public:
  void contribute(vdk::Contributions& contributions) override {
    contributions.add_sink(
        "NAME",
        [](const vdk::Configuration& configuration, std::string_view section,
           const vdk::Destination& destination) -> std::unique_ptr<vdk::Sink> {
          if (destination.target.empty()) {
            throw vdk::configuration_error(
                {.what = "The ingest method NAME needs a target: the path of a file.",
                 .consequence = "No row was stored.",
                 .countermeasure = "Pass target with the rows, or set ingest_target_default."});
          }
          return std::make_unique<NameSink>(destination.target,
                                            configuration.get_string("NAME_separator", section));
        });
    contributions.hooks().finalize_job.add("NAME", [](vdk::JobContext& job) {
      vdk::log(vdk::LogLevel::info, "NAME",
               job.configuration().get_string("NAME_farewell") + ", " + job.name() + "!");
      return std::nullopt;
    });
  }
};

}  // namespace

VDK_PLUGIN(NamePlugin)
)";

constexpr std::string_view kTest = R"SH(#!/usr/bin/env bash
# What the plugin does, seen through the program itself. ctest sets VDK and VDK_PLUGIN_PATH.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
export VDK_STATE_DIRECTORY=$folder/state VDK_TERMINATION_MESSAGE_WRITER_ENABLED=false

same() {
  diff -u <(printf '%s\n' "$2") "$1" || { echo "failed: $3"; exit 1; }
}

# The ingest method, fed from a file.
printf 'id,name\n1,Ada\n2,Grace\n' > people.csv
VDK_INGEST_METHOD_DEFAULT=NAME VDK_INGEST_TARGET_DEFAULT=people.txt \
  "$VDK" ingest people.csv --table people
same people.txt $'1;Ada\n2;Grace' "rows are lines, their values separated"

# The hook, in a job.
mkdir job
echo 'select 1;' > job/10_ask.sql
"$VDK" run job -c NAME_farewell=Goodbye -c sqlite_file="$folder/t.db" 2> log
grep -q 'Goodbye, job!' log || { cat log; echo "failed: the hook is called"; exit 1; }

# Nobody asks for a farewell: the plugin is not even opened.
"$VDK" run job -c sqlite_file="$folder/t.db" --events events 2> log
if grep -q '"plugin": "NAME"' events; then echo "failed: the plugin is lazy"; exit 1; fi

echo "all is well"
)SH";

constexpr std::string_view kPyproject = R"([build-system]
requires = ["scikit-build-core>=1.0"]
build-backend = "scikit_build_core.build"

[project]
name = "vdk-plugin-NAME"
version = "0.1.0"
description = "A native plugin of the Versatile Data Kit."
readme = "README.md"

# The manifest vdk_NAME.json is a file of the package vdk_plugin_NAME: found without importing it.
[project.entry-points."vdk.plugin.native"]
NAME = "vdk_plugin_NAME"

[tool.scikit-build]
wheel.py-api = "py3"
wheel.install-dir = "vdk_plugin_NAME"
wheel.packages = []
)";

constexpr std::string_view kReadme = R"(# NAME

A native plugin of the Versatile Data Kit, made by `vdk plugin create`: the ingest method `NAME`, which writes rows as lines of text,
and a hook that says farewell when a job ends. Replace them by your own; `src/NAME_plugin.cpp` is all there is.

## Build and test

```
cmake -S . -B build -DCMAKE_PREFIX_PATH=PREFIX_OF_VDK     # not needed where `vdk` is on PATH
cmake --build build
ctest --test-dir build --output-on-failure
```

`PREFIX_OF_VDK` is where vdk is installed: the folder above `bin/vdk`.

## Use what was built

```
VDK_PLUGIN_PATH=build/plugins vdk plugins
VDK_PLUGIN_PATH=build/plugins vdk ingest people.csv --table people
```

## Install

| for | by |
|---|---|
| one Python environment | `pip install .` (a wheel: `pip wheel --no-deps .`) |
| yourself | copy `build/plugins/*` to `~/.local/share/vdk/plugins` |
| everybody | `cmake --install build --prefix /usr/local` |

`vdk plugins` says which one counts, and why another does not.

| option | default | meaning |
|---|---|---|
| `NAME_separator` | `;` | what stands between the values of a line |
| `NAME_farewell` | | what the log says at the end of a job |
)";

constexpr std::string_view kIgnore = "build/\n*.whl\n";

}  // namespace

std::vector<TemplateFile> plugin_template(const std::string& name) {
  std::string class_name;
  for (const std::string& word : split(name, '_')) {
    if (!word.empty()) class_name += upper(word.substr(0, 1)) + word.substr(1);
  }
  const auto fill = [&](std::string_view text) {
    std::string filled = replace_all(text, "NameSink", class_name + "Sink");
    filled = replace_all(filled, "NamePlugin", class_name + "Plugin");
    filled = replace_all(filled, "RELEASE", version());
    return replace_all(filled, "NAME", name);
  };
  return {{"CMakeLists.txt", fill(kCMake)},
          {"manifest.json", fill(kManifest)},
          {"src/" + name + "_plugin.cpp", fill(kSource)},
          {"tests/run.sh", fill(kTest), true},
          {"pyproject.toml", fill(kPyproject)},
          {"README.md", fill(kReadme)},
          {".gitignore", std::string(kIgnore)}};
}

}  // namespace vdk
