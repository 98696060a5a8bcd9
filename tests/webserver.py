"""A web server for tests of downloads, with ranges, that misbehaves on demand."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

BEFORE_HANGING_UP = 4000  # bytes that are sent


class Server(ThreadingHTTPServer):
    """Serves ``body``; ``faults`` name what goes wrong with the first requests."""

    daemon_threads = True

    def __init__(self, body: bytes) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.folder = f"http://127.0.0.1:{self.server_port}/"
        self.url = self.folder + "archive.tar.gz"
        self.body = body
        self.faults: list[str] = []
        self.ranges = True
        self.asked: list[int] = []  # the first byte of each request
        self.path = ""  # of the last request

    def handle_error(self, request: object, client_address: object) -> None:
        pass  # a client that hung up


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        server = self.server
        fault = server.faults.pop(0) if server.faults else ""
        asked = self.headers.get("Range", "bytes=0-") if server.ranges else "bytes=0-"
        first = int(asked.removeprefix("bytes=").removesuffix("-"))
        server.asked.append(first)
        server.path = self.path
        body = b"<html>Please log in</html>" if fault == "page" else server.body
        if fault.isdigit():
            self.send_error(int(fault))
            return
        rest = body[first:]
        if fault == "corrupt":
            rest = rest[:-100] + bytes(90) + rest[-10:]
        self.send_response(416 if first >= len(body) else 206 if first else 200)
        self.send_header("Content-Length", str(len(rest)))
        self.end_headers()
        for at in range(0, len(rest), 2000):
            if fault == "hang up" and at >= BEFORE_HANGING_UP:
                return
            self.wfile.write(rest[at : at + 2000])

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def serving(body: bytes) -> Iterator[Server]:
    """A server of ``body`` on this machine."""
    with Server(body) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()
