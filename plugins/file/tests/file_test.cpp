#include <gtest/gtest.h>

#include "file_names.hpp"
#include "vdk/base/error.hpp"

namespace vdk::file {
namespace {

using namespace std::string_literals;

Load load_to(const std::string& target, const std::string& table) {
  return {.execution = "run-1",
          .step = "10_send.py",
          .destination = {.target = target, .table = table}};
}

TEST(FileNames, a_load_has_a_file_of_its_own) {
  Load load = load_to("/data", "orders");
  EXPECT_EQ(load_file(load, "csv"), "/data/orders/run-1-10_send.py.csv");
  load.resume = true;
  EXPECT_EQ(load_file(load, "csv"), "/data/orders/run-1-10_send.py.csv");
  load.destination.table = "sales.orders";
  EXPECT_EQ(load_file(load, "csv").parent_path(), "/data/sales.orders");
}

TEST(FileNames, tables_stay_in_the_targets_folder) {
  for (const std::string& table :
       {""s, "."s, ".."s, "../up"s, "/etc"s, "a/b"s, "a\0b"s, std::string(256, 'x')}) {
    EXPECT_THROW((void)load_file(load_to("/data", table), "csv"), Error) << table;
  }
  EXPECT_THROW((void)load_file(load_to("", "t"), "csv"), Error);
  EXPECT_THROW((void)load_file(load_to("a\0b"s, "t"), "csv"), Error);
}

TEST(FileNames, parts_are_plain_and_tell_texts_apart) {
  EXPECT_EQ(name_part("10_send.py"), "10_send.py");
  EXPECT_EQ(name_part("a/../b").substr(0, 7), "a_.._b-");
  EXPECT_NE(name_part("a/b"), name_part("a\\b"));
  EXPECT_NE(name_part(std::string(100, 'x')), name_part(std::string(101, 'x')));
  EXPECT_LE(name_part(std::string(1000, 'x')).size(), 97U);
}

TEST(FileNames, upstreams_file_is_the_target_with_its_ending) {
  EXPECT_EQ(appended_file("/absent/orders"), "/absent/orders.json");
  EXPECT_EQ(appended_file("/absent/orders.json"), "/absent/orders.json.json");
  const std::string unnamed = appended_file("").filename();
  EXPECT_TRUE(unnamed.starts_with("table.20") && unnamed.ends_with(".json.json")) << unnamed;
  EXPECT_THROW((void)appended_file("a\0b"s), Error);
}

}  // namespace
}  // namespace vdk::file
