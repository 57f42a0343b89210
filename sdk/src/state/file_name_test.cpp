#include "state/file_name.hpp"

#include <set>
#include <string>

#include <gtest/gtest.h>

namespace vdk {
namespace {

TEST(FileName, plain_names_stay_as_they_are) {
  EXPECT_EQ(file_name_of("hello-World_2"), "hello-World_2");
}

TEST(FileName, no_name_leads_out_of_its_directory) {
  EXPECT_EQ(file_name_of("../../etc/passwd"), "%2E%2E%2F%2E%2E%2Fetc%2Fpasswd");
  EXPECT_EQ(file_name_of("."), "%2E");
  EXPECT_EQ(file_name_of(".."), "%2E%2E");
  EXPECT_EQ(file_name_of(std::string_view("a\0b\n", 4)), "a%00b%0A");
  EXPECT_EQ(file_name_of("zażółć"), "za%C5%BC%C3%B3%C5%82%C4%87");
  EXPECT_EQ(file_name_of(""), "%");
}

TEST(FileName, different_names_are_different_files) {
  const std::string longest(119, 'x');
  std::set<std::string> seen;
  for (const std::string& name :
       {std::string(), std::string("%"), std::string("a.b"), std::string("a%2Eb"),
        std::string("a/b"), longest + "y", longest + "yz", longest + "yy",
        longest + std::string(5000, '.'), longest + std::string(5001, '.')}) {
    const std::string file = file_name_of(name);
    EXPECT_LE(file.size(), 120U);
    EXPECT_TRUE(seen.insert(file).second) << name;
  }
}

}  // namespace
}  // namespace vdk
