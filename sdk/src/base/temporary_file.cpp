#include "base/temporary_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <vector>

#include <fmt/format.h>

#include "vdk/base/error.hpp"

namespace vdk {

namespace {

[[noreturn]] void fail(std::string_view what) {
  throw platform_error(
      {.what = std::string(what),
       .why = fmt::format("The system says: {}.", std::strerror(errno)),
       .consequence = "The work was not done.",
       .countermeasure = "Let TMPDIR name a directory that you may write to, with enough room."});
}

}  // namespace

TemporaryFile::TemporaryFile() : descriptor_(-1) {
  std::error_code failure;
  std::string path = (std::filesystem::temp_directory_path(failure) / "vdk-XXXXXX").string();
  descriptor_ = mkostemp(path.data(), O_CLOEXEC);
  if (descriptor_ < 0) fail(fmt::format("No temporary file can be made: {}.", path));
  unlink(path.c_str());
}

TemporaryFile::~TemporaryFile() {
  if (descriptor_ >= 0) close(descriptor_);
}

std::filesystem::path TemporaryFile::path() const { return fmt::format("/dev/fd/{}", descriptor_); }

void TemporaryFile::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(descriptor_, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail("A temporary file cannot be written.");
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
}

void TemporaryFile::write_from(int descriptor) {
  constexpr std::size_t kPiece = std::size_t{1} << 18U;
  std::vector<char> piece(kPiece);
  for (;;) {
    const ssize_t count = read(descriptor, piece.data(), piece.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail("The input cannot be read.");
    if (count == 0) return;
    write({piece.data(), static_cast<std::size_t>(count)});
  }
}

}  // namespace vdk
