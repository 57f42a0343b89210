#include "vdk/job/step.hpp"

namespace vdk {

std::string_view to_string(StepStatus status) noexcept {
  switch (status) {
    case StepStatus::success:
      return "success";
    case StepStatus::not_runnable:
      return "not_runnable";
    case StepStatus::error:
      return "error";
    case StepStatus::skip_requested:
      return "skip_requested";
  }
  return "error";
}

Failure describe_failure(const std::exception_ptr& error) {
  Failure failure;
  failure.error = error;
  try {
    std::rethrow_exception(error);
  } catch (const Error& known) {
    failure.resolvable_by = known.resolvable_by();
    failure.type_name = known.type_name();
    failure.message = known.what();
    failure.locations = known.locations();
  } catch (const std::bad_alloc&) {
    failure.resolvable_by = ResolvableBy::user;
    failure.type_name = "MemoryError";
    failure.message = "The run needs more memory than there is.";
  } catch (const std::exception& other) {
    failure.type_name = "PlatformServiceError";
    failure.message = other.what();
  } catch (...) {
    failure.type_name = "PlatformServiceError";
    failure.message = "An exception of an unknown kind ended the step.";
  }
  return failure;
}

}  // namespace vdk
