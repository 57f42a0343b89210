"""A real SMTP server on a free port of this machine, with TLS and login where a test wants them."""

import email
import email.policy
import ssl
import subprocess

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult


def make_certificate(directory, host="localhost"):
    """A self-signed one: (certificate and authorities, key)."""
    certificate, key = directory / "cert.pem", directory / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
        + ["-subj", f"/CN={host}", "-addext", f"subjectAltName=DNS:{host}"]
        + ["-out", certificate, "-keyout", key],
        check=True,
        capture_output=True,
    )
    return certificate, key


class Mailbox:
    """What was delivered, and to whom; refuses recipients that begin with `no`."""

    def __init__(self):
        self.mails = []
        self.encrypted = []

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("no"):
            return "550 there is nobody of this name"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        self.mails.append((envelope.mail_from, list(envelope.rcpt_tos), mail))
        self.encrypted.append(session.ssl is not None)
        return "250 OK"


class _Controller(Controller):
    def __init__(self, handler, **options):
        self._options = options
        super().__init__(handler, hostname="127.0.0.1", port=0)

    def factory(self):
        return SMTP(self.handler, **self._options)

    def _trigger_server(self):
        # The port is known only now.
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


class MailServer:
    def __init__(self, certificate=None, login=None):
        self.mailbox = Mailbox()
        options = {"hostname": "localhost"}
        if certificate:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain(*certificate)
            options |= {"tls_context": context, "require_starttls": True}
        if login:

            def authenticate(server, session, envelope, mechanism, data):
                given = (data.login.decode(), data.password.decode())
                return AuthResult(success=given == login)

            options |= {
                "authenticator": authenticate,
                "auth_required": True,
                "auth_require_tls": certificate is not None,
            }
        self._controller = _Controller(self.mailbox, **options)

    def __enter__(self):
        self._controller.start()
        return self

    def __exit__(self, *_):
        self._controller.stop()

    @property
    def port(self):
        return self._controller.port
