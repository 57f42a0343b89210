#include "reconcile/workshop.hpp"

#include <sys/stat.h>

#include <fstream>

#include <fmt/format.h>

#include "base/ids.hpp"
#include "source/archive.hpp"
#include "store/source_store.hpp"
#include "vdk/base/error.hpp"

namespace vdk::service {

namespace {

void write_files(const std::filesystem::path& folder, const std::vector<SourceFile>& files) {
  for (const auto& file : files) {
    const auto path = folder / file.path;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream stream(path, std::ios::binary);
    stream.write(file.content.data(), static_cast<std::streamsize>(file.content.size()));
    stream.close();
    if (!stream) {
      throw platform_error({.what = "The sources of a job cannot be unpacked.",
                            .why = fmt::format("'{}' cannot be written.", path.string())});
    }
    if (file.is_executable) ::chmod(path.c_str(), 0755);
  }
}

}  // namespace

Workshop::Workshop(Database& database, std::filesystem::path directory, EnvironmentBuilder builder)
    : database_(database), directory_(std::move(directory)), builder_(std::move(builder)) {}

Artifact Workshop::provide(const std::string& job_name, const std::string& version,
                           const std::string& python, const LineLog& log) {
  auto job = unpack(job_name, version);
  auto environment = builder_(job, python, log);
  return {.job = std::move(job), .environment = std::move(environment)};
}

std::filesystem::path Workshop::unpack(const std::string& job_name, const std::string& version) {
  // The folder appears when it is whole, so it is never seen half written.
  const auto place = directory_ / job_name / version;
  const auto folder = place / job_name;
  if (std::filesystem::exists(folder)) return folder;
  const auto archive = database_.read(
      [&](Connection& connection) { return find_source(connection, job_name, version); });
  if (!archive) {
    throw user_error(
        {.what = fmt::format("There is no version '{}' of the job '{}'.", version, job_name),
         .why = "No upload of the job's sources has given that version.",
         .consequence = "It is not deployed; what was deployed before goes on.",
         .countermeasure = "Upload the sources, and deploy the version that the "
                           "answer names."});
  }
  const auto scratch = directory_ / (".unpack-" + make_uuid4());
  std::error_code error;
  try {
    // It was read before, when it was uploaded: only its own limits count here.
    write_files(scratch / job_name, read_archive(*archive, {.ratio = 1'000'000}));
    std::filesystem::create_directories(place.parent_path());
    std::filesystem::rename(scratch, place, error);
  } catch (...) {
    std::filesystem::remove_all(scratch, error);
    throw;
  }
  std::filesystem::remove_all(scratch, error);  // where another was quicker
  return folder;
}

}  // namespace vdk::service
