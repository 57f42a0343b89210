// Identifiers of runs (specification: sdk 2.8).
#pragma once

#include <string>
#include <string_view>

namespace vdk {

[[nodiscard]] std::string make_uuid4();

struct RunIds {
  std::string op_id;
  std::string execution_id;
  std::string attempt_id;
};

// Completes the ids that configuration gave (empty = not given).
[[nodiscard]] RunIds make_run_ids(std::string_view op_id, std::string_view execution_id,
                                  std::string_view attempt_id);

}  // namespace vdk
