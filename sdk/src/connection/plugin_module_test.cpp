// A real plugin module, from its manifest to an exception that is kept.
#include <unistd.h>

#include <algorithm>
#include <exception>
#include <filesystem>
#include <memory>

#include <gtest/gtest.h>

#include "hooks/plugin_index.hpp"
#include "vdk/base/error.hpp"
#include "vdk/connection/driver.hpp"

namespace vdk {
namespace {

namespace fs = std::filesystem;

TEST(PluginModule, is_opened_when_used_and_outlives_the_index) {
  const fs::path directory =
      fs::temp_directory_path() / ("vdk-plugin-module-" + std::to_string(getpid()));
  fs::create_directories(directory);
  ConfigurationBuilder builder;
  std::unique_ptr<DriverConnection> connection;
  std::exception_ptr kept;
  {
    PluginIndex index(VDK_BUILD_DIR "/lib/vdk/plugins");
    const auto manifest = std::ranges::find(index.manifests(), "sqlite", &PluginManifest::name);
    ASSERT_NE(manifest, index.manifests().end());
    index.declare_options(builder);
    builder.set("sqlite_file", (directory / "t.db").string(), {OriginKind::command_line, "-c"});
    EXPECT_FALSE(index.is_open("sqlite"));
    connection = index.connection_factory(*manifest)(builder.build(), kMainSection);
    EXPECT_TRUE(index.is_open("sqlite"));
  }
  // What a module made may live longer than the index.
  try {
    (void)connection->execute("select * from absent");
  } catch (...) {
    kept = std::current_exception();
  }
  connection.reset();
  try {
    std::rethrow_exception(kept);
  } catch (const Error& error) {
    EXPECT_EQ(error.type_name(), "OperationalError");
  }
  fs::remove_all(directory);
}

}  // namespace
}  // namespace vdk
