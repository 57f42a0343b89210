#include "vdk/hooks/hook_point.hpp"

#include <stdexcept>

#include <gtest/gtest.h>

namespace vdk {
namespace {

using Order = HookOrder;
using Named = HookPoint<std::string(int)>;

void add(Named& hook, const std::string& name, Order order = Order::normal) {
  hook.add(name, [name](int) { return name; }, order);
}

TEST(HookPoint, the_latest_registered_comes_first_and_among_last_ones_the_earliest) {
  Named hook;
  add(hook, "normal 1");
  add(hook, "last 1", Order::last);
  add(hook, "first 1", Order::first);
  add(hook, "normal 2");
  add(hook, "last 2", Order::last);
  add(hook, "first 2", Order::first);
  EXPECT_EQ(hook.call(0), (std::vector<std::string>{"first 2", "first 1", "normal 2", "normal 1",
                                                    "last 1", "last 2"}));
}

TEST(HookPoint, first_result_stops_at_the_first_that_says_something) {
  Named hook(HookKind::first_result);
  bool reached = false;
  hook.add("never reached", [&](int) -> std::optional<std::string> {
    reached = true;
    return "late";
  });
  add(hook, "answer");
  hook.add("silent", [](int) -> std::optional<std::string> { return std::nullopt; });
  EXPECT_EQ(hook.call_first(0), "answer");
  EXPECT_FALSE(reached);
}

TEST(HookPoint, results_leave_out_those_with_nothing_to_say) {
  Named hook;
  add(hook, "a");
  hook.add("silent", [](int) -> std::optional<std::string> { return std::nullopt; });
  add(hook, "b");
  EXPECT_EQ(hook.call(0), (std::vector<std::string>{"b", "a"}));
}

TEST(HookPoint, wrappers_surround_everything_and_may_change_results) {
  Named hook;
  std::string trace;
  const auto wrapper = [&trace](std::string name) {
    return [&trace, name](const std::function<Named::Results()>& proceed, int) {
      trace += "(" + name;
      auto results = proceed();
      trace += name + ")";
      results.push_back(name);
      return results;
    };
  };
  hook.add_wrapper("inner", wrapper("inner"));
  hook.add_wrapper("outer", wrapper("outer"));
  hook.add(
      "implementation",
      [&](int) -> std::optional<std::string> {
        trace += "!";
        return "result";
      },
      Order::first);
  EXPECT_EQ(hook.call(0), (std::vector<std::string>{"result", "inner", "outer"}));
  EXPECT_EQ(trace, "(outer(inner!inner)outer)");
}

TEST(HookPoint, an_exception_stops_the_rest_and_passes_through_wrappers) {
  Named hook;
  bool reached = false;
  bool seen_by_wrapper = false;
  hook.add("later", [&](int) -> std::optional<std::string> {
    reached = true;
    return std::nullopt;
  });
  hook.add("failing", [](int) -> std::optional<std::string> { throw std::runtime_error("no"); });
  hook.add_wrapper("wrapper", [&](const std::function<Named::Results()>& proceed, int) {
    try {
      return proceed();
    } catch (const std::runtime_error&) {
      seen_by_wrapper = true;
      throw;
    }
  });
  EXPECT_THROW(hook.call(0), std::runtime_error);
  EXPECT_FALSE(reached);
  EXPECT_TRUE(seen_by_wrapper);
}

TEST(HookPoint, another_owner_of_the_order_reaches_every_implementation) {
  Named hook;
  add(hook, "a");
  add(hook, "b", Order::first);
  hook.set_caller([&](int argument) {
    Named::Results results;
    for (const auto& implementation : hook.implementations()) {
      results.push_back("via owner: " + *implementation.function(argument));
    }
    return results;
  });
  EXPECT_EQ(hook.call(0), (std::vector<std::string>{"via owner: b", "via owner: a"}));
}

TEST(HookPoint, an_owner_is_asked_only_while_it_knows_others) {
  Named hook;
  bool has_others = false;
  int calls = 0;
  add(hook, "ours");
  hook.set_owner({.call =
                      [&](int) {
                        ++calls;
                        return Named::Results{"theirs", "ours"};
                      },
                  .has_others = [&] { return has_others; }});
  EXPECT_EQ(hook.call(0), Named::Results{"ours"});
  EXPECT_FALSE(hook.has_others());
  has_others = true;
  EXPECT_EQ(hook.call(0), (Named::Results{"theirs", "ours"}));
  EXPECT_EQ(calls, 1);
}

TEST(HookPoint, an_owner_hears_of_those_who_come_later_and_wrappers_stay_around_it) {
  Named hook;
  std::vector<std::string> heard;
  hook.set_owner(
      {.call = [](int) { return Named::Results{"owner"}; },
       .added = [&](const Named::Implementation& added) { heard.push_back(added.plugin); }});
  add(hook, "late", Order::first);
  hook.add_wrapper("wrapper", [](const std::function<Named::Results()>& proceed, int) {
    auto results = proceed();
    results.emplace_back("wrapped");
    return results;
  });
  EXPECT_EQ(heard, std::vector<std::string>{"late"});
  EXPECT_EQ(hook.call(0), (Named::Results{"owner", "wrapped"}));
}

TEST(HookPoint, registrations_are_numbered_across_hook_points) {
  Named one;
  Named other;
  add(one, "a");
  add(other, "b");
  add(one, "c", Order::first);
  EXPECT_LT(one.implementations().back().registered, other.implementations().front().registered);
  EXPECT_LT(other.implementations().front().registered, one.implementations().front().registered);
}

TEST(HookPoint, a_historic_call_reaches_those_who_come_later) {
  HookPoint<NoResult(std::string&)> hook(HookKind::historic);
  const auto saying = [](std::string word) {
    return [word](std::string& text) {
      text += word;
      return std::nullopt;
    };
  };
  std::string text;
  hook.add("before", saying("before "));
  hook.add("adding", [&](std::string& shared) {
    shared += "adding ";
    hook.add("added", saying("added "), HookOrder::first);
    return std::nullopt;
  });
  hook.call_historic(text);
  EXPECT_EQ(text, "adding added before ");
  hook.add("late", saying("late"), HookOrder::last);
  EXPECT_EQ(text, "adding added before late");
}

TEST(HookPoint, arguments_are_shared_by_reference) {
  HookPoint<NoResult(std::string&)> hook;
  hook.add("a", [](std::string& text) {
    text += "a";
    return std::nullopt;
  });
  hook.add("b", [](std::string& text) {
    text += "b";
    return std::nullopt;
  });
  std::string text;
  hook.call(text);
  EXPECT_EQ(text, "ba");
}

}  // namespace
}  // namespace vdk
