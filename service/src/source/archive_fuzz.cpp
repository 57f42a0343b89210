// Whatever is uploaded is read within its limits or refused with an error that can be told.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "source/archive.hpp"
#include "vdk/base/error.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  try {
    const auto files =
        vdk::service::read_archive(bytes, {.entries = 100, .total_bytes = std::size_t{1} << 20});
    const auto version = vdk::service::version_of(files);
    // What was read can be packed and read again, and is the same.
    const auto again =
        vdk::service::read_archive(vdk::service::write_archive(files, "job"), {.ratio = 1'000'000});
    if (vdk::service::version_of(again) != version) __builtin_trap();
  } catch (const vdk::Error&) {
  }
  return 0;
}
