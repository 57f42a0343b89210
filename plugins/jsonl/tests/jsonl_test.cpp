#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "jsonl_reader.hpp"
#include "jsonl_writer.hpp"
#include "vdk/config/configuration.hpp"

namespace vdk::jsonl {
namespace {

namespace fs = std::filesystem;

class JsonlTest : public testing::Test {
 protected:
  JsonlTest() {
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    directory_ = fs::temp_directory_path() /
                 ("vdk-jsonl-" + std::to_string(getpid()) + "-" + std::string(test->name()));
    fs::create_directories(directory_);
  }
  ~JsonlTest() override { fs::remove_all(directory_); }

  InputFile file(std::string_view text, const std::string& name = "file.jsonl") {
    std::ofstream(directory_ / name, std::ios::binary) << text;
    return {directory_ / name, name};
  }
  // The rows as they are written again.
  std::string read(std::string_view text, JsonlReader::Settings settings = {}) {
    JsonlReader reader({file(text)}, settings);
    std::string out;
    JsonlWriter writer([&](std::string_view piece) { out += piece; });
    while (const auto batch = reader.next()) {
      types_.clear();
      for (const Field& field : batch->schema()) types_ += std::string(to_string(field.type)) + ' ';
      writer.write(*batch);
    }
    writer.finish();
    return out;
  }
  std::string error_of(std::string_view text, JsonlReader::Settings settings = {}) {
    try {
      read(text, settings);
    } catch (const Error& error) {
      const std::string what = error.what();
      return what.substr(0, what.find('\n'));
    }
    return "no error";
  }

  fs::path directory_;
  std::string types_;  // of the last batch
};

TEST_F(JsonlTest, objects_become_rows) {
  EXPECT_EQ(read(R"({"a": 1, "b": "x\u00e9\ud83d\ude00\n\"", "c": true, "d": null, "e": 1.5}
{"b":"y","e":-2e3,"a":2}
)"),
            R"({"a": 1, "b": "xé😀\n\"", "c": true, "d": null, "e": 1.5}
{"a": 2, "b": "y", "c": null, "d": null, "e": -2000.0}
)");
  EXPECT_EQ(types_, "integer text boolean null real ");
}

TEST_F(JsonlTest, nested_values_and_great_integers_are_json) {
  EXPECT_EQ(read(R"({"a": {"x": [1, {"y": "]}"}]}, "b": 18446744073709551616})"),
            "{\"a\": {\"x\": [1, {\"y\": \"]}\"}]}, \"b\": 18446744073709551616}\n");
  EXPECT_EQ(types_, "json json ");
}

TEST_F(JsonlTest, objects_may_stand_in_a_list_or_one_after_another) {
  const std::string rows = "{\"a\": 1}\n{\"a\": 2}\n";
  EXPECT_EQ(read("[\n  {\"a\": 1},\n  {\"a\": 2}\n]\n"), rows);
  EXPECT_EQ(read("{\n  \"a\": 1\n}{\n  \"a\": 2\n}"), rows);
  EXPECT_EQ(read("\xEF\xBB\xBF{\"a\": 1}\r\n\r\n{\"a\": 2}"), rows);
  EXPECT_EQ(read(""), "");
  EXPECT_EQ(read("[]"), "");
}

TEST_F(JsonlTest, pieces_may_end_anywhere) {
  std::string text =
      R"({"key": "äöü😀\ud83d\ude00", "n": -12.5e1, "o": {"a": [true, null]}, "t": true}
[{"key": "\\", "n": NaN, "o": 99999999999999999999, "t": false}]
{"key": null, "n": -Infinity, "o": "", "t": null})";
  const std::string whole = read(text);
  EXPECT_EQ(std::count(whole.begin(), whole.end(), '\n'), 3);
  for (std::size_t bytes = 1; bytes < 20; ++bytes) {
    EXPECT_EQ(read(text, {.piece_bytes = bytes}), whole) << bytes;
  }
}

TEST_F(JsonlTest, batches_are_bounded) {
  std::string text;
  for (int i = 0; i < 1000; ++i) text += "{\"a\": " + std::to_string(i) + "}\n";
  JsonlReader reader({file(text)}, {.piece_bytes = 100, .batch_bytes = 400});
  std::size_t rows = 0;
  std::size_t batches = 0;
  while (const auto batch = reader.next()) {
    EXPECT_LE(batch->rows(), 100U);
    rows += batch->rows();
    ++batches;
  }
  EXPECT_EQ(rows, 1000U);
  EXPECT_GT(batches, 9U);
  EXPECT_DOUBLE_EQ(reader.progress(), 1);
}

TEST_F(JsonlTest, what_is_wrong_is_named_with_its_line) {
  EXPECT_EQ(error_of("{\"a\": 1}\n{\"a\": }\n"),
            "file.jsonl, line 2: This is no object of JSON: a value is expected.");
  EXPECT_EQ(error_of("{\"a\": 1}\n\n{\"a\" 1}"),
            "file.jsonl, line 3: This is no object of JSON: a colon is expected.");
  EXPECT_EQ(error_of("1\n"),
            "file.jsonl, line 1: This is no object of JSON: an object is expected.");
  EXPECT_EQ(error_of("{\"a\": \"x"),
            "file.jsonl, line 1: This is no object of JSON: the text ends in the middle of an "
            "object.");
  EXPECT_EQ(error_of("[{\"a\": 1}"),
            "file.jsonl, line 1: This is no object of JSON: the list has no end.");
  EXPECT_EQ(error_of("{\"a\": \"\\ud800\"}"),
            "file.jsonl, line 1: This is no object of JSON: half a surrogate pair is no "
            "character.");
  EXPECT_EQ(error_of("{\"a\": 01}"),
            "file.jsonl, line 1: This is no object of JSON: a number begins with a zero.");
  EXPECT_EQ(error_of("{\"a\": " + std::string(300, '[')),
            "file.jsonl, line 1: This is no object of JSON: it is nested deeper than 256 levels.");
  EXPECT_EQ(error_of("{\"a\": 1}\n{\"a\": \"\xFF\"}"),
            "file.jsonl, line 2: The text is not UTF-8.");
  EXPECT_EQ(error_of("{\"a\": \"\n\"}"),
            "file.jsonl, line 1: This is no object of JSON: a control character stands in a "
            "string.");
  EXPECT_EQ(error_of("{\"a\": \"" + std::string(5000, 'x') + "\"}",
                     {.piece_bytes = 10, .longest_object = 1000}),
            "file.jsonl, line 1: The object is longer than 1000 bytes.");
}

TEST_F(JsonlTest, options_are_refused_by_name) {
  try {
    (void)jsonl_format().open_writer(
        ConfigurationBuilder().build(), [](std::string_view) {}, parse_json(R"({"header": true})"));
    FAIL();
  } catch (const UnknownOption& error) {
    EXPECT_EQ(error.option(), "header");
  }
}

}  // namespace
}  // namespace vdk::jsonl
