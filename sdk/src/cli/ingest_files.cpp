#include "cli/ingest_files.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/temporary_file.hpp"
#include "base/text.hpp"
#include "cli/command_job.hpp"
#include "cli/pandas_reader.hpp"
#include "cli/progress_line.hpp"
#include "job/cancellation.hpp"
#include "vdk/data/file_format.hpp"

namespace vdk {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kCsv = "csv";

// The ending of a file's name without the dot; of a packed file (x.csv.gz) the one before.
struct Ending {
  std::string text;
  std::string packing{};
};

Ending ending_of(const std::string& file) {
  constexpr std::array<std::string_view, 7> kPackings{"gz",  "bz2", "xz", "zst",
                                                      "zip", "tar", "tgz"};
  const auto of = [](const fs::path& path) {
    std::string text = lower(path.extension().string());
    return text.starts_with('.') ? text.substr(1) : text;
  };
  const fs::path path(file);
  const std::string last = of(path);
  if (std::ranges::find(kPackings, last) == kPackings.end()) return {last};
  return {of(path.stem()), last};
}

std::string format_of(const PluginIndex& plugins, const FilesToIngest& request) {
  if (!request.format.empty()) return lower(request.format);
  std::string format;
  for (const std::string& file : request.files) {
    const std::string own =
        file == "-" ? std::string(kCsv) : plugins.format_of_ending(ending_of(file).text);
    if (own.empty()) {
      throw user_error({.what = fmt::format("The format of {} is not known by its name.", file),
                        .consequence = "No row was read.",
                        .countermeasure = "Name it with --format."});
    }
    if (!format.empty() && own != format) {
      throw user_error(
          {.what = fmt::format("The files are of two formats, {} and {}.", format, own),
           .consequence = "No row was read.",
           .countermeasure = "Ingest them one after the other."});
    }
    format = own;
  }
  return format;
}

// Standard input as a file that can be read at any place.
class StandardInput {
 public:
  InputFile file() {
    struct stat status{};
    if (fstat(STDIN_FILENO, &status) == 0 && S_ISREG(status.st_mode)) {
      return {"/dev/fd/0", "standard input"};
    }
    kept_.emplace().write_from(STDIN_FILENO);
    return {kept_->path(), "standard input"};
  }

 private:
  std::optional<TemporaryFile> kept_;
};

// Opens the files natively, or through pandas where an option or the packing of a file asks for it.
std::unique_ptr<BatchReader> open_reader(PluginIndex& plugins, const Configuration& configuration,
                                         const std::string& format,
                                         const std::vector<InputFile>& files,
                                         const Value& options) {
  const FileFormat& chosen = plugins.format(format);
  try {
    for (const InputFile& file : files) {
      const std::string packing = ending_of(file.name).packing;
      if (packing.empty()) continue;
      throw UnknownOption("compression",
                          {.what = fmt::format("The file {} is packed ({}).", file.name, packing),
                           .why = "Packed files are not read natively.",
                           .consequence = "No row was read.",
                           .countermeasure = "Unpack it first, or pipe it into this command."});
    }
    return chosen.open_reader(configuration, files, options);
  } catch (const UnknownOption& unknown) {
    if (format != kCsv) throw;
    return read_with_pandas(chosen, configuration, files, options, unknown);
  }
}

// The method of the request or of the configuration; where both are silent, the database that is
// the default for queries.
std::string method_of(JobContext& context, const FilesToIngest& request) {
  const Configuration& configuration = context.configuration();
  if (!request.method.empty() || !configuration.get_string("ingest_method_default").empty()) {
    return request.method;
  }
  const std::string type = context.connections().default_type(configuration);
  const std::vector<std::string> methods = context.ingester().methods();
  return std::ranges::find(methods, type) == methods.end() ? std::string() : type;
}

}  // namespace

int ingest_files(Program& program, const FilesToIngest& request,
                 const std::function<void(const std::vector<LoadStatistics>&)>& done) {
  std::vector<LoadStatistics> loaded;
  std::vector<std::string> settings = request.settings;
  // Without a ledger nobody knows what is there already.
  if (!request.once.empty()) settings.emplace_back("ingest_ledger=required");
  const auto ingest = [&](JobContext& context) {
    const std::vector<Destination> destinations =
        context.ingester().resolve(method_of(context, request), request.target, request.table, {});
    const std::string format = format_of(program.plugins(), request);
    StandardInput standard_input;
    std::vector<InputFile> files;
    for (const std::string& file : request.files) {
      files.push_back(file == "-" ? standard_input.file() : InputFile{file, file});
    }
    const auto reader =
        open_reader(program.plugins(), context.configuration(), format, files, request.options);
    ProgressLine progress(program.host());
    context.ingester().begin_step("ingest");
    std::int64_t rows = 0;
    while (std::optional<Batch> batch = reader->next()) {
      context.scope().cancellation.check();
      rows += static_cast<std::int64_t>(batch->rows());
      for (std::size_t i = 0; i + 1 < destinations.size(); ++i) {
        context.ingester().send(destinations[i], *batch);
      }
      context.ingester().send(destinations.back(), std::move(*batch));
      progress.show(reader->progress(), rows);
    }
    context.ingester().end_step();
    context.ingester().flush();
    loaded = context.ingester().statistics();
  };
  const int code =
      run_as_job(program,
                 {.settings = settings,
                  .resumed = request.once.empty() ? std::string() : "ingest " + request.once},
                 ingest);
  if (code == 0) done(loaded);
  return code;
}

}  // namespace vdk
