"""Native plugins that do what upstream's Python ones did, by the same names and keys."""

import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import urllib.request
from pathlib import Path

import pluggy
import pytest
from mail_server import MailServer, make_certificate

ROOT = Path(__file__).resolve().parents[2]
VDK = Path(os.environ.get("VDK_BIN", ROOT / "build" / "release" / "bin" / "vdk")).absolute()
PYTHON = os.environ.get("VDK_COMPAT_PYTHON", sys.executable)


@pytest.fixture
def environment(tmp_path):
    return {
        "PATH": os.defpath,
        "HOME": str(tmp_path),
        "VDK_PYTHON": PYTHON,
        "VDK_TERMINATION_MESSAGE_WRITER_OUTPUT_FILE": str(tmp_path / "end.json"),
        "VDK_SQLITE_FILE": str(tmp_path / "sqlite.db"),
        "VDK_DB_DEFAULT_TYPE": "sqlite",
    }


@pytest.fixture
def run(environment, job):
    """run({file: text}, **options of the configuration) runs them as the job `work`."""

    def run(files, *words, **options):
        directory = job("work", files)
        more = {f"VDK_{key.upper()}": str(value) for key, value in options.items()}
        return subprocess.run(
            [VDK, *words, "run", directory],
            cwd=directory.parent,
            env=environment | more,
            capture_output=True,
            text=True,
            check=False,
        )

    return run


def status(tmp_path):
    return json.loads((tmp_path / "end.json").read_text())["status"]


# ---- properties in one file, execution ids -----------------------------------------------------

COUNT = """
def run(job_input):
    job_input.set_all_properties({"count": job_input.get_property("count", 0) + 1})
"""


@pytest.mark.parametrize(
    ("ini", "key"),
    [
        (None, "None_work__"),
        ("[owner]\nteam =\n", "_work__"),
        ("[owner]\nteam = ab\n", "ab_work__"),
    ],
)
def test_properties_are_kept_under_upstreams_key(run, tmp_path, ini, key):
    files = {"10_count.py": COUNT} | ({"config.ini": ini} if ini else {})
    (tmp_path / "props").mkdir()
    store = tmp_path / "props" / "jobs.json"
    store.write_text(json.dumps({key: {"count": 41}, "x_other__": {"a": 1}}))
    done = run(
        files,
        properties_default_type="fs-properties-client",
        fs_properties_directory=tmp_path / "props",
        fs_properties_filename="jobs.json",
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(store.read_text()) == {key: {"count": 42}, "x_other__": {"a": 1}}


def test_the_back_end_is_used_only_where_it_is_named(run, tmp_path):
    done = run({"10_count.py": COUNT}, fs_properties_directory=tmp_path)
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "vdk_data_jobs.json").exists()


SEND = """
def run(job_input):
    job_input.send_object_for_ingestion({"id": "Hello"}, destination_table="hello", method="sqlite")
    job_input.send_tabular_data_for_ingestion([(1,), (2,)], ["n"], destination_table="numbers", method="sqlite")
"""


def test_rows_get_the_id_of_their_execution(run, tmp_path):
    done = run(
        {"10_send.py": SEND},
        ingest_payload_preprocess_sequence="vdk-gdp-execution-id",
        gdp_execution_id_micro_dimension_name="execution",
        execution_id="e-77",
    )
    assert done.returncode == 0, done.stderr
    with sqlite3.connect(tmp_path / "sqlite.db") as database:
        assert database.execute("select id, execution from hello").fetchall() == [("Hello", "e-77")]
        assert database.execute("select n, execution from numbers order by n").fetchall() == [
            (1, "e-77"),
            (2, "e-77"),
        ]


def test_an_unknown_processor_is_named_with_the_nearest(run):
    done = run({"10_send.py": SEND}, ingest_payload_preprocess_sequence="vdk-gdp-exection-id")
    assert done.returncode == 1
    assert "There is no pre-processor 'vdk-gdp-exection-id'." in done.stderr
    assert "Did you mean 'vdk-gdp-execution-id'?" in done.stderr


# ---- log formats -------------------------------------------------------------------------------

SQL = {"10_ask.sql": "select 1;"}


def log_lines(done, text):
    assert done.returncode == 0, done.stderr
    return [line for line in done.stderr.splitlines() if text in line]


def test_json_lines_have_the_fields_of_python_records(run):
    lines = run(SQL, structlog_format="json").stderr.splitlines()
    entering = json.loads(next(line for line in lines if "Entering 10_ask.sql" in line))
    assert set(entering) == {
        "timestamp", "level", "name", "filename", "lineno", "funcName", "message",
    }  # fmt: skip
    assert entering["level"] == "INFO"
    assert isinstance(entering["timestamp"], float)
    assert isinstance(entering["lineno"], int)


def test_metadata_may_tell_the_job_and_the_step(run):
    fields = "level,vdk_job_name,vdk_step_name,vdk_step_type,attempt_id"
    done = run(SQL, structlog_format="json", structlog_metadata=fields, attempt_id="a1")
    (line,) = log_lines(done, "Entering 10_ask.sql")
    assert json.loads(line) == {
        "level": "INFO",
        "attempt_id": "a1",
        "vdk_job_name": "work",
        "vdk_step_name": "10_ask.sql",
        "vdk_step_type": "sql",
        "message": "Entering 10_ask.sql#run(...) ...",
    }
    assert "vdk_step_name" not in done.stderr.splitlines()[-1]


def test_logfmt(run):
    done = run(SQL, structlog_format="logfmt", structlog_metadata="level,vdk_step_name")
    (line,) = log_lines(done, "Entering")
    assert line == 'level=INFO vdk_step_name=10_ask.sql message="Entering 10_ask.sql#run(...) ..."'


def test_ltsv(run):
    done = run(SQL, structlog_format="ltsv", structlog_metadata="level,vdk_step_name")
    (line,) = log_lines(done, "Entering")
    assert line == "level:INFO\tvdk_step_name:10_ask.sql\tmessage:Entering 10_ask.sql#run(...) ..."


def test_console_fragments_and_patterns(run, job):
    done = run(SQL, use_structlog="true")
    (line,) = log_lines(done, "Entering")
    assert re.match(
        r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} \[VDK\] \[INFO \] vdk\.job {22} +job_runner\.cpp"
        r":\d+ +run_step +- Entering 10_ask",
        line,
    ), line


def test_a_pattern_of_pythons_logging(run):
    done = run(
        SQL,
        structlog_console_custom_format="%(levelname)-8s|%(name)5.3s|%(absent)s|100%%|%(message)s",
    )
    (line,) = log_lines(done, "Entering")
    assert line == "INFO    |  vdk||100%|Entering 10_ask.sql#run(...) ..."


def test_the_preset_cloud_is_the_cores_own_columns(run, job):
    done = run(SQL, structlog_config_preset="CLOUD", attempt_id="a1")
    (line,) = log_lines(done, "Entering")
    assert re.search(r"\[VDK\] work \[INFO \] vdk\.job .*\[id:a1\]- Entering", line), line


def test_a_wrong_format_is_an_error(run):
    done = run(SQL, structlog_format="xml")
    assert done.returncode == 1
    assert "console, json, ltsv or logfmt" in done.stderr


# ---- notifications -----------------------------------------------------------------------------


def settings(server, **more):
    return {
        "enable_attempt_notifications": "true",
        "notification_enabled": "true",
        "notification_smtp_host": "localhost",
        "notification_smtp_port": server.port,
        "notification_sender": "vdk@example.org",
        "notified_on_job_success": "fine@example.org",
        "notified_on_job_failure_user_error": "author@example.org; no-such@example.org",
        "notified_on_job_failure_platform_error": "operator@example.org",
        "notification_job_log_url_pattern": "https://log.example.org/{op_id}",
    } | more


def test_success_is_told(run):
    with MailServer() as server:
        done = run(SQL, op_id="op-1", **settings(server))
    assert done.returncode == 0, done.stderr
    ((sender, recipients, mail),) = server.mailbox.mails
    assert (sender, recipients) == ("vdk@example.org", ["fine@example.org"])
    assert mail["Subject"] == "[success][data job run] work"
    body = mail.get_content()
    assert "<b>work</b>" in body
    assert "https://log.example.org/op-1" in body


def test_an_error_of_the_user_is_told_to_those_whom_the_server_accepts(run, tmp_path):
    with MailServer() as server:
        done = run(
            {"10_ask.sql": "select * from <absent>;"},
            **settings(server, notification_email_cc_list="boss@example.org"),
        )
    assert done.returncode == 1
    assert status(tmp_path) == "User error"
    ((_, recipients, mail),) = server.mailbox.mails
    assert recipients == ["author@example.org", "boss@example.org"]
    assert mail["Subject"] == "[user error][data job run] work"
    assert "&lt;" in mail.get_content()


def test_recipients_of_config_ini_are_told(run):
    ini = "[contacts]\nenable_attempt_notifications = true\nnotified_on_job_success = a@x.org; b@x.org\n"
    with MailServer() as server:
        more = settings(server)
        del more["notified_on_job_success"], more["enable_attempt_notifications"]
        done = run(SQL | {"config.ini": ini}, **more)
    assert done.returncode == 0, done.stderr
    ((_, recipients, _),) = server.mailbox.mails
    assert recipients == ["a@x.org", "b@x.org"]


def test_nothing_is_sent_or_opened_where_nobody_asked(run, tmp_path):
    with MailServer() as server:
        for more in (
            {"enable_attempt_notifications": "false"},
            {"notification_enabled": "false"},
            {"notified_on_job_success": ""},
        ):
            done = run(SQL, **settings(server, **more))
            assert done.returncode == 0, done.stderr
            (tmp_path / "work").rename(tmp_path / f"work-{len(list(tmp_path.iterdir()))}")
    assert server.mailbox.mails == []


def test_tls_and_login(run, tmp_path):
    certificate = make_certificate(tmp_path)
    with MailServer(certificate, login=("vdk", "hunter22")) as server:
        done = run(
            SQL, "-v", "DEBUG",
            **settings(
                server,
                notification_smtp_use_tls="true",
                notification_smtp_verify=certificate[0],
                notification_smtp_login_username="vdk",
                notification_smtp_login_password="hunter22",
            ),
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert len(server.mailbox.mails) == 1, done.stderr
    assert server.mailbox.encrypted == [True]
    assert "MAIL FROM" in done.stderr
    assert "hunter22" not in done.stderr
    assert "aHVudGVyMjI" not in done.stderr  # in base 64


def refused(run, server, **more):
    """The run goes well, no mail is sent, and one warning says why."""
    done = run(SQL, **settings(server, **more))
    assert done.returncode == 0, done.stderr
    assert server.mailbox.mails == []
    (line,) = [line for line in done.stderr.splitlines() if "could not be sent" in line]
    return line


def test_an_unknown_certificate_is_refused(run, tmp_path):
    with MailServer(make_certificate(tmp_path)) as server:
        assert "certificate" in refused(run, server, notification_smtp_use_tls="true")


def test_a_certificate_of_another_host_is_refused(run, tmp_path):
    certificate = make_certificate(tmp_path, "elsewhere.example.org")
    with MailServer(certificate) as server:
        refused(
            run, server, notification_smtp_use_tls="true", notification_smtp_verify=certificate[0]
        )


def test_tls_that_the_server_does_not_have_is_no_plain_mail(run):
    with MailServer() as server:
        refused(run, server, notification_smtp_use_tls="true")


def test_a_wrong_password_is_a_warning_without_the_password(run, tmp_path):
    with MailServer(make_certificate(tmp_path), login=("vdk", "right")) as server:
        line = refused(
            run,
            server,
            notification_smtp_use_tls="true",
            notification_smtp_verify="false",
            notification_smtp_login_username="vdk",
            notification_smtp_login_password="wrong-password",
        )
    assert "wrong-password" not in line


def test_no_server_is_a_warning(run):
    with MailServer() as server:
        port = server.port
    server.mailbox.mails.clear()
    done = run(SQL, **settings(server, notification_smtp_port=port))
    assert done.returncode == 0
    assert "could not be sent" in done.stderr


# ---- troubleshooting ---------------------------------------------------------------------------

LOOK = """
import re, sys, urllib.request, urllib.error

def deep_in_the_job():
    url = re.search(r"http://\\S+/threads", open("log").read())[0]
    page = urllib.request.urlopen(url).read().decode()
    open("page", "w").write(page)
    try:
        urllib.request.urlopen(url + "x")
    except urllib.error.HTTPError as error:
        assert error.code == 404
    open("url", "w").write(url)

def run(job_input):
    deep_in_the_job()
"""


def test_the_page_shows_threads_and_python_stacks_while_the_job_runs(environment, job, tmp_path):
    directory = job("work", {"10_look.py": LOOK})
    with open(tmp_path / "log", "w") as log:
        done = subprocess.run(
            [VDK, "run", directory],
            cwd=tmp_path,
            env=environment | {"VDK_TROUBLESHOOT_UTILITIES_TO_USE": "thread-dump"},
            stderr=log,
            check=False,
        )
    told = (tmp_path / "log").read_text()
    assert done.returncode == 0, told
    page = (tmp_path / "page").read_text()
    assert page.startswith("Threads:\n")
    assert "in deep_in_the_job" in page
    assert told.count("deep_in_the_job") >= 1  # logged too
    with pytest.raises(OSError):
        urllib.request.urlopen((tmp_path / "url").read_text())


def test_nothing_listens_where_nobody_asked(run):
    done = run(SQL)
    assert "/threads" not in done.stderr


def test_an_unknown_utility_is_named(run):
    done = run(SQL, troubleshoot_utilities_to_use="thread-dmp")
    assert done.returncode == 0
    assert "only thread-dump is there" in done.stderr


# ---- audit -------------------------------------------------------------------------------------

SYSTEM = (
    "import os\n\ndef run(job_input):\n    os.environ['X'] = '1'\n    os.system('touch done')\n"
)


def test_a_forbidden_event_ends_the_process_and_never_reads_as_success(run, tmp_path):
    done = run({"10_system.py": SYSTEM}, audit_hook_enabled="true")
    assert done.returncode == 1
    assert "forbidden event os.system" in done.stderr
    assert not (tmp_path / "done").exists()
    assert status(tmp_path) == "Platform error"


def test_the_exit_code_and_the_list_are_configurable(run, tmp_path):
    done = run(
        {"10_system.py": SYSTEM},
        audit_hook_enabled="true",
        forbidden_events_list="os.put*;os.putenv",
        exit_code=7,
    )
    assert done.returncode == 7
    assert "forbidden event os.putenv" in done.stderr


def test_it_may_only_warn(run, tmp_path):
    done = run({"10_system.py": SYSTEM}, audit_hook_enabled="true", exit_on_forbidden_event="false")
    assert done.returncode == 0, done.stderr
    assert "forbidden event os.system" in done.stderr
    assert (tmp_path / "done").exists()


def test_nothing_is_forbidden_where_nobody_asked(run, tmp_path):
    done = run({"10_system.py": SYSTEM})
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "done").exists()


# ---- the originals -----------------------------------------------------------------------------


def install_original(tmp_path, name, version):
    """A virtual environment whose files say that the Python plugin is installed."""
    venv = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", venv], check=True)
    (site,) = venv.glob("lib/python3*/site-packages")
    info = site / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    (info / "entry_points.txt").write_text("[vdk.plugin.run]\noriginal = vdk_original\n")
    (site / "vdk_original.py").write_text("")
    shutil.copytree(Path(pluggy.__file__).parent, site / "pluggy")
    return venv / "bin" / "python3"


def test_where_the_original_is_installed_it_wins(run, environment, tmp_path):
    python = install_original(tmp_path, "vdk-audit", "0.1.0")
    environment["VDK_PYTHON"] = str(python)
    done = subprocess.run(
        [VDK, "plugins", "--output", "json"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    (native,) = [one for one in json.loads(done.stdout) if one["name"] == "audit"]
    assert native["state"] == "shadowed"
    assert native["cause"] == "the Python plugin vdk-audit takes its place"

    done = run({"10_system.py": SYSTEM}, "-v", "INFO", audit_hook_enabled="true")
    assert done.returncode == 0, done.stderr
    assert "forbidden" not in done.stderr
    assert "is shadowed: the Python plugin vdk-audit takes its place." in done.stderr


def test_plugins_of_python_without_pluggy_say_so(run, environment, tmp_path):
    python = install_original(tmp_path, "vdk-audit", "0.1.0")
    (pluggy_folder,) = python.parent.parent.glob("lib/python3*/site-packages/pluggy")
    shutil.rmtree(pluggy_folder)
    environment["VDK_PYTHON"] = str(python)
    done = run({"10_system.py": SYSTEM})
    assert done.returncode == 1
    assert "has plugins of Python, but not the module pluggy" in done.stderr
    assert "They are: vdk-audit." in done.stderr
    assert f"{python} -m pip install pluggy" in done.stderr
