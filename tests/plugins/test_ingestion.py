"""Ingestion plugins of Python: sinks, pre- and post-processors."""

import json
import textwrap

import pytest
from http_service import Service

# A sink that notes every batch that it gets, and plugins that work on batches.
PLUGINS = """
    from vdk.api.plugin.plugin_input import IIngesterPlugin
    from vdk.internal.core.errors import UserCodeError

    class Sink(IIngesterPlugin):
        def ingest_payload(self, payload, destination_table, target=None, collection_id=None, metadata=None):
            note("ingest", payload, destination_table, target, collection_id, metadata)
            if any(row.get("a") == "bad" for row in payload):
                raise ValueError("the sink refuses")
            return IIngesterPlugin.IngestionMetadata({"stored": len(payload)})

    class Mark(IIngesterPlugin):
        def pre_ingest_process(self, payload, destination_table=None, target=None, collection_id=None, metadata=None, method=None):
            note("pre", destination_table, target, collection_id, metadata, method)
            for row in payload:
                row["marked"] = len(row)
            return payload, {"seen": len(payload)}

        def post_ingest_process(self, payload=None, destination_table=None, target=None, collection_id=None,
                                metadata=None, exception=None, method=None):
            note("post", payload, destination_table, metadata, repr(exception), method)
            return {"after": 1}

    class Elsewhere(IIngesterPlugin):
        def pre_ingest_process(self, payload, metadata, **others):
            metadata = dict(metadata or {})
            metadata[IIngesterPlugin.UPDATED_DYNAMIC_PARAMS] = {
                IIngesterPlugin.DESTINATION_TABLE_KEY: "elsewhere",
                IIngesterPlugin.TARGET_KEY: "other target",
                IIngesterPlugin.COLLECTION_ID_KEY: "other collection",
            }
            return payload, metadata

    class Last(IIngesterPlugin):
        def post_ingest_process(self, metadata, exception):
            note("last", metadata)
            if exception is None and os.environ.get("LAST_FAILS"):
                raise UserCodeError("what follows went wrong")

    @hookimpl
    def initialize_job(context):
        context.ingester.add_ingester_factory_method("Sink", Sink)
        context.ingester.add_ingester_factory_method("mark", lambda: Mark())
        context.ingester.add_ingester_factory_method("elsewhere", Elsewhere)
        context.ingester.add_ingester_factory_method("last", Last)
"""


@pytest.fixture
def sink(stage):
    stage.env["VDK_INGEST_METHOD_DEFAULT"] = "sink"
    stage.env["VDK_OP_ID"] = "op"
    return stage.plugin(PLUGINS)


def rows_of(notes):
    return [row for note in notes if note[0] == "ingest" for row in note[1]]


def test_a_sink_gets_every_row_once_and_in_order(sink):
    sink.body(
        """
        for i in range(30_000):
            job_input.send_object_for_ingestion({"i": i, "text": "x" * 20}, "t", target="there")
        """
    )
    ended = sink.run().succeeded()
    assert [row["i"] for row in rows_of(ended.notes)] == list(range(30_000))
    assert {tuple(note[2:]) for note in ended.notes} == {("t", "there", "job|op", None)}
    ended.says("30000 rows stored in table t by sink (once, unretried)")


def test_batches_are_cut_by_size_and_where_the_destination_changes(sink):
    sink.body(
        """
        for i in range(4):
            job_input.send_object_for_ingestion({"text": "x" * 400_000, "i": i}, "t")
        for table in ("a", "a", "b", "a"):
            job_input.send_object_for_ingestion({"i": 1}, table)
        job_input.send_object_for_ingestion({"i": 1}, "a", collection_id="mine")
        """
    )
    notes = sink.run().succeeded().notes
    assert [(note[2], len(note[1])) for note in notes if note[2] == "t"] == [("t", 1)] * 4
    assert sorted((note[2], len(note[1]), note[4]) for note in notes if note[2] != "t") == [
        ("a", 1, "job|op"),
        ("a", 1, "mine"),
        ("a", 2, "job|op"),
        ("b", 1, "job|op"),
    ]


def test_rows_are_the_callers_own_objects(stage):
    stage.plugin(
        """
        from vdk.api.plugin.plugin_input import IIngesterPlugin

        class Sink(IIngesterPlugin):
            def ingest_payload(self, payload, destination_table, **others):
                for row in payload:
                    row["seen"](row)

        @hookimpl
        def initialize_job(context):
            context.ingester.add_ingester_factory_method("sink", Sink)
        """
    ).body(
        """
        seen = []
        row = {"seen": seen.append, "any": object()}
        job_input.send_object_for_ingestion(row, "t", method="sink")
        """
    ).step(
        """
        import sys
        def run(job_input):
            pass
        """,
        "20_step.py",
    )
    stage.run().succeeded().says("1 row stored in table t by sink (once, unretried)")


def test_tabular_rows_become_dicts_with_text_for_dates_and_uuids(sink):
    sink.body(
        """
        import datetime, decimal, uuid
        row = (1, datetime.date(2026, 1, 31), datetime.datetime(2026, 1, 31, 7, 5), uuid.UUID(int=7), decimal.Decimal("1.5"))
        job_input.send_tabular_data_for_ingestion(iter([row, row[:2]]), ["a", "b", "c", "d", "e"], "t")
        """
    )
    assert rows_of(sink.run().succeeded().notes) == [
        {
            "a": 1,
            "b": "2026-01-31",
            "c": "2026-01-31T07:05:00",
            "d": "00000000-0000-0000-0000-000000000007",
            "e": "1.5",  # as JSON of the note has it
        },
        {"a": 1, "b": "2026-01-31"},
    ]


def test_dates_that_python_has_not_are_text(sink):
    pytest.importorskip("pyarrow")
    sink.body(
        """
        import pyarrow
        days = pyarrow.array([0, 6_000_000], pyarrow.date32())
        times = pyarrow.array([0, 10**18], pyarrow.timestamp("us"))
        job_input.send_object_for_ingestion(pyarrow.table({"day": days, "time": times}), "t")
        """
    )
    first, beyond = rows_of(sink.run().succeeded().notes)
    assert "1970" in str(first["day"]) and "1970" in str(first["time"])
    assert beyond == {"day": "+18397-06-11", "time": "+33658-09-27 01:46:40"}


def test_frames_and_arrow_become_dicts_too(sink):
    pytest.importorskip("pyarrow")
    sink.body(
        """
        import pyarrow
        table = pyarrow.table({"a": [1, None], "b": ["x", "y"], "c": [[1], []]})
        job_input.send_object_for_ingestion(table, "t")
        """
    )
    assert rows_of(sink.run().succeeded().notes) == [
        {"a": 1, "b": "x", "c": [1]},
        {"a": None, "b": "y", "c": []},
    ]


def test_processors_chain_rows_and_metadata(sink):
    sink.body("job_input.send_object_for_ingestion({'a': 1}, 't', target='there')")
    ended = sink.run(
        VDK_INGEST_PAYLOAD_PREPROCESS_SEQUENCE="mark, elsewhere",
        VDK_INGEST_PAYLOAD_POSTPROCESS_SEQUENCE="MARK,last",
    ).succeeded()
    marked = [{"a": 1, "marked": 1}]
    assert ended.notes == [
        ["pre", "t", "there", "job|op", None, "sink"],
        ["ingest", marked, "elsewhere", "other target", "other collection", {"seen": 1}],
        ["post", marked, "elsewhere", {"stored": 1}, "None", "sink"],
        ["last", {"after": 1}],
    ]


def test_processors_of_python_work_before_and_after_a_sink_of_the_program(sink):
    sink.body(
        """
        for i in range(3):
            job_input.send_object_for_ingestion({"a": i}, "t", method="sqlite")
        job_input.send_tabular_data_for_ingestion([[7]], ["a"], "t", method="sqlite")
        """
    )
    ended = sink.run(
        VDK_INGEST_PAYLOAD_PREPROCESS_SEQUENCE="mark",
        VDK_INGEST_PAYLOAD_POSTPROCESS_SEQUENCE="last,mark",
    ).succeeded()
    assert sink.rows("select a, marked from t order by a") == [(0, 1), (1, 1), (2, 1), (7, 1)]
    assert ended.notes[0] == ["pre", "t", None, "job|op", None, "sqlite"]
    assert ended.notes[-1][0] == "post"


SPREAD = """
    from vdk.api.plugin.plugin_input import IIngesterPlugin

    class Spread(IIngesterPlugin):
        def pre_ingest_process(self, payload, metadata, **others):
            return [{"i": 3 * row["i"] + n, "text": row["text"]} for row in payload for n in range(3)], metadata

    @hookimpl
    def initialize_job(context):
        context.ingester.add_ingester_factory_method("spread", Spread)
"""


@pytest.mark.parametrize("method", ["http", "sqlite", "file"])
def test_a_processor_may_make_more_rows_than_were_sent(stage, method):
    stage.plugin(SPREAD).body(
        f"""
        for i in range(300):
            job_input.send_object_for_ingestion({{"i": i, "text": "x" * 100}}, "t", method="{method}")
        """
    )
    with Service() as service:
        target = {"http": service.url(), "sqlite": "", "file": str(stage.out / "made")}[method]
        stage.run(
            VDK_INGEST_PAYLOAD_PREPROCESS_SEQUENCE="spread",
            VDK_INGESTER_PAYLOAD_SIZE_BYTES_THRESHOLD="10000",
            VDK_INGEST_TARGET_DEFAULT=target,
        ).succeeded().says("900 rows stored in table t by")
    found = {
        "http": lambda: [row["i"] for row in service.rows],
        "sqlite": lambda: [i for (i,) in stage.rows("select i from t order by rowid")],
        "file": lambda: [
            json.loads(line)["i"] for line in (stage.out / "made.json").read_text().splitlines()
        ],
    }[method]()
    assert found == list(range(900))


def test_a_value_that_no_table_holds_rejects_its_row_alone(stage):
    stage.plugin(
        """
        from vdk.api.plugin.plugin_input import IIngesterPlugin

        class Unfit:
            def __str__(self):
                raise ValueError("no text either")

        class Spoil(IIngesterPlugin):
            def pre_ingest_process(self, payload, metadata, **others):
                for row in payload:
                    if row["i"] % 10 == 3:
                        row["v"] = {1, 2}
                    if row["i"] % 10 == 7:
                        row[Unfit()] = 1
                return payload, metadata

        @hookimpl
        def initialize_job(context):
            context.ingester.add_ingester_factory_method("spoil", Spoil)
        """
    ).body(
        """
        for i in range(20):
            job_input.send_object_for_ingestion({"i": i, "v": "x"}, "t")
        """
    )
    good = [(i, "x") for i in range(20) if i % 10 not in (3, 7)]
    ended = stage.run(VDK_INGEST_PAYLOAD_PREPROCESS_SEQUENCE="spoil")
    ended.failed(
        "4 rows were rejected",
        "column v, 2 rows, first row 4): Object of type set is not JSON serializable",
        "2 rows, first row 8): ValueError: no text either",
        "16 rows stored in table t by sqlite",
    )
    assert stage.rows("select i, v from t order by i") == good

    letters = stage.out / "letters"
    ended = stage.run(
        VDK_INGEST_PAYLOAD_PREPROCESS_SEQUENCE="spoil", VDK_INGEST_DEAD_LETTER=str(letters)
    ).succeeded()
    assert len(stage.rows("select i from t")) == 2 * len(good)
    (file,) = letters.iterdir()
    kept = [json.loads(line) for line in file.read_text().splitlines()]
    assert [(letter["row"], letter["reason"]) for letter in kept] == [
        (row, "wrong_type") for row in (4, 8, 14, 18)
    ]
    assert (kept[0]["values"]["i"], kept[0]["values"]["v"]) == (3, "{1, 2}")
    assert (kept[1]["values"]["i"], kept[1]["values"]["v"]) == (7, "x")


def test_a_chain_of_methods_sends_to_each(sink):
    sink.body("job_input.send_object_for_ingestion({'a': 1}, 't', method='sink,sqlite')")
    assert rows_of(sink.run().succeeded().notes) == [{"a": 1}]
    assert sink.rows("select a from t") == [(1,)]


def test_a_batch_that_fails_fails_the_step_and_spares_the_others(sink):
    sink.body(
        """
        job_input.send_object_for_ingestion({"a": "bad"}, "one")
        job_input.send_object_for_ingestion({"a": 2}, "two")
        """
    ).body("print('never')", "20_step.py")
    ended = sink.run()
    ended.failed("ValueError: the sink refuses", status="Platform error")
    assert ended.stdout == ""
    assert sorted(rows_of(ended.notes), key=str) == [{"a": "bad"}, {"a": 2}]
    ended.says(
        "1 row stored in table two by sink (once, unretried)", "0 rows stored in table one by sink"
    )


def test_post_processors_learn_of_a_failure(sink):
    sink.body("job_input.send_object_for_ingestion({'a': 'bad'}, 't')")
    ended = sink.run(VDK_INGEST_PAYLOAD_POSTPROCESS_SEQUENCE="mark")
    ended.failed("ValueError: the sink refuses", status="Platform error")
    assert ended.notes[-1] == [
        "post",
        [{"a": "bad"}],
        "t",
        None,
        "ValueError('the sink refuses')",
        "sink",
    ]


def test_a_failing_post_processor_fails_the_step_with_its_own_blame(sink):
    sink.body("job_input.send_object_for_ingestion({'a': 1}, 't')")
    ended = sink.run(VDK_INGEST_PAYLOAD_POSTPROCESS_SEQUENCE="last", LAST_FAILS="1")
    ended.failed("UserCodeError", "what follows went wrong")
    assert rows_of(ended.notes) == [{"a": 1}]


def test_a_pre_processor_that_returns_no_pair_is_named(stage):
    stage.plugin(
        """
        from vdk.api.plugin.plugin_input import IIngesterPlugin

        class Forgetful(IIngesterPlugin):
            def pre_ingest_process(self, payload, **others):
                pass

        @hookimpl
        def initialize_job(context):
            context.ingester.add_ingester_factory_method("forgetful", Forgetful)
        """
    ).body("job_input.send_object_for_ingestion({'a': 1}, 't')")
    ended = stage.run(VDK_INGEST_PAYLOAD_PREPROCESS_SEQUENCE="forgetful")
    ended.failed("Forgetful.pre_ingest_process returned NoneType", status="Platform error")


def test_an_unknown_processor_is_a_configuration_error(sink):
    sink.body("job_input.send_object_for_ingestion({'a': 1}, 't')")
    ended = sink.run(VDK_INGEST_PAYLOAD_PREPROCESS_SEQUENCE="marc")
    assert ended.exit == 1
    ended.says("There is no pre-processor 'marc'", "Did you mean 'mark'?")


def test_the_end_of_a_step_is_a_barrier(sink):
    sink.body("job_input.send_object_for_ingestion({'a': 1}, 't')")
    sink.step(
        "import json, os\ndef run(job_input):\n    print(len(open(os.environ['NOTES']).readlines()))\n",
        "20_step.py",
    )
    assert sink.run().succeeded().stdout == "1\n"
    (sink.out / "notes").unlink()
    with_old_timing = sink.run(VDK_INGEST_FLUSH="end_of_job")
    assert len(rows_of(with_old_timing.notes)) == 1


def test_each_send_may_wait_for_its_rows(sink):
    sink.body(
        """
        import os
        job_input.send_object_for_ingestion({"a": 1}, "t")
        print(len(open(os.environ["NOTES"]).readlines()))
        """
    )
    ended = sink.run(VDK_INGESTER_WAIT_TO_FINISH_AFTER_EVERY_SEND="true").succeeded()
    assert ended.stdout == "1\n"


def test_old_signatures_get_what_they_take(stage):
    stage.plugin(
        """
        class Old:
            def ingest_payload(self, payload, destination_table):
                note(payload, destination_table)

        class Older:
            def ingest_payload(self, **everything):
                note(sorted(everything))

        @hookimpl
        def initialize_job(context):
            context.ingester.add_ingester_factory_method("old", Old)
            context.ingester.add_ingester_factory_method("older", Older)
        """
    ).body(
        """
        job_input.send_object_for_ingestion({"a": 1}, "t", method="old")
        job_input.send_object_for_ingestion({"a": 1}, method="older")
        """
    )
    assert sorted(stage.run().succeeded().notes, key=json.dumps) == [
        [["collection_id", "destination_table", "metadata", "payload", "target"]],
        [[{"a": 1}], "t"],
    ]


def test_a_factory_without_a_plugin_is_a_configuration_error_at_the_send(stage):
    stage.plugin(
        """
        @hookimpl
        def initialize_job(context):
            context.ingester.add_ingester_factory_method("hollow", lambda: None)
        """
    ).body("job_input.send_object_for_ingestion({'a': 1}, 't', method='hollow')")
    ended = stage.run()
    assert ended.exit == 1
    ended.says("The ingestion method hollow has no plugin behind it.", "10_step.py:2 in run")


def test_rows_that_are_no_dicts_fail_the_step_and_spare_the_others(sink):
    sink.body(
        """
        job_input.send_object_for_ingestion({}, "t")
        job_input.send_object_for_ingestion({"a": 1}, "t")
        """
    )
    ended = sink.run()
    ended.failed("EmptyPayloadIngestionException")
    assert rows_of(ended.notes) == [{"a": 1}]


def test_dispositions_are_refused_where_a_plugin_stores(sink):
    sink.body("job_input.send_object_for_ingestion({'a': 1}, 't', disposition='replace')")
    sink.run().failed("The ingestion method sink belongs to a plugin")


def test_one_method_of_two_plugins_is_said(stage):
    source = """
        class Sink:
            def ingest_payload(self, payload, destination_table):
                note("{name}", payload)

        @hookimpl
        def initialize_job(context):
            context.ingester.add_ingester_factory_method("sink", Sink)
    """
    stage.plugin(textwrap.dedent(source).replace("{name}", "a"), "a-plugin")
    stage.plugin(textwrap.dedent(source).replace("{name}", "b"), "b-plugin")
    stage.body("job_input.send_object_for_ingestion({'a': 1}, 't', method='sink')")
    ended = stage.run().succeeded()
    # Both come after the core; of them the one that is registered first comes last.
    ended.says("The ingestion method sink is registered twice: by b-plugin and by a-plugin")
    assert ended.notes == [["a", [{"a": 1}]]]


@pytest.mark.parametrize(
    ("distribution", "native_engines", "stored_by"),
    [
        ("vdk-sqlite", "true", "program"),
        ("vdk-sqlite", "false", "plugin"),
        ("another", "true", "plugin"),
    ],
)
def test_the_programs_engine_stores_where_upstreams_plugin_of_it_is_installed(
    stage, distribution, native_engines, stored_by
):
    stage.plugin(
        """
        class Sink:
            def ingest_payload(self, payload, destination_table):
                note(payload)

        @hookimpl
        def initialize_job(context):
            context.ingester.add_ingester_factory_method("sqlite", Sink)
        """,
        distribution,
    ).body("job_input.send_object_for_ingestion({'a': 1}, 't', method='sqlite')")
    ended = stage.run(VDK_NATIVE_ENGINES=native_engines).succeeded()
    assert ended.notes == ([[[{"a": 1}]]] if stored_by == "plugin" else [])


def test_a_processor_that_forks_neither_doubles_nor_flushes(stage):
    stage.plugin(
        """
        import multiprocessing
        from vdk.api.plugin.plugin_input import IIngesterPlugin

        def double(number):
            return number * 2

        class Forking(IIngesterPlugin):
            def pre_ingest_process(self, payload, metadata, **others):
                with multiprocessing.get_context("fork").Pool(2) as pool:
                    for row, value in zip(payload, pool.map(double, [row["a"] for row in payload])):
                        row["b"] = value
                if os.fork() == 0:
                    return payload, metadata  # comes back in the child too
                os.wait()
                return payload, metadata

            def ingest_payload(self, payload, destination_table, **others):
                note(os.getpid(), payload)

        @hookimpl
        def initialize_job(context):
            context.ingester.add_ingester_factory_method("forking", Forking)
        """
    ).body(
        """
        for i in range(3):
            job_input.send_object_for_ingestion({"a": i}, "t")
            job_input.send_object_for_ingestion({"a": i}, "t", method="forking")
        print("printed once")
        """
    )
    ended = stage.run(VDK_INGEST_PAYLOAD_PREPROCESS_SEQUENCE="forking").succeeded()
    assert ended.stdout == "printed once\n"
    assert [note[1] for note in ended.notes] == [[{"a": i, "b": 2 * i} for i in range(3)]]
    assert stage.rows("select a, b from t order by a") == [(0, 0), (1, 2), (2, 4)]


def test_rows_sent_by_threads_all_arrive(sink):
    sink.body(
        """
        from concurrent.futures import ThreadPoolExecutor
        def send(table):
            for i in range(2000):
                job_input.send_object_for_ingestion({"i": i, "text": "x" * 300}, table)
        with ThreadPoolExecutor() as pool:
            list(pool.map(send, "abcd"))
        """
    )
    rows = [(note[2], row["i"]) for note in sink.run().succeeded().notes for row in note[1]]
    assert sorted(rows) == [(table, i) for table in "abcd" for i in range(2000)]
