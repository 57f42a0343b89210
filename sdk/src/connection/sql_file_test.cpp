#include "connection/sql_file.hpp"

#include <gtest/gtest.h>

namespace vdk {
namespace {

using Pieces = std::vector<std::string_view>;

Pieces split_postgres(std::string_view script) {
  return split_statements(script, SqlDialect::postgres);
}

TEST(SqlFile, takes_header_lines_out_of_the_query) {
  const SqlFile file = parse_sql_file("[first]\nselect 1\n[ {other}_db ]  \nfrom t\n");
  EXPECT_EQ(file.databases, (std::vector<std::string>{"first", " {other}_db "}));
  EXPECT_EQ(file.query, "select 1\nfrom t\n");
}

TEST(SqlFile, lines_that_only_look_like_headers_stay_query_text) {
  constexpr std::string_view text =
      "select\n[1, 2]\n[1]\n[]\n['a']\n[id] int,\n[id] int\n  [indented]\n[open\n[a] = [b]\n";
  const SqlFile file = parse_sql_file(text);
  EXPECT_TRUE(file.databases.empty()) << file.databases.front();
  EXPECT_EQ(file.query, text);
}

TEST(SqlFile, drops_a_byte_order_mark_and_reads_all_line_ends) {
  const SqlFile file = parse_sql_file("\xEF\xBB\xBF[db]\r\nselect 1\r\nfrom t\rwhere x");
  EXPECT_EQ(file.databases, std::vector<std::string>{"db"});
  EXPECT_EQ(file.query, "select 1\nfrom t\nwhere x");
}

// The number of the file's line that holds the marker, found by way of the executed text.
std::optional<std::size_t> line_at_marker(const SqlFile& file,
                                          std::span<const Parameter> parameters,
                                          const std::string& executed) {
  const auto line = line_of(file, parameters, {executed, executed.find("HERE")});
  return line ? std::optional(line->number) : std::nullopt;
}

TEST(SqlFile, a_place_in_executed_text_leads_to_the_line_of_the_file) {
  const SqlFile file = parse_sql_file(
      "\n[a]\n\n  select 1;\n[b]\n\n    select {x},\n      {y!sql}, HERE\n  from t\n");
  const std::vector<Parameter> plain{{"x", "1"}, {"y", "it's", Value("it's")}};
  EXPECT_EQ(line_at_marker(file, plain, "-- job\n-- op\n" + substitute(file.query, plain) + "\n--"),
            8U);
  const auto line = line_of(file, plain, {substitute(file.query, plain), 0});
  ASSERT_TRUE(line);
  EXPECT_EQ(line->number, 4U);
  EXPECT_EQ(line->text, "select 1;");
}

TEST(SqlFile, line_ends_in_values_do_not_move_the_line) {
  const SqlFile file = parse_sql_file("select {x},\n  '{x}', {y!sql},\n  HERE\n");
  const std::vector<Parameter> long_values{{"x", "1 --\n\n2"}, {"y", "", Value("\\ \n b\n")}};
  const std::string executed = substitute(file.query, long_values, LiteralStyle::backslash);
  EXPECT_EQ(line_at_marker(file, long_values, executed), 3U);
  const auto in_value = line_of(file, long_values, {executed, executed.find("2,")});
  ASSERT_TRUE(in_value);
  EXPECT_EQ(in_value->number, 1U);
}

TEST(SqlFile, a_statement_that_begins_with_a_comment_is_at_its_first_code) {
  const SqlFile file = parse_sql_file("select 1;\n\n-- the next one\n/* is\n here */\nselect 2\n");
  const auto line = line_of(file, {}, {file.query, file.query.find("--")});
  ASSERT_TRUE(line);
  EXPECT_EQ(line->number, 6U);
}

TEST(SqlFile, executed_text_that_is_not_the_files_has_no_line) {
  const SqlFile file = parse_sql_file("select 1;\nselect 2\n");
  EXPECT_FALSE(line_of(file, {}, {"select 3;\nselect 4\n", 10}));
  EXPECT_FALSE(line_of(file, {}, {"set x = 1;\n" + file.query, 0}));
}

TEST(SqlFile, an_empty_file_has_nothing) {
  EXPECT_TRUE(parse_sql_file("").query.empty());
  EXPECT_TRUE(parse_sql_file("\n \n").databases.empty());
}

TEST(SplitStatements, splits_at_semicolons_and_leaves_blank_ones_out) {
  EXPECT_EQ(split_statements(" select 1 ;\n;; -- note\n; select 2\n"),
            (Pieces{"select 1", "select 2"}));
  EXPECT_TRUE(split_statements("").empty());
  EXPECT_TRUE(split_statements("/* nothing; */ -- at all;").empty());
}

TEST(SplitStatements, keeps_comments_with_the_statement_after_them) {
  EXPECT_EQ(split_statements("-- one;\nselect 1; /* two; */ select 2 -- three;"),
            (Pieces{"-- one;\nselect 1", "/* two; */ select 2 -- three;"}));
}

TEST(SplitStatements, semicolons_in_quotes_do_not_split) {
  const Pieces one{"select 'a;''b;', \"c;\"\"d;\", `e;`, [f;], $$g;$$, $t$h;$$;$t$"};
  EXPECT_EQ(split_statements(one[0]), one);
  EXPECT_EQ(split_postgres("select E'it\\'s;', ['a;'], 1"),
            (Pieces{"select E'it\\'s;', ['a;'], 1"}));
}

TEST(SplitStatements, an_unterminated_quote_reaches_to_the_end) {
  EXPECT_EQ(split_statements("select 1; select 'a; select 2"),
            (Pieces{"select 1", "select 'a; select 2"}));
}

TEST(SplitStatements, comments_nest_where_the_engine_nests_them) {
  constexpr std::string_view script = "/* a /* b; */ c; */ select 1";
  EXPECT_EQ(split_postgres(script), Pieces{script});
  EXPECT_EQ(split_statements(script), (Pieces{"/* a /* b; */ c", "*/ select 1"}));
}

TEST(SplitStatements, a_parameter_with_a_dollar_is_no_quote) {
  EXPECT_EQ(split_statements("select $1; select a$b$c; select $1"),
            (Pieces{"select $1", "select a$b$c", "select $1"}));
}

TEST(SplitStatements, bodies_of_triggers_stay_whole) {
  constexpr std::string_view trigger =
      "CREATE TEMP TRIGGER t AFTER INSERT ON a BEGIN\n"
      "  UPDATE b SET x = CASE WHEN y THEN 1 ELSE 2 END; -- ; END;\n"
      "  SELECT 1 AS end;\nEND";
  const std::string script = std::string(trigger) + ";\nselect 1;";
  EXPECT_EQ(split_statements(script), (Pieces{trigger, "select 1"}));
}

TEST(SplitStatements, begin_transaction_is_a_statement) {
  EXPECT_EQ(
      split_statements("BEGIN; BEGIN TRANSACTION; select case when 1 then 2 end; END; commit"),
      (Pieces{"BEGIN", "BEGIN TRANSACTION", "select case when 1 then 2 end", "END", "commit"}));
}

TEST(SplitStatements, atomic_bodies_of_routines_stay_whole) {
  constexpr std::string_view routine =
      "CREATE OR REPLACE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN a THEN 1 END; "
      "SELECT 2; END";
  const std::string script = std::string(routine) + "; select 1";
  EXPECT_EQ(split_postgres(script), (Pieces{routine, "select 1"}));
}

}  // namespace
}  // namespace vdk
