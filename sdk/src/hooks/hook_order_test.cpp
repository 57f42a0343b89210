// Hook points keep the order that upstream's plugins know: the arrangements and traces that
// tests/plugins/order recorded, on our own.
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "vdk/base/value.hpp"
#include "vdk/hooks/hook_point.hpp"

namespace vdk {
namespace {

using Hook = HookPoint<std::string()>;

Value read_records() {
  std::ostringstream text;
  text << std::ifstream(VDK_SOURCE_DIR "/tests/plugins/order/recorded.json").rdbuf();
  return parse_json(text.str());
}

std::string text_at(const Value& map, std::string_view key) { return *map.find(key)->if_string(); }

bool has(const std::string& marks, char mark) { return marks.find(mark) != std::string::npos; }

HookOrder order_of(const std::string& marks) {
  if (has(marks, 'f')) return HookOrder::first;
  return has(marks, 'l') ? HookOrder::last : HookOrder::normal;
}

// Names of plugins as they were called: "a", and "(a" and "a)" around what a wrapper surrounds.
using Trace = std::vector<std::string>;

void add(Hook& hook, const Value& implementation, Trace& trace) {
  const std::string plugin = text_at(implementation, "plugin");
  const std::string marks = text_at(implementation, "marks");
  const std::string action = text_at(implementation, "action");
  if (has(marks, 'o')) return;  // of a hook that there is not
  if (has(marks, 'w') || has(marks, 'n')) {
    hook.add_wrapper(
        plugin,
        [plugin, action, &trace](const std::function<Hook::Results()>& proceed) {
          trace.push_back("(" + plugin);
          Hook::Results results;
          try {
            results = proceed();
          } catch (const std::runtime_error&) {
            trace.push_back(plugin + ")");
            if (action != "stop") throw;
            return Hook::Results{"stopped"};
          }
          trace.push_back(plugin + ")");
          return action == "force" ? Hook::Results{"forced"} : results;
        },
        order_of(marks));
    return;
  }
  hook.add(
      plugin,
      [plugin, action, &trace]() -> std::optional<std::string> {
        trace.push_back(plugin);
        if (action == "raise") throw std::runtime_error(plugin);
        if (action.empty()) return std::nullopt;
        return action;
      },
      order_of(marks));
}

Trace recorded_trace(const Value& record) {
  Trace trace;
  for (const Value& entry : *record.find("trace")->if_list())
    trace.push_back(*entry.if_list()->front().if_string());
  return trace;
}

TEST(HookOrder, is_that_of_every_recorded_arrangement) {
  const Value records = read_records();
  ASSERT_EQ(records.if_list()->size(), 50U);
  for (const Value& record : *records.if_list()) {
    SCOPED_TRACE(text_at(record, "name"));
    const std::string name = text_at(record, "hook");
    const Value::List& implementations = *record.find("implementations")->if_list();
    Trace trace;
    Hook hook(name == "run_step"    ? HookKind::first_result
              : name == "vdk_start" ? HookKind::historic
                                    : HookKind::all);
    // Those that come late are registered by a plugin's vdk_start.
    const auto add_those = [&](bool late) {
      for (const Value& implementation : implementations) {
        if (*implementation.find("late")->if_bool() == late) add(hook, implementation, trace);
      }
    };
    add_those(false);
    if (hook.kind() == HookKind::historic) {
      hook.add(
          "start",
          [&]() -> std::optional<std::string> {
            add_those(true);
            return std::nullopt;
          },
          HookOrder::first);
      hook.call_historic();
    } else {
      add_those(true);
      try {
        (void)hook.call();
      } catch (const std::runtime_error&) {
        // The trace says how far it came.
      }
    }
    EXPECT_EQ(trace, recorded_trace(record));
  }
}

}  // namespace
}  // namespace vdk
