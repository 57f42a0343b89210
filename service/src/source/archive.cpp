#include "source/archive.hpp"

#include <archive.h>

#include <algorithm>
#include <array>
#include <memory>
#include <set>

#include <archive_entry.h>
#include <fmt/format.h>

#include "base/text.hpp"
#include "vdk/base/error.hpp"
#include "vdk/base/utf8.hpp"

namespace vdk::service {

namespace {

struct CloseReader {
  void operator()(::archive* reader) const { archive_read_free(reader); }
};
struct CloseWriter {
  void operator()(::archive* writer) const { archive_write_free(writer); }
};
struct CloseEntry {
  void operator()(archive_entry* entry) const { archive_entry_free(entry); }
};

[[noreturn]] void refuse(const std::string& why) {
  throw user_error({.what = "The uploaded sources cannot be accepted.",
                    .why = why,
                    .consequence = "Nothing was stored; the job's sources are as they were.",
                    .countermeasure = "Upload a zip archive with one folder that holds the job's "
                                      "files."});
}

// The parts of a path that stays within its archive.
std::vector<std::string> checked_path(const char* name, const ArchiveLimits& limits) {
  const std::string_view path = name != nullptr ? name : "";
  if (path.empty() || find_invalid_utf8(path)) refuse("It has a file whose name cannot be read.");
  const auto fail = [&](std::string_view what) {
    refuse(fmt::format("The name '{}' {}.", path.substr(0, 200), what));
  };
  if (path.size() > limits.path_length) fail("is too long");
  if (path.starts_with('/')) fail("is an absolute path");
  if (path.find('\\') != std::string_view::npos) fail("has a backslash");
  if (std::ranges::any_of(path, [](char c) { return static_cast<unsigned char>(c) < 32; })) {
    fail("has a control character");
  }
  auto parts = split(path, '/');
  if (!parts.empty() && parts.back().empty()) parts.pop_back();
  if (parts.size() > limits.depth) fail("is nested too deep");
  for (const auto& part : parts) {
    if (part.empty() || part == "." || part == "..") fail("leads out of its folder");
  }
  return parts;
}

bool is_left_out(const std::vector<std::string>& parts) {
  return parts.front() == "__MACOSX" ||
         std::ranges::any_of(parts, [](const std::string& part) { return part == ".git"; });
}

// How much may still be unpacked.
class Budget {
 public:
  Budget(const ArchiveLimits& limits, std::size_t packed)
      : left_(std::min(limits.total_bytes, std::max(limits.free_bytes, packed * limits.ratio))) {}
  void take(std::size_t bytes) {
    if (bytes > left_) refuse("Its files are larger, unpacked, than is allowed.");
    left_ -= bytes;
  }

 private:
  std::size_t left_;
};

std::string read_content(::archive* reader, Budget& budget) {
  std::string content;
  std::array<char, 64 * 1024> piece{};
  for (;;) {
    const auto count = archive_read_data(reader, piece.data(), piece.size());
    if (count == 0) return content;
    if (count < 0) refuse("It is damaged: a file in it cannot be unpacked.");
    budget.take(static_cast<std::size_t>(count));
    content.append(piece.data(), static_cast<std::size_t>(count));
  }
}

void check_kind(archive_entry* entry) {
  const auto kind = archive_entry_filetype(entry);
  if (archive_entry_is_encrypted(entry) != 0) refuse("It is encrypted.");
  if ((kind != AE_IFREG && kind != AE_IFDIR) || archive_entry_symlink(entry) != nullptr ||
      archive_entry_hardlink(entry) != nullptr) {
    refuse("It has a link or a device, where only files and folders may be.");
  }
}

}  // namespace

std::vector<SourceFile> read_archive(std::string_view bytes, const ArchiveLimits& limits) {
  const std::unique_ptr<::archive, CloseReader> reader(archive_read_new());
  archive_read_support_format_zip_seekable(reader.get());
  if (archive_read_open_memory(reader.get(), bytes.data(), bytes.size()) != ARCHIVE_OK) {
    refuse("It is no zip archive.");
  }
  std::vector<SourceFile> files;
  std::set<std::string> paths;
  std::string folder;
  std::size_t entries = 0;
  Budget budget(limits, bytes.size());
  for (;;) {
    archive_entry* entry = nullptr;
    const int status = archive_read_next_header(reader.get(), &entry);
    if (status == ARCHIVE_EOF) break;
    if (status != ARCHIVE_OK && status != ARCHIVE_WARN) refuse("It is no zip archive, or damaged.");
    if (++entries > limits.entries) {
      refuse(fmt::format("It has more than {} files and folders.", limits.entries));
    }
    const auto* name = archive_entry_pathname_utf8(entry);
    auto parts = checked_path(name != nullptr ? name : archive_entry_pathname(entry), limits);
    check_kind(entry);
    if (is_left_out(parts)) continue;
    const bool is_folder = archive_entry_filetype(entry) == AE_IFDIR;
    if (parts.size() == 1 && !is_folder) continue;  // beside the folder
    if (folder.empty()) folder = parts.front();
    if (parts.front() != folder || is_folder) continue;
    parts.erase(parts.begin());
    auto path = join(parts, "/");
    if (!paths.insert(path).second) refuse(fmt::format("It has the file '{}' twice.", path));
    files.push_back({.path = std::move(path),
                     .content = read_content(reader.get(), budget),
                     .is_executable = (archive_entry_perm(entry) & 0111U) != 0});
  }
  if (files.empty()) refuse("It has no folder with files.");
  std::ranges::sort(files, {}, &SourceFile::path);
  for (const auto& file : files) {
    for (auto slash = file.path.find('/'); slash != std::string::npos;
         slash = file.path.find('/', slash + 1)) {
      if (paths.contains(file.path.substr(0, slash))) {
        refuse(fmt::format("It has '{}' as a file and as a folder.", file.path.substr(0, slash)));
      }
    }
  }
  return files;
}

std::string write_archive(const std::vector<SourceFile>& files, std::string_view folder) {
  const std::unique_ptr<::archive, CloseWriter> writer(archive_write_new());
  archive_write_set_format_zip(writer.get());
  archive_write_set_bytes_in_last_block(writer.get(), 1);
  std::string bytes;
  const auto append = [](::archive*, void* target, const void* data,
                         std::size_t size) -> la_ssize_t {
    static_cast<std::string*>(target)->append(static_cast<const char*>(data), size);
    return static_cast<la_ssize_t>(size);
  };
  archive_write_open(writer.get(), &bytes, nullptr, append, nullptr);
  const std::unique_ptr<archive_entry, CloseEntry> entry(archive_entry_new());
  for (const auto& file : files) {
    archive_entry_clear(entry.get());
    const auto path = fmt::format("{}/{}", folder, file.path);
    archive_entry_update_pathname_utf8(entry.get(), path.c_str());
    archive_entry_set_filetype(entry.get(), AE_IFREG);
    archive_entry_set_perm(entry.get(), file.is_executable ? 0755 : 0644);
    archive_entry_set_size(entry.get(), static_cast<la_int64_t>(file.content.size()));
    archive_entry_set_mtime(entry.get(), 315532800, 0);  // 1980: as early as the format goes
    if (archive_write_header(writer.get(), entry.get()) != ARCHIVE_OK ||
        archive_write_data(writer.get(), file.content.data(), file.content.size()) < 0) {
      throw platform_error(
          {.what = "The sources cannot be packed.", .why = archive_error_string(writer.get())});
    }
  }
  archive_write_close(writer.get());
  return bytes;
}

}  // namespace vdk::service
