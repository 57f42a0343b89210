"""Pages that the program prints of itself are what docs/ has and what man can read."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
VDK = Path(os.environ.get("VDK_BIN", ROOT / "build" / "release" / "bin" / "vdk")).absolute()


@pytest.fixture
def vdk(tmp_path):
    """Without an environment, so that no plugin of this machine has a part in it."""

    def run(*words, code=0):
        done = subprocess.run(
            [VDK, *words],
            cwd=tmp_path,
            env={"PATH": "", "HOME": str(tmp_path)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == code, done.stderr
        return done.stdout

    return run


@pytest.mark.parametrize("what", ["commands", "options"])
def test_the_reference_in_docs_is_what_the_program_prints(vdk, what):
    page = ROOT / "docs" / f"reference-{what}.md"
    assert page.read_text() == vdk("reference", what), (
        f"make it anew: env -i HOME=/nowhere {VDK} reference {what} > {page}"
    )


def test_every_command_and_visible_option_is_in_the_reference(vdk):
    page = vdk("reference", "commands")
    for line in vdk("--help").split("Commands:\n")[1].splitlines():
        if line.startswith("  ") and not line.startswith("   "):
            assert f"\n## vdk {line.split()[0]}\n" in page
    assert "`--resume EXECUTION`" in page
    assert "--words" not in page  # hidden


def test_every_option_is_in_the_reference_and_no_directory_of_this_machine(vdk, tmp_path):
    page = vdk("reference", "options")
    assert "| `sqlite_file` | `<temporary directory>/vdk-sqlite.db` |" in page
    assert str(tmp_path) not in page


def test_pages_for_man(vdk, tmp_path):
    vdk("man", "--all", str(tmp_path / "man1"))
    pages = sorted(path.name for path in (tmp_path / "man1").iterdir())
    assert "vdk.1" in pages and "vdk-run.1" in pages and "vdk-sqlite-query.1" in pages
    assert (tmp_path / "man1" / "vdk-run.1").read_text() == vdk("man", "run")
    assert (tmp_path / "man1" / "vdk.1").read_text() == vdk("man")
    assert "\\-\\-resume EXECUTION\n" in vdk("man", "run")
    vdk("man", "nothing", code=2)


@pytest.mark.skipif(not shutil.which("groff"), reason="groff is not installed")
def test_the_pages_have_no_fault_in_the_eyes_of_groff(vdk, tmp_path):
    vdk("man", "--all", str(tmp_path / "man1"))
    for page in (tmp_path / "man1").iterdir():
        done = subprocess.run(
            ["groff", "-man", "-Tutf8", "-ww", "-z", page],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert (done.returncode, done.stderr) == (0, ""), page.name
