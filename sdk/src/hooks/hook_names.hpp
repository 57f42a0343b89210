// The hook points by their names.
#pragma once

#include <algorithm>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "vdk/hooks/hooks.hpp"

namespace vdk {

// Calls `visit(name, pointer to the member)` for each hook point, in the order of a run.
template <class Visit>
void visit_hooks(Visit&& visit) {
  visit("vdk_start", &HookDispatcher::vdk_start);
  visit("vdk_command_line", &HookDispatcher::vdk_command_line);
  visit("vdk_configure", &HookDispatcher::vdk_configure);
  visit("vdk_initialize", &HookDispatcher::vdk_initialize);
  visit("vdk_exception", &HookDispatcher::vdk_exception);
  visit("vdk_exit", &HookDispatcher::vdk_exit);
  visit("initialize_job", &HookDispatcher::initialize_job);
  visit("run_job", &HookDispatcher::run_job);
  visit("run_step", &HookDispatcher::run_step);
  visit("finalize_job", &HookDispatcher::finalize_job);
  visit("db_connection_validate_operation", &HookDispatcher::db_connection_validate_operation);
  visit("db_connection_before_operation", &HookDispatcher::db_connection_before_operation);
  visit("db_connection_on_operation_failure", &HookDispatcher::db_connection_on_operation_failure);
  visit("pre_ingest_process", &HookDispatcher::pre_ingest_process);
  visit("post_ingest_process", &HookDispatcher::post_ingest_process);
}

[[nodiscard]] inline std::vector<std::string> hook_names() {
  std::vector<std::string> names;
  visit_hooks([&names](std::string_view name, auto) { names.emplace_back(name); });
  return names;
}

[[nodiscard]] inline bool is_hook(std::string_view name) {
  bool found = false;
  visit_hooks([&](std::string_view known, auto) { found = found || known == name; });
  return found;
}

}  // namespace vdk
