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

std::string shortened(std::string text) {
  constexpr std::size_t kLimit = 100;
  if (text.size() <= kLimit) return text;
  std::size_t end = kLimit;
  while ((static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end) + "…";
}

// "20_load.sql:7: the text of that line", from beside the directory where it is a template's.
std::string location(const JobContext& context, const Step& step, const SqlLine& line) {
  const std::string folder =
      context.template_name().empty() ? "" : step.job_directory.filename().string() + '/';
  return fmt::format("{}{}:{}: {}", folder, step.name, line.number, shortened(line.text));
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
  try {
    if (file.databases.empty()) {
      execute(file.query, {});
      return;
    }
    const std::vector<Parameter> parameters = context.parameters();
    for (const std::string& header : file.databases) {
      execute(file.query, std::string(trim(substitute(header, parameters))));
    }
  } catch (Error& error) {
    if (error.place()) {
      if (const auto line = line_of(file, context.parameters(), *error.place()))
        error.add_location(location(context, step, *line));
    }
    throw;
  }
}

}  // namespace vdk
