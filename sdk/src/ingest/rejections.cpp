#include "ingest/rejections.hpp"

#include <algorithm>
#include <cstdint>
#include <ranges>
#include <string>

#include <fmt/format.h>

#include "base/text.hpp"
#include "ingest/destination.hpp"

namespace vdk {

void add_rejections(std::vector<Rejection>& sum, const std::vector<Rejection>& more) {
  for (const Rejection& rejection : more) {
    const auto known = std::ranges::find_if(sum, [&](const Rejection& other) {
      return other.reason == rejection.reason && other.column == rejection.column;
    });
    if (known == sum.end()) {
      sum.push_back(rejection);
    } else {
      known->rows += rejection.rows;
    }
  }
}

Error unrepeated_rows(const Destination& destination, std::int64_t stored) {
  return user_error(
      {.what = fmt::format("The step does not repeat its rows for {}.", in_words(destination)),
       .why = fmt::format("An earlier attempt of this execution stored {} {}, and those sent now "
                          "begin otherwise or end before.",
                          stored, plural(stored, "row", "rows")),
       .consequence = "No further row of this load was stored.",
       .countermeasure =
           "A run can only be resumed where a step sends the same rows in the same order, with the "
           "same settings of ingestion. Run the job anew after removing what it stored."});
}

Error rejection_error(const std::vector<std::pair<Destination, Rejection>>& rejected) {
  std::int64_t rows = 0;
  std::string reasons;
  std::vector<std::pair<Destination, Rejection>> shown;
  for (const auto& [destination, rejection] : rejected) {
    rows += rejection.rows;
    const auto known = std::ranges::find_if(shown, [&](const auto& other) {
      return other.first == destination && other.second.reason == rejection.reason &&
             other.second.column == rejection.column;
    });
    if (known == shown.end()) {
      shown.emplace_back(destination, rejection);
    } else {
      known->second.rows += rejection.rows;
    }
  }
  constexpr std::size_t kMostShown = 5;
  for (const auto& [destination, rejection] : shown | std::views::take(kMostShown)) {
    reasons += fmt::format("{}{} ({}{}{} {}, first row {}): {}", reasons.empty() ? "" : " ",
                           in_words(destination), rejection.reason,
                           rejection.column.empty() ? ", " : ", column " + rejection.column + ", ",
                           rejection.rows, plural(rejection.rows, "row", "rows"),
                           rejection.first_row, rejection.message);
  }
  return user_error(
      {.what = fmt::format("{} {} rejected.", rows, plural(rows, "row was", "rows were")),
       .why = std::move(reasons),
       .consequence = "All other rows were stored.",
       .countermeasure =
           "Correct the rows or the table. To let such rows pass, raise ingest_max_rejected_rows, "
           "set ingest_dead_letter to a directory that keeps them, or choose another "
           "ingest_contract."});
}

}  // namespace vdk
