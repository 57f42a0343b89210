"""Makes the Python distribution `vdk-core`: the build back end that pip calls (PEP 517).

A wheel is the installed tree of CMake below its `data` scheme, which pip lays over the environment: the program is
`bin/vdk`, libvdk and the plugins are in `lib`, as after `make install`. One line in `vdk_core.pth` puts the Python
package on the path of the interpreter. What pyproject.toml says of the project becomes the metadata; the version is
CMake's.

Setting `build-dir`: a tree that is built already, for this interpreter among others; nothing is compiled then.
"""

import base64
import hashlib
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
import zipfile
from pathlib import Path

try:
    import tomllib
except ImportError:  # CPython 3.10
    import tomli as tomllib

ROOT = Path(__file__).resolve().parents[2]
NAME = "vdk_core"
# From this version on, one module for the stable ABI serves all.
STABLE_ABI = (3, 12)
# The installed package, seen from the folder that pip puts the line in: PREFIX/lib*/python3.x/site-packages.
PATH_LINE = "../../../lib/vdk/python\n"
# Where pip's uninstalling removes the folders and not only their files: it looks at folders that hold a file themselves.
ABOUT = ("lib/vdk/ABOUT", "include/vdk/ABOUT")
ABOUT_TEXT = (
    "Installed with the Python distribution vdk-core; `pip uninstall vdk-core` removes it.\n"
)
# Same input, same wheel.
TIME = (2000, 1, 1, 0, 0, 0)


class BuildError(Exception):
    """Says what is missing and how to get it; pip prints it."""


def project():
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def version():
    text = (ROOT / "CMakeLists.txt").read_text(encoding="utf-8")
    return re.search(r"project\(vdk VERSION ([\d.]+)", text)[1]


def python_component(version_info):
    """CMake's install component of the extension module for a CPython."""
    if version_info >= STABLE_ABI:
        return "vdk_python_abi3"
    return f"vdk_python_{version_info[0]}.{version_info[1]}"


def python_tag(version_info):
    if version_info >= STABLE_ABI:
        return f"cp{STABLE_ABI[0]}{STABLE_ABI[1]}-abi3"
    tag = f"cp{version_info[0]}{version_info[1]}"
    return f"{tag}-{tag}"


def wheel_tag(version_info):
    platform = sysconfig.get_platform().replace("-", "_").replace(".", "_")
    return f"{python_tag(version_info)}-{platform}"


def refuse_interpreter():
    name = f"{sys.implementation.name} {sys.version.split()[0]}"
    if sysconfig.get_config_var("Py_GIL_DISABLED"):
        raise BuildError(
            f"{sys.executable} is a free-threaded build ({name}), which vdk-core does not support: its Python host "
            "relies on the global interpreter lock. Use the ordinary build of the same version (python3, not python3t)."
        )
    if sys.implementation.name != "cpython" or sys.version_info < (3, 10):
        raise BuildError(f"{sys.executable} is {name}. vdk-core needs CPython 3.10 or later.")


# ---- the tree ---------------------------------------------------------------------------------


def build(directory):
    """Configures and builds what is installed, for this interpreter alone."""
    try:
        subprocess.run(
            ["cmake", "-S", ROOT, "-B", directory, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release"]
            + ["-DVDK_TESTS=OFF", "-DVDK_PYTHON_HOST=ON", f"-DVDK_PYTHONS={sys.executable}"],
            check=True,
        )
        jobs = os.environ.get("VDK_JOBS", str(os.cpu_count()))
        subprocess.run(
            ["cmake", "--build", directory, "--parallel", jobs, "--target", "product"], check=True
        )
    except FileNotFoundError as error:
        raise BuildError(
            f"vdk-core is built with CMake, and there is no program '{error.filename}'."
        )
    except subprocess.CalledProcessError as error:
        raise BuildError(
            f"CMake failed with exit code {error.returncode}; the reason is above. Building needs GCC 12 or later and "
            "the packages that tools/bootstrap installs."
        )


def stage(tree, version_info, to):
    """Lays out in `to` what the wheel's data scheme holds."""
    for component in ("vdk", python_component(version_info)):
        subprocess.run(
            ["cmake", "--install", tree, "--prefix", to, "--component", component, "--strip"],
            check=True,
            stdout=subprocess.DEVNULL,
        )
    if not list(Path(to).glob("lib/vdk/python/vdk/_native.*")):
        raise BuildError(
            f"{tree} has no extension module for CPython {version_info[0]}.{version_info[1]}. Build it with "
            "-DVDK_PYTHONS naming such an interpreter."
        )
    for folder in Path(to).rglob("__pycache__"):
        shutil.rmtree(folder)  # pip compiles for the interpreter that it installs for


# ---- the wheel --------------------------------------------------------------------------------


def metadata():
    facts = project()
    lines = [
        "Metadata-Version: 2.4",
        f"Name: {facts['name']}",
        f"Version: {version()}",
        f"Summary: {facts['description']}",
        f"Requires-Python: {facts['requires-python']}",
        f"License-Expression: {facts['license']}",
        "License-File: LICENSE",
    ]
    lines += [f"Classifier: {classifier}" for classifier in facts["classifiers"]]
    lines += [f"Requires-Dist: {requirement}" for requirement in facts["dependencies"]]
    for extra, requirements in facts["optional-dependencies"].items():
        lines.append(f"Provides-Extra: {extra}")
        for requirement in requirements:
            what, _, marker = (part.strip() for part in requirement.partition(";"))
            marker = f"({marker}) and " if marker else ""
            lines.append(f'Requires-Dist: {what}; {marker}extra == "{extra}"')
    readme = (ROOT / facts["readme"]).read_text(encoding="utf-8")
    lines += ["Description-Content-Type: text/markdown", "", readme]
    return "\n".join(lines)


def information_files(tag):
    """What `*.dist-info` holds, but for the record."""
    wheel = f"Wheel-Version: 1.0\nGenerator: vdk_build\nRoot-Is-Purelib: false\nTag: {tag}\n"
    return {
        "METADATA": metadata().encode(),
        "WHEEL": wheel.encode(),
        "licenses/LICENSE": (ROOT / "LICENSE").read_bytes(),
    }


class Wheel:
    """A wheel being written: every file goes into its record."""

    def __init__(self, path, compression):
        self.archive = zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=compression)
        self.record = []

    def add(self, name, content, executable=False):
        entry = zipfile.ZipInfo(name, TIME)
        entry.compress_type = zipfile.ZIP_DEFLATED
        entry.external_attr = (0o100755 if executable else 0o100644) << 16
        self.archive.writestr(entry, content)
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        self.record.append(f"{name},sha256={digest},{len(content)}\n")

    def close(self, information):
        name = f"{information}/RECORD"
        self.record.append(f"{name},,\n")
        self.archive.writestr(zipfile.ZipInfo(name, TIME), "".join(self.record))
        self.archive.close()


def write_wheel(directory, tree, version_info, compression=6):
    """The wheel for one CPython from a built tree, tagged for this machine alone; returns its path."""
    tag = wheel_tag(version_info)
    path = Path(directory) / f"{NAME}-{version()}-{tag}.whl"
    information = f"{NAME}-{version()}.dist-info"
    with tempfile.TemporaryDirectory() as staged:
        stage(tree, version_info, staged)
        wheel = Wheel(path, compression)
        for file in sorted(Path(staged).rglob("*")):
            if file.is_file():
                name = f"{NAME}-{version()}.data/data/{file.relative_to(staged).as_posix()}"
                wheel.add(name, file.read_bytes(), os.access(file, os.X_OK))
    for name in ABOUT:
        wheel.add(f"{NAME}-{version()}.data/data/{name}", ABOUT_TEXT.encode())
    wheel.add(f"{NAME}.pth", PATH_LINE.encode())
    for name, content in information_files(tag).items():
        wheel.add(f"{information}/{name}", content)
    wheel.close(information)
    return path


# ---- what pip calls ---------------------------------------------------------------------------


def get_requires_for_build_wheel(config_settings=None):
    if (config_settings or {}).get("build-dir"):
        return [] if shutil.which("cmake") else ["cmake"]
    return [tool for tool in ("cmake", "ninja") if not shutil.which(tool)]


def prepare_metadata_for_build_wheel(metadata_directory, config_settings=None):
    refuse_interpreter()
    information = f"{NAME}-{version()}.dist-info"
    for name, content in information_files(wheel_tag(sys.version_info[:2])).items():
        path = Path(metadata_directory, information, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return information


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    refuse_interpreter()
    tree = (config_settings or {}).get("build-dir")
    if not tree:
        tree = ROOT / "build" / f"pip-{python_tag(sys.version_info[:2])}"
        build(tree)
    return write_wheel(wheel_directory, tree, sys.version_info[:2]).name


def build_sdist(sdist_directory, config_settings=None):
    """What git tracks."""
    name = f"{NAME}-{version()}"
    tracked = subprocess.run(
        ["git", "-C", ROOT, "ls-files", "-z"], check=True, stdout=subprocess.PIPE
    ).stdout.decode()
    path = Path(sdist_directory) / f"{name}.tar.gz"
    with tarfile.open(path, "w:gz", format=tarfile.PAX_FORMAT) as archive:
        for file in filter(None, tracked.split("\0")):
            archive.add(ROOT / file, f"{name}/{file}", recursive=False)
        with tempfile.NamedTemporaryFile() as information:
            information.write(metadata().encode())
            information.flush()
            archive.add(information.name, f"{name}/PKG-INFO")
    return path.name
