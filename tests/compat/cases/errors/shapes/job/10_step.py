from observe import record
from vdk.internal.core import errors


def run(job_input):
    for name in ("UserCodeError", "PlatformServiceError", "VdkConfigurationError", "DomainError",
                 "SkipRemainingStepsException"):
        kind = getattr(errors, name)
        record(name, [c.__name__ for c in kind.__mro__])
    error = errors.UserCodeError("what", "why", "consequence", "countermeasure")
    record("text", str(error).replace("ResolvableByActual.USER", "USER").replace("type User", "type USER"))
    message = errors.ErrorMessage("summary", "what", "why", "consequences", "countermeasures")
    record("message", str(message))
    record("with_message", "why" in str(errors.PlatformServiceError(message)))
    record("matches", [
        errors.exception_matches(ValueError("some text"), "ValueError", "some.*"),
        errors.exception_matches(ValueError("some text"), "ValueError", "some"),
    ])
    record("resolvable", [member.value for member in errors.ResolvableBy])
    record("blame", errors.find_whom_to_blame_from_exception(error).value)
    record("blame_of_another", errors.find_whom_to_blame_from_exception(ValueError()).value)
