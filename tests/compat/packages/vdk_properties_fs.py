"""Properties in a file, kept from one run to the next."""

import json

REQUIRES = ["vdk-properties-fs"]


def check(cell):
    cell.body(
        """
        properties = job_input.get_all_properties()
        properties["runs"] = properties.get("runs", 0) + 1
        job_input.set_all_properties(properties)
        """
    )
    for _ in range(2):
        cell.vdk(
            VDK_PROPERTIES_DEFAULT_TYPE="fs-properties-client",
            VDK_FS_PROPERTIES_DIRECTORY=str(cell.folder),
            VDK_FS_PROPERTIES_FILENAME="kept.json",
        ).succeeded()
    (kept,) = json.loads((cell.folder / "kept.json").read_text()).values()
    assert kept == {"runs": 2}
