// How a CSV file is written: the characters that mean something.
#pragma once

namespace vdk::csv {

// '\0' means that there is none; no file may hold that character.
struct Dialect {
  char delimiter = ',';
  char quote = '"';
  char escape = '\0';
  char comment = '\0';
  char decimal = '.';
  char thousands = '\0';
};

}  // namespace vdk::csv
