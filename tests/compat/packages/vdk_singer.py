"""A Singer tap as a data source."""

REQUIRES = ["vdk-singer", "vdk-sqlite"]


def check(cell):
    tap = cell.prefix / "bin/tap-numbers"
    tap.write_text(
        f"#!{cell.prefix / 'bin/python'}\n"
        "import json\n"
        "schema = {'type': 'object', 'properties': {'id': {'type': 'integer'}}}\n"
        "print(json.dumps({'type': 'SCHEMA', 'stream': 'numbers', 'schema': schema, 'key_properties': ['id']}))\n"
        "for number in range(3):\n"
        "    print(json.dumps({'type': 'RECORD', 'stream': 'numbers', 'record': {'id': number}}))\n"
    )
    tap.chmod(0o755)
    cell.step(
        """
        from vdk.plugin.data_sources.mapping.data_flow import DataFlowInput
        from vdk.plugin.data_sources.mapping.definitions import (
            DataFlowMappingDefinition, DestinationDefinition, SourceDefinition,
        )

        def run(job_input):
            tap = {"tap_name": "tap-numbers", "tap_config": {}, "tap_auto_discover_schema": True}
            source = SourceDefinition("numbers", "singer-tap", tap)
            with DataFlowInput(job_input) as flow_input:
                flow_input.start(DataFlowMappingDefinition(source, DestinationDefinition("kept", "sqlite")))
        """
    )
    cell.vdk(VDK_SQLITE_FILE="kept.db", VDK_DB_DEFAULT_TYPE="sqlite").succeeded()
    assert cell.rows("kept.db", "select id from numbers order by id") == [(0,), (1,), (2,)]
