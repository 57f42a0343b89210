#include "hooks/plugin_index.hpp"

#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "vdk/base/error.hpp"
#include "vdk/base/log.hpp"

namespace vdk {
namespace {

namespace fs = std::filesystem;

class PluginIndexTest : public testing::Test {
 protected:
  PluginIndexTest() {
    directory_ =
        fs::temp_directory_path() / ("vdk-plugins-" + std::to_string(getpid()) + "-" +
                                     testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::create_directories(directory_);
    former_ = set_log_sink(
        [this](const LogRecord& record) { logged_ += std::string(record.message) + '\n'; });
  }
  ~PluginIndexTest() override {
    set_log_sink(former_);
    fs::remove_all(directory_);
  }

  void write(const std::string& name, std::string_view content) {
    std::ofstream(directory_ / name) << content;
  }
  [[nodiscard]] static Error refusal(PluginIndex& index) {
    try {
      (void)index.connection_factory(index.manifests().at(0));
    } catch (const Error& error) {
      return error;
    }
    ADD_FAILURE() << "not refused";
    return user_error({.what = ""});
  }

  fs::path directory_;
  std::string logged_;
  LogSink former_;
};

TEST_F(PluginIndexTest, knows_commands_by_name_and_reads_them_when_asked) {
  write("vdk_a.json", R"({"name": "a", "commands": [
                            {"name": "greet", "options": [{"names": "--loud", "key": "loud"}]},
                            {"name": "leave"}]})");
  write("vdk_b.json", R"({"name": "b", "commands": "no list"})");
  for (const char* time : {"from the file", "from what was kept"}) {
    const PluginIndex index(directory_);
    ASSERT_EQ(index.manifests().size(), 2U) << time;
    const DeclaredCommands& commands = index.manifests()[0].commands;
    EXPECT_EQ(commands.names(), (std::vector<std::string>{"greet", "leave"})) << time;
    const Value::List declared = commands.read();
    ASSERT_EQ(declared.size(), 2U) << time;
    EXPECT_EQ(to_json(declared[0]),
              R"({"name": "greet", "options": [{"names": "--loud", "key": "loud"}]})")
        << time;
    EXPECT_TRUE(index.manifests()[1].commands.names().empty()) << time;
    EXPECT_TRUE(index.manifests()[1].commands.read().empty()) << time;
  }
}

TEST_F(PluginIndexTest, reads_manifests_and_leaves_broken_ones_out) {
  write("vdk_b.json",
        R"({"name": "b", "version": "1", "engine": "e", "connections": ["B", "C"], "sinks": ["b"],
                          "section_keys": ["B_FILE", "b_host"], "options": [
                            {"key": "b_file", "default": "<temporary directory>/b.db", "description": "The file."},
                            {"key": "b_password", "default": "", "sensitive": true}, {"key": "b_limit", "default": 5}]})");
  write("vdk_a.json", R"({"name": "a", "version": "2"})");
  write("vdk_broken.json", "{");
  write("vdk_nameless.json", "{}");
  write("notes.txt", "not a manifest");
  const PluginIndex index(directory_);
  ASSERT_EQ(index.manifests().size(), 2U);
  EXPECT_EQ(index.manifests()[0].name, "a");
  const PluginManifest& manifest = index.manifests()[1];
  EXPECT_EQ(manifest.connections, (std::vector<std::string>{"b", "c"}));
  EXPECT_EQ(manifest.section_keys, (std::vector<std::string>{"b_file", "b_host"}));
  EXPECT_FALSE(manifest.trimmed_section_names);
  EXPECT_EQ(manifest.module.filename(), "vdk_b.so");
  EXPECT_NE(logged_.find("vdk_broken.json"), std::string::npos) << logged_;
  EXPECT_NE(logged_.find("vdk_nameless.json"), std::string::npos) << logged_;

  ConfigurationBuilder builder;
  index.declare_options(builder);
  const Configuration configuration = builder.build();
  EXPECT_EQ(configuration.get_string("b_file"), (fs::temp_directory_path() / "b.db").string());
  EXPECT_EQ(configuration.get_integer("b_limit"), 5);
  EXPECT_TRUE(configuration.is_sensitive("b_password"));
}

TEST_F(PluginIndexTest, several_manifests_may_share_a_module) {
  write("vdk_b.json", R"({"name": "b", "module": "vdk_a", "trimmed_section_names": true})");
  write("vdk_c.json", R"({"name": "c", "module": "../elsewhere/vdk_a"})");
  const PluginIndex index(directory_);
  ASSERT_EQ(index.manifests().size(), 2U);
  EXPECT_EQ(index.manifests()[0].module, directory_ / "vdk_a.so");
  EXPECT_TRUE(index.manifests()[0].trimmed_section_names);
  EXPECT_EQ(index.manifests()[1].module, directory_ / "vdk_a.so");
}

TEST_F(PluginIndexTest, an_absent_directory_has_no_plugins) {
  EXPECT_TRUE(PluginIndex(directory_ / "absent").manifests().empty());
}

TEST_F(PluginIndexTest, an_absent_module_is_named) {
  write("vdk_a.json", R"({"name": "a", "version": "1", "connections": ["a"]})");
  PluginIndex index(directory_);
  const Error error = refusal(index);
  EXPECT_EQ(error.resolvable_by(), ResolvableBy::configuration);
  EXPECT_NE(std::string(error.what()).find("vdk_a.so"), std::string::npos);
  EXPECT_FALSE(index.is_open("a"));
}

TEST_F(PluginIndexTest, a_library_that_is_no_plugin_is_refused) {
  write("vdk_a.json", R"({"name": "a", "version": "1", "connections": ["a"]})");
  fs::create_symlink(fs::canonical(VDK_BUILD_DIR "/lib/libvdk.so"), directory_ / "vdk_a.so");
  PluginIndex index(directory_);
  EXPECT_NE(refusal(index).text().why.find("vdk_plugin_descriptor"), std::string::npos);
}

TEST_F(PluginIndexTest, other_apis_and_other_compilers_are_refused_with_both_named) {
  PluginDescriptor descriptor = own_descriptor();
  EXPECT_EQ(why_refused(&descriptor), "");
  descriptor.standard_library = "libc++ 19";
  EXPECT_NE(why_refused(&descriptor).find("libc++ 19"), std::string::npos);
  EXPECT_NE(why_refused(&descriptor).find(own_descriptor().standard_library), std::string::npos);
  descriptor.api_version = kPluginApiVersion + 1;
  descriptor.standard_library = nullptr;  // of another layout: not to be looked at
  EXPECT_NE(why_refused(&descriptor).find("version 4 of the plugin API"), std::string::npos);
}

TEST_F(PluginIndexTest, other_flavours_and_other_layouts_are_refused_with_both_named) {
  PluginDescriptor descriptor = own_descriptor();
  descriptor.flavour = "debug containers";
  EXPECT_NE(why_refused(&descriptor).find("debug containers"), std::string::npos);
  descriptor = own_descriptor();
  std::vector<SharedSize> sizes(descriptor.sizes, descriptor.sizes + descriptor.size_count);
  descriptor.sizes = sizes.data();
  EXPECT_EQ(why_refused(&descriptor), "");
  ASSERT_STREQ(sizes[1].name, "Batch");
  ++sizes[1].size;
  EXPECT_NE(why_refused(&descriptor).find("Its class Batch has"), std::string::npos);
  --sizes[1].size;
  --descriptor.size_count;
  EXPECT_NE(why_refused(&descriptor).find("shares"), std::string::npos);
}

}  // namespace
}  // namespace vdk
