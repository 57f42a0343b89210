"""tools/check-layers and tools/check-words find what they are there to find."""

import subprocess
import sys
from pathlib import Path

import pytest

TOOLS = Path(__file__).resolve().parents[2] / "tools"


def run(tool, root):
    done = subprocess.run(
        [sys.executable, TOOLS / tool, root], stdout=subprocess.PIPE, text=True, check=False
    )
    return done.returncode, done.stdout


def write(root, files):
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


GOOD = {
    "sdk/include/vdk/base/text.hpp": "#pragma once\n#include <string>\n",
    "sdk/include/vdk/job/step.hpp": '#include "vdk/base/text.hpp"\n',
    "sdk/src/base/text.cpp": '#include "vdk/base/text.hpp"\n#include <fmt/format.h>\n',
    "sdk/src/base/file.hpp": "",
    "sdk/src/cli/main.cpp": '#include "base/file.hpp"\n#include "vdk/job/step.hpp"\n',
    "sdk/src/main.cpp": '#include "base/build_info.hpp"\n',
    "plugins/toy/src/toy.hpp": '#include "vdk/base/text.hpp"\n',
    "plugins/toy/src/toy.cpp": '#include "toy.hpp"\n#include <sqlite3.h>\n',
    "service/src/model/job.hpp": '#include "vdk/base/text.hpp"\n',
    "service/src/store/store.cpp": '#include "base/file.hpp"\n#include "model/job.hpp"\n',
}


def test_a_tree_in_order_passes(tmp_path):
    write(tmp_path, GOOD)
    status, out = run("check-layers", tmp_path)
    assert (status, out) == (0, "layers: 10 files, 0 violations\n")


@pytest.mark.parametrize(
    ("name", "text", "finding"),
    [
        (
            "sdk/src/base/file.cpp",
            '\n#include "vdk/job/step.hpp"\n',
            "sdk/src/base/file.cpp:2: 'base' may not use 'job', which comes after it",
        ),
        (
            "sdk/src/base/file.hpp",
            '#include "base/other.hpp"\n',
            'file.hpp:1: "base/other.hpp" is neither in sdk/include nor in sdk/src',
        ),
        (
            "sdk/include/vdk/base/text.hpp",
            '#include "base/file.hpp"\n',
            'text.hpp:1: a public header includes std and vdk/ only, not "base/file.hpp"',
        ),
        (
            "sdk/include/vdk/base/text.hpp",
            "#include <fmt/format.h>\n",
            "text.hpp:1: a public header includes std and vdk/ only, not <fmt/format.h>",
        ),
        (
            "sdk/include/vdk/base/text.hpp",
            '/* a\n b */\n#include "vdk/base/text.hpp"\n',
            "text.hpp:3: files include each other: vdk/base/text.hpp -> vdk/base/text.hpp",
        ),
        ("sdk/src/util/x.cpp", "", "x.cpp:1: 'util' is no room of the core"),
        (
            "plugins/toy/src/toy.cpp",
            '#include "base/file.hpp"\n',
            "toy.cpp:1: a plugin includes public headers of vdk and its own",
        ),
        ("service/src/util/x.cpp", "", "x.cpp:1: 'util' is no room of the service"),
        (
            "service/src/model/job.cpp",
            '#include "store/store.hpp"\n',
            'job.cpp:1: "store/store.hpp" is not in service/src',
        ),
        (
            "service/src/model/job.hpp",
            '#include "vdk/job/step.hpp"\n',
            "job.hpp:1: the service may not use the core's 'job'",
        ),
        (
            "sdk/src/base/text.cpp",
            "#include <vdk/base/text.hpp>\n",
            'our own header is included as "vdk/base/text.hpp"',
        ),
    ],
)
def test_a_violation_is_named_with_its_place(tmp_path, name, text, finding):
    write(tmp_path, GOOD | {name: text})
    status, out = run("check-layers", tmp_path)
    assert status == 1
    assert finding in out
    assert out.endswith("1 violations\n")


def test_a_room_of_the_service_uses_no_later_one(tmp_path):
    upward = {
        "service/src/store/store.hpp": "",
        "service/src/model/job.cpp": '#include "store/store.hpp"\n',
    }
    write(tmp_path, GOOD | upward)
    status, out = run("check-layers", tmp_path)
    assert status == 1
    assert "job.cpp:1: 'model' may not use 'store', which comes after it" in out


def test_a_cycle_over_several_files_is_found(tmp_path):
    cycle = {
        "sdk/src/job/a.hpp": '#include "job/b.hpp"\n',
        "sdk/src/job/b.hpp": '#include "job/c.hpp"\n',
        "sdk/src/job/c.hpp": '// again\n#include "job/a.hpp"\n',
    }
    write(tmp_path, GOOD | cycle)
    status, out = run("check-layers", tmp_path)
    assert status == 1
    assert "c.hpp:2: files include each other: job/a.hpp -> job/b.hpp -> job/c.hpp" in out


def test_an_include_in_a_comment_does_not_count(tmp_path):
    commented = '// #include "cli/x.hpp"\n/*\n#include "cli/x.hpp"\n*/\n'
    write(tmp_path, GOOD | {"sdk/src/base/file.cpp": commented})
    assert run("check-layers", tmp_path)[0] == 0


def test_an_empty_tree_is_no_proof(tmp_path):
    assert run("check-layers", tmp_path)[0] == 1


def repository(root, text):
    write(root, {"a.txt": text, "LICENSE": "a licence"})
    subprocess.run(["git", "init", "-q", root], check=True)
    return run("check-words", root)


@pytest.mark.parametrize(
    "text",
    [
        "see /wo" + "rk/x",
        "in /ro" + "ot",
        "from py" + "pi.org",
        "// TO" + "DO later",
        "<" * 7 + " HEAD",
    ],
)
def test_a_forbidden_word_is_named_with_its_place(tmp_path, text):
    status, out = repository(tmp_path, "fine\n" + text + "\n")
    assert status == 1
    assert out.startswith("a.txt:2: ")
    assert out.endswith("1 finds\n")


def test_ordinary_words_pass(tmp_path):
    below = "home/" + "root/x"
    text = f"the root of the tree, {below}, XXXXXX.tmp, <<<<<<<, network\n"
    assert repository(tmp_path, text) == (0, "words: 2 files, 0 finds\n")
