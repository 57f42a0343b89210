"""Records what upstream's core does with every arrangement: python -m tests.plugins.order.record

Needs the environment that tests/compat/upstream-env makes. Writes recorded.json beside this file.
"""

import json
import os
import pathlib
import subprocess
import tempfile

from .arrangements import arrangements
from .run import trace

HERE = pathlib.Path(__file__).resolve().parent


def main():
    made = subprocess.run(
        [HERE.parents[1] / "compat" / "upstream-env"], check=True, stdout=subprocess.PIPE, text=True
    )
    vdk = pathlib.Path(made.stdout.strip().splitlines()[-1]) / "bin" / "vdk"
    recorded = []
    for name, hook, implementations in arrangements():
        with tempfile.TemporaryDirectory() as root:
            env = {
                "PATH": os.environ["PATH"],
                "HOME": root,
                "VDK_DB_DEFAULT_TYPE": "sqlite",
                "VDK_SQLITE_FILE": root + "/db",
                "VDK_VERSION_CHECK_DISABLED": "true",
                "VDK_TERMINATION_MESSAGE_WRITER_OUTPUT_FILE": root + "/ended",
            }
            outcome, _ = trace(pathlib.Path(root), [vdk], env, hook, implementations)
        recorded.append({"name": name, "hook": hook, "implementations": implementations, **outcome})
        print(name, outcome["exit"], len(outcome["trace"]))
    lines = ",\n".join(json.dumps(one) for one in recorded)
    (HERE / "recorded.json").write_text(f"[\n{lines}\n]\n")


if __name__ == "__main__":
    main()
