"""What a finished job or template says about itself."""

from datetime import datetime, timedelta

from vdk.internal.builtin_plugins.run.run_status import ExecutionStatus

_EPOCH = datetime(1970, 1, 1)


class StepResult:
    """How one step ended; does not change any more."""

    __slots__ = (
        "name",
        "type",
        "start_time",
        "end_time",
        "status",
        "details",
        "exception",
        "blamee",
    )

    def __init__(
        self, name, type, start_time, end_time, status, details, exception=None, blamee=None
    ):
        values = (name, type, start_time, end_time, status, details, exception, blamee)
        for attribute, value in zip(self.__slots__, values, strict=True):
            object.__setattr__(self, attribute, value)

    def __setattr__(self, attribute, value):
        raise AttributeError(f"cannot assign to field {attribute!r}")

    def _values(self):
        return {attribute: getattr(self, attribute) for attribute in self.__slots__}

    def __eq__(self, other):
        return (
            self._values() == other._values() if isinstance(other, StepResult) else NotImplemented
        )

    def __hash__(self):
        return hash(tuple(self._values().values()))

    def __repr__(self):
        return f"StepResult({', '.join(f'{name}={value!r}' for name, value in self._values().items())})"


class ExecutionResult:
    """How a job ended, and each of its steps."""

    def __init__(
        self,
        data_job_name,
        execution_id,
        start_time,
        end_time,
        status,
        steps_list,
        exception,
        blamee,
    ):
        self.data_job_name = data_job_name
        self.execution_id = execution_id
        self.start_time = start_time
        self.end_time = end_time
        self.status = status
        self.steps_list = steps_list
        self.exception = exception
        self.blamee = blamee

    def is_failed(self):
        return self.status == ExecutionStatus.ERROR

    def is_success(self):
        return self.status == ExecutionStatus.SUCCESS

    def get_exception_to_raise(self):
        """The exception of the job, else that of the first step which has one, else one that says that none is known."""
        if self.exception is not None:
            return self.exception
        for step in self.steps_list:
            if step.exception is not None:
                return step.exception
        from vdk.internal.core.errors import PlatformServiceError

        return PlatformServiceError(
            f"The data job {self.data_job_name} ended as {self.status} without an exception.",
            "No step reported one.",
        )

    get_exception = get_exception_to_raise

    def get_blamee(self):
        if self.blamee is not None:
            return self.blamee
        return next((step.blamee for step in self.steps_list if step.blamee is not None), None)

    def get_details(self):
        """The text of the root cause, or None where nothing failed."""
        if self.exception is None and all(step.exception is None for step in self.steps_list):
            return None
        cause = self.get_exception_to_raise()
        while cause.__cause__ is not None:
            cause = cause.__cause__
        return str(cause)

    def __repr__(self):
        import json

        def plain(value):
            if isinstance(value, datetime):
                return value.isoformat()
            if isinstance(value, StepResult):
                return value._values()
            if isinstance(value, BaseException):
                return {
                    **{key: str(text) for key, text in vars(value).items()},
                    "exception_name": type(value).__name__,
                }
            return str(value)

        return json.dumps(vars(self), default=plain, indent=2)


def from_core(data_job_name, execution_id, start, end, status, steps):
    """The result of a job that the core ran; times are seconds of the epoch."""

    def time(seconds):
        return _EPOCH + timedelta(seconds=seconds)

    return ExecutionResult(
        data_job_name,
        execution_id,
        time(start),
        time(end),
        ExecutionStatus(status),
        [
            StepResult(
                name, kind, time(began), time(ended), ExecutionStatus(outcome), details or None
            )
            for name, kind, began, ended, outcome, details in steps
        ],
        None,
        None,
    )
