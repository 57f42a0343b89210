#include "environment/requirements.hpp"

#include <fstream>

#include <gtest/gtest.h>

#include "vdk/base/error.hpp"
#include "vdk/base/temporary_directory.hpp"

namespace vdk {
namespace {

using Lines = std::vector<std::string>;

class RequirementsFile : public testing::Test {
 protected:
  void write(const std::string& text, const std::string& name = "requirements.txt") {
    std::filesystem::create_directories((directory_.path() / name).parent_path());
    std::ofstream(directory_.path() / name) << text;
  }
  Requirements read(const std::string& text) {
    write(text);
    return read_requirements(directory_.path());
  }

  TemporaryDirectory directory_{"requirements-test"};
};

TEST_F(RequirementsFile, none_is_no_requirement) {
  EXPECT_TRUE(read_requirements(directory_.path()).empty());
  EXPECT_TRUE(read("# nothing\n\n   \n").empty());
}

TEST_F(RequirementsFile, lines_are_those_of_the_installer) {
  EXPECT_EQ(read("\xEF\xBB\xBF"
                 "pandas ==2.* # why\r\n# note \\\nrequests \\\n  >=2\nurl#not-a-comment\n")
                .requirements,
            (Lines{"pandas ==2.*", "requests   >=2", "url#not-a-comment"}));
}

TEST_F(RequirementsFile, our_own_distribution_is_passed_over_however_it_is_named) {
  const Lines ours{"vdk-core",
                   "vdk_core==0.3.*",
                   "VDK.Core >= 0.3 ; python_version > '3'",
                   "quickstart-vdk~=0.2",
                   "vdk-core @ https://example.com/vdk.zip",
                   "git+https://example.com/kit#egg=vdk-core",
                   "-e git+https://example.com/kit#egg=vdk_core",
                   "./wheels/vdk_core-0.3.1-py3-none-any.whl"};
  std::string text;
  for (const std::string& line : ours) text += line + '\n';
  const Requirements found = read(text + "vdk-core-tools\nvdk-trino\n");
  EXPECT_EQ(found.requirements, (Lines{"vdk-core-tools", "vdk-trino"}));
  EXPECT_EQ(found.passed_over, ours);
}

TEST_F(RequirementsFile, extras_of_ours_are_kept) {
  const Requirements found = read("vdk-core[Quickstart, other]==0.3.1\n");
  EXPECT_TRUE(found.requirements.empty());
  EXPECT_EQ(found.own_extras, (Lines{"quickstart", "other"}));
}

TEST_F(RequirementsFile, included_files_count_and_so_do_constraints) {
  write("requests\n-c limits.txt\nvdk-core<1\n", "more/base.txt");
  write("requests<3\nvdk-core==0.3.1\n", "more/limits.txt");
  const Requirements found = read("-r more/base.txt\n--requirement=more/base.txt\npandas\n");
  EXPECT_EQ(found.requirements, (Lines{"requests", "requests", "pandas"}));
  EXPECT_EQ(found.constraints, (Lines{"requests<3", "requests<3"}));
  EXPECT_EQ(found.passed_over.size(), 4U);
}

TEST_F(RequirementsFile, a_file_that_includes_itself_is_refused) {
  EXPECT_THROW((void)read("-r requirements.txt\n"), Error);
  EXPECT_THROW((void)read("-r missing.txt\n"), Error);
}

TEST_F(RequirementsFile, paths_and_hashes_are_noticed) {
  EXPECT_TRUE(read("./lib\n").names_files);
  EXPECT_TRUE(read("-e .\n").names_files);
  EXPECT_TRUE(read("tool @ file:///opt/tool\n").names_files);
  EXPECT_FALSE(read("pandas; sys_platform == 'a/b'\nx @ https://example.com/x.zip\n").names_files);
  EXPECT_TRUE(read("six==1.16.0 --hash=sha256:00\n").has_hashes);
}

}  // namespace
}  // namespace vdk
