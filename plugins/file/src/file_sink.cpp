#include "file_sink.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>
#include <mutex>
#include <span>
#include <system_error>
#include <utility>

#include "file_names.hpp"
#include "vdk/base/error.hpp"
#include "vdk/base/utf8.hpp"
#include "vdk/data/batch_rows.hpp"

namespace vdk::file {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kJsonLines = "jsonl";
constexpr std::string_view kCsv = "csv";

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return text;
}

// A name that no other load of this process has: hooks may send two loads to one table.
fs::path claim(const fs::path& path) {
  static std::mutex mutex;
  static std::set<fs::path> claimed;
  const std::lock_guard lock(mutex);
  fs::path free = path;
  for (int number = 2; !claimed.insert(free).second; ++number) {
    free = path;
    free.replace_filename(path.stem().string() + "-" + std::to_string(number) +
                          path.extension().string());
  }
  return free;
}

Error unreadable(const fs::path& path, int error) {
  return platform_error(
      {.what = "The file " + path.string() + " cannot be appended to.",
       .why = std::string("The system says: ") + std::strerror(error) + ".",
       .consequence = "It is as it was; the rows of this load were not stored.",
       .countermeasure = "Correct the target, or the rights of the file and its folder."});
}

class Descriptor {
 public:
  Descriptor(const fs::path& path, int flags) : number_(::open(path.c_str(), flags | O_CLOEXEC)) {
    if (number_ < 0) throw unreadable(path, errno);
  }
  ~Descriptor() { close(number_); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int number() const noexcept { return number_; }

 private:
  int number_;
};

// Returns the last byte, if there is one.
std::optional<char> copy(const fs::path& from, OutputFile& to) {
  const Descriptor source(from, O_RDONLY);
  std::optional<char> last;
  std::string bytes(std::size_t{1} << 20U, '\0');
  for (;;) {
    const ssize_t count = read(source.number(), bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw unreadable(from, errno);
    if (count == 0) return last;
    const std::string_view piece(bytes.data(), static_cast<std::size_t>(count));
    to.write(piece);
    last = piece.back();
  }
}

bool is_text(const Column& column) {
  return column.field.type == ColumnType::text || column.field.type == ColumnType::json ||
         column.field.type == ColumnType::decimal;
}

void add(std::vector<Rejection>& rejected, std::string reason, const std::string& column,
         std::string message, std::int64_t row, std::int64_t rows = 1) {
  const auto known = std::ranges::find_if(rejected, [&](const Rejection& other) {
    return other.reason == reason && other.column == column;
  });
  if (known != rejected.end()) {
    known->rows += rows;
  } else {
    rejected.push_back({std::move(reason), column, std::move(message), row, rows});
  }
}

}  // namespace

FileSink::FileSink(const Configuration& configuration, FormatLookup formats)
    : configuration_(configuration),
      formats_(std::move(formats)),
      format_(lower(configuration.get_string("ingest_file_format"))),
      dead_letter_(configuration.get_string("ingest_dead_letter")) {}

LoadPosition FileSink::begin_load(const Load& load) {
  writer_.reset();
  file_.reset();
  columns_.reset();
  failure_.reset();
  load_ = load;
  if (load.options.disposition == Disposition::append) return {};
  throw user_error({.what = "Rows in files can only be appended.",
                    .why = "Replacing and merging are a database's.",
                    .consequence = "The rows were not stored.",
                    .countermeasure = "Leave the disposition out, or set it to append."});
}

WriteResult FileSink::write(std::span<const Batch> batches, const LoadPosition& after) {
  // A file that lacks rows in its middle is never shown.
  if (failure_) throw Error(*failure_);
  try {
    if (!file_) open();
    WriteResult result;
    std::int64_t before = after.rows;
    for (const Batch& batch : batches) before -= static_cast<std::int64_t>(batch.rows());
    before = std::max<std::int64_t>(0, before);  // a processor may have made more rows
    for (const Batch& batch : batches) {
      write(batch, before, result);
      before += static_cast<std::int64_t>(batch.rows());
    }
    return result;
  } catch (const Error& error) {
    failure_ = error;
    throw;
  }
}

void FileSink::open() {
  const bool appends = format_.empty();
  const std::string name = appends ? std::string(kJsonLines) : format_;
  const FileFormat& format = formats_(name);
  if (!format.open_writer) {
    throw configuration_error({.what = "Files of the format " + name + " are only read.",
                               .consequence = "The rows were not stored.",
                               .countermeasure = "Correct ingest_file_format."});
  }
  path_ = appends ? appended_file(load_.destination.target) : claim(load_file(load_, name));
  if (!appends) {
    std::error_code failure;  // the file's own failure says why
    fs::create_directories(path_.parent_path(), failure);
  }
  file_.emplace(path_, OutputFile::Existing::is_replaced);
  Value options;
  if (name == kCsv) options.set("header", true);
  writer_ = format.open_writer(
      configuration_, [this](std::string_view bytes) { file_->write(bytes); }, options);
}

// `before`: the rows of the load before the batch.
void FileSink::write(const Batch& batch, std::int64_t before, WriteResult& result) {
  const Batch good = without_misfits(batch, before, result);
  if (good.rows() == 0) return;
  writer_->write(in_columns(good));
  result.rows_stored += static_cast<std::int64_t>(good.rows());
}

Batch FileSink::without_misfits(const Batch& batch, std::int64_t before, WriteResult& result) {
  const bool lines_are_alike = format_ == kCsv;
  if (lines_are_alike && !columns_) columns_ = batch.schema();
  std::map<std::size_t, std::string> misfits;  // by row; the reason
  for (const Column& column : batch.columns()) {
    const bool unknown = lines_are_alike && std::ranges::find(*columns_, column.field.name,
                                                              &Field::name) == columns_->end();
    if (!unknown && !is_text(column)) continue;
    for (std::size_t row = 0; row < batch.rows(); ++row) {
      if (column.is_null(row) || misfits.contains(row)) continue;
      const std::int64_t number = before + static_cast<std::int64_t>(row) + 1;
      if (unknown) {
        misfits.emplace(row, "unknown_column");
        add(result.rejected, "unknown_column", column.field.name,
            "The first rows of the load, which decide the columns of the file, lack the column.",
            number);
      } else if (find_invalid_utf8(column.bytes(row))) {
        misfits.emplace(row, "not_utf8");
        add(result.rejected, "not_utf8", column.field.name, "The text is not UTF-8.", number);
      }
    }
  }
  if (misfits.empty()) return batch;
  std::vector<std::size_t> kept;
  for (std::size_t row = 0; row < batch.rows(); ++row) {
    const auto misfit = misfits.find(row);
    if (misfit == misfits.end()) {
      kept.push_back(row);
    } else {
      dead_letter_.append(load_, batch, std::span(&row, 1), before + 1, misfit->second);
    }
  }
  return select_rows(batch, kept);
}

// The batch with the columns of the file, in their order.
Batch FileSink::in_columns(const Batch& batch) const {
  if (!columns_) return batch;
  const auto same_name = [](const Field& a, const Field& b) { return a.name == b.name; };
  if (std::ranges::equal(batch.schema(), *columns_, same_name)) return batch;
  std::vector<Column> columns;
  for (const Field& field : *columns_) {
    const auto known = std::ranges::find(batch.columns(), field.name,
                                         [](const Column& column) { return column.field.name; });
    columns.push_back(known == batch.columns().end() ? Column{{field.name, ColumnType::null}}
                                                     : *known);
  }
  return {std::move(columns), batch.rows()};
}

void FileSink::end_load() {
  if (failure_) throw Error(*failure_);
  if (!file_) return;
  writer_->finish();
  if (format_.empty()) {
    append_to_file();
  } else {
    file_->publish();
  }
  writer_.reset();
  file_.reset();
}

void FileSink::append_to_file() {
  // Others append to the same file, in this process and in others.
  const Descriptor folder(path_.parent_path(), O_RDONLY | O_DIRECTORY);
  while (flock(folder.number(), LOCK_EX) != 0) {
    if (errno != EINTR) throw unreadable(path_.parent_path(), errno);
  }
  std::error_code failure;
  if (!fs::exists(path_, failure)) return file_->publish();
  OutputFile whole(path_, OutputFile::Existing::is_replaced);
  const std::optional<char> last = copy(path_, whole);
  if (last && *last != '\n') whole.write("\n");
  (void)copy(file_->partial(), whole);
  fs::permissions(whole.partial(), fs::status(path_).permissions(), failure);
  whole.publish();
}

}  // namespace vdk::file
