#include <limits>

#include <gtest/gtest.h>

#include "gzip.hpp"
#include "http_settings.hpp"
#include "http_sink.hpp"
#include "json_rows.hpp"
#include "vdk/base/error.hpp"
#include "vdk/base/log.hpp"
#include "vdk/data/batch_builder.hpp"

namespace vdk::http {
namespace {

// The row that `fill` appends, with the table "t".
std::string json(const std::function<void(BatchBuilder&)>& fill, bool allow_nan = false,
                 std::string_view table = "t") {
  BatchBuilder builder;
  fill(builder);
  builder.end_row();
  const Batch batch = builder.finish();
  std::string out;
  const auto misfit = JsonRows(batch, table, allow_nan).append(out, 0);
  if (!misfit) return out;
  EXPECT_EQ(out, "");
  return misfit->reason + " in " + misfit->column;
}

std::string number(std::string_view decimal) {
  return json([&](BatchBuilder& row) { row.append_decimal(row.column("d"), decimal); });
}

TEST(JsonRows, values_have_upstreams_forms) {
  EXPECT_EQ(json([](BatchBuilder& row) {
              row.append_null(row.column("n"));
              row.append_boolean(row.column("b"), true);
              row.append_integer(row.column("i"), -7);
              row.append_real(row.column("r"), 0.1);
              row.append_text(row.column("t"), "a\"\\\n\x01");
              row.append_binary(row.column("x"), "bytes");
              row.append_date(row.column("d"), 0);
              row.append_timestamp(row.column("ts"), 1);
              row.append_timestamp_utc(row.column("tz"), 0);
              row.append_json(row.column("j"), R"({"a": [1, "\"N"]})");
              row.append_json(row.column("big"), "18446744073709551616");
            }),
            R"({"n": null, "b": true, "i": -7, "r": 0.1, "t": "a\"\\\n\u0001", "x": "bytes", )"
            R"("d": "1970-01-01", "ts": "1970-01-01T00:00:00.000001", )"
            R"("tz": "1970-01-01T00:00:00+00:00", "j": {"a": [1, "\"N"]}, )"
            R"("big": 18446744073709551616, "@table": "t"})");
}

TEST(JsonRows, text_is_ascii) {
  EXPECT_EQ(json([](BatchBuilder& row) {
              row.append_text(row.column("é"), "é€😀");
              row.append_json(row.column("j"), "[\"é\"]");
            }),
            R"({"\u00e9": "\u00e9\u20ac\ud83d\ude00", "j": ["\u00e9"], "@table": "t"})");
}

TEST(JsonRows, decimals_are_numbers_where_json_has_them) {
  EXPECT_EQ(number("1.50"), R"({"d": 1.50, "@table": "t"})");
  EXPECT_EQ(number("-1E+5"), R"({"d": -1E+5, "@table": "t"})");
  for (const char* text : {"+1", ".5", "1.", "01", "1e", "-", "", "1 "}) {
    EXPECT_EQ(number(text), std::string(R"({"d": ")") + text + R"(", "@table": "t"})");
  }
  EXPECT_EQ(number("NaN"), "wrong_type in d");
}

TEST(JsonRows, what_json_lacks_is_rejected) {
  const auto nan = [](BatchBuilder& row) {
    row.append_real(row.column("r"), std::numeric_limits<double>::quiet_NaN());
    row.append_real(row.column("s"), -std::numeric_limits<double>::infinity());
    row.append_json(row.column("j"), "[NaN]");
  };
  EXPECT_EQ(json(nan), "wrong_type in r");
  EXPECT_EQ(json(nan, true), R"({"r": NaN, "s": -Infinity, "j": [NaN], "@table": "t"})");
  EXPECT_EQ(json([](BatchBuilder& row) { row.append_json(row.column("j"), "[-Infinity]"); }),
            "wrong_type in j");
  EXPECT_EQ(json([](BatchBuilder& row) { row.append_text(row.column("t"), "\xED\xA0\x80"); }),
            "not_utf8 in t");
  EXPECT_EQ(json([](BatchBuilder& row) { row.append_json(row.column("j"), "\"\xED\xA0\x80\""); }),
            "not_utf8 in j");
  EXPECT_EQ(json([](BatchBuilder& row) { row.append_binary(row.column("x"), "\xFF"); }),
            "wrong_type in x");
}

TEST(JsonRows, a_row_may_name_its_table) {
  const auto own = [](BatchBuilder& row) { row.append_text(row.column("@table"), "own"); };
  EXPECT_EQ(json(own), R"({"@table": "own"})");
  EXPECT_EQ(json(own, false, ""), R"({"@table": "own"})");
  const auto none = [](BatchBuilder& row) { row.append_null(row.column("@table")); };
  EXPECT_EQ(json(none), R"({"@table": "t"})");
  EXPECT_THROW((void)json(none, false, ""), Error);
}

TEST(IdempotencyKey, tells_requests_apart_and_repetitions_not) {
  Load load{.execution = "e", .step = "10_send.py", .destination = {.table = "t"}};
  const std::string key = idempotency_key(load, "http://h/", 5, "[1]");
  EXPECT_EQ(key.size(), 32U);
  load.resume = true;
  EXPECT_EQ(idempotency_key(load, "http://h/", 5, "[1]"), key);
  EXPECT_NE(idempotency_key(load, "http://h/", 6, "[1]"), key);
  EXPECT_NE(idempotency_key(load, "http://h/", 5, "[2]"), key);
  EXPECT_NE(idempotency_key(load, "http://g/", 5, "[1]"), key);
  load.step = "20_send.py";
  EXPECT_NE(idempotency_key(load, "http://h/", 5, "[1]"), key);
}

TEST(Target, credentials_and_query_are_taken_out_and_hidden) {
  const Target target = parse_target("http://ada:s%2Fcret-1@Host.example/in?token=t0ken#x");
  EXPECT_EQ(target.url, "http://Host.example/in?token=t0ken");
  EXPECT_EQ(target.shown, "http://Host.example/in");
  EXPECT_EQ(target.origin, "http://host.example:80");
  EXPECT_EQ(target.user, "ada");
  EXPECT_EQ(target.password, "s/cret-1");
  EXPECT_EQ(redact("s%2Fcret-1 s/cret-1 token=t0ken ada"), "*** *** *** ada");
  (void)parse_target("https://only-a-token@host/");
  EXPECT_EQ(redact("only-a-token"), "***");
}

TEST(Target, what_is_no_url_of_the_web_is_a_configuration_error) {
  using namespace std::string_literals;
  for (const std::string& target :
       {""s, "host/path"s, "ftp://host/"s, "file:///etc/passwd"s, "http://"s, "http://h/\n"s,
        "http://h/\0x"s, "http://h:99999/"s}) {
    try {
      (void)parse_target(target);
      ADD_FAILURE() << target;
    } catch (const Error& error) {
      EXPECT_EQ(error.resolvable_by(), ResolvableBy::configuration) << target;
    }
  }
  EXPECT_FALSE(redirection("").has_value());
  EXPECT_FALSE(redirection("gopher://h/").has_value());
}

TEST(Gzip, shrinks_what_repeats_and_is_repeatable) {
  const std::string text(100'000, 'x');
  EXPECT_LT(gzip(text).size(), 1000U);
  EXPECT_EQ(gzip(text), gzip(text));
  EXPECT_EQ(gzip("a").substr(0, 2), "\x1F\x8B");
}

}  // namespace
}  // namespace vdk::http
