"""Fetching a document: from a real server that misbehaves in every way a server can."""

import gzip
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from bot import fetching
from bot.fetching import MOST_BYTES, FetchRefused, fetch_document

FINE = b"<alert/>"
BOMB = gzip.compress(b"x" * 5_000_000)
_released = threading.Event()


class _Server(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        _ANSWERS[self.path](self)

    def log_message(self, *_: object) -> None:
        """Nothing to standard error."""

    def answer(self, body: bytes, status: int = 200, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _hang(_: _Server) -> None:
    _released.wait(20)


def _drip(server: _Server) -> None:
    server.send_response(200)
    server.end_headers()
    while not _released.wait(0.02):
        server.wfile.write(b" ")


def _cut(server: _Server) -> None:
    server.send_response(200)
    server.send_header("Content-Length", "1000")
    server.end_headers()
    server.wfile.write(b"<alert>")


_ANSWERS: dict[str, Callable[[_Server], None]] = {
    "/fine": lambda server: server.answer(FINE),
    "/packed": lambda server: server.answer(gzip.compress(FINE), Content_Encoding="gzip"),
    "/empty": lambda server: server.answer(b""),
    "/missing": lambda server: server.answer(b"no", 404),
    "/moved": lambda server: server.answer(b"", 302, Location="/fine"),
    "/large": lambda server: server.answer(b"x" * (MOST_BYTES + 1)),
    "/bomb": lambda server: server.answer(BOMB, Content_Encoding="gzip"),
    "/hangs": _hang,
    "/drips": _drip,
    "/cut": _cut,
    "/no-gzip": lambda server: server.answer(b"plain", Content_Encoding="gzip"),
}


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Server)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    _released.set()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(("path", "body"), [("/fine", FINE), ("/packed", FINE), ("/empty", b"")])
def test_a_document_is_fetched(address: str, path: str, body: bytes) -> None:
    assert fetch_document(address + path) == body


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/missing", "answered 404: check the address"),
        ("/moved", "redirects to another address: check the address"),
        ("/large", "is larger than 1 MB"),
        ("/bomb", "is larger than 1 MB"),
        ("/hangs", "it went silent"),
        ("/drips", "did not arrive within"),
        ("/cut", "cannot be fetched|broke the connection off"),
        ("/no-gzip", "cannot be fetched"),
    ],
)
def test_what_is_refused(address: str, path: str, reason: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for seconds, paths in (("READ_SECONDS", ["/hangs"]), ("TOTAL_SECONDS", ["/drips"])):
        monkeypatch.setattr(fetching, seconds, 0.3 if path in paths else 300.0)
    with pytest.raises(FetchRefused, match=reason):
        fetch_document(address + path)


@pytest.mark.parametrize(
    "wrong", ["http://127.0.0.1:1/", "http://", "http://[", "http://no-such-host.invalid/"]
)
def test_an_address_where_nobody_answers(wrong: str) -> None:
    with pytest.raises(FetchRefused, match="check the address and try again"):
        fetch_document(wrong)
