#include "job/step_discovery.hpp"

#include <unistd.h>

#include <gtest/gtest.h>

#include "base/file.hpp"

namespace vdk {
namespace {

namespace fs = std::filesystem;

class StepDiscovery : public testing::Test {
 protected:
  StepDiscovery()
      : directory_(fs::temp_directory_path() / ("vdk-steps-" + std::to_string(getpid()))) {
    fs::create_directories(directory_);
  }
  ~StepDiscovery() override { fs::remove_all(directory_); }

  std::vector<std::string> names() const {
    std::vector<std::string> names;
    for (const Step& step : find_steps(directory_)) names.push_back(step.name + ":" + step.type);
    return names;
  }
  fs::path directory_;
};

TEST_F(StepDiscovery, sql_and_python_files_in_any_case_are_steps_by_code_point_order) {
  for (const char* name : {"2_x.sql", "10_x.py", "B.SQL", "a.Py", ".hidden.py", "__init__.py",
                           "notes.txt", "config.ini", "x.sqlite", "x.pyc"}) {
    write_file_atomic(directory_ / name, "");
  }
  EXPECT_EQ(names(), (std::vector<std::string>{".hidden.py:python", "10_x.py:python", "2_x.sql:sql",
                                               "B.SQL:sql", "__init__.py:python", "a.Py:python"}));
}

TEST_F(StepDiscovery, a_directory_with_the_name_of_a_step_is_one) {
  fs::create_directories(directory_ / "20_x.py");
  write_file_atomic(directory_ / "sub" / "10_x.sql", "");
  EXPECT_EQ(names(), (std::vector<std::string>{"20_x.py:python"}));
}

TEST_F(StepDiscovery, a_directory_that_cannot_be_read_is_an_error_that_names_it) {
  try {
    (void)find_steps(directory_ / "absent");
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(error.text().what.find("absent"), std::string::npos);
  }
}

}  // namespace
}  // namespace vdk
