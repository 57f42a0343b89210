#include "ingest/processors.hpp"

#include <fmt/format.h>

#include "base/text.hpp"
#include "vdk/base/error.hpp"

namespace vdk {

namespace {

constexpr std::string_view kPreKey = "ingest_payload_preprocess_sequence";
constexpr std::string_view kPostKey = "ingest_payload_postprocess_sequence";

}  // namespace

void Processors::add_pre(std::string_view name, std::function<PreProcessor()> make) {
  pre_.makers.insert_or_assign(lower(name), std::move(make));
}

void Processors::add_post(std::string_view name, std::function<PostProcessor()> make) {
  post_.makers.insert_or_assign(lower(name), std::move(make));
}

std::vector<std::string> Processors::sequence(std::string_view key) const {
  return split_list(lower(configuration_.get_string(key)));
}

bool Processors::has_pre() const { return !sequence(kPreKey).empty(); }
bool Processors::has_post() const { return !sequence(kPostKey).empty(); }

template <class Processor>
const std::vector<Processor>& Processors::made(Kind<Processor>& kind, std::string_view key,
                                               std::string_view word) {
  const std::lock_guard lock(mutex_);
  if (kind.ready) return kind.made;
  std::vector<Processor> made;
  for (const std::string& name : sequence(key)) {
    const auto maker = kind.makers.find(name);
    if (maker == kind.makers.end()) {
      std::vector<std::string> known;
      for (const auto& [each, make] : kind.makers) known.push_back(each);
      const auto near = nearest_name(name, known);
      throw configuration_error(
          {.what = fmt::format("There is no {} '{}'.", word, name),
           .why =
               fmt::format("{} names it, and nothing registered it. {}", key,
                           known.empty() ? std::string("None is registered.")
                                         : fmt::format("Registered are: {}.", join(known, ", "))),
           .consequence = "No row was stored.",
           .countermeasure = near ? fmt::format("Did you mean '{}'?", *near)
                                  : "Correct the name, or install the plugin that provides it."});
    }
    made.push_back(maker->second());
  }
  kind.made = std::move(made);
  kind.ready = true;
  return kind.made;
}

const std::vector<PreProcessor>& Processors::pre() { return made(pre_, kPreKey, "pre-processor"); }

const std::vector<PostProcessor>& Processors::post() {
  return made(post_, kPostKey, "post-processor");
}

}  // namespace vdk
