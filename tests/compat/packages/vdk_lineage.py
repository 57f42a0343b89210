"""Events of OpenLineage for a job of SQL."""

import http.server
import json
import threading

REQUIRES = ["vdk-lineage", "vdk-sqlite"]
FULL = True


class Service(http.server.BaseHTTPRequestHandler):
    events = []

    def do_POST(self):
        self.events.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(201)
        self.end_headers()

    def log_message(self, *_):
        pass


def check(cell):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Service)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    cell.step("create table raw_orders as select 1 as a", "10_raw.sql")
    cell.step("create table orders as select a from raw_orders", "20_orders.sql")
    try:
        cell.vdk(
            VDK_OPENLINEAGE_URL=f"http://127.0.0.1:{server.server_port}",
            VDK_DB_DEFAULT_TYPE="sqlite",
            VDK_SQLITE_FILE="kept.db",
        ).succeeded()
    finally:
        server.shutdown()
    kinds = [event["eventType"] for event in Service.events]
    assert kinds[0] == "START" and kinds[-1] == "COMPLETE" and "OTHER" in kinds
    pairs = {
        (tuple(data["name"] for data in event["inputs"]), data["name"])
        for event in Service.events
        for data in event["outputs"]
    }
    assert any(
        inputs and inputs[0].endswith("raw_orders") and out.endswith("orders")
        for inputs, out in pairs
    ), pairs
