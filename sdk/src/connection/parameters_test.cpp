#include "connection/parameters.hpp"

#include <vector>

#include <gtest/gtest.h>

namespace vdk {
namespace {

class StandardDriver : public DriverConnection {
 public:
  std::unique_ptr<ResultStream> execute(std::string_view /*sql*/) override { return nullptr; }
  LiteralStyle literal_style() const noexcept override { return style; }
  bool is_connected() override { return true; }
  void interrupt() noexcept override {}
  std::string description() const override { return "test"; }
  LiteralStyle style = LiteralStyle::standard;
};

using Values = std::vector<SqlParameter>;

class Parameters : public testing::Test {
 protected:
  std::string bind(std::string_view sql, const Values& values) {
    return bind_parameters(sql, values, driver_);
  }
  StandardDriver driver_;
  const SqlParameter text_{ColumnType::text, "it's; --"};
  const SqlParameter one_{ColumnType::integer, "-1"};
};

TEST_F(Parameters, take_the_place_of_either_style) {
  EXPECT_EQ(bind("select ?, ?", {text_, one_}), "select 'it''s; --', (-1)");
  EXPECT_EQ(bind("select %s, %s % 2, %s %% 2", {text_, one_, one_}),
            "select 'it''s; --', (-1) % 2, (-1) % 2");
}

TEST_F(Parameters, placeholders_in_quotes_and_comments_are_none) {
  EXPECT_EQ(bind("select '?', \"?\", $$?$$, ? -- ?", {one_}),
            "select '?', \"?\", $$?$$, (-1) -- ?");
  EXPECT_EQ(bind("select %s where a like '%%x%%' /* %s */", {one_}),
            "select (-1) where a like '%x%' /* %s */");
}

TEST_F(Parameters, a_percent_placeholder_in_quotes_is_refused) {
  EXPECT_THROW(bind("select '%s', %s", {one_}), Error);
  EXPECT_THROW((void)bind_parameters("select '%(a)s'", {{"a", one_}}, driver_), Error);
}

TEST_F(Parameters, a_question_mark_stays_an_operator_where_percent_is_the_style) {
  EXPECT_EQ(bind("select ? %size", {one_}), "select (-1) %size");
  EXPECT_EQ(bind("select j ? %s", {text_}), "select j ? 'it''s; --'");
}

TEST_F(Parameters, numbers_must_match) {
  EXPECT_THROW(bind("select ?", {}), Error);
  EXPECT_THROW(bind("select ?", {one_, one_}), Error);
  EXPECT_THROW(bind("select %s", {one_, one_}), Error);
}

TEST_F(Parameters, names_may_repeat_and_values_may_go_unused) {
  const std::map<std::string, SqlParameter, std::less<>> values{{"a", one_}, {"b", text_}};
  EXPECT_EQ(bind_parameters("select %(a)s + %(a)s", values, driver_), "select (-1) + (-1)");
  EXPECT_THROW((void)bind_parameters("select %(c)s", values, driver_), Error);
  EXPECT_THROW((void)bind_parameters("select %s", values, driver_), Error);
}

TEST_F(Parameters, every_type_has_its_literal) {
  EXPECT_EQ(driver_.literal({}), "NULL");
  EXPECT_EQ(driver_.literal({ColumnType::boolean, "true"}), "TRUE");
  EXPECT_EQ(driver_.literal({ColumnType::real, "1e+16"}), "1e+16");
  EXPECT_EQ(driver_.literal({ColumnType::real, "nan"}), "CAST('nan' AS DOUBLE PRECISION)");
  EXPECT_EQ(driver_.literal({ColumnType::decimal, "-1.50"}), "(-1.50)");
  EXPECT_EQ(driver_.literal({ColumnType::binary, std::string("\0\xff", 2)}), "X'00ff'");
  EXPECT_EQ(driver_.literal({ColumnType::date, "2024-01-02"}), "DATE '2024-01-02'");
  EXPECT_EQ(driver_.literal({ColumnType::timestamp, "2024-01-02T03:04:05"}),
            "TIMESTAMP '2024-01-02T03:04:05'");
  EXPECT_EQ(driver_.literal({ColumnType::json, "{\"a\": 'b'}"}), "'{\"a\": ''b''}'");
}

TEST_F(Parameters, what_an_engine_might_misread_is_refused) {
  EXPECT_THROW((void)driver_.literal({ColumnType::text, std::string("a\0b", 3)}), Error);
  EXPECT_EQ(driver_.literal({ColumnType::text, "\\'"}), "'\\'''");
  driver_.style = LiteralStyle::backslash;
  EXPECT_EQ(driver_.literal({ColumnType::text, "\\'"}), "'\\\\\\''");
  driver_.style = LiteralStyle::unknown;
  EXPECT_THROW((void)driver_.literal({ColumnType::text, "\\"}), Error);
}

}  // namespace
}  // namespace vdk
