"""What the state of a job says about its run."""

from vdk.internal.core.statestore import StoreKey


class ExecutionStateStoreKeys:
    JOB_NAME = StoreKey[str]("vdk.job_name")
    JOB_GIT_HASH = StoreKey[str]("vdk.job_git_hash")
    STEPS_STARTED = StoreKey("vdk.steps_started")
    STEPS_SUCCEEDED = StoreKey("vdk.steps_succeeded")
    STEPS_FAILED = StoreKey("vdk.steps_failed")
    EXECUTION_RESULT = StoreKey("vdk.execution_result")
    TEMPLATE_NAME = StoreKey[str]("vdk.template_name")
