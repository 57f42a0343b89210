#include "gzip.hpp"

#include <zlib.h>

#include <memory>
#include <new>

namespace vdk::http {

std::string gzip(std::string_view text) {
  constexpr int kGzip = 16;  // added to the size of the window: gzip's header, not zlib's
  constexpr int kUsualMemory = 8;
  z_stream stream{};
  if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, MAX_WBITS + kGzip, kUsualMemory,
                   Z_DEFAULT_STRATEGY) != Z_OK) {
    throw std::bad_alloc();  // nothing else can be wrong with these arguments
  }
  const std::unique_ptr<z_stream, decltype(&deflateEnd)> owner(&stream, deflateEnd);
  std::string out(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);  // there is room for all of it
  out.resize(stream.total_out);
  return out;
}

}  // namespace vdk::http
