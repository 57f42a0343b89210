"""A network between a client and a server on this machine that breaks when it is told to."""

import socket
import struct
import threading

PIECE = 65536


class TcpProxy:
    """Runs from the start of the `with` block to its end. Set what is to break before it happens:

    `cut_after`     so many bytes to the server, counted over all connections, then both ends of the
                    connection are reset; once
    `swallow`       where this comes by on its way to the server (it is let through `swallow_after`
                    times before), the server carries it out, and the client gets a reset in place of
                    the answer, and `refusals_then` more; once
    `at_once`       the client gets that reset before the server has answered
    `refusals`      so many of the next connections are reset before a byte passes
    """

    def __init__(self, port):
        self._target = ("127.0.0.1", port)
        self.cut_after = None
        self.swallow = None
        self.swallow_after = 0
        self.refusals_then = 0
        self.at_once = False
        self.refusals = 0
        self._lock = threading.Lock()

    def __enter__(self):
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._open = []
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            for connection in self._open:
                _reset(connection)

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                refused = self.refusals > 0
                self.refusals -= refused
            if refused:
                _reset(client)
                continue
            try:
                server = socket.create_connection(self._target)
            except OSError:
                _reset(client)
                continue
            with self._lock:
                self._open += [client, server]
            muted = threading.Event()
            threading.Thread(target=self._up, args=(client, server, muted), daemon=True).start()
            threading.Thread(target=self._down, args=(client, server, muted), daemon=True).start()

    def _up(self, client, server, muted):
        try:
            while data := client.recv(PIECE):
                with self._lock:
                    if self.cut_after is not None:
                        self.cut_after -= len(data)
                        if self.cut_after < 0:
                            self.cut_after = None
                            break
                    if self.swallow and self.swallow in data:
                        self.swallow_after -= 1
                        if self.swallow_after < 0:
                            self.swallow = None
                            self.refusals = self.refusals_then
                            muted.set()
                server.sendall(data)
                if muted.is_set() and self.at_once:
                    _reset(client)
                    return  # the answer ends the other direction, and both
        except OSError:
            pass
        _reset(client)
        _reset(server)

    def _down(self, client, server, muted):
        try:
            while data := server.recv(PIECE):
                if muted.is_set():
                    break
                client.sendall(data)
        except OSError:
            pass
        _reset(client)
        _reset(server)


def _reset(connection):
    try:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    connection.close()
