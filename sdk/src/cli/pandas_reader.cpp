#include "cli/pandas_reader.hpp"

#include <fmt/format.h>

#include "base/file.hpp"
#include "base/process.hpp"
#include "base/shared_library.hpp"
#include "base/text.hpp"
#include "hooks/python_environment.hpp"

namespace vdk {

namespace fs = std::filesystem;

namespace {

constexpr int kNoPandas = 3;  // the script's exit code

// A folder for one use.
class Scratch {
 public:
  Scratch() {
    std::string path = (fs::temp_directory_path() / "vdk-pandas-XXXXXX").string();
    if (!mkdtemp(path.data())) {
      throw platform_error(
          {.what = fmt::format("No temporary folder can be made: {}.", path),
           .consequence = "No row was read.",
           .countermeasure = "Let TMPDIR name a directory that you may write to."});
    }
    path_ = path;
  }
  ~Scratch() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  [[nodiscard]] const fs::path& path() const noexcept { return path_; }

 private:
  fs::path path_;
};

// Reads the rows that pandas has written, and keeps them as long as they are read.
class PandasRows : public BatchReader {
 public:
  PandasRows(std::unique_ptr<Scratch> scratch, std::unique_ptr<BatchReader> rows)
      : scratch_(std::move(scratch)), rows_(std::move(rows)) {}
  std::optional<Batch> next() override { return rows_->next(); }
  [[nodiscard]] double progress() const noexcept override { return rows_->progress(); }

 private:
  std::unique_ptr<Scratch> scratch_;
  std::unique_ptr<BatchReader> rows_;
};

UnknownOption with_advice(const UnknownOption& unknown, std::string advice) {
  ErrorText text = unknown.text();
  text.countermeasure = text.countermeasure.empty()
                            ? std::move(advice)
                            : fmt::format("{} {}", advice, text.countermeasure);
  return {unknown.option(), std::move(text)};
}

}  // namespace

std::unique_ptr<BatchReader> read_with_pandas(const FileFormat& csv,
                                              const Configuration& configuration,
                                              const std::vector<InputFile>& files,
                                              const Value& options, const UnknownOption& unknown) {
  constexpr std::chrono::hours kTimeLimit{24 * 7};
  std::string interpreter;
  try {
    interpreter = find_interpreter().executable.string();
  } catch (const Error&) {
    throw with_advice(unknown, "Install Python with pandas, which knows more.");
  }
  const fs::path script =
      installation_prefix() / "lib" / "vdk" / "python" / "vdk" / "host" / "read_csv.py";
  auto scratch = std::make_unique<Scratch>();
  Value request;
  Value::List paths;
  for (const InputFile& file : files) paths.emplace_back(fs::absolute(file.path).string());
  request.set("files", std::move(paths));
  request.set("options", options.is_null() ? Value(Value::Map{}) : options);
  // In a file, as a list of processes shows words to everybody.
  write_file_atomic(scratch->path() / "request.json", to_json(request), Access::owner_only);
  const auto output =
      run_process({interpreter, script.string(), scratch->path().string()}, kTimeLimit);
  if (!output || output->exit_code == kNoPandas) {
    throw with_advice(unknown,
                      fmt::format("Install pandas for {}, which knows more.", interpreter));
  }
  if (output->exit_code != 0) {
    const std::string_view said = trim(output->err);
    const std::size_t line = said.rfind('\n');
    throw user_error(
        {.what = fmt::format("pandas cannot read {}.", files.front().name),
         .why = std::string(line == std::string_view::npos ? said : said.substr(line + 1)),
         .consequence = "No row was read.",
         .countermeasure = "Correct the file or the options."});
  }
  auto rows = csv.open_reader(configuration, {{scratch->path() / "rows.csv", files.front().name}},
                              parse_json(read_file(scratch->path() / "types.json")));
  return std::make_unique<PandasRows>(std::move(scratch), std::move(rows));
}

}  // namespace vdk
