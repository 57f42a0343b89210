// The one exception of the core, and who can resolve it.
#pragma once

#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "vdk/base/export.hpp"

namespace vdk {

enum class ResolvableBy { user, platform, configuration };

// "User Error", "Platform error", "Configuration error": the spelling of summaries and logs,
// capitals included.
[[nodiscard]] VDK_API std::string_view to_string(ResolvableBy by) noexcept;

// The four questions that an error answers. `what` is required and is the first line that a person
// reads.
struct ErrorText {
  std::string what;
  std::string why{};
  std::string consequence{};
  std::string countermeasure{};
};

// A place in a text that an engine was given: of an error, or where the statement that failed
// begins.
struct TextPlace {
  std::string text;
  std::size_t offset = 0;  // in bytes
};

class VDK_API Error : public std::runtime_error {
 public:
  Error(ResolvableBy by, ErrorText text);
  ~Error() override;

  [[nodiscard]] ResolvableBy resolvable_by() const noexcept { return by_; }
  [[nodiscard]] const ErrorText& text() const noexcept { return text_; }

  // The class name that users, plugins and summaries know: UserCodeError, VdkConfigurationError,
  // ... For an exception of another language its own class name.
  [[nodiscard]] virtual std::string type_name() const;
  // Whether the same may go well a little later: a server that starts, a network that is cut.
  [[nodiscard]] virtual bool is_transient() const noexcept;
  // Where it happened in the user's own files, innermost last ("20_load.py:7 in run"); empty where
  // unknown.
  [[nodiscard]] const std::vector<std::string>& locations() const noexcept { return locations_; }
  void add_location(std::string location) { locations_.push_back(std::move(location)); }

  // For whoever knows which file the text came from.
  [[nodiscard]] const std::optional<TextPlace>& place() const noexcept { return place_; }
  void set_place(TextPlace place) { place_ = std::move(place); }

 private:
  ResolvableBy by_;
  ErrorText text_;
  std::vector<std::string> locations_;
  std::optional<TextPlace> place_;
};

[[nodiscard]] inline Error user_error(ErrorText text) {
  return {ResolvableBy::user, std::move(text)};
}
[[nodiscard]] inline Error platform_error(ErrorText text) {
  return {ResolvableBy::platform, std::move(text)};
}
[[nodiscard]] inline Error configuration_error(ErrorText text) {
  return {ResolvableBy::configuration, std::move(text)};
}

// Ends the job (or template) successfully without running its remaining steps.
class VDK_API SkipRemainingSteps : public std::exception {
 public:
  explicit SkipRemainingSteps(std::string reason);
  ~SkipRemainingSteps() override;
  [[nodiscard]] const char* what() const noexcept override;

 private:
  std::string reason_;
};

// A step asked for the end of the whole process (Python's sys.exit): `code` is its exit status.
class VDK_API ExitRequested : public Error {
 public:
  ExitRequested(int code, ErrorText text);
  ~ExitRequested() override;
  [[nodiscard]] int code() const noexcept { return code_; }
  [[nodiscard]] std::string type_name() const override;

 private:
  int code_;
};

// The run was told to end: SIGTERM (exit 143) or SIGINT (exit 130).
class VDK_API Cancelled : public Error {
 public:
  explicit Cancelled(int signal_number);
  ~Cancelled() override;
  [[nodiscard]] int signal_number() const noexcept { return signal_; }
  [[nodiscard]] int exit_code() const noexcept { return 128 + signal_; }
  [[nodiscard]] std::string type_name() const override;

 private:
  int signal_;
};

}  // namespace vdk
