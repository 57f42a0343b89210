"""What a service gets from the ingest method `http`, whatever the service does."""

import json
import socket

import pytest
from http_service import (
    Service,
    drips,
    endless_answer,
    endless_headers,
    half_an_answer,
    hang,
    reply,
    reset,
)

ROWS = [{"id": number, "text": f"row {number}"} for number in range(1000)]
SECRET = "s3cret-passw0rd"


def succeeded(done):
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def failed(done, *fragments):
    said = done.stdout + done.stderr
    assert done.returncode == 1, said
    for fragment in fragments:
        assert fragment in said, said
    return said


def sent(rows, table="t"):
    return [{**row, "@table": table} for row in rows]


def test_all_rows_arrive_in_order(stage, service):
    done = stage.ingest(ROWS, service.url(), ingester_payload_size_bytes_threshold=2000)
    assert "1,000 rows ingested into t" in succeeded(done)
    assert service.rows == sent(ROWS)
    assert len(service.requests) > 10
    assert all(len(request.data) <= 2000 for request in service.requests)
    assert len({request.key for request in service.requests}) == len(service.requests)
    assert service.requests[0].path == "/ingest"
    assert service.requests[0].headers["Content-Type"] == "application/octet-stream"


def test_a_python_step_sends_what_upstream_sent(stage, service):
    stage.step(
        f"""\
        from datetime import date, datetime
        from decimal import Decimal

        def run(job_input):
            job_input.send_object_for_ingestion(
                {{"a": 1, "b": [1, {{"c": None}}], "d": Decimal("1.50"), "e": "é"}},
                destination_table="objects", method="http", target="{service.url()}",
            )
            job_input.send_tabular_data_for_ingestion(
                [[date(2020, 1, 2), datetime(2020, 1, 2, 3, 4, 5)]], ["day", "time"],
                destination_table="tabular", method="HTTP", target="{service.url()}",
            )
        """,
        "10_send.py",
    )
    said = succeeded(stage.vdk("run", "job"))
    assert "at least once" in said
    by_table = {row["@table"]: row for row in service.rows}
    assert by_table == {
        "objects": {"a": 1, "b": [1, {"c": None}], "d": 1.5, "e": "é", "@table": "objects"},
        "tabular": {"day": "2020-01-02", "time": "2020-01-02T03:04:05", "@table": "tabular"},
    }


def test_large_requests_are_compressed(stage, service):
    threshold = {"ingest_over_http_compression_threshold_bytes": 1000}
    succeeded(stage.ingest(ROWS, service.url(), **threshold))
    assert service.requests[0].headers["Content-Encoding"] == "gzip"
    assert service.rows == sent(ROWS)
    succeeded(stage.ingest(ROWS[:1], service.url(), **threshold))
    assert service.requests[-1].headers["Content-Encoding"] is None


@pytest.mark.parametrize(
    "fault", [reply(500), reply(503), reply(408), reply(429), reset, half_an_answer]
)
def test_a_request_is_repeated_with_its_key(stage, service, fault):
    service.behaviours = [fault, fault, reply(200)]
    said = succeeded(stage.ingest(ROWS[:10], service.url()))
    assert "10 rows ingested" in said
    assert "The request is repeated in" in said
    assert [request.rows for request in service.requests] == [sent(ROWS[:10])] * 3
    assert len({request.key for request in service.requests}) == 1


def test_a_further_status_may_be_worth_a_repetition(stage, service):
    service.behaviours = [reply(409), reply(200)]
    settings = {"ingest_over_http_retry_status_forcelist": "404, 409"}
    succeeded(stage.ingest(ROWS[:1], service.url(), **settings))
    assert len(service.requests) == 2


def test_repetitions_are_bounded(stage, service):
    service.behaviours = [reply(500, b"out of order")]
    settings = {
        "ingest_over_http_retry_total": 2,
        "ingester_payload_size_bytes_threshold": 2000,
    }
    failed(stage.ingest(ROWS, service.url(), **settings), "status 500", "out of order", "Platform")
    # What failed for good is not tried again with the rows behind it.
    assert len(service.requests) == 3


def test_no_repetition_is_a_choice(stage, service):
    service.behaviours = [reply(500)]
    failed(stage.ingest(ROWS[:1], service.url(), ingest_over_http_retry_total=0), "status 500")
    assert len(service.requests) == 1


def test_the_service_says_when_to_come_back(stage, service):
    service.behaviours = [reply(429, Retry_After="1"), reply(200)]
    said = succeeded(stage.ingest(ROWS[:1], service.url()))
    assert "The request is repeated in 1.0 s" in said
    assert len(service.requests) == 2


def test_a_wait_beyond_patience_is_an_error_at_once(stage, service):
    service.behaviours = [reply(503, Retry_After="86400")]
    failed(stage.ingest(ROWS[:1], service.url()), "status 503")
    assert len(service.requests) == 1


def test_a_service_that_hangs_fails_in_bounded_time(stage, service):
    service.behaviours = [hang]
    settings = {"ingest_over_http_read_timeout_seconds": 1, "ingest_over_http_retry_total": 1}
    failed(stage.ingest(ROWS[:1], service.url(), **settings), "gave no answer", "Platform")
    assert len(service.requests) == 2
    assert len({request.key for request in service.requests}) == 1


def test_an_answer_that_drips_for_ever_fails_in_bounded_time(stage, service):
    service.behaviours = [drips]
    settings = {
        "ingest_over_http_total_timeout_seconds": 2,
        "ingest_over_http_retry_total": 0,
    }
    failed(stage.ingest(ROWS[:1], service.url(), **settings), "gave no answer", "Platform")
    assert len(service.requests) == 1


def test_a_service_that_does_not_read_fails_in_bounded_time(stage):
    rows = [{"text": "x" * 1000}] * 30_000
    with socket.create_server(("127.0.0.1", 0)) as deaf:  # the system accepts, nobody reads
        url = f"http://127.0.0.1:{deaf.getsockname()[1]}/"
        settings = {
            "ingest_over_http_read_timeout_seconds": 1,
            "ingest_over_http_retry_total": 0,
            "ingester_payload_size_bytes_threshold": 50_000_000,
        }
        failed(stage.ingest(rows, url, **settings), "It was silent for 1 s", "Platform")


def test_nobody_listens(stage):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and does not listen
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/"
        failed(stage.ingest(ROWS[:1], url), url + " gave no answer", "Platform")


def test_what_the_service_refuses_is_the_users(stage, service):
    service.behaviours = [reply(422, b"the column id\x1b[31m is wrong" + b"x" * 5000)]
    said = failed(stage.ingest(ROWS[:1], service.url()), "status 422", "UserCodeError")
    assert "It said: the column id [31m is wrongxxx" in said
    assert "x" * 400 not in said
    assert len(service.requests) == 1


def test_batches_behind_a_refused_one_are_sent(stage, service):
    service.behaviours = [reply(400), reply(200)]
    stage.step(
        f"""\
        def run(job_input):
            for number in range(3):
                job_input.send_object_for_ingestion(
                    {{"n": number}}, "t", method="http", target="{service.url()}")
        """,
        "10_send.py",
    )
    env = {"VDK_INGESTER_WAIT_TO_FINISH_AFTER_EVERY_SEND": "true"}
    failed(stage.vdk("run", "job", **env), "status 400")
    assert [row["n"] for row in service.rows] == [0, 1, 2]


def test_a_refused_request_among_batches_that_go_together_is_sent_once(stage, service):
    with socket.create_server(("127.0.0.1", 0)) as gate:

        def after_the_other_rows(handler):
            gate.accept()[0].close()
            reply(200)(handler)

        service.behaviours = [after_the_other_rows, reply(400), reply(200)]
        stage.step(
            f"""\
            import socket

            def run(job_input):
                for number in range(6):
                    job_input.send_object_for_ingestion(
                        {{"n": number}}, "t", method="http", target="{service.url()}")
                socket.create_connection(("127.0.0.1", {gate.getsockname()[1]})).close()
            """,
            "10_send.py",
        )
        said = failed(stage.vdk("run", "job", VDK_INGEST_BATCH_BYTES="1"), "status 400")
    assert [row["n"] for row in service.rows] == [0, 1, 2, 3, 4, 5]
    assert len({request.key for request in service.requests}) == 6
    assert "5 rows stored in table t by http" in said


def test_an_endless_answer_is_cut(stage, service):
    service.behaviours = [endless_answer]
    succeeded(stage.ingest(ROWS[:1], service.url()))
    assert len(service.requests) == 1


def test_endless_headers_are_refused(stage, service):
    service.behaviours = [endless_headers]
    failed(stage.ingest(ROWS[:1], service.url()), "gave no answer")
    assert len(service.requests) == 1


def test_redirections_stay_with_the_target(stage, service):
    with Service() as other:
        service.behaviours = [
            reply(307, Location="/moved"),
            reply(200),
            reply(308, Location=other.url(f"/?token={SECRET}")),
        ]
        url = service.url(user=f"ada:{SECRET}@")
        succeeded(stage.ingest(ROWS[:1], url))
        assert [request.path for request in service.requests] == ["/ingest", "/moved"]
        assert service.requests[1].headers["Authorization"].startswith("Basic ")
        said = failed(stage.ingest(ROWS[:1], url), "status 308", f"It points to {other.url('/')}")
        assert SECRET not in said
        assert other.requests == []


def test_a_redirection_that_would_lose_the_rows_is_refused(stage, service):
    service.behaviours = [reply(302, Location="/login")]
    failed(stage.ingest(ROWS[:1], service.url()), "status 302", "It points to")
    assert len(service.requests) == 1


def test_redirections_in_a_circle_end(stage, service):
    service.behaviours = [reply(307, Location="/ingest")]
    failed(stage.ingest(ROWS[:1], service.url()), "status 307")
    assert len(service.requests) == 6


def test_secrets_of_the_target_are_never_shown(stage, service):
    service.behaviours = [
        reply(200),
        reply(500),
        reply(401, f"no: {SECRET} query=s1gnature".encode()),
    ]
    url = service.url("/ingest?query=s1gnature", user=f"ada:{SECRET}@")
    for outcome in (succeeded, failed):
        done = stage.ingest(ROWS[:1], url, log_level_vdk="DEBUG")
        said = outcome(done)
        assert SECRET not in said
        assert "s1gnature" not in said
    assert "It said: no: ***" in said
    assert service.requests[0].path == "/ingest?query=s1gnature"
    assert service.requests[0].headers["Authorization"] == "Basic YWRhOnMzY3JldC1wYXNzdzByZA=="


def test_secrets_of_the_target_are_in_no_file_of_a_run(stage, service):
    service.behaviours = [reply(403, b"no")]
    url = service.url(user=f"ada:{SECRET}@")
    stage.step(
        """\
        def run(job_input):
            job_input.send_object_for_ingestion({"n": 1}, "t", method="http")
        """,
        "10_send.py",
    )
    done = stage.vdk(
        "-v",
        "DEBUG",
        "run",
        "job",
        "--events",
        "events.jsonl",
        VDK_INGEST_TARGET_DEFAULT=url,
        VDK_TERMINATION_MESSAGE_WRITER_OUTPUT_FILE=str(stage.root / "termination.json"),
    )
    assert SECRET not in failed(done, "status 403")
    assert json.loads((stage.root / "termination.json").read_text())["status"] == "User error"
    for file in stage.root.rglob("*"):
        assert not file.is_file() or SECRET not in file.read_text(errors="replace"), file


def test_rows_without_a_form_in_json_are_rejected_and_kept(stage, service):
    stage.step(
        f"""\
        def run(job_input):
            for row in ({{"n": 1.5}}, {{"n": float("nan")}}, {{"n": 2.5, "x": b"\\xff"}}, {{"n": 3.5}}):
                job_input.send_object_for_ingestion(
                    row, "t", method="http", target="{service.url()}")
        """,
        "10_send.py",
    )
    failed(
        stage.vdk("run", "job"),
        "2 rows were rejected",
        "wrong_type, column n",
        "wrong_type, column x",
    )
    assert [row["n"] for row in service.rows] == [1.5, 3.5]
    succeeded(stage.vdk("run", "job", VDK_INGEST_DEAD_LETTER=str(stage.root / "dead")))
    letters = (stage.root / "dead" / "t.jsonl").read_text(errors="replace").splitlines()
    assert [json.loads(letter)["row"] for letter in letters] == [2, 3]
    succeeded(
        stage.vdk(
            "run",
            "job",
            VDK_INGEST_OVER_HTTP_ALLOW_NAN="true",
            VDK_INGEST_MAX_REJECTED_ROWS="1",
        )
    )
    assert str(service.rows[-2]["n"]) == "nan"


def test_a_resumed_run_repeats_the_keys(stage, service):
    stage.step(
        f"""\
        import os

        def run(job_input):
            for number in range(4):
                job_input.send_object_for_ingestion(
                    {{"n": number}}, "t", method="http", target="{service.url()}")
                if number == 1 and not os.path.exists("{stage.root}/second"):
                    raise ValueError("the first attempt ends here")
        """,
        "10_send.py",
    )
    env = {"VDK_INGESTER_WAIT_TO_FINISH_AFTER_EVERY_SEND": "true"}
    failed(stage.vdk("run", "job", **env), "the first attempt ends here")
    (stage.root / "second").touch()
    succeeded(stage.vdk("run", "job", "--resume", "last", **env))
    assert [row["n"] for row in service.rows] == [0, 1, 0, 1, 2, 3]
    keys = [request.key for request in service.requests]
    assert keys[0:2] == keys[2:4]
    assert len(set(keys)) == 4
    # Another run is another load.
    succeeded(stage.vdk("run", "job", **env))
    assert not set(keys) & {request.key for request in service.requests[6:]}


def test_the_certificate_is_verified(stage, certificate):
    file = certificate("127.0.0.1")
    with Service(file) as service:
        failed(stage.ingest(ROWS[:1], service.url()), "gave no answer", "ingest_over_http_verify")
        assert service.requests == []
        trusted = {"ingest_over_http_verify": file}
        succeeded(stage.ingest(ROWS[:1], service.url(), **trusted))
        assert service.rows == sent(ROWS[:1])
        succeeded(stage.ingest(ROWS[:1], service.url(), ingest_over_http_verify="false"))


def test_the_certificate_of_another_host_is_refused(stage, certificate):
    file = certificate("elsewhere.example")
    with Service(file) as service:
        trusted = {"ingest_over_http_verify": file}
        failed(stage.ingest(ROWS[:1], service.url(), **trusted), "gave no answer", "certificate")
        assert service.requests == []


def test_a_client_certificate_is_shown(stage, certificate):
    file = certificate("127.0.0.1")
    client = certificate("client.example")
    with Service(file, authority=client) as service:
        settings = {"ingest_over_http_verify": file}
        without = {**settings, "ingest_over_http_retry_total": 0}
        failed(stage.ingest(ROWS[:1], service.url(), **without), "gave no answer")
        settings["ingest_over_http_cert_file_path"] = client
        succeeded(stage.ingest(ROWS[:1], service.url(), **settings))
        assert service.rows == sent(ROWS[:1])


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("verify", "no-such-file.pem"),
        ("cert_file_path", "no-such-file.pem"),
        ("retry_total", "-1"),
        ("retry_backoff_factor", "-0.5"),
        ("retry_status_forcelist", "500, many"),
        ("connect_timeout_seconds", "0"),
        ("compression_encoding", "utf-16"),
    ],
)
def test_settings_that_make_no_sense_are_named(stage, service, key, value):
    key = f"ingest_over_http_{key}"
    failed(stage.ingest(ROWS[:1], service.url(), **{key: value}), key, "Configuration")
    assert service.requests == []


def test_a_target_is_required(stage):
    file = stage.lines(ROWS[:1])
    done = stage.vdk("ingest", file, "-t", "t", "--method", "http")
    failed(done, "is no URL", "ingest_target_default", "Configuration")


def test_other_dispositions_are_refused(stage, service):
    failed(stage.ingest(ROWS[:1], service.url(), ingest_disposition="replace"), "only be appended")
    assert service.requests == []
