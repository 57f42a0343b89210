"""An installed vdk as others see it, and projects that are built against it."""

import os
import shutil
import subprocess


class Installation:
    def __init__(self, prefix, home):
        self.prefix = prefix
        self.home = home

    def environment(self, **more):
        environment = {
            "PATH": os.defpath,
            "HOME": str(self.home),
            "VDK_TERMINATION_MESSAGE_WRITER_ENABLED": "false",
        }
        return environment | {name: str(value) for name, value in more.items()}

    def run(self, *arguments, cwd, **environment):
        return subprocess.run(
            [self.prefix / "bin" / "vdk", *map(str, arguments)],
            env=self.environment(**environment),
            cwd=cwd,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            text=True,
            check=False,
        )


def check(command, **options):
    done = subprocess.run(
        [str(word) for word in command],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        **options,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def build_project(source, build, prefix):
    generator = ["-G", "Ninja"] if shutil.which("ninja") else []
    check(
        ["cmake", "-S", source, "-B", build, *generator, f"-DCMAKE_PREFIX_PATH={prefix}"]
        + ["-DCMAKE_BUILD_TYPE=Release", "-DCMAKE_CXX_FLAGS_RELEASE=-O0"]  # quicker to build
    )
    check(["cmake", "--build", build])
    return build / "plugins"
