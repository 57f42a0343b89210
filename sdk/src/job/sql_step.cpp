#include "job/sql_step.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "base/file.hpp"
#include "base/text.hpp"

namespace vdk {

namespace {

[[noreturn]] void throw_unreadable(const Step& step, std::string why) {
  throw user_error({.what = fmt::format("The SQL step {} cannot be read.", step.name),
                    .why = std::move(why),
                    .consequence = "The step and those after it did not run.",
                    .countermeasure = fmt::format("Correct the file {}.", step.file.string())});
}

std::string read_text(const Step& step) {
  std::string text = read_file(step.file);
  if (const auto offset = find_invalid_utf8(text)) {
    const auto line =
        1 + std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(*offset), '\n');
    throw_unreadable(
        step, fmt::format("It is not UTF-8: line {} holds the byte 0x{:02X} (offset {}).", line,
                          static_cast<unsigned char>(text[*offset]), *offset));
  }
  return text;
}

}  // namespace

SqlFile read_sql_step(const Step& step) {
  SqlFile file = parse_sql_file(read_text(step));
  if (trim(file.query).empty()) {
    throw user_error({.what = fmt::format("The SQL step {} is empty.", step.name),
                      .why = "The file holds no statement.",
                      .consequence = "The step failed; the steps after it did not run.",
                      .countermeasure = "Write a statement into the file, or delete it."});
  }
  return file;
}

void run_sql_step(JobContext& context, const Step& step, const QueryFunction& execute) {
  const SqlFile file = read_sql_step(step);
  if (file.databases.empty()) {
    execute(file.query, {});
    return;
  }
  const std::vector<Parameter> parameters = context.parameters();
  for (const std::string& header : file.databases) {
    execute(file.query, std::string(trim(substitute(header, parameters))));
  }
}

}  // namespace vdk
