// The bytes of one input file, as UTF-8, readable at any place.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "vdk/base/error.hpp"
#include "vdk/data/file_format.hpp"

namespace vdk::csv {

// A temporary file without a name: it goes when it is closed, or with the process.
[[nodiscard]] int open_temporary_file();

// Text in another encoding is rewritten into a temporary file first. Any number of threads may read
// at a time.
class Source {
 public:
  // Throws Error (user) where the file cannot be read or is not in that encoding, with the line;
  // UnknownOption where nobody knows the encoding.
  Source(const InputFile& file, const std::string& encoding);
  ~Source();
  Source(Source&& other) noexcept;
  Source& operator=(Source&&) = delete;

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] std::uint64_t begin() const noexcept { return begin_; }  // behind a byte order mark
  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }

  // Throws Error (user) where the file has become shorter.
  void read(char* to, std::uint64_t from, std::size_t count) const;
  // Throws Error (user) where the bytes are no text that a CSV file can hold. `from` is their
  // place, for the message.
  void check_text(std::string_view bytes, std::uint64_t from) const;

  // An error about the record at a place, which the message names by its line.
  [[nodiscard]] Error error_at(std::uint64_t place, std::string what, std::string why,
                               std::string countermeasure) const;
  [[nodiscard]] Error changed() const;

 private:
  void open(const InputFile& file);
  void rewrite(const std::string& encoding, const std::string& iconv_encoding);

  std::string name_;
  int descriptor_ = -1;
  std::uint64_t begin_ = 0;
  std::uint64_t size_ = 0;
};

}  // namespace vdk::csv
