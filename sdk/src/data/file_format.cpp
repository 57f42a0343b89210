#include "vdk/data/file_format.hpp"

namespace vdk {

BatchReader::~BatchReader() = default;

double BatchReader::progress() const noexcept { return -1; }

BatchWriter::~BatchWriter() = default;

UnknownOption::UnknownOption(std::string option, ErrorText text)
    : Error(ResolvableBy::user, std::move(text)), option_(std::move(option)) {}

UnknownOption::~UnknownOption() = default;

}  // namespace vdk
