"""What upstream's service answered to 765 requests, asked of ours in the same order."""

import json
import sys

import pytest
import replay
from control_service import ControlService

# Both versions are the interpreter of the tests: what they are called is what is compared.
PYTHONS = json.dumps({name: {"interpreter": sys.executable} for name in ("3.9", "3.8")})
LOGS_URL = (
    "https://logs.example.com/{execution_id}?s={start_time}&e={end_time}&op={op_id}&x={{job_name}}"
)
# The recording's modes, and how our service is set up to be asked the same.
SETTINGS = {
    "write K8S,DB; read K8S; security off": {
        "DATAJOBS_DEPLOYMENT_SUPPORTED_PYTHON_VERSIONS": PYTHONS,
        "DATAJOBS_DEPLOYMENT_DEFAULT_PYTHON_VERSION": "3.9",
        "DATAJOBS_VERSION": "0.0.1",
        "FEATUREFLAG_VAULT_INTEGRATION_ENABLED": "false",
        "VDK_SERVICE_ALLOWED_HOSTS": "api.example",
    },
    "write DB; read DB; synchronizer on; security off": {
        "DATAJOBS_DEPLOYMENT_SUPPORTED_PYTHON_VERSIONS": PYTHONS,
        "DATAJOBS_DEPLOYMENT_DEFAULT_PYTHON_VERSION": "3.9",
        "DATAJOBS_EXECUTIONS_LOGS_URL_TEMPLATE": LOGS_URL,
        "DATAJOBS_EXECUTIONS_LOGS_URL_DATE_FORMAT": "iso",
        "UPLOAD_VALIDATION_FILETYPES_ALLOWLIST": "text,application/json",
        "UPLOAD_VALIDATION_EXTENSIONS_FILTER_LIST": ".pyc,.so",
    },
}
EXCHANGES = replay.exchanges()
PENDING = replay.pending()
DIFFERENCES = replay.differences()


def is_pending(exchange):
    return exchange["mode"] not in SETTINGS or replay.first(PENDING, exchange["name"]) is not None


SENT = [exchange for exchange in EXCHANGES if not is_pending(exchange)]


@pytest.fixture(scope="module")
def verdicts(new_store, tmp_path_factory):
    found = {}
    for mode, settings in SETTINGS.items():
        data = tmp_path_factory.mktemp("replay") / "data"
        with ControlService(data, {**settings, **new_store()}) as service:
            run = replay.Replay(service)
            for exchange in SENT:
                if exchange["mode"] != mode:
                    continue
                name = exchange["name"]
                pattern = replay.first([(d.pattern, d) for d in DIFFERENCES], name)
                answer = run.send(exchange)
                found[name] = run.check(exchange, answer, pattern and pattern[1])
    return found


@pytest.mark.parametrize("name", [exchange["name"] for exchange in SENT])
def test_answers_as_recorded(verdicts, name):
    assert verdicts[name] == ""


def test_lists_name_what_was_recorded():
    names = [exchange["name"] for exchange in EXCHANGES]
    for pattern in [p for p, _ in PENDING] + [d.pattern for d in DIFFERENCES]:
        assert any(replay.first([(pattern,)], name) for name in names), pattern
