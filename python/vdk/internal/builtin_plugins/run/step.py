"""The steps of a job, as plugins see and change them."""

from vdk.internal.core.statestore import LateAttribute

StepFunction = "typing.Callable[[Step, IJobInput], bool]"


class Step:
    """One step: `runner_func(step, job_input)` runs it and says whether there was something to run."""

    file_path = LateAttribute()
    job_dir = LateAttribute()

    def __init__(self, name, type, runner_func, file_path, job_dir, parent=None):
        self.name = name
        self.type = type
        self.runner_func = runner_func
        self.file_path = file_path
        self.job_dir = job_dir
        self.parent = parent

    def _values(self):
        return (
            self.name,
            self.type,
            self.runner_func,
            self.file_path,
            self.job_dir,
            self.parent,
        )

    def __eq__(self, other):
        return self._values() == other._values() if type(self) is type(other) else NotImplemented

    __hash__ = None

    def __repr__(self):
        return f"Step(name={self.name!r}, type={self.type!r}, file_path={self.file_path!r})"


class StepBuilder:
    """The steps of a job in the order in which they will run."""

    def __init__(self):
        self.__steps = []  # a plugin sorts this list

    def add_step(self, step):
        self.__steps.append(step)

    def get_steps(self):
        return list(self.__steps)
