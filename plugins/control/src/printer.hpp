// Results of commands, for people or as JSON, in the shapes of upstream's client.
#pragma once

#include <string>
#include <vector>

#include "vdk/base/value.hpp"
#include "vdk/cli/command.hpp"

namespace vdk::control {

class Printer {
 public:
  // By the option `output` of the command line.
  explicit Printer(Invocation& invocation);

  [[nodiscard]] bool is_json() const noexcept { return json_; }

  // A list of maps: a table with the keys as its header, or a JSON list.
  void table(const std::vector<Value>& rows);
  // A map: a table of keys and values, or a JSON object.
  void map(const Value& map);
  // For people only: what was done, what to do next.
  void say(const std::string& line);

 private:
  Invocation& invocation_;
  bool json_;
};

}  // namespace vdk::control
