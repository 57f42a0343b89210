"""The archives of the recorded uploads, made anew from what their names say."""

import io
import zipfile


def _zip(entries):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries:
            archive.writestr(zipfile.ZipInfo(name), content)
    return data.getvalue()


STEP = ("job/10_step.py", "def run(job_input):\n    pass\n")
CONFIG = ("job/config.ini", "[owner]\nteam = alpha\n")


def archive(name):
    """The bytes that the exchange of that name uploaded, as far as its answer depends on them."""
    if name.endswith("empty-zip"):
        return _zip([])
    if name.endswith("flat-zip"):
        return _zip([("10_step.py", "x")])
    if name.endswith("empty-folder"):
        return _zip([("job/", "")])
    if name.endswith("zipslip"):
        return _zip([STEP, ("../../evil.py", "x")])
    if name.endswith("zipslip-abs"):
        return _zip([STEP, ("/evil.py", "x")])
    if name.endswith("truncated-zip"):
        return _zip([STEP, CONFIG])[:60]
    if name.endswith("other-folder-name"):
        return _zip([("simple_job 2/10_step.py", "x")])
    if name.endswith("two-folders"):
        return _zip([("aaa/10_step.py", "x"), ("bbb/10_step.py", "y")])
    if name.endswith("macosx"):
        return _zip([("__MACOSX/job/._10_step.py", "x"), STEP])
    if name.endswith("macosx-last"):
        return _zip([STEP, ("__MACOSX/job/._10_step.py", "x")])
    if name.endswith("folder-and-file"):
        return _zip([STEP, ("README", "x")])
    if name.endswith("binary"):
        return _zip([STEP, ("job/data.bin", bytes(range(256)))])
    if name.endswith("with-git-dir"):
        return _zip([STEP, ("job/.git/config", "x"), ("job/.gitignore", "*.py\n")])
    if name.endswith("forbidden-type"):
        return _zip([STEP, ("job/x.png", b"\x89PNG\r\n\x1a\n" + bytes(32))])
    if name.endswith("forbidden-zip"):
        return _zip([STEP, ("job/in.zip", _zip([("a", "b")]))])
    if name.endswith("filtered-ext"):
        return _zip([STEP, ("job/a.pyc", b"\x00\x01")])
    return _zip([STEP, CONFIG, ("job/note.txt", name)])
