"""GETs to an SMS gateway over kept connections: each is written once, at its departure, and never a second time.

Not by aiohttp: what it does for one GET takes longer than all else of a message, and it repeats a GET whose connection
broke, which here would be a second SMS (docs/decisions/0022).
"""

import asyncio
import re
import ssl
from base64 import b64encode
from dataclasses import dataclass
from functools import cached_property
from typing import cast

from yarl import URL

from broadcasts.delivery.channel import AccountRefused, Departure, OutcomeUnknown, Unreachable

CONNECT_SECONDS = 3.0
IDLE_SECONDS = 2.0
"""An idle connection is closed by us before gateways do: on one that the other side has closed, a message would be lost
from sight."""

MOST_CONNECTIONS = 256
MOST_SAID = 500
"""So many octets of what an answer says are read."""

_MOST_HEAD = 16 * 1024
_STATUS_LINE = re.compile(rb"HTTP/1\.([01]) +([1-9][0-9]{2})(?: .*)?")
_WITHOUT_BODY = frozenset({204, 304})


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """`said` is the beginning of the body; `may_go_on`: the next request may go over the same connection."""

    status: int
    said: str
    may_go_on: bool


class GatewayHttp:
    """Connections to one address, made when they are needed in the loop that asks; `close` may be followed by more."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._places = asyncio.Semaphore(MOST_CONNECTIONS)
        self._open: set[_Connection] = set()
        self._idle: list[tuple[float, _Connection]] = []
        self._sweep: asyncio.TimerHandle | None = None

    async def get(self, query: str, departure: Departure) -> Answer:
        """Ask with these parameters, which are encoded, when it is due.

        Raises Unreachable when nothing was written, OutcomeUnknown when no answer came, AccountRefused for an address
        that is none, and what the departure raises. No error quotes the address: it holds password and number.
        """
        try:
            request = self._target.request(query)
        except ValueError:
            raise AccountRefused("KRAJAI_SMS_URL is no web address") from None
        async with self._places:
            connection = self._take_idle() or await self._connect()
            try:
                await departure.due()
                if connection.is_shut:
                    raise Unreachable("the SMS gateway hung up before anything was written")
                departure.left()
                return await connection.ask(request)
            finally:
                self._give_back(connection)

    async def close(self) -> None:
        """Hang up, also on those who wait for an answer."""
        for connection in list(self._open):
            connection.hang_up()
        self._idle.clear()
        # Their transports close in the next turn of the loop.
        await asyncio.sleep(0)

    @cached_property
    def _target(self) -> "_Target":
        return _Target.of(self._url)

    def _take_idle(self) -> "_Connection | None":
        while self._idle:
            _, connection = self._idle.pop()
            if not connection.is_shut:
                return connection
        return None

    async def _connect(self) -> "_Connection":
        loop, target = asyncio.get_running_loop(), self._target
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                _, connection = await loop.create_connection(
                    lambda: _Connection(self._open), target.host, target.port, ssl=target.tls
                )
        except ValueError:
            raise AccountRefused("KRAJAI_SMS_URL is no web address") from None
        except OSError:
            raise Unreachable("no connection to the SMS gateway") from None
        return connection

    def _give_back(self, connection: "_Connection") -> None:
        if not connection.may_go_on:
            connection.hang_up()
            return
        loop = asyncio.get_running_loop()
        self._idle.append((loop.time(), connection))
        if self._sweep is None:
            self._sweep = loop.call_later(IDLE_SECONDS, self._hang_up_idle)

    def _hang_up_idle(self) -> None:
        """They lie in the order in which they were given back; the last one is taken first."""
        loop, self._sweep = asyncio.get_running_loop(), None
        now = loop.time()
        while self._idle and self._idle[0][0] <= now - IDLE_SECONDS:
            self._idle.pop(0)[1].hang_up()
        if self._idle:
            self._sweep = loop.call_at(self._idle[0][0] + IDLE_SECONDS, self._hang_up_idle)


def read_answer(raw: bytes, *, is_all: bool = False) -> Answer | None:
    """The answer in what came so far, None while more must come; `is_all`: nothing more comes.

    Raises ValueError for what is no answer of HTTP/1 (RFC 9112), or only a part of one.

    >>> read_answer(b"HTTP/1.1 202 Accepted\\r\\nContent-Length: 9\\r\\n\\r\\n0: Queued")
    Answer(status=202, said='0: Queued', may_go_on=True)
    """
    head, end, body = raw.partition(b"\r\n\r\n")
    if not end:
        if is_all or len(raw) > _MOST_HEAD:
            raise ValueError("no head of an answer")
        return None
    first, *lines = head.split(b"\r\n")
    line = _STATUS_LINE.fullmatch(first)
    if line is None:
        raise ValueError("no status line")
    status = int(line[2])
    if status < 200:
        return read_answer(body, is_all=is_all)
    fields = {name.lower(): value.strip() for name, _, value in (each.partition(b":") for each in lines)}
    said, rest = _body(status, fields, body, is_all=is_all)
    if rest is None and len(said) < MOST_SAID:
        if is_all:
            raise ValueError("half an answer")
        return None
    wish = fields.get(b"connection", b"").lower()
    keeps = b"close" not in wish if line[1] == b"1" else b"keep-alive" in wish
    said_first = said[:MOST_SAID].decode("utf-8", "replace")
    return Answer(status=status, said=said_first, may_go_on=keeps and rest == b"" and not is_all)


def _body(status: int, fields: dict[bytes, bytes], raw: bytes, *, is_all: bool) -> tuple[bytes, bytes | None]:
    """What of the body is there, and what came behind its end; None there while it has not ended (RFC 9112, 6.3)."""
    if status in _WITHOUT_BODY:
        return b"", raw
    if b"chunked" in fields.get(b"transfer-encoding", b"").lower():
        return _chunks(raw)
    length = fields.get(b"content-length")
    if length is None:
        return raw, b"" if is_all else None
    if not length.isdigit():
        raise ValueError("no length")
    return raw[: int(length)], raw[int(length) :] if len(raw) >= int(length) else None


def _chunks(raw: bytes) -> tuple[bytes, bytes | None]:
    """As `_body`, of a chunked body; fields behind it are not read, so that the connection ends with it."""
    said = b""
    while True:
        line, end, raw = raw.partition(b"\r\n")
        if not end:
            return said, None
        size = int(line.partition(b";")[0].strip(), 16)
        if size < 0:
            raise ValueError("no size of a chunk")
        if size == 0:
            return said, raw.removeprefix(b"\r\n") if raw.startswith(b"\r\n") else None
        said, raw = said + raw[:size], raw[size + 2 :]


@dataclass(frozen=True, kw_only=True)
class _Target:
    """Where connections go, and what of a request is always the same."""

    host: str
    port: int
    tls: ssl.SSLContext | None
    before: str
    behind: str

    @classmethod
    def of(cls, address: str) -> "_Target":
        """Raises ValueError for what is no address of the web."""
        url = URL(address)
        if url.scheme not in ("http", "https") or not url.raw_host or not url.port:
            raise ValueError("no address of the web")
        path = url.raw_path_qs
        lines = [f"Host: {url.host_port_subcomponent}", "User-Agent: Krajai", "Accept: */*"]
        if url.user is not None:
            known = b64encode(f"{url.user}:{url.password or ''}".encode()).decode()
            lines.append(f"Authorization: Basic {known}")
        return cls(
            host=url.raw_host,
            port=url.port,
            tls=ssl.create_default_context() if url.scheme == "https" else None,
            before=f"GET {path}{'&' if '?' in path else '?'}",
            behind=" HTTP/1.1\r\n" + "\r\n".join(lines) + "\r\n\r\n",
        )

    def request(self, query: str) -> bytes:
        """Raises ValueError where the query is not encoded."""
        return f"{self.before}{query}{self.behind}".encode("ascii")


class _Connection(asyncio.Protocol):
    """One connection: a request at a time. `everyone` holds it while it is open."""

    def __init__(self, everyone: "set[_Connection]") -> None:
        self._everyone = everyone
        self._received = b""
        self._waiting: asyncio.Future[Answer] | None = None
        self.is_shut = False
        self.may_go_on = False
        """Nothing is on the way: another request may follow."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._everyone.add(self)
        self.may_go_on = True

    async def ask(self, request: bytes) -> Answer:
        """Write a request and wait for its answer. Raises OutcomeUnknown."""
        self.may_go_on, self._received = False, b""
        self._waiting = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._waiting

    def data_received(self, data: bytes) -> None:
        if self._waiting is None or self._waiting.done():
            self.hang_up()  # what nobody asked for
            return
        self._received += data
        self._look(is_all=False)

    def connection_lost(self, exc: Exception | None) -> None:
        self.hang_up()
        if self._waiting is not None and not self._waiting.done():
            self._look(is_all=True)

    def hang_up(self) -> None:
        self.is_shut, self.may_go_on = True, False
        self._everyone.discard(self)
        self._transport.abort()

    def _look(self, *, is_all: bool) -> None:
        assert self._waiting is not None
        try:
            answer = read_answer(self._received, is_all=is_all)
        except ValueError:
            broke = OutcomeUnknown("the connection to the SMS gateway broke before it answered")
            self._waiting.set_exception(broke)
            return
        if answer is not None:
            self.may_go_on = answer.may_go_on and not self.is_shut
            self._waiting.set_result(answer)
