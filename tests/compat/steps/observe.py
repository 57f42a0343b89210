"""What the steps of the compatibility cases use to say what they saw.

Every observation is one line of JSON in the file that COMPAT_OBSERVED names, written and closed at
once, so that it survives whatever ends the process next.
"""

import json
import os


def described(value):
    """The value as JSON that tells tuples from lists, 1 from True and text from everything else."""
    if value is None or isinstance(value, (bool, int, str)) and type(value) in (bool, int, str):
        return value
    if type(value) is float:
        return {"float": repr(value)}
    if type(value) is list:
        return [described(item) for item in value]
    if type(value) is tuple:
        return {"tuple": [described(item) for item in value]}
    if type(value) is dict:
        return {"dict": [[described(key), described(item)] for key, item in value.items()]}
    return {type(value).__name__: repr(value)}


def record(name, value):
    """Note that `name` was `value`."""
    with open(os.environ["COMPAT_OBSERVED"], "a", encoding="utf-8") as out:
        out.write(json.dumps([name, described(value)]) + "\n")


def attempt(name, action, *arguments, **keywords):
    """Note what calling `action` gave: its value, or the class of the exception it raised."""
    try:
        value = action(*arguments, **keywords)
    except Exception as error:
        record(name, {"raises": type(error).__name__})
        return None
    record(name, value)
    return value
