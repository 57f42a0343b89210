"""The archives of the recorded uploads, made anew from what their names say."""

import io
import zipfile


def make_archive(entries):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries:
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return data.getvalue()


# Does what the recorded jobs did, which their argument `k` told them.
STAND_IN = """
import time

from vdk.internal.core.errors import PlatformServiceError


def run(job_input):
    wanted = job_input.get_arguments().get("k")
    for number in range(1, 11):
        print("line", number, flush=True)
    if wanted == "sleepy":
        time.sleep(100)
    if wanted == "usererr":
        raise ValueError("a mistake of the job")
    if wanted in ("platerr", "odd"):
        raise PlatformServiceError("a mistake of the platform")
"""
STEP = ("job/10_step.py", STAND_IN)
CONFIG = ("job/config.ini", "[owner]\nteam = alpha\n")


def archive(name):
    """The bytes that the exchange of that name uploaded, as far as its answer depends on them."""
    if name.endswith("empty-zip"):
        return make_archive([])
    if name.endswith("flat-zip"):
        return make_archive([("10_step.py", "x")])
    if name.endswith("empty-folder"):
        return make_archive([("job/", "")])
    if name.endswith("zipslip"):
        return make_archive([STEP, ("../../evil.py", "x")])
    if name.endswith("zipslip-abs"):
        return make_archive([STEP, ("/evil.py", "x")])
    if name.endswith("truncated-zip"):
        return make_archive([STEP, CONFIG])[:60]
    if name.endswith("other-folder-name"):
        return make_archive([("simple_job 2/10_step.py", "x")])
    if name.endswith("two-folders"):
        return make_archive([("aaa/10_step.py", "x"), ("bbb/10_step.py", "y")])
    if name.endswith("macosx"):
        return make_archive([("__MACOSX/job/._10_step.py", "x"), STEP])
    if name.endswith("macosx-last"):
        return make_archive([STEP, ("__MACOSX/job/._10_step.py", "x")])
    if name.endswith("folder-and-file"):
        return make_archive([STEP, ("README", "x")])
    if name.endswith("binary"):
        return make_archive([STEP, ("job/data.bin", bytes(range(256)))])
    if name.endswith("with-git-dir"):
        return make_archive([STEP, ("job/.git/config", "x"), ("job/.gitignore", "*.py\n")])
    if name.endswith("forbidden-type"):
        return make_archive([STEP, ("job/x.png", b"\x89PNG\r\n\x1a\n" + bytes(32))])
    if name.endswith("forbidden-zip"):
        return make_archive([STEP, ("job/in.zip", make_archive([("a", "b")]))])
    if name.endswith("filtered-ext"):
        return make_archive([STEP, ("job/a.pyc", b"\x00\x01")])
    return make_archive([STEP, CONFIG, ("job/note.txt", name)])
