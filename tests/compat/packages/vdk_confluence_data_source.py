"""The registered source, and the pages of a space from a stub of the service as rows of SQLite."""

from web_service import serving

# What it imports without requiring it.
REQUIRES = ["vdk-confluence-data-source", "vdk-sqlite", "atlassian-python-api<4", "retrying"]


def page(number):
    return {
        "id": str(number),
        "title": f"Page {number}",
        "body": {"storage": {"value": f"<p>{number}</p>"}},
        "version": {"number": 1},
        "history": {"lastUpdated": {"when": "2024-01-01T00:00:00.000Z"}},
    }


def check(cell):
    def answer(request):
        start = "start=50" in request.query
        return {"results": [] if start else [page(1), page(2)]}

    assert "confluence" in cell.vdk("data-sources", "--list").succeeded().stdout
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
    with serving(answer) as url:
        cell.file(
            "job/flow.toml",
            f"""
            [sources.pages]
            name = "confluence"
            config = {{ confluence_url = "{url}", space_key = "DOCS", api_token = "a token", cloud = false }}
            [destinations.kept]
            method = "sqlite"
            [[flows]]
            from = "pages"
            to = "kept"
            """,
        )
        cell.vdk(VDK_SQLITE_FILE="kept.db", VDK_DB_DEFAULT_TYPE="sqlite").succeeded()
    table = "confluence-space-DOCS-page-content"
    assert cell.rows("kept.db", f'select raw_content from "{table}" order by 1') == [
        ("<p>1</p>",),
        ("<p>2</p>",),
    ]
