"""The termination file, for plugins that end the process before the program can write it."""

from vdk import _native


class TerminationMessageWriterPlugin:
    @staticmethod
    def write_termination_message(
        error_overall=None, user_error=None, configuration=None, execution_skipped=False
    ):
        """Writes how the run ended where the configuration says; nowhere if it names no file."""
        if execution_skipped:
            status = "Skipped"
        elif error_overall:
            status = "User error" if user_error else "Platform error"
        else:
            status = "Success"
        _native.write_termination(configuration._native, status)
