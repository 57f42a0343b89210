// Reading CSV never crashes, and gives the same rows, or the same error, whatever the pieces are in
// which the file is read.
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <string>

#include "csv_reader.hpp"
#include "vdk/data/text_form.hpp"

namespace {

using namespace vdk;
using namespace vdk::csv;

void require(bool condition) {
  if (!condition) std::abort();
}

// The first bytes choose the options.
ReadOptions options_of(std::uint8_t choice) {
  ReadOptions options = parse_read_options({});
  if ((choice & 1U) != 0) options.dialect.delimiter = ';';
  if ((choice & 2U) != 0) options.dialect.escape = '\\';
  if ((choice & 4U) != 0) options.dialect.comment = '#';
  if ((choice & 8U) != 0) options.dialect.thousands = '.';
  if ((choice & 16U) != 0) options.header.reset();
  if ((choice & 32U) != 0) options.skip = {0, 3};
  if ((choice & 64U) != 0) options.rows = 2;
  if ((choice & 128U) != 0) options.dialect.quote = '\'';
  return options;
}

std::string rows_of(const InputFile& file, std::uint8_t choice, CsvReader::Settings settings) {
  std::string text;
  try {
    CsvReader reader({file}, options_of(choice), settings);
    while (const auto batch = reader.next()) {
      for (std::size_t row = 0; row < batch->rows(); ++row) {
        for (const Column& column : batch->columns()) {
          text += column.is_null(row) ? '~' : '=';
          append_cell_text(text, column, row);
          text += std::string(to_string(column.field.type)) + '\x1f';
        }
        text += '\x1e';
      }
    }
  } catch (const Error& error) {
    text = error.what();
  }
  return text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const int descriptor = memfd_create("csv", MFD_CLOEXEC);
  if (descriptor < 0) return 0;
  require(write(descriptor, data + 1, size - 1) == static_cast<ssize_t>(size - 1));
  const InputFile file{"/proc/self/fd/" + std::to_string(descriptor), "file.csv"};
  const std::string whole = rows_of(file, data[0], {.threads = 1});
  require(rows_of(file, data[0], {.piece_bytes = 5, .threads = 1}) == whole);
  require(rows_of(file, data[0], {.piece_bytes = 3, .threads = 2}) == whole);
  close(descriptor);
  return 0;
}
