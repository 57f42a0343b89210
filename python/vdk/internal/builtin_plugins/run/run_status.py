"""How a step or a job ended."""

from enum import Enum


class ExecutionStatus(str, Enum):
    SUCCESS = "success"
    NOT_RUNNABLE = "not_runnable"
    ERROR = "error"
    SKIP_REQUESTED = "skip_requested"
