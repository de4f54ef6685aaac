"""A small HTTP/1.1 server: fast enough that what is measured is its client."""

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass

Seconds = float


@dataclass(frozen=True, slots=True)
class Request:
    """`head` is everything above the body, in lower case; `arrived_at` and `not_before` are of the loop's clock.

    The request arrived between `not_before` and `arrived_at`: a process that was not running sees what came late.
    """

    method: str
    path: str
    head: bytes
    body: bytes
    not_before: Seconds
    arrived_at: Seconds

    def header(self, name: bytes) -> str:
        """A header's value in lower case, '' when it is missing."""
        begin = self.head.find(b"\r\n" + name + b":")
        if begin < 0:
            return ""
        begin += len(name) + 3
        return self.head[begin : self.head.find(b"\r\n", begin)].strip().decode("latin-1")


@dataclass(frozen=True, slots=True)
class Answer:
    """`after` seconds pass before it is written."""

    status: int
    body: bytes
    headers: bytes = b""
    after: Seconds = 0.0


Handler = Callable[[Request], Answer]

TICK_SECONDS = 0.002
"""So often the loop looks up from its work, so that `not_before` is never long ago while it runs.

It is the look before the last: what the last look read may have come while it was about to read.
"""

_REASONS = {200: b"OK", 202: b"Accepted"}
_LENGTH = re.compile(rb"\r\ncontent-length:\s*(\d+)")


class Server:
    """Serves `handle` on a free port of the loopback interface."""

    def __init__(self, handle: Handler) -> None:
        self.handle = handle
        self.looked_up_at = self._last_look_at = 0.0
        self.in_flight = self.most_in_flight = 0

    async def start(self) -> int:
        """The port it listens on."""
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: _Connection(self), "127.0.0.1", 0)
        self._tick()
        port: int = server.sockets[0].getsockname()[1]
        return port

    def _tick(self) -> None:
        loop = asyncio.get_running_loop()
        self.looked_up_at, self._last_look_at = self._last_look_at, loop.time()
        loop.call_later(TICK_SECONDS, self._tick)


class _Connection(asyncio.Protocol):
    def __init__(self, server: Server) -> None:
        self._server = server
        self._loop = asyncio.get_running_loop()
        self._pieces: list[bytes] = []
        self._missing = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._pieces.append(data)
        self._missing -= len(data)
        if self._missing > 0:
            return
        received = b"".join(self._pieces)
        head, end, body = received.partition(b"\r\n\r\n")
        self._pieces = [received]
        if not end:
            self._missing = 0
            return
        lowered = head.lower()
        found = _LENGTH.search(lowered)
        self._missing = (int(found[1]) if found else 0) - len(body)
        if self._missing > 0:
            return
        self._pieces, self._missing = [], 0
        method, path, _ = head.split(b"\r\n", 1)[0].decode("latin-1").split(" ", 2)
        self._answer(method, path, lowered + b"\r\n", body)

    def _answer(self, method: str, path: str, head: bytes, body: bytes) -> None:
        server = self._server
        request = Request(method, path, head, body, server.looked_up_at, self._loop.time())
        answer = server.handle(request)
        payload = b"HTTP/1.1 %d %s\r\nContent-Type: application/json\r\n%sContent-Length: %d\r\n\r\n%s" % (
            answer.status,
            _REASONS.get(answer.status, b"Refused"),
            answer.headers,
            len(answer.body),
            answer.body,
        )
        if not answer.after:
            self._transport.write(payload)
            return
        server.in_flight += 1
        server.most_in_flight = max(server.most_in_flight, server.in_flight)
        self._loop.call_later(answer.after, self._write_late, payload)

    def _write_late(self, payload: bytes) -> None:
        self._server.in_flight -= 1
        if not self._transport.is_closing():
            self._transport.write(payload)
