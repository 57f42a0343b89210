"""A real web server for tests, which behaves as badly as it is told."""

import gzip
import json
import socket
import ssl
import struct
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TIME_LIMIT_SECONDS = 60


def reply(status, body=b"", **headers):
    """Answers, headers by their names with _ for -."""

    def behave(handler):
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return behave


def hang(handler):
    """Says nothing until the other side, or the test, is over."""
    handler.connection.settimeout(TIME_LIMIT_SECONDS)
    handler.server.ended.wait(TIME_LIMIT_SECONDS)
    handler.close_connection = True


def reset(handler):
    """The connection breaks before the answer."""
    linger = struct.pack("ii", 1, 0)
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    handler.close_connection = True


def half_an_answer(handler):
    """The connection ends in the middle of the answer."""
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b"half")
    handler.close_connection = True


def endless_answer(handler):
    """A body that never ends."""
    handler.send_response(200)
    handler.end_headers()
    handler.close_connection = True
    try:
        while not handler.server.ended.is_set():
            handler.wfile.write(b"x" * 65536)
    except OSError:
        pass


def drips(handler):
    """A byte now and then: never silent for long, and never done."""
    handler.send_response(200)
    handler.send_header("Content-Length", "1000000")
    handler.end_headers()
    handler.close_connection = True
    try:
        while not handler.server.ended.wait(0.1):
            handler.wfile.write(b"x")
    except OSError:
        pass


def endless_headers(handler):
    try:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
        while not handler.server.ended.is_set():
            handler.wfile.write(b"X-Filler: " + b"x" * 1000 + b"\r\n")
    except OSError:
        pass
    handler.close_connection = True


class Request:
    def __init__(self, handler, data):
        self.path = handler.path
        self.headers = handler.headers
        self.data = data
        plain = gzip.decompress(data) if handler.headers["Content-Encoding"] == "gzip" else data
        self.rows = json.loads(plain)

    @property
    def key(self):
        return self.headers["Idempotency-Key"]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        data = self.rfile.read(int(self.headers["Content-Length"]))
        with self.server.lock:
            self.server.requests.append(Request(self, data))
            behaviours = self.server.behaviours
            behave = behaviours.pop(0) if len(behaviours) > 1 else behaviours[0]
        behave(self)

    def log_message(self, *_):
        pass


class Service(ThreadingHTTPServer):
    """Behaves as `behaviours` say, one a request; the last one stays."""

    daemon_threads = True

    def __init__(self, certificate=None, authority=None):
        super().__init__(("127.0.0.1", 0), Handler)
        self.lock = threading.Lock()
        self.ended = threading.Event()
        self.requests = []
        self.behaviours = [reply(200)]
        self.scheme = "http"
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            if authority:
                context.verify_mode = ssl.CERT_REQUIRED
                context.load_verify_locations(authority)
            self.socket = context.wrap_socket(
                self.socket, server_side=True, do_handshake_on_connect=False
            )
            self.scheme = "https"

    def handle_error(self, request, client_address):
        pass  # clients that hang up are part of the tests

    def url(self, path="/ingest", host="127.0.0.1", user=""):
        return f"{self.scheme}://{user}{host}:{self.server_port}{path}"

    @property
    def rows(self):
        return [row for request in self.requests for row in request.rows]

    def __enter__(self):
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.shutdown()
        self.server_close()
