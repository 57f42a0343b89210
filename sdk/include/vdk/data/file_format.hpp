// A file format as a plugin contributes it: how its files are read and written.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "vdk/base/error.hpp"
#include "vdk/base/export.hpp"
#include "vdk/base/value.hpp"
#include "vdk/data/batch_reader.hpp"

namespace vdk {

class Configuration;

struct InputFile {
  std::filesystem::path path;  // of a regular file
  std::string name;            // as a person knows it, for messages: "orders.csv", "standard input"
};

// Takes the bytes of a file in their order.
using ByteSink = std::function<void(std::string_view)>;

// Options are one JSON object; null means none. A format that is only read has no open_writer.
struct FileFormat {
  // All files are read as one source: a column has one type in all of them. Throws Error (user)
  // where an option or a file is wrong, and UnknownOption.
  std::function<std::unique_ptr<BatchReader>(const Configuration&, std::vector<InputFile>,
                                             const Value& options)>
      open_reader{};
  std::function<std::unique_ptr<BatchWriter>(const Configuration&, ByteSink, const Value& options)>
      open_writer{};
};

// An option, or a value of one, that the format does not know.
class VDK_API UnknownOption : public Error {
 public:
  UnknownOption(std::string option, ErrorText text);
  ~UnknownOption() override;
  [[nodiscard]] const std::string& option() const noexcept { return option_; }

 private:
  std::string option_;
};

}  // namespace vdk
