#include "properties_file.hpp"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "vdk/base/error.hpp"

namespace vdk::properties_fs {
namespace {

namespace fs = std::filesystem;

class PropertiesFileTest : public testing::Test {
 protected:
  PropertiesFileTest()
      : directory_(fs::temp_directory_path() /
                   ("vdk-properties-fs-" + std::to_string(getpid()) + "-" +
                    testing::UnitTest::GetInstance()->current_test_info()->name())),
        path_(directory_ / "deep" / "jobs.json") {}
  ~PropertiesFileTest() override { fs::remove_all(directory_); }

  [[nodiscard]] std::string content() const {
    std::ifstream file(path_);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  fs::path directory_;
  fs::path path_;
};

TEST_F(PropertiesFileTest, keeps_each_jobs_map_under_upstreams_key) {
  PropertiesFile file(path_, "None");
  EXPECT_EQ(file.read("job", "team"), Value(Value::Map{}));
  file.write("job", "team", parse_json(R"({"a": 1})"));
  file.write("job", "", parse_json(R"({"b": "ü"})"));
  EXPECT_EQ(parse_json(content()),
            parse_json(R"({"team_job__": {"a": 1}, "None_job__": {"b": "ü"}})"));
  EXPECT_EQ(file.read("job", ""), parse_json(R"({"b": "ü"})"));
  EXPECT_EQ(PropertiesFile(path_, "").read("job", ""), Value(Value::Map{}));
}

TEST_F(PropertiesFileTest, what_others_wrote_into_it_stays) {
  fs::create_directories(path_.parent_path());
  std::ofstream(path_) << R"({"other_job__": {"x": NaN}, "strange": [1]})";
  PropertiesFile file(path_, "");
  file.write("mine", "", parse_json("{}"));
  const Value all = parse_json(content());
  EXPECT_NE(all.find("strange"), nullptr);
  EXPECT_NE(all.find("other_job__"), nullptr);
  EXPECT_NE(all.find("_mine__"), nullptr);
}

TEST_F(PropertiesFileTest, a_damaged_file_is_an_error_and_stays) {
  fs::create_directories(path_.parent_path());
  std::ofstream(path_) << "[1";
  PropertiesFile file(path_, "");
  EXPECT_THROW((void)file.read("job", ""), Error);
  EXPECT_THROW(file.write("job", "", Value(Value::Map{})), Error);
  EXPECT_EQ(content(), "[1");
}

TEST_F(PropertiesFileTest, jobs_that_write_at_once_lose_nothing) {
  std::vector<std::thread> writers;
  for (int writer = 0; writer < 4; ++writer) {
    writers.emplace_back([this, writer] {
      PropertiesFile file(path_, "");
      for (int i = 0; i < 25; ++i) {
        Value map;
        map.set("count", i);
        file.write("job" + std::to_string(writer) + "-" + std::to_string(i), "", map);
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
  EXPECT_EQ(parse_json(content()).if_map()->size(), 100U);
}

}  // namespace
}  // namespace vdk::properties_fs
