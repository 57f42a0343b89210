"""The ingest method `http` posts to a service."""

import http.server
import json
import threading

REQUIRES = ["vdk-ingest-http"]
FULL = True


class Service(http.server.BaseHTTPRequestHandler):
    received = []

    def do_POST(self):
        self.received.extend(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


def check(cell):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Service)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        cell.body(
            f"""
            for number in range(5):
                job_input.send_object_for_ingestion(
                    {{"a": number}}, "t", method="http", target="http://127.0.0.1:{server.server_port}/"
                )
            """
        )
        cell.vdk().succeeded()
    finally:
        server.shutdown()
    assert sorted(row["a"] for row in Service.received) == list(range(5))
    assert {row["@table"] for row in Service.received} == {"t"}
