#include "vdk/base/output_file.hpp"

#include <unistd.h>

#include <filesystem>

#include <gtest/gtest.h>

#include "base/file.hpp"
#include "vdk/base/error.hpp"

namespace vdk {
namespace {

namespace fs = std::filesystem;

class OutputFileTest : public testing::Test {
 protected:
  OutputFileTest() {
    directory_ = fs::temp_directory_path() / ("vdk-output-" + std::to_string(getpid()));
    fs::create_directories(directory_);
  }
  ~OutputFileTest() override { fs::remove_all(directory_); }
  [[nodiscard]] std::size_t files() const {
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator(directory_), fs::directory_iterator()));
  }
  fs::path directory_;
};

TEST_F(OutputFileTest, appears_when_it_is_published) {
  OutputFile file(directory_ / "out");
  file.write("all of it");
  EXPECT_FALSE(fs::exists(directory_ / "out"));
  file.publish();
  EXPECT_EQ(read_file(directory_ / "out"), "all of it");
}

TEST_F(OutputFileTest, leaves_nothing_behind_where_it_is_not_published) {
  {
    OutputFile file(directory_ / "out");
    file.write("a part");
  }
  EXPECT_EQ(files(), 0U);
  {
    OutputFile file(directory_ / "out");
    file.publish();
  }
  EXPECT_EQ(files(), 1U);
}

TEST_F(OutputFileTest, never_replaces_a_file) {
  OutputFile late(directory_ / "out");
  late.write("late");
  {
    OutputFile early(directory_ / "out");
    early.write("early");
    early.publish();
  }
  EXPECT_THROW(late.publish(), Error);
  EXPECT_THROW(OutputFile(directory_ / "out"), Error);
  EXPECT_EQ(read_file(directory_ / "out"), "early");
}

TEST_F(OutputFileTest, replaces_a_file_whole_where_it_shall) {
  OutputFile(directory_ / "out").publish();
  {
    OutputFile file(directory_ / "out", OutputFile::Existing::is_replaced);
    file.write("new");
    EXPECT_EQ(read_file(file.partial()), "new");
    EXPECT_EQ(read_file(directory_ / "out"), "");
    file.publish();
  }
  EXPECT_EQ(read_file(directory_ / "out"), "new");
  EXPECT_EQ(files(), 1U);
}

TEST_F(OutputFileTest, says_why_it_cannot_be_made) {
  EXPECT_THROW(OutputFile(directory_ / "absent" / "out"), Error);
}

}  // namespace
}  // namespace vdk
