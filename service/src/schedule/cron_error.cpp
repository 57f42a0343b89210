#include "schedule/cron_error.hpp"

#include <string>

#include <fmt/format.h>

#include "vdk/base/error.hpp"

namespace vdk::service {

void fail_cron(std::string_view expression, std::size_t offset, std::string_view reason,
               std::string_view countermeasure) {
  constexpr std::size_t shown = 100;
  std::string quoted(expression.substr(0, shown));
  for (char& c : quoted) {
    if (static_cast<unsigned char>(c) < ' ' || c == '\x7f') c = ' ';
  }
  if (expression.size() > shown) quoted += "...";
  Error error = user_error({.what = fmt::format("The schedule '{}' is not valid.", quoted),
                            .why = fmt::format("At character {}, {}.", offset + 1, reason),
                            .consequence = "Nothing would ever run by it.",
                            .countermeasure = std::string(countermeasure)});
  error.set_place({.text = std::string(expression), .offset = offset});
  throw error;  // NOLINT(misc-throw-by-value-catch-by-reference): a local that has its place now
}

}  // namespace vdk::service
