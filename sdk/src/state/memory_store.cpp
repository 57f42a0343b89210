#include "state/memory_store.hpp"

#include <utility>

#include <fmt/format.h>

#include "vdk/base/log.hpp"

namespace vdk {

Value MemoryStore::read(std::string_view, std::string_view) {
  const std::lock_guard lock(mutex_);
  return map_;
}

Value MemoryStore::write(std::string_view, std::string_view, const Value& map) {
  bool warn = false;
  {
    const std::lock_guard lock(mutex_);
    map_ = map;
    warn = !std::exchange(warned_, true);
  }
  if (warn) {
    const StateWords words = words_of(kind_);
    log(LogLevel::warning, "vdk.state",
        fmt::format("{} are kept in memory and are lost when the run ends; to keep them, set "
                    "{}_default_type = file.",
                    words.title, words.many));
  }
  return map;
}

}  // namespace vdk
