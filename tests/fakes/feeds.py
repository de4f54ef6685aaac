"""An outside source that answers, fails and misbehaves on command, over real connections on a loopback port."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One request that arrived: its path, its parameters and its headers."""

    path: str
    parameters: dict[str, str]
    headers: dict[str, str]


@dataclass(kw_only=True)
class Feeds:
    """What is served under which path, how, and what was asked. `released` ends every answer that hangs."""

    documents: dict[str, bytes] = field(default_factory=dict)
    faults: dict[str, Callable[["_Handler"], None]] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)
    port: int = 0

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def serve(self, path: str, document: bytes) -> None:
        """Answer with the document from now on, and with 304 to whoever has it."""
        self.documents[path] = document
        self.faults.pop(path, None)

    def break_(self, path: str, fault: str, **how: Any) -> None:
        """Misbehave from now on: one of FAULTS."""
        make = FAULTS[fault]
        self.faults[path] = lambda handler: make(handler, **how)

    def times_asked(self, path: str) -> int:
        return sum(each.path == path for each in self.asked)


class _Handler(BaseHTTPRequestHandler):
    feeds: Feeds

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        parameters = {name: values[0] for name, values in parse_qs(parts.query).items()}
        self.feeds.asked.append(Asked(path=parts.path, parameters=parameters, headers=dict(self.headers)))
        fault = self.feeds.faults.get(parts.path)
        if fault is not None:
            fault(self)
        elif parts.path in self.feeds.documents:
            self._document(self.feeds.documents[parts.path])
        else:
            self.answer(b"no such document", 404)

    def _document(self, document: bytes) -> None:
        etag = f'"{sha256(document).hexdigest()[:16]}"'
        if self.headers.get("If-None-Match") == etag:
            self.answer(b"", 304, ETag=etag)
        else:
            self.answer(document, 200, ETag=etag)

    def answer(self, body: bytes, status: int = 200, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        if status != 304:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing to standard error."""


def _down(handler: _Handler, status: int = 503) -> None:
    handler.answer(b"down", status)


def _slow(handler: _Handler) -> None:
    handler.feeds.released.wait(30)


def _drips_headers(handler: _Handler) -> None:
    handler.wfile.write(b"HTTP/1.0 200 OK\r\n")
    while not handler.feeds.released.wait(0.02):
        handler.wfile.write(b"X-More: 1\r\n")


def _garbage(handler: _Handler) -> None:
    handler.answer(bytes(range(256)) * 8)


def _cut(handler: _Handler, document: bytes) -> None:
    """Half of it, as if that were all."""
    handler.answer(document[: len(document) // 2])


def _broken_off(handler: _Handler, document: bytes) -> None:
    """Half of what was promised."""
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(document)))
    handler.end_headers()
    handler.wfile.write(document[: len(document) // 2])


def _web_page(handler: _Handler) -> None:
    handler.answer(b"<!DOCTYPE html><html><body>Under maintenance</body></html>", Content_Type="text/html")


def _large(handler: _Handler, megabytes: int = 40) -> None:
    handler.send_response(200)
    handler.end_headers()
    for _ in range(megabytes):
        handler.wfile.write(b" " * 1_000_000)


def _moved(handler: _Handler, to: str, status: int = 302) -> None:
    handler.answer(b"", status, Location=to)


FAULTS: dict[str, Callable[..., None]] = {
    "down": _down,
    "slow": _slow,
    "drips headers": _drips_headers,
    "garbage": _garbage,
    "cut": _cut,
    "broken off": _broken_off,
    "web page": _web_page,
    "large": _large,
    "moved": _moved,
}


@contextmanager
def serving() -> Iterator[Feeds]:
    """Feeds that are served until the block ends."""
    feeds = Feeds()
    handler = type("Handler", (_Handler,), {"feeds": feeds})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    feeds.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield feeds
    finally:
        feeds.released.set()
        server.shutdown()
        thread.join()
        server.server_close()
