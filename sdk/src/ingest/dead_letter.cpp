#include "ingest/dead_letter.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "vdk/base/error.hpp"
#include "vdk/base/value.hpp"
#include "vdk/data/text_form.hpp"

namespace vdk {
namespace {

Value cell_value(const Column& column, std::size_t row) {
  if (column.is_null(row)) return {};
  switch (column.field.type) {
    case ColumnType::boolean:
      return column.boolean(row);
    case ColumnType::integer:
      return column.integer(row);
    case ColumnType::real:
      return column.real(row);
    default: {
      std::string text;
      append_cell_text(text, column, row);
      return text;
    }
  }
}

// A file name that any table name has: what is no letter, digit, dot or dash becomes '_'.
std::string file_name(std::string_view table) {
  constexpr std::size_t kMost = 200;
  std::string name;
  for (const char c : table.substr(0, kMost)) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '.' || c == '-' || c == '_';
    name += plain ? c : '_';
  }
  if (name.empty() || name.front() == '.') name.insert(0, "table");
  return name + ".jsonl";
}

Error write_error(const std::filesystem::path& file, int code) {
  return platform_error(
      {.what = fmt::format("Rejected rows cannot be written to {}.", file.string()),
       .why = std::generic_category().message(code),
       .consequence = "The batch that they belong to was not stored.",
       .countermeasure =
           "Make room, or set ingest_dead_letter to a directory that can be written."});
}

class Descriptor {
 public:
  explicit Descriptor(const std::filesystem::path& file)
      : value_(open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)) {
    if (value_ < 0) throw write_error(file, errno);
  }
  ~Descriptor() { close(value_); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int get() const noexcept { return value_; }

 private:
  int value_;
};

}  // namespace

DeadLetter::DeadLetter(std::filesystem::path directory) : directory_(std::move(directory)) {}

void DeadLetter::append(const Load& load, const Batch& batch, std::span<const std::size_t> rows,
                        std::int64_t first_row, std::string_view reason) const {
  if (!keeps() || rows.empty()) return;
  std::string lines;
  for (const std::size_t row : rows) {
    Value letter;
    letter.set("execution", load.execution);
    letter.set("step", load.step);
    letter.set("table", load.destination.table);
    letter.set("row", first_row + static_cast<std::int64_t>(row));
    letter.set("reason", reason);
    Value values;
    for (const Column& column : batch.columns()) {
      values.set(column.field.name, cell_value(column, row));
    }
    letter.set("values", std::move(values));
    lines += to_json(letter);
    lines += '\n';
  }
  std::error_code made;
  std::filesystem::create_directories(directory_, made);
  const std::filesystem::path file = directory_ / file_name(load.destination.table);
  const Descriptor descriptor(file);
  std::string_view rest = lines;
  while (!rest.empty()) {
    const ssize_t written = write(descriptor.get(), rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) throw write_error(file, errno);
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
  if (fsync(descriptor.get()) != 0) throw write_error(file, errno);
}

}  // namespace vdk
