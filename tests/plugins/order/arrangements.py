"""Fifty arrangements of plugins: who implements which hook, how it is marked, and what it does.

An arrangement is a list of implementations in the order in which they are registered. Each is written
as PLUGIN[:MARKS][=ACTION]; the plugin's name in capitals says that it is an object which the plugin
`start` registers from its vdk_start, so later than all others and than most of the program.

MARKS: f tryfirst, l trylast, w wrapper of the old style, n wrapper of the new style, o optional.
ACTION: a result to return (of a hook that takes the first one), `raise`, or, of a wrapper, `force`
(it replaces the result) or `stop` (it handles the exception).
"""

_ORDERS = {
    "one": "a",
    "two": "a b",
    "three": "a b c",
    "first": "a b:f c",
    "two_first": "a:f b c:f",
    "last": "a:l b c",
    "two_last": "a:l b c:l",
    "all_marks": "a:l b:f c d:l e:f g",
    "late": "a b C",
    "two_late": "a B C",
    "late_first": "a:f b C D:f",
    "late_last": "a:l b C:l",
    "everything": "a:f b c:l D:f E G:l h:f i:l",
    "wrapper": "a b:w c",
    "two_wrappers": "a:w b c:w",
    "first_wrapper": "a:wf b:w c d:w",
    "last_wrapper": "a:w b:wl c d:w",
    "late_wrapper": "a:w b C:w",
    "new_wrapper": "a b:n c",
    "both_wrappers": "a:w b:n c d:w e:n",
    "wrappers_and_marks": "a:w b:f c:l D:w e:wf G",
    "optional": "a b:o c",
}

_RESULTS = {
    "result": "a b=value c",
    "first_result_of_two": "a=one b=two",
    "result_of_first": "a:f=one b=two",
    "result_of_last": "a:l=one b",
    "result_of_late": "a=one B=two",
    "wrapper_sees_result": "a:w b=value",
    "wrapper_forces_result": "a:w=force b=value",
    "inner_and_outer": "a:w b:w=force c=value",
    "new_wrapper_forces_result": "a:n=force b=value",
    "none_has_a_result": "a b:w c",
}

_FAILURES = {
    "failure_stops_the_rest": "a b=raise c",
    "failure_of_first": "a b c:f=raise",
    "failure_of_last": "a:l=raise b c",
    "wrapper_sees_failure": "a:w b=raise c",
    "wrapper_handles_failure": "a:w=stop b=raise",
    "outer_sees_what_inner_made": "a:w=stop b:w c=raise",
    "new_wrapper_sees_failure": "a:n b=raise",
    "failure_of_late": "a B=raise",
}


def arrangements():
    """Name, hook and implementations of each."""
    found = [(f"initialize_job-{name}", "initialize_job", text) for name, text in _ORDERS.items()]
    found += [
        (f"{hook}-{name}", hook, _ORDERS[name])
        for hooks, names in (
            (
                ("vdk_configure", "db_connection_before_operation"),
                ("all_marks", "everything", "wrappers_and_marks"),
            ),
            (("vdk_start", "finalize_job"), ("all_marks", "everything")),
        )
        for hook in hooks
        for name in names
    ]
    found += [
        (f"run_step-{name}", "run_step", text) for name, text in (_RESULTS | _FAILURES).items()
    ]
    return [(name, hook, [_parse(word) for word in text.split()]) for name, hook, text in found]


def _parse(word):
    head, _, action = word.partition("=")
    plugin, _, marks = head.partition(":")
    return {"plugin": plugin, "marks": marks, "action": action, "late": plugin.isupper()}


_MARKS = {
    "f": "tryfirst=True",
    "l": "trylast=True",
    "w": "hookwrapper=True",
    "n": "wrapper=True",
    "o": "optionalhook=True",
}

_ARGUMENTS = {"run_step": "step"}


def source(hook, implementation, indent=""):
    """The code of one implementation, which notes when it is called."""
    plugin, marks, action = (implementation[key] for key in ("plugin", "marks", "action"))
    marker = ", ".join(_MARKS[mark] for mark in marks)
    name = "no_such_hook" if "o" in marks else hook
    arguments = [*(["self"] if indent else []), *([_ARGUMENTS[hook]] if hook in _ARGUMENTS else [])]
    if "w" in marks:
        body = f"note('({plugin}')\noutcome = yield\n"
        if action == "force":
            body += "outcome.force_result(result('forced'))\n"
        elif action == "stop":
            body += "outcome.force_result(result('stopped'))\n"
        body += f"note('{plugin})', shown(outcome))"
    elif "n" in marks:
        body = (
            f"note('({plugin}')\ntry:\n    answer = yield\n"
            f"except ValueError as error:\n    note('{plugin})', str(error))\n    raise\n"
            f"note('{plugin})', status(answer))\n"
            + ("return result('forced')" if action == "force" else "return answer")
        )
    elif action == "raise":
        body = f"note('{plugin}')\nraise ValueError('{plugin} fails')"
    elif action:
        body = f"note('{plugin}')\nreturn result('{action}')"
    else:
        body = f"note('{plugin}')"
    lines = [f"@hookimpl({marker})", f"def {name}({', '.join(arguments)}):"]
    lines += ["    " + line for line in body.splitlines()]
    return "\n".join(indent + line for line in lines)


_HELPERS = """
from datetime import datetime

def result(details):
    from vdk.internal.builtin_plugins.run.execution_results import StepResult
    from vdk.internal.builtin_plugins.run.run_status import ExecutionStatus

    now = datetime(2026, 1, 31)
    return StepResult("step", "python", now, now, ExecutionStatus.SUCCESS, details)

def status(answer):
    return [answer.status.value, answer.details] if hasattr(answer, "status") else None

def shown(outcome):
    try:
        return status(outcome.get_result())
    except ValueError as error:
        return str(error)
"""


def modules(hook, implementations):
    """The source of each plugin's module, by the plugin's name, in the order of registration."""
    found = {}
    late = []
    for implementation in implementations:
        if implementation["late"]:
            late.append(implementation)
            continue
        found[implementation["plugin"]] = _HELPERS + source(hook, implementation)
    classes = "".join(f"\nclass {one['plugin']}:\n{source(hook, one, '    ')}\n" for one in late)
    register = "".join(
        f"    plugin_registry.load_plugin_with_hooks_impl({one['plugin']}())\n" for one in late
    )
    start = f"@hookimpl(tryfirst=True)\ndef vdk_start(plugin_registry):\n{register}    pass\n"
    return found | ({"start": _HELPERS + classes + start} if late else {})
