"""A DAG of two local jobs, the second after the first."""

REQUIRES = ["vdk-dag"]


def check(cell):
    for name in "first", "second":
        cell.file(
            f"jobs/{name}/10_step.py",
            f"""
            def run(job_input):
                with open({str(cell.folder / "trace")!r}, "a") as trace:
                    print({name!r}, job_input.get_arguments(), file=trace)
            """,
        )
    cell.file(
        "jobs/both/10_step.py",
        """
        from vdk.plugin.dag.dag_runner import DagInput

        def run(job_input):
            DagInput().run_dag([
                {"job_name": "second", "team_name": "us", "depends_on": ["first"], "arguments": {"a": 1}},
                {"job_name": "first", "team_name": "us", "depends_on": []},
            ])
        """,
    )
    cell.file("jobs/both/config.ini", "[owner]\nteam = us\n")
    cell.vdk(
        "run",
        "jobs/both",
        VDK_DAGS_JOB_EXECUTOR_TYPE="local",
        VDK_DAGS_DAG_EXECUTION_CHECK_TIME_PERIOD_SECONDS="1",
        VDK_DAGS_TIME_BETWEEN_STATUS_CHECK_SECONDS="0",
        VDK_DAGS_DELAYED_JOBS_MIN_DELAY_SECONDS="1",
        VDK_DAGS_DELAYED_JOBS_RANDOMIZED_ADDED_DELAY_SECONDS="1",
        DAGS_LOCAL_RUN_JOB_PATH=str(cell.folder / "jobs"),
    ).succeeded()
    assert (cell.folder / "trace").read_text() == "first {}\nsecond {'a': 1}\n"
