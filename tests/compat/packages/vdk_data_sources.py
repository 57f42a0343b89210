"""A flow from the generated source into SQLite, and the command data-sources."""

REQUIRES = ["vdk-data-sources", "vdk-sqlite"]


def check(cell):
    cell.file(
        "job/flow.toml",
        """
        [sources.generated]
        name = "auto-generated-data"
        config = { num_records = 20 }
        [destinations.kept]
        method = "sqlite"
        [[flows]]
        from = "generated"
        to = "kept"
        """,
    )
    cell.step(
        """
        import pathlib
        from vdk.plugin.data_sources.mapping import toml_parser
        from vdk.plugin.data_sources.mapping.data_flow import DataFlowInput

        def run(job_input):
            flows = toml_parser.load_config(pathlib.Path(job_input.get_job_directory()) / "flow.toml")
            with DataFlowInput(job_input) as flow_input:
                flow_input.start_flows(flows)
        """
    )
    cell.vdk(VDK_SQLITE_FILE="kept.db", VDK_DB_DEFAULT_TYPE="sqlite").succeeded()
    assert cell.rows("kept.db", "select count(*), count(distinct id) from stream_0") == [(20, 20)]
    listed = cell.vdk("data-sources", "--list", "-o", "json").succeeded()
    assert "auto-generated-data" in listed.stdout
