#include "csv_source.hpp"

#include <fcntl.h>
#include <iconv.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <utility>
#include <vector>

#include "csv_options.hpp"
#include "vdk/base/utf8.hpp"

namespace vdk::csv {
namespace {

constexpr std::size_t kPiece = std::size_t{1} << 20U;
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr std::string_view kNothingRead = "No row was read.";

std::string said(int error) {
  return std::string("The system says: ") + std::strerror(error) + ".";
}

class Converter {
 public:
  Converter(const std::string& from) : handle_(iconv_open("UTF-8", from.c_str())) {}
  ~Converter() {
    if (known()) iconv_close(handle_);
  }
  Converter(const Converter&) = delete;
  Converter& operator=(const Converter&) = delete;

  [[nodiscard]] bool known() const { return handle_ != reinterpret_cast<iconv_t>(-1); }
  // Moves `in` on; 0, or what stopped it.
  int convert(std::string_view& in, std::string& out) {
    std::vector<char> buffer(kPiece);
    while (!in.empty()) {
      char* from = const_cast<char*>(in.data());
      std::size_t left = in.size();
      char* to = buffer.data();
      std::size_t room = buffer.size();
      const std::size_t result = iconv(handle_, &from, &left, &to, &room);
      const int error = result == static_cast<std::size_t>(-1) ? errno : 0;
      out.append(buffer.data(), buffer.size() - room);
      in.remove_prefix(in.size() - left);
      if (error != 0 && error != E2BIG) return error;
    }
    return 0;
  }

 private:
  iconv_t handle_;
};

void write_all(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = write(descriptor, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      throw platform_error({.what = "A temporary file cannot be written.",
                            .why = said(errno),
                            .consequence = std::string(kNothingRead),
                            .countermeasure = "Let TMPDIR name a directory with enough room."});
    }
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
}

}  // namespace

int open_temporary_file() {
  std::error_code failure;
  std::string path = (std::filesystem::temp_directory_path(failure) / "vdk-csv-XXXXXX").string();
  const int descriptor = mkostemp(path.data(), O_CLOEXEC);
  if (descriptor < 0) {
    throw platform_error({.what = "No temporary file can be made: " + path + ".",
                          .why = said(errno),
                          .consequence = std::string(kNothingRead),
                          .countermeasure = "Let TMPDIR name a directory that you may write to."});
  }
  unlink(path.c_str());
  return descriptor;
}

Source::Source(const InputFile& file, const std::string& encoding) : name_(file.name) {
  try {
    open(file);
    if (const std::string iconv_encoding = iconv_name(encoding); iconv_encoding != "UTF-8") {
      rewrite(encoding, iconv_encoding);
    }
    if (size_ >= kByteOrderMark.size()) {
      std::string mark(kByteOrderMark.size(), '\0');
      read(mark.data(), 0, mark.size());
      if (mark == kByteOrderMark) begin_ = mark.size();
    }
  } catch (...) {
    if (descriptor_ >= 0) close(descriptor_);
    throw;
  }
}

Source::~Source() {
  if (descriptor_ >= 0) close(descriptor_);
}

Source::Source(Source&& other) noexcept
    : name_(std::move(other.name_)),
      descriptor_(std::exchange(other.descriptor_, -1)),
      begin_(other.begin_),
      size_(other.size_) {}

void Source::open(const InputFile& file) {
  descriptor_ = ::open(file.path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  struct stat status{};
  int error = descriptor_ < 0 || fstat(descriptor_, &status) != 0 ? errno : 0;
  if (error == 0 && S_ISDIR(status.st_mode)) error = EISDIR;
  if (error == 0 && !S_ISREG(status.st_mode)) error = ESPIPE;
  if (error != 0) {
    throw user_error({.what = name_ + " cannot be read.",
                      .why = said(error),
                      .consequence = std::string(kNothingRead),
                      .countermeasure = "Name a file that you may read."});
  }
#if defined(POSIX_FADV_SEQUENTIAL)
  posix_fadvise(descriptor_, 0, 0, POSIX_FADV_SEQUENTIAL);
#endif
  size_ = static_cast<std::uint64_t>(status.st_size);
}

void Source::rewrite(const std::string& encoding, const std::string& iconv_encoding) {
  Converter converter(iconv_encoding);
  if (!converter.known()) {
    throw UnknownOption("encoding", {.what = "The encoding " + encoding + " is not known.",
                                     .consequence = std::string(kNothingRead),
                                     .countermeasure = "Name it as iconv --list has it."});
  }
  int rewritten = open_temporary_file();
  std::uint64_t written = 0;
  try {
    std::string in;
    std::string out;
    for (std::uint64_t at = 0; at < size_;) {
      const std::size_t kept = in.size();
      const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(kPiece, size_ - at));
      in.resize(kept + count);
      read(in.data() + kept, at, count);
      at += count;
      std::string_view rest = in;
      out.clear();
      const int error = converter.convert(rest, out);
      write_all(rewritten, out);
      written += out.size();
      if (error == EILSEQ || (error == EINVAL && at == size_)) {
        // From here on the text that was rewritten tells the line.
        std::swap(descriptor_, rewritten);
        size_ = written;
        throw error_at(
            written, "The text is not in the encoding " + encoding + ".",
            "Byte " + std::to_string(at - rest.size() + 1) + " of the file fits nothing.",
            "Name the file's encoding with the option encoding.");
      }
      in.erase(0, in.size() - rest.size());
    }
  } catch (...) {
    close(rewritten);
    throw;
  }
  close(std::exchange(descriptor_, rewritten));
  size_ = written;
}

void Source::read(char* to, std::uint64_t from, std::size_t count) const {
  while (count != 0) {
    const ssize_t got = pread(descriptor_, to, count, static_cast<off_t>(from));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      throw platform_error({.what = name_ + " cannot be read.",
                            .why = said(errno),
                            .consequence = "What was not read yet is not ingested."});
    }
    if (got == 0) throw changed();
    to += got;
    from += static_cast<std::uint64_t>(got);
    count -= static_cast<std::size_t>(got);
  }
}

void Source::check_text(std::string_view bytes, std::uint64_t from) const {
  if (const void* zero = std::memchr(bytes.data(), '\0', bytes.size())) {
    const auto at = static_cast<std::size_t>(static_cast<const char*>(zero) - bytes.data());
    throw error_at(from + at, "The file holds a NUL byte.",
                   "No text does: it may be cut off, or "
                   "in UTF-16.",
                   "Name the file's encoding with the option encoding.");
  }
  if (const auto at = find_invalid_utf8(bytes)) {
    throw error_at(from + *at, "The text is not in the encoding utf-8.",
                   "Byte " + std::to_string(from + *at + 1) + " of the file fits nothing.",
                   "Name the file's encoding with the option encoding, for example "
                   "{\"encoding\": \"cp1252\"}.");
  }
}

Error Source::error_at(std::uint64_t place, std::string what, std::string why,
                       std::string countermeasure) const {
  std::uint64_t line = 1;
  bool after_return = false;
  std::string piece(kPiece, '\0');
  for (std::uint64_t at = 0; at < place;) {
    const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(kPiece, place - at));
    read(piece.data(), at, count);
    at += count;
    for (std::size_t i = 0; i < count; ++i) {
      const char c = piece[i];
      if (c == '\r' || (c == '\n' && !after_return)) ++line;
      after_return = c == '\r';
    }
  }
  return user_error({.what = name_ + ", line " + std::to_string(line) + ": " + std::move(what),
                     .why = std::move(why),
                     .consequence = std::string(kNothingRead),
                     .countermeasure = std::move(countermeasure)});
}

Error Source::changed() const {
  return user_error({.what = name_ + " changed while it was read.",
                     .consequence = "What was not read yet is not ingested.",
                     .countermeasure = "Ingest a file that nobody writes to."});
}

}  // namespace vdk::csv
