"""An authorization server that exchanges one API token for access tokens."""

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs


class TokenServer:
    """`right` is the API token; `forms` are the requests."""

    def __init__(self):
        self.forms = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                text = self.rfile.read(int(self.headers["Content-Length"])).decode()
                server.forms.append(parse_qs(text))
                good = server.forms[-1].get("refresh_token") == ["right"]
                body = json.dumps({"access_token": "short-lived", "expires_in": 3600}).encode()
                self.send_response(200 if good else 400)
                self.end_headers()
                self.wfile.write(body if good else b"{}")

            def log_message(self, *_):
                pass

        self.http = HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.http.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.http.server_port}/authorize"
