"""What a distribution changes of the command line, from a `vdk_command_line` that is marked `trylast`."""

from vdk.internal.core.errors import VdkConfigurationError


def set_defaults_for_specific_command(root_command, target_command, defaults_dict):
    """Gives parameters of one command, by their names, other defaults.

    What fits is taken out of the dict. Raises VdkConfigurationError where there is no such command.
    """
    commands = _commands(root_command)
    if target_command not in commands:
        raise VdkConfigurationError(
            f"Defaults were given for the command '{target_command}', which does not exist. "
            f"There are: {', '.join(sorted(commands))}."
        )
    _set_defaults(commands[target_command], defaults_dict, set())


def set_defaults_for_all_commands(root_command, defaults_dict):
    """Gives the parameters with these names other defaults, in every command that has them.

    What fits somewhere is taken out of the dict.
    """
    used = set()
    for command in _commands(root_command).values():
        _set_defaults(command, dict(defaults_dict), used)
    for name in used:
        del defaults_dict[name]


def _commands(root_command):
    commands = getattr(root_command, "commands", None)
    if commands is None:
        raise VdkConfigurationError(
            f"Defaults can be given to the commands of a group, and {root_command!r} is none. "
            "Give what vdk_command_line got."
        )
    return commands


def _set_defaults(command, defaults, used):
    for parameter in command.params:
        if parameter.name in defaults:
            parameter.default = defaults.pop(parameter.name)
            used.add(parameter.name)
