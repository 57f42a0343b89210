#include "graphql/job_search.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/format.h>

#include "base/text.hpp"

namespace vdk::service::graphql {

const InputType kDirection{
    .kind = InputType::Kind::enumeration, .name = "Direction", .words = {"ASC", "DESC"}};
const InputType kPredicate{
    .kind = InputType::Kind::object,
    .name = "Predicate",
    .members = {{"property", &kString}, {"pattern", &kString}, {"sort", &kDirection}}};
const InputType kPredicates{
    .kind = InputType::Kind::list, .name = "Predicate", .item = &kPredicate};

namespace {

constexpr std::size_t kMostPredicates = 20;
constexpr std::size_t kLongestPattern = 1000;

class Refusal : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Ten digits on both sides, as upstream's service wants to have them.
JobSearch::Period period(std::string_view property, std::string_view pattern) {
  constexpr std::size_t kDigits = 10;
  const auto seconds = [&](std::string_view text) {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (text.size() != kDigits || error != std::errc{} || end != text.data() + text.size()) {
      throw Refusal(fmt::format("'{}' of {} is no period. The form is \"1619460302-1619460302\"",
                                pattern, property));
    }
    return Time(std::chrono::seconds(number));
  };
  const auto dash = pattern.find('-');
  const auto until = dash == std::string_view::npos ? "" : pattern.substr(dash + 1);
  const JobSearch::Period period{
      .from = seconds(pattern.substr(0, dash)),
      .until = seconds(until) + std::chrono::seconds(1) - std::chrono::microseconds(1)};
  if (period.from > period.until) {
    throw Refusal(fmt::format("The period '{}' of {} ends before it begins", pattern, property));
  }
  return period;
}

void filter_enabled(JobSearch& search, std::string_view pattern) {
  const auto word = lower(pattern);
  if (word == "enabled") {
    search.enabled.emplace_back(true);
  } else if (word == "disabled") {
    search.enabled.emplace_back(false);
  } else if (word == "not_deployed") {
    search.enabled.emplace_back(std::nullopt);
  } else {
    search.matches_nothing = true;
  }
}

void filter_status(JobSearch& search, std::string_view pattern) {
  if (const auto status = parse_execution_status(pattern)) {
    search.last_statuses.push_back(*status);
  } else {
    search.matches_nothing = true;
  }
}

struct Property {
  std::string_view name;  // in lower case
  void (*filter)(JobSearch& search, std::string_view pattern);
  std::optional<JobProperty> order;
};

// Those of upstream that say nothing of jobs are taken and passed over.
void ignore(JobSearch& /*search*/, std::string_view /*pattern*/) {}
void match_nothing(JobSearch& search, std::string_view /*pattern*/) {
  search.matches_nothing = true;
}

const std::array kProperties{
    Property{"jobname", [](JobSearch& s, std::string_view p) { s.names.emplace_back(p); },
             JobProperty::name},
    Property{"config.team", [](JobSearch& s, std::string_view p) { s.teams.emplace_back(p); },
             JobProperty::team},
    Property{"config.description",
             [](JobSearch& s, std::string_view p) { s.descriptions.emplace_back(p); },
             JobProperty::description},
    Property{"config.schedule.schedulecron", ignore, std::nullopt},
    Property{"config.sourceurl", ignore, std::nullopt},
    Property{"deployments.enabled", filter_enabled, JobProperty::enabled},
    Property{"deployments.jobpythonversion",
             [](JobSearch& s, std::string_view p) { s.python_versions.emplace_back(p); },
             JobProperty::python_version},
    Property{"deployments.lastexecutionstatus", filter_status, JobProperty::last_execution_status},
    Property{"deployments.lastexecutiontime",
             [](JobSearch& s, std::string_view p) {
               s.last_ends.push_back(period("deployments.lastExecutionTime", p));
             },
             JobProperty::last_execution_time},
    Property{"deployments.lastexecutionduration", match_nothing,
             JobProperty::last_execution_duration},
};

const std::string* text_of(const Value& predicate, std::string_view name) {
  const auto* value = predicate.find(name);
  return value != nullptr ? value->if_string() : nullptr;
}

void apply(JobSearch& search, const Value& predicate) {
  const auto* name = text_of(predicate, "property");
  const auto* pattern = text_of(predicate, "pattern");
  const auto* sort = text_of(predicate, "sort");
  if (name == nullptr) throw Refusal("An element of the filter has no property");
  const auto property = std::ranges::find(kProperties, lower(*name), &Property::name);
  if (property == kProperties.end()) {
    throw Refusal(fmt::format("Jobs are neither filtered nor sorted by '{}'", *name));
  }
  if (pattern == nullptr && sort == nullptr) {
    throw Refusal(fmt::format("The filter by '{}' has neither a pattern nor a sort", *name));
  }
  if (pattern != nullptr) {
    if (pattern->size() > kLongestPattern) {
      throw Refusal(
          fmt::format("The pattern of '{}' is longer than {} bytes", *name, kLongestPattern));
    }
    property->filter(search, *pattern);
  }
  if (sort != nullptr) {
    search.order = property->order.value_or(JobProperty::name);
    search.is_descending = *sort == "DESC" && property->order.has_value();
  }
}

// The first page has the number 1; the schema's standard of 0 is a mistake of whoever leaves it
// out.
void apply_page(JobSearch& search, const Selection& jobs) {
  const auto number = [&](std::string_view name) -> std::int64_t {
    const auto* value = jobs.argument(name);
    return value != nullptr && value->if_integer() != nullptr ? *value->if_integer() : 0;
  };
  const auto page = number("pageNumber");
  search.limit = number("pageSize");
  if (page < 1) throw Refusal("Page cannot be less than 1");
  if (search.limit < 1) throw Refusal("Page size cannot be less than 1");
  search.offset = (page - 1) * search.limit;
}

void apply_filter(JobSearch& search, const Value& filter) {
  const auto* predicates = filter.if_list();
  if (predicates == nullptr) return;
  if (predicates->size() > kMostPredicates) {
    throw Refusal(fmt::format("The filter has more than {} elements", kMostPredicates));
  }
  for (auto one = predicates->begin(); one != predicates->end(); ++one) {
    if (one->is_null()) continue;
    if (std::find(predicates->begin(), one, *one) != one) {
      throw Refusal("An element of the filter is there twice");
    }
    apply(search, *one);
  }
}

}  // namespace

JobSearch job_search(const Selection& jobs) {
  JobSearch search;
  try {
    apply_page(search, jobs);
    if (const auto* filter = jobs.argument("filter")) apply_filter(search, *filter);
    const auto* text = jobs.argument("search");
    if (text != nullptr && text->if_string() != nullptr && !trim(*text->if_string()).empty()) {
      throw Refusal("'search' is not answered yet: use a filter");
    }
  } catch (const Refusal& refusal) {
    throw QueryError::fetching(refusal.what(), jobs.location, {jobs.key});
  }
  return search;
}

}  // namespace vdk::service::graphql
