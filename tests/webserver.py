"""A web server for tests of downloads, with ranges, that misbehaves on demand."""

from __future__ import annotations

import threading
import time
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
        self.version: str | None = '"1"'  # ETag; None sends none
        self.asked: list[int] = []  # the first byte of each request
        self.path = ""  # of the last request

    def handle_error(self, request: object, client_address: object) -> None:
        pass  # a client that hung up


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        server = self.server
        fault = server.faults.pop(0) if server.faults else ""
        if fault == "new version":
            server.body, server.version = server.body[::-1] + server.body, '"2"'
        asked = self.headers.get("Range", "bytes=0-")
        known = self.headers.get("If-Range", server.version)
        whole = not server.ranges or known != server.version
        first = 0 if whole else int(asked.removeprefix("bytes=").removesuffix("-"))
        server.asked.append(first)
        server.path = self.path
        if fault == "circle":
            server.faults.insert(0, fault)
            self.send_response(302)
            self.send_header("Location", server.url)
            self.end_headers()
            return
        body = b"<html>Please log in</html>" if fault == "page" else server.body
        if fault.isdigit():
            self.send_error(int(fault))
            return
        rest = body[first:]
        if fault == "corrupt":
            rest = rest[:-100] + bytes(90) + rest[-10:]
        lengths = {
            "no length": None,
            "endless": None,
            "too long": len(rest) + 9,
            "too short": len(rest) - 9,
        }
        length = lengths.get(fault, len(rest))
        headers: dict[str, object] = {} if length is None else {"Content-Length": length}
        if server.version is not None:
            headers["ETag"] = server.version
        status = 206 if first else 200
        if first >= len(body):
            status, headers["Content-Range"] = 416, f"bytes */{len(body)}"
        elif first:
            start = 0 if fault == "other range" else first
            if fault != "no range":
                headers["Content-Range"] = f"bytes {start}-{len(body) - 1}/{len(body)}"
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, str(value))
        self.end_headers()
        for at in range(0, len(rest), 2000):
            if fault == "hang up" and at >= BEFORE_HANGING_UP:
                return
            if fault == "slow":
                time.sleep(0.2)
            self.wfile.write(rest[at : at + 2000])
        while fault == "endless":
            self.wfile.write(bytes(1 << 16))

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
