// Rows that are read more than once, in bounded memory.
#pragma once

#include <cstddef>
#include <cstdio>
#include <functional>
#include <memory>
#include <vector>

#include "vdk/base/value.hpp"

namespace vdk {

// Keeps few rows in memory and many in an unnamed temporary file. Lists and maps become their text.
class RowSpill {
 public:
  static constexpr std::size_t kInMemory = std::size_t{16} << 20U;  // bytes
  explicit RowSpill(std::size_t in_memory = kInMemory) : in_memory_(in_memory) {}

  // Throws Error (platform) where the file cannot be made or written.
  void add(const std::vector<Value>& row);
  // In the order in which they came. Throws Error (platform) where the file cannot be read.
  void for_each(const std::function<void(const std::vector<Value>&)>& visit);
  [[nodiscard]] std::size_t rows() const noexcept { return rows_; }

 private:
  struct CloseFile {
    void operator()(std::FILE* file) const noexcept { std::fclose(file); }
  };
  void write(const std::vector<Value>& row);

  std::size_t in_memory_;
  std::size_t bytes_ = 0;
  std::size_t rows_ = 0;
  std::vector<std::vector<Value>> kept_;
  std::unique_ptr<std::FILE, CloseFile> file_;
};

}  // namespace vdk
