"""What can be wrong with secrets that are written."""

from vdk.internal.core.errors import BaseVdkError, _actual


class SecretsException(BaseVdkError):
    def __init__(self, message=None, resolvable_by=None):
        super().__init__(_actual(resolvable_by) if resolvable_by else None, resolvable_by, message)


class WritePreProcessSecretsException(SecretsException):
    """A write pre-processor has failed; nothing was stored."""

    def __init__(self, message=None, client="unknown", preprocess_sequence="", resolvable_by=None):
        text = message or (
            f"The write pre-processor {client} of secrets failed (the sequence is {preprocess_sequence}). No secret was changed."
        )
        super().__init__(text, resolvable_by)
