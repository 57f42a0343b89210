"""What can be wrong with rows that are sent."""

from vdk.internal.core.errors import BaseVdkError, ResolvableBy, _actual


class IngestionException(BaseVdkError):
    def __init__(self, message, resolvable_by=None):
        super().__init__(_actual(resolvable_by) if resolvable_by else None, resolvable_by, message)


class PayloadIngestionException(IngestionException):
    """One row, or a batch of rows, cannot be taken. Who sent it has to correct it, unless said otherwise."""

    def __init__(self, payload_id, message, destination_table="", target="", resolvable_by=None):
        super().__init__(message, resolvable_by or ResolvableBy.USER_ERROR)
        self.payload_id = payload_id
        self.destination_table = destination_table
        self.target = target


class EmptyPayloadIngestionException(PayloadIngestionException):
    def __init__(self, message=None, resolvable_by=None):
        super().__init__(
            "",
            message or "Payload given to ingestion method should not be empty.",
            resolvable_by=resolvable_by,
        )


class InvalidPayloadTypeIngestionException(PayloadIngestionException):
    def __init__(self, payload_id, expected_type, actual_type, message=None, resolvable_by=None):
        super().__init__(
            payload_id,
            message
            or f"Invalid ingestion payload type. Expected type: {expected_type}, actual type: {actual_type}.",
            resolvable_by=resolvable_by,
        )


class JsonSerializationIngestionException(PayloadIngestionException):
    def __init__(self, payload_id, original_exception, message="", resolvable_by=None):
        text = (
            message or f"Payload is not json serializable. Failure caused by {original_exception}"
        )
        super().__init__(payload_id, text, resolvable_by=resolvable_by)


class InvalidArgumentsIngestionException(IngestionException):
    """A send was called in a way that cannot work."""

    def __init__(self, param_name, param_constraint, actual_value, message="", resolvable_by=None):
        text = f"Ingestion parameter '{param_name}' is not valid. It must match constraint {param_constraint} but was '{actual_value}'."
        super().__init__(f"{text} {message}".strip(), resolvable_by or ResolvableBy.USER_ERROR)
        self.param_name = param_name
        self.param_constraint = param_constraint


class PreProcessPayloadIngestionException(PayloadIngestionException):
    def __init__(self, payload_id, destination_table, target, message, resolvable_by=None):
        super().__init__(payload_id, message, destination_table, target, resolvable_by)


class PostProcessPayloadIngestionException(PayloadIngestionException):
    def __init__(self, payload_id, destination_table, target, message, resolvable_by=None):
        super().__init__(payload_id, message, destination_table, target, resolvable_by)
