"""What can be wrong with properties that are written."""

from vdk.internal.core.errors import BaseVdkError, _actual


class PropertiesException(BaseVdkError):
    def __init__(self, message=None, resolvable_by=None):
        super().__init__(_actual(resolvable_by) if resolvable_by else None, resolvable_by, message)


class WritePreProcessPropertiesException(PropertiesException):
    """A write pre-processor has failed; nothing was stored."""

    def __init__(self, message=None, client="unknown", preprocess_sequence="", resolvable_by=None):
        text = message or (
            f"The write pre-processor {client} of properties failed (the sequence is {preprocess_sequence}). No property was changed."
        )
        super().__init__(text, resolvable_by)
