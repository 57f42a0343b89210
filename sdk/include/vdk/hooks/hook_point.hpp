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
#pragma once

#include <algorithm>
#include <functional>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

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
  };
  struct WrapperImplementation {
    std::string plugin;
    HookOrder order = HookOrder::normal;
    Wrapper function;
  };

  explicit HookPoint(HookKind kind = HookKind::all) : kind_(kind) {}

  // Added to a historic hook that was called before, the implementation is called at once.
  void add(std::string plugin, Function function, HookOrder order = HookOrder::normal) {
    const auto added = implementations_.insert(detail::hook_place(implementations_, order),
                                               {std::move(plugin), order, std::move(function)});
    if (replay_) replay_(added->function);
  }
  void add_wrapper(std::string plugin, Wrapper function, HookOrder order = HookOrder::normal) {
    wrappers_.insert(detail::hook_place(wrappers_, order),
                     {std::move(plugin), order, std::move(function)});
  }

  // Calls every implementation in order; the results that are something, in calling order.
  Results call(Args... args) const {
    if (caller_) return caller_(std::forward<Args>(args)...);
    return call_wrapped(0, args...);
  }
  // The one call of a historic hook, which has no wrappers. What the arguments refer to must live
  // as long as implementations are added. An implementation may add others, which are then called
  // when they are added.
  void call_historic(Args... args) {
    replay_ = [arguments = std::tuple<Args...>(args...)](const Function& function) {
      std::apply(function, arguments);
    };
    if (caller_) {
      caller_(args...);
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

  // Another owner of the order takes over (a Python plugin manager): `call` goes to it from now on,
  // and it in turn reaches the native implementations through implementations() and wrappers().
  void set_caller(Caller caller) { caller_ = std::move(caller); }
  [[nodiscard]] bool has_caller() const noexcept { return static_cast<bool>(caller_); }

 private:
  Results call_wrapped(std::size_t depth, Args&... args) const {
    if (depth < wrappers_.size()) {
      return wrappers_[depth].function([&] { return call_wrapped(depth + 1, args...); }, args...);
    }
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
  Caller caller_;
  std::function<void(const Function&)> replay_;  // set once a historic hook was called
};

}  // namespace vdk
