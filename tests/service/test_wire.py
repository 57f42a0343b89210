"""What is no proper request of HTTP is refused, and harms nobody."""

import json
import re
import socket

import pytest

SECONDS = 60


def exchange(service, data):
    """What comes back for bytes until the service closes the connection."""
    with socket.create_connection(("127.0.0.1", service.port), SECONDS) as connection:
        answer = b""
        try:
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            while part := connection.recv(65536):
                answer += part
        except OSError:
            pass  # it closed the connection before it had read everything
    return answer


def status(answer):
    return int(answer.split(b" ", 2)[1]) if answer else None


HEAD = b"GET /data-jobs/debug/info HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
BROKEN = {
    "no request at all": (b"\r\n\x00\xff\r\n\r\n", 400),
    "a zero byte in a header": (HEAD + b"X-Some: \x00\r\n\r\n", 400),
    "a header without a colon": (HEAD + b"X-Some\r\n\r\n", 400),
    "a version that is none": (b"GET / HTTP/9.9\r\nHost: localhost\r\n\r\n", 400),
    "a length that is no number": (HEAD + b"Content-Length: x\r\n\r\n", 400),
    "two lengths": (HEAD + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400),
    "a length and chunks": (
        HEAD + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        400,
    ),
    "a header that is too long": (HEAD + b"X-Some: " + b"x" * 20_000 + b"\r\n\r\n", 431),
    "a line that is too long": (b"GET /" + b"x" * 20_000 + b" HTTP/1.1\r\n\r\n", 431),
    "half a header": (HEAD, None),
    "an address in another encoding": (HEAD.replace(b"info", b"\xff") + b"\r\n", 400),
    "no host": (b"GET /data-jobs/debug/info HTTP/1.1\r\nConnection: close\r\n\r\n", 403),
    "half a body": (
        b"PUT /data-jobs/for-team/a/jobs/b/deployments/c/properties HTTP/1.1\r\nHost: localhost\r\n"
        b"Content-Type: application/json\r\nContent-Length: 10\r\n\r\n{",
        400,
    ),
    "a chunk that is none": (
        b"PUT /data-jobs/for-team/a/jobs/b/deployments/c/properties HTTP/1.1\r\nHost: localhost\r\n"
        b"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n\r\n",
        400,
    ),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_it_is_refused_and_the_next_one_is_answered(shared_service, kind):
    data, wanted = BROKEN[kind]
    assert status(exchange(shared_service, data)) == wanted
    assert status(exchange(shared_service, HEAD + b"\r\n")) == 200


def test_an_address_in_another_encoding_is_told_in_json(shared_service):
    answer = exchange(shared_service, HEAD.replace(b"info", b"\xff/..") + b"\r\n")
    body = json.loads(answer.split(b"\r\n\r\n", 1)[1].decode())
    assert (body["status"], body["path"]) == (400, "/data-jobs/debug/\ufffd/..")


@pytest.mark.parametrize("op_id", [b"\xff", b"a\tb"])
def test_an_operation_id_that_cannot_be_printed_is_made_anew(shared_service, op_id):
    answer = exchange(shared_service, HEAD + b"X-OPID: " + op_id + b"\r\n\r\n")
    (told,) = re.findall(rb"\r\nX-OPID: ([^\r]*)\r\n", answer)
    assert re.fullmatch(rb"0\d{13}", told)


def test_a_body_may_come_in_chunks(shared_service):
    path = b"/data-jobs/for-team/alpha/jobs/job-chunks/deployments/x/properties"
    sent = exchange(
        shared_service,
        b"PUT " + path + b" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        b"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
        b'5\r\n{"a":\r\n4\r\n "b"\r\n1\r\n}\r\n0\r\n\r\n',
    )
    assert status(sent) == 204
    assert shared_service.send("GET", path.decode()).json() == {"a": "b"}
