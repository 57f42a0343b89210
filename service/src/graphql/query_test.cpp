#include "graphql/query.hpp"

#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "graphql/job_search.hpp"
#include "graphql/jobs.hpp"

namespace vdk::service::graphql {
namespace {

Selection bind_jobs(std::string_view text, const std::string& variables = "{}",
                    std::string_view operation = "") {
  return bind({.text = text, .operation = operation, .variables = parse_json(variables)},
              query_type(), input_types());
}

// The keys that are asked for, nested in parentheses.
std::string shape(const Selection& selection) {
  std::string text = selection.key;
  if (selection.fields.empty()) return text;
  text += '(';
  for (const auto& field : selection.fields) {
    text += (text.ends_with('(') ? "" : " ") + shape(field);
  }
  return text + ')';
}

std::string refusal(std::string_view text, const std::string& variables = "{}",
                    std::string_view operation = "") {
  try {
    const auto query = bind_jobs(text, variables, operation);
    static_cast<void>(job_search(query.fields.at(0)));
  } catch (const QueryError& error) {
    const auto* type = error.value().find("validationErrorType");
    return *(type != nullptr ? type : error.value().find("errorType"))->if_string();
  }
  return "none";
}

TEST(GraphqlQuery, is_bound_with_its_arguments) {
  const auto query = bind_jobs("{jobs(pageNumber:2,pageSize:5){content{name:jobName} totalItems}}");
  EXPECT_EQ(shape(query), "(jobs(content(name) totalItems))");
  EXPECT_EQ(to_json(query.fields[0].arguments), R"({"pageNumber": 2, "pageSize": 5})");
}

TEST(GraphqlQuery, takes_what_is_left_out_from_the_schema) {
  const auto query = bind_jobs("{ jobs { totalItems } }");
  EXPECT_EQ(to_json(query.fields[0].arguments), R"({"pageNumber": 0, "pageSize": 20})");
}

TEST(GraphqlQuery, puts_fragments_into_their_places_and_merges_fields) {
  const auto query = bind_jobs(R"(
    query { jobs { ...P content { config { team } } ... on DataJobPage { totalPages } } }
    fragment P on DataJobPage { content { jobName ...J } totalPages }
    fragment J on DataJob { config { description } })");
  EXPECT_EQ(shape(query), "(jobs(content(jobName config(description team)) totalPages))");
}

TEST(GraphqlQuery, leaves_out_what_is_skipped) {
  const auto query = bind_jobs(
      "query ($no: Boolean!) { jobs { totalItems @skip(if: true) totalPages @include(if: $no) "
      "content @include(if: true) { jobName } } }",
      R"({"no": false})");
  EXPECT_EQ(shape(query), "(jobs(content(jobName)))");
}

TEST(GraphqlQuery, reads_variables_by_their_types) {
  const auto query = bind_jobs(
      "query ($n: Int!, $f: [Predicate], $s: Int = 7, $none: String) { "
      "jobs(pageNumber: $n, pageSize: $s, filter: $f, search: $none) { totalItems } }",
      R"({"n": 3, "f": {"property": "jobName", "sort": "DESC"}, "unknown": 1})");
  EXPECT_EQ(to_json(query.fields[0].arguments),
            R"({"pageNumber": 3, "pageSize": 7, "filter": [{"property": "jobName", )"
            R"("sort": "DESC"}]})");
}

TEST(GraphqlQuery, reads_strings_with_escapes_and_in_blocks) {
  const auto query =
      bind_jobs("{ jobs(search: \"\\u0041\\u{1F600}\\uD83D\\uDE00\\n\\\"\") { totalItems } }");
  EXPECT_EQ(*query.fields[0].argument("search")->if_string(), "A😀😀\n\"");
  const auto block =
      bind_jobs("{ jobs(search: \"\"\"\n  a\n    b\\\"\"\"\n\n\"\"\") { totalItems } }");
  EXPECT_EQ(*block.fields[0].argument("search")->if_string(), "a\n  b\"\"\"");
}

TEST(GraphqlQuery, chooses_an_operation_by_its_name) {
  const auto* text = "query A { jobs { totalItems } } query B { jobs { totalPages } }";
  EXPECT_EQ(shape(bind_jobs(text)), "A(jobs(totalItems))");
  EXPECT_EQ(shape(bind_jobs(text, "{}", "B")), "B(jobs(totalPages))");
  EXPECT_EQ(refusal(text, "{}", "C"), "UnknownOperation");
}

TEST(GraphqlQuery, is_refused_where_it_is_wrong) {
  EXPECT_EQ(refusal("{ jobs(pageNumber: 1, "), "InvalidSyntax");
  EXPECT_EQ(refusal(""), "InvalidSyntax");
  EXPECT_EQ(refusal("mutation { jobs { totalItems } }"), "InvalidSyntax");
  EXPECT_EQ(refusal("{ jobs { totalItems } } }"), "InvalidSyntax");
  EXPECT_EQ(refusal("{ jobs(search: \"\\uD83D\") { totalItems } }"), "InvalidSyntax");
  EXPECT_EQ(refusal("{ jobs(pageNumber: 01) { totalItems } }"), "InvalidSyntax");
  EXPECT_EQ(refusal("{ jobs(search: \"\xff\") { totalItems } }"), "InvalidSyntax");
  EXPECT_EQ(refusal("{ jobz { totalItems } }"), "FieldUndefined");
  EXPECT_EQ(refusal("{ jobs { content { nope } } }"), "FieldUndefined");
  EXPECT_EQ(refusal("{ jobs(foo: 1) { totalItems } }"), "UnknownArgument");
  EXPECT_EQ(refusal("{ jobs(pageNumber: 99999999999) { totalItems } }"), "WrongType");
  EXPECT_EQ(refusal("{ jobs(pageNumber: \"1\") { totalItems } }"), "WrongType");
  EXPECT_EQ(refusal("{ jobs(filter: [{sort: UP}]) { totalItems } }"), "WrongType");
  EXPECT_EQ(refusal("{ jobs(search: \"\\u0000\") { totalItems } }"), "WrongType");
  EXPECT_EQ(refusal("{ jobs }"), "SubSelectionRequired");
  EXPECT_EQ(refusal("{ jobs { totalItems { a } } }"), "SubSelectionNotAllowed");
  EXPECT_EQ(refusal("{ jobs { ...F } }"), "UndefinedFragment");
  EXPECT_EQ(refusal("{ jobs { ...F } } fragment F on DataJob { jobName }"), "InvalidFragmentType");
  EXPECT_EQ(refusal("{ jobs { ...F } } fragment F on DataJobPage { ...F }"), "FragmentCycle");
  EXPECT_EQ(refusal("{ jobs(pageNumber: $n) { totalItems } }"), "UndefinedVariable");
  EXPECT_EQ(refusal("query ($n: Int!) { jobs(pageNumber: $n) { totalItems } }"), "WrongType");
  EXPECT_EQ(refusal("query ($n: Zed) { jobs { totalItems } }"), "UnknownType");
  EXPECT_EQ(refusal("{ jobs { totalItems @twice } }"), "UnknownDirective");
  EXPECT_EQ(refusal("{ jobs { a: totalItems a: totalPages } }"), "FieldsConflict");
  EXPECT_EQ(refusal("{ jobs { totalItems } }"), "DataFetchingException");
  EXPECT_EQ(refusal("{ jobs(pageNumber: 1) { totalItems } }"), "none");
}

TEST(GraphqlQuery, says_where_it_is_wrong) {
  try {
    static_cast<void>(bind_jobs("{ jobs {\n  content { nope } } }"));
    FAIL();
  } catch (const QueryError& error) {
    EXPECT_EQ(to_json(*error.value().find("locations")),
              R"([{"line": 2, "column": 13, "sourceName": null}])");
    EXPECT_EQ(to_json(*error.value().find("queryPath")), R"(["jobs", "content", "nope"])");
  }
}

TEST(GraphqlQuery, is_bounded_in_depth_length_and_fields) {
  std::string deep;
  for (int i = 0; i < 100; ++i) deep += "{ a ";
  EXPECT_EQ(refusal(deep), "InvalidSyntax");
  EXPECT_EQ(refusal("{ jobs(filter: " + std::string(100, '[') + ") { a } }"), "InvalidSyntax");
  EXPECT_EQ(refusal("query ($a: " + std::string(100, '[') + ") { a }"), "InvalidSyntax");
  EXPECT_EQ(refusal(std::string(100'000, ' ')), "InvalidSyntax");
  // Each of these fragments doubles what the former asks for.
  std::string text = "{ jobs { ...F0 } }";
  for (int i = 0; i < 40; ++i) {
    text += fmt::format(" fragment F{} on DataJobPage {{ ...F{} ...F{} }}", i, i + 1, i + 1);
  }
  EXPECT_EQ(refusal(text + " fragment F40 on DataJobPage { totalItems }"), "TooManyFields");
}

TEST(JobSearch, is_what_a_filter_says) {
  const auto search = [](const std::string& filter) {
    return job_search(
        bind_jobs("{ jobs(pageNumber: 3, pageSize: 10, filter: [" + filter + "]) { totalItems } }")
            .fields[0]);
  };
  const auto found = search(
      "{property: \"CONFIG.team\", pattern: \"a%\", sort: ASC}, null, "
      "{property: \"deployments.lastExecutionTime\", pattern: \"1000000000-1000000001\"}, "
      "{property: \"deployments.lastExecutionStatus\", pattern: \"user_error\", sort: DESC}");
  EXPECT_EQ(found.teams, std::vector<std::string>{"a%"});
  EXPECT_EQ(found.last_statuses, std::vector<ExecutionStatus>{ExecutionStatus::user_error});
  EXPECT_EQ(to_micros(found.last_ends.at(0).from), 1'000'000'000'000'000);
  EXPECT_EQ(to_micros(found.last_ends.at(0).until), 1'000'000'001'999'999);
  EXPECT_EQ(found.order, JobProperty::last_execution_status);  // the last one counts
  EXPECT_TRUE(found.is_descending);
  EXPECT_EQ(found.offset, 20);
  EXPECT_EQ(found.limit, 10);
  EXPECT_TRUE(search("{property: \"deployments.enabled\", pattern: \"maybe\"}").matches_nothing);
  for (const auto* wrong :
       {"{pattern: \"a\"}", "{property: \"nope\", sort: ASC}", "{property: \"jobName\"}",
        "{property: \"jobName\", sort: ASC}, {property: \"jobName\", sort: ASC}",
        "{property: \"deployments.lastExecutionTime\", pattern: \"2000000000-1000000000\"}",
        "{property: \"deployments.lastExecutionTime\", pattern: \"1-2\"}"}) {
    EXPECT_THROW(static_cast<void>(search(wrong)), QueryError) << wrong;
  }
}

}  // namespace
}  // namespace vdk::service::graphql
