"""A package of upstream's in an environment of its own, on our distribution, and a job that uses it."""

import sqlite3
import subprocess
import textwrap

from package_environment import make_environment

TIME_LIMIT_SECONDS = 300


class Ended:
    def __init__(self, done):
        self.exit = done.returncode
        self.stdout = done.stdout
        self.stderr = done.stderr

    def succeeded(self):
        assert self.exit == 0, f"exit code {self.exit}\n{self.stdout}\n{self.stderr}"
        return self


class Cell:
    """The environment, a job and what came of it."""

    def __init__(self, folder, wheel, requirements):
        self.folder = folder
        self.job_folder = folder / "job"
        self.job_folder.mkdir()
        (folder / "home").mkdir()
        self.prefix = folder / "env"
        self.not_loaded = []  # what the program said of plugins that it could not use
        make_environment(self.prefix, wheel, requirements)

    def version_of(self, package):
        """As the environment has it."""
        (information,) = self.prefix.glob(
            f"lib/python3*/site-packages/{package.replace('-', '_')}-*.dist-info"
        )
        return information.name.removesuffix(".dist-info").partition("-")[2]

    def file(self, name, text):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))
        return path

    def step(self, text, name="10_step.py"):
        return self.file(f"job/{name}", text)

    def body(self, text, name="10_step.py"):
        """A step whose `run` has this body."""
        body = textwrap.indent(textwrap.dedent(text), "    ")
        return self.step(f"def run(job_input):\n{body}", name)

    def execute(self, *words, **variables):
        """A program of the environment."""
        environment = {
            "PATH": f"{self.prefix / 'bin'}:/usr/bin:/bin",
            "HOME": str(self.folder / "home"),
            "LANG": "C.UTF-8",
            "VDK_LOG_EXCEPTION_FORMATTER": "plain",
            **variables,
        }
        return Ended(
            subprocess.run(
                [self.prefix / "bin" / words[0], *words[1:]],
                cwd=self.folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=TIME_LIMIT_SECONDS,
                check=False,
            )
        )

    def vdk(self, *words, **variables):
        ended = self.execute("vdk", *(words or ("run", "job")), **variables)
        self.not_loaded += [line for line in ended.stderr.splitlines() if "is not loaded" in line]
        return ended

    def rows(self, database, query):
        connection = sqlite3.connect(self.folder / database)
        try:
            return connection.execute(query).fetchall()
        finally:
            connection.close()
