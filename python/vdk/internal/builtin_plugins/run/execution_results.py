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
        for attribute, value in zip(StepResult.__slots__, values, strict=True):
            object.__setattr__(self, attribute, value)

    def __setattr__(self, attribute, value):
        raise AttributeError(f"cannot assign to field {attribute!r}")

    def _values(self):
        return {attribute: getattr(self, attribute) for attribute in StepResult.__slots__}

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

        shown = {name: value for name, value in vars(self).items() if name != "_core"}
        return json.dumps(shown, default=plain, indent=2)


def _time(seconds):
    return _EPOCH + timedelta(seconds=seconds)


def seconds_of(time):
    """Seconds of the epoch; of a time without zone that is UTC."""
    return time.timestamp() if time.tzinfo is not None else (time - _EPOCH).total_seconds()


class _CoreStepResult(StepResult):
    __slots__ = ("_core",)


def step_from_core(name, kind, start, end, status, details, exception, blamee, core):
    """The result of a step that the core ran; times are seconds of the epoch."""
    result = _CoreStepResult(
        name,
        kind,
        _time(start),
        _time(end),
        ExecutionStatus(status),
        details or None,
        exception,
        _blamee(blamee),
    )
    object.__setattr__(result, "_core", core)
    return result


def from_core(data_job_name, execution_id, start, end, status, steps, exception, blamee, core):
    """The result of a job that the core ran; times are seconds of the epoch."""
    result = ExecutionResult(
        data_job_name,
        execution_id,
        _time(start),
        _time(end),
        ExecutionStatus(status),
        list(steps),
        exception,
        _blamee(blamee),
    )
    result._core = core
    return result


def _blamee(kind):
    if kind is None:
        return None
    from vdk.internal.core.error_classifiers import ResolvableBy

    return ResolvableBy(kind)
