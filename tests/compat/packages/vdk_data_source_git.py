"""The files of a repository as rows of SQLite."""

import subprocess

REQUIRES = ["vdk-data-source-git", "vdk-sqlite"]


def check(cell):
    repository = cell.folder / "repository"
    cell.file("repository/README", "Hello\n")
    cell.file("repository/src/main.py", "print('hello')\n")
    author = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")
    for words in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "First"]):
        subprocess.run(["git", *author, *words], cwd=repository, check=True)
    cell.file(
        "job/flow.toml",
        f"""
        [sources.files]
        name = "git"
        config = {{ git_url = "{repository}" }}
        [destinations.kept]
        method = "sqlite"
        [[flows]]
        from = "files"
        to = "kept"
        """,
    )
    cell.step(
        """
        import pathlib
        from vdk.plugin.data_sources.mapping import toml_parser
        from vdk.plugin.data_sources.mapping.data_flow import DataFlowInput
        from vdk.plugin.data_sources.data_source import DataSourcePayload

        def run(job_input):
            flows = toml_parser.load_config(pathlib.Path(job_input.get_job_directory()) / "flow.toml")
            flows.flows[0].map_function = lambda payload: DataSourcePayload(
                data={"path": payload.metadata["path"], "language": payload.metadata["programming_language"], **payload.data},
                metadata=payload.metadata, state=payload.state, destination_table="files",
            )
            with DataFlowInput(job_input) as flow_input:
                flow_input.start_flows(flows)
        """
    )
    cell.vdk(VDK_SQLITE_FILE="kept.db", VDK_DB_DEFAULT_TYPE="sqlite").succeeded()
    assert cell.rows("kept.db", "select path, language, content from files order by path") == [
        ("README", "Unknown", "Hello\n"),
        ("src/main.py", "Python", "print('hello')\n"),
    ]
