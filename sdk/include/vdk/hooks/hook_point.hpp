// One hook point: an ordered set of implementations with pluggy's rules.
//
// Order of a call: wrappers from the outside in, then implementations marked `first`, then unmarked
// ones, then those marked `last`. Among `first` and unmarked ones (wrappers too) the latest
// registered comes first; among `last` ones the earliest does. An exception stops the remaining
// implementations and passes through the wrappers.
//
// Registration happens before the first call and from one thread; calls may come from any thread
// afterwards. A historic hook is called once, and an implementation that is registered later gets
// that call at its registration.
//
// Another owner of the order (a Python plugin manager) may take a hook point over: see set_owner.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "vdk/base/export.hpp"

namespace vdk {

enum class HookOrder { first, normal, last };

enum class HookKind {
  all,           // every implementation is called
  first_result,  // up to the first implementation that returns something
  historic,      // every one, and those registered later too
};

namespace detail {

// Where an implementation with this order goes in a list kept in calling order.
template <class List>
auto hook_place(List& list, HookOrder order) {
  return std::find_if(list.begin(), list.end(), [order](const auto& other) {
    return order == HookOrder::last ? false : other.order >= order;
  });
}

// Counts the registrations of the process.
VDK_API std::uint64_t next_registration() noexcept;

}  // namespace detail

// `Result` is what one implementation returns; std::nullopt means "nothing to say". Use
// `HookPoint<bool(…)>`-like signatures; hooks without a result use `NoResult`.
struct NoResult {};

template <class Signature>
class HookPoint;

template <class Result, class... Args>
class HookPoint<Result(Args...)> {
 public:
  using Results = std::vector<Result>;
  using Function = std::function<std::optional<Result>(Args...)>;
  // Calls the rest of the chain by `proceed()`; must call it exactly once, may change or replace
  // the results.
  using Wrapper = std::function<Results(const std::function<Results()>& proceed, Args...)>;
  using Caller = std::function<Results(Args...)>;

  struct Implementation {
    std::string plugin;
    HookOrder order = HookOrder::normal;
    Function function;
    std::uint64_t registered = 0;  // grows with every registration at any hook point
  };
  struct WrapperImplementation {
    std::string plugin;
    HookOrder order = HookOrder::normal;
    Wrapper function;
  };

  // Who owns the order of a hook in the place of this list.
  struct Owner {
    // Calls every implementation in the owner's order. It reaches those of here through
    // implementations(); wrappers of here stay around all of it.
    Caller call;
    // Whether the owner knows implementations that are not in here. While it does not, both orders
    // are the same, and calls stay here. Empty: always.
    std::function<bool()> has_others{};
    // Hears of every implementation that comes later.
    std::function<void(const Implementation&)> added{};
  };

  explicit HookPoint(HookKind kind = HookKind::all) : kind_(kind) {}

  // Added to a historic hook that was called before, the implementation is called at once.
  void add(std::string plugin, Function function, HookOrder order = HookOrder::normal) {
    const auto added = implementations_.insert(
        detail::hook_place(implementations_, order),
        {std::move(plugin), order, std::move(function), detail::next_registration()});
    if (owner_.added) {
      // Copied: the owner may have the list grow.
      // NOLINTNEXTLINE(performance-unnecessary-copy-initialization)
      const Implementation implementation = *added;
      owner_.added(implementation);
    } else if (replay_) {
      replay_(added->function);
    }
  }
  void add_wrapper(std::string plugin, Wrapper function, HookOrder order = HookOrder::normal) {
    wrappers_.insert(detail::hook_place(wrappers_, order),
                     {std::move(plugin), order, std::move(function)});
  }

  // Calls every implementation in order; the results that are something, in calling order.
  Results call(Args... args) const { return call_wrapped(0, args...); }
  // The one call of a historic hook, which has no wrappers. What the arguments refer to must live
  // as long as implementations are added. An implementation may add others, which are then called
  // when they are added.
  void call_historic(Args... args) {
    replay_ = [arguments = std::tuple<Args...>(args...)](const Function& function) {
      std::apply(function, arguments);
    };
    if (owner_.call) {
      owner_.call(args...);
      return;
    }
    const auto present = implementations_;
    for (const auto& implementation : present) implementation.function(args...);
  }
  // The first result of a hook of kind `first_result`.
  std::optional<Result> call_first(Args... args) const {
    auto results = call(std::forward<Args>(args)...);
    if (results.empty()) return std::nullopt;
    return std::move(results.front());
  }

  [[nodiscard]] bool empty() const noexcept {
    return implementations_.empty() && wrappers_.empty();
  }
  [[nodiscard]] HookKind kind() const noexcept { return kind_; }
  [[nodiscard]] const std::vector<Implementation>& implementations() const noexcept {
    return implementations_;
  }
  [[nodiscard]] const std::vector<WrapperImplementation>& wrappers() const noexcept {
    return wrappers_;
  }

  // The owner takes over: before the first call, and with what it needs alive until the last one.
  void set_owner(Owner owner) { owner_ = std::move(owner); }
  void set_caller(Caller caller) { set_owner({std::move(caller)}); }
  // Whether an owner knows implementations that are not in here.
  [[nodiscard]] bool has_others() const {
    return owner_.call && (!owner_.has_others || owner_.has_others());
  }

 private:
  Results call_wrapped(std::size_t depth, Args&... args) const {
    if (depth < wrappers_.size()) {
      return wrappers_[depth].function([&] { return call_wrapped(depth + 1, args...); }, args...);
    }
    if (has_others()) return owner_.call(args...);
    Results results;
    for (const auto& implementation : implementations_) {
      if (auto result = implementation.function(args...)) {
        results.push_back(std::move(*result));
        if (kind_ == HookKind::first_result) break;
      }
    }
    return results;
  }

  HookKind kind_;
  std::vector<Implementation> implementations_;
  std::vector<WrapperImplementation> wrappers_;
  Owner owner_;
  std::function<void(const Function&)> replay_;  // set once a historic hook was called
};

}  // namespace vdk
