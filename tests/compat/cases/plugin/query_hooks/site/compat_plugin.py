from observe import record
from vdk.api.plugin.hook_markers import hookimpl


@hookimpl
def db_connection_validate_operation(operation, parameters):
    record("validate", [operation, parameters])
    if "forbidden" in operation:
        raise ValueError("not this one")


@hookimpl
def db_connection_on_operation_failure(operation, exception):
    record("failure", [operation.get_operation(), type(exception).__name__])
