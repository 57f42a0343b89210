"""In IPython: %reload_VDK, the job's input, and a cell of SQL."""

REQUIRES = ["vdk-ipython", "vdk-sqlite"]


def check(cell):
    cell.file(
        "cells.ipy",
        """
        %load_ext vdk.plugin.ipython
        %reload_VDK --name mine
        job_input = VDK.get_initialized_job_input()
        print("the job is", job_input.get_name())
        job_input.execute_query("create table kept (a integer)")
        job_input.send_object_for_ingestion({"a": 21}, "kept", method="sqlite")
        VDK.finalize()
        job_input = VDK.get_initialized_job_input()
        frame = get_ipython().run_cell_magic("vdksql", "", "select a, 2 * a as twice from kept")
        print(type(frame).__name__, frame.to_dict("records"))
        """,
    )
    ended = cell.execute(
        "ipython",
        "cells.ipy",
        VDK_DB_DEFAULT_TYPE="sqlite",
        VDK_SQLITE_FILE="kept.db",
        USE_DEFAULT_CELL_TABLE_OUTPUT="true",
    ).succeeded()
    assert "the job is mine" in ended.stdout, ended.stdout + ended.stderr
    assert "DataFrame [{'a': 21, 'twice': 42}]" in ended.stdout, ended.stdout + ended.stderr
