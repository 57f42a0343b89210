// Reading JSON Lines never crashes, and gives the same rows, or an error, whatever the pieces are
// in which the file is read.
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <string>

#include "jsonl_reader.hpp"
#include "jsonl_writer.hpp"

namespace {

using namespace vdk;
using namespace vdk::jsonl;

void require(bool condition) {
  if (!condition) std::abort();
}

std::string rows_of(const InputFile& file, JsonlReader::Settings settings) {
  std::string text;
  try {
    JsonlReader reader({file}, settings);
    JsonlWriter writer([&](std::string_view piece) { text += piece; });
    while (const auto batch = reader.next()) writer.write(*batch);
    writer.finish();
  } catch (const Error&) {
    text = "wrong";  // of several errors not always the same is met first
  }
  return text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const int descriptor = memfd_create("jsonl", MFD_CLOEXEC);
  if (descriptor < 0) return 0;
  require(write(descriptor, data, size) == static_cast<ssize_t>(size));
  const InputFile file{"/proc/self/fd/" + std::to_string(descriptor), "file.jsonl"};
  const std::string whole = rows_of(file, {});
  require(rows_of(file, {.piece_bytes = 3}) == whole);
  close(descriptor);
  return 0;
}
