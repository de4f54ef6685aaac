"""GETs to an SMS gateway over kept connections: each is written once, at its departure, and never a second time.

Not by aiohttp: what it does for one GET takes longer than all else of a message, and it repeats a GET whose connection
broke, which here would be a second SMS (docs/decisions/0022). Answers are read by httptools.
"""

import asyncio
import ssl
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import cast

from httptools import HttpParserError, HttpResponseParser
from yarl import URL

from broadcasts.delivery.channel import AccountRefused, Departure, NotNow, OutcomeUnknown, Unreachable

CONNECT_SECONDS = 3.0
IDLE_SECONDS = 2.0
"""An idle connection is closed by us before gateways do: on one that the other side has closed, a message would be lost
from sight."""

MOST_CONNECTIONS = 256
WINDOW_SECONDS = 3.0
"""So long a message waits for one that is free, before others go first."""

MOST_SAID = 500
"""So many octets of what an answer says are read."""

_MOST_HEAD = 16 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """`said` is the beginning of the body; `may_go_on`: the next request may go over the same connection."""

    status: int
    said: str
    may_go_on: bool


class GatewayHttp:
    """Connections to one address, made when they are needed in the loop that asks; `close` may be followed by more."""

    def __init__(self, url: str, most_connections: int = MOST_CONNECTIONS) -> None:
        self._url = url
        self._places = asyncio.Semaphore(most_connections)
        self._open: set[_Connection] = set()
        self._idle: list[tuple[float, _Connection]] = []
        self._sweep: asyncio.TimerHandle | None = None

    async def get(self, query: str, departure: Departure) -> Answer:
        """Ask with these parameters, which are encoded, when it is due.

        Raises Unreachable or NotNow when nothing was written, OutcomeUnknown when no answer came, AccountRefused for an
        address that is none, and what the departure raises. No error quotes the address: it holds password and number.
        """
        try:
            request = self._target.request(query)
        except ValueError:
            raise AccountRefused("KRAJAI_SMS_URL is no web address") from None
        await self._take_place()
        try:
            connection = self._take_idle() or await self._connect()
            try:
                await departure.due()
                if connection.is_shut:
                    raise Unreachable("the SMS gateway hung up before anything was written")
                departure.left()
                return await connection.ask(request)
            finally:
                self._give_back(connection)
        finally:
            self._places.release()

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

    async def _take_place(self) -> None:
        try:
            async with asyncio.timeout(WINDOW_SECONDS):
                await self._places.acquire()
        except TimeoutError:
            raise NotNow("the SMS gateway still owes answers to what was sent before") from None

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


class AnswerReader:
    """Reads the answers of one connection, one after the other, as they come; `answer` is there as soon as it is known.

    >>> reader = AnswerReader()
    >>> reader.feed(b"HTTP/1.1 202 Accepted\\r\\nContent-Length: 9\\r\\n\\r\\n0: Queued")
    >>> reader.answer
    Answer(status=202, said='0: Queued', may_go_on=True)
    """

    def __init__(self) -> None:
        self._parser = HttpResponseParser(self)
        self.begin()

    def begin(self) -> None:
        """What comes from now on is the next answer."""
        self.answer: Answer | None = None
        self._said = b""
        self._is_head, self._head_octets, self._says_its_length = True, 0, False

    def feed(self, data: bytes) -> None:
        """Read on. Raises ValueError for what is no answer of HTTP/1."""
        self._head_octets += len(data)
        try:
            self._parser.feed_data(data)
        except HttpParserError:
            if self.answer is None:
                raise ValueError("no answer of HTTP/1") from None
            self._goes_no_further()
        if self._is_head and self._head_octets > _MOST_HEAD:
            raise ValueError("no end of its head")

    def end(self) -> None:
        """Nothing more comes. Raises ValueError when it was only a part of an answer."""
        if self.answer is None and not self._is_head and not self._says_its_length:
            self._know(may_go_on=False)
        if self.answer is None:
            raise ValueError("half an answer")
        self._goes_no_further()

    def on_message_begin(self) -> None:
        if self.answer is not None:
            self._goes_no_further()

    def on_header(self, name: bytes, _: bytes) -> None:
        self._says_its_length |= name.lower() in (b"content-length", b"transfer-encoding")

    def on_headers_complete(self) -> None:
        self._is_head = False

    def on_body(self, body: bytes) -> None:
        if self.answer is None:
            self._said += body
            if len(self._said) >= MOST_SAID:
                self._know(may_go_on=False)

    def on_message_complete(self) -> None:
        if self._parser.get_status_code() < 200:
            self._is_head, self._says_its_length = True, False
        elif self.answer is None:
            self._know(may_go_on=self._parser.should_keep_alive())

    def _know(self, *, may_go_on: bool) -> None:
        said = self._said[:MOST_SAID].decode("utf-8", "replace")
        self.answer = Answer(status=self._parser.get_status_code(), said=said, may_go_on=may_go_on)

    def _goes_no_further(self) -> None:
        assert self.answer is not None
        self.answer = replace(self.answer, may_go_on=False)


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
        self._reader = AnswerReader()
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
        self.may_go_on = False
        self._reader.begin()
        self._waiting = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._waiting

    def data_received(self, data: bytes) -> None:
        if self._waiting is None or self._waiting.done():
            self.hang_up()  # what nobody asked for
            return
        self._look(lambda: self._reader.feed(data))

    def connection_lost(self, exc: Exception | None) -> None:
        self.hang_up()
        if self._waiting is not None and not self._waiting.done():
            self._look(self._reader.end)

    def hang_up(self) -> None:
        self.is_shut, self.may_go_on = True, False
        self._everyone.discard(self)
        self._transport.abort()

    def _look(self, read: Callable[[], None]) -> None:
        assert self._waiting is not None
        try:
            read()
        except ValueError:
            broke = OutcomeUnknown("the connection to the SMS gateway broke before it answered")
            self._waiting.set_exception(broke)
            return
        if answer := self._reader.answer:
            self.may_go_on = answer.may_go_on and not self.is_shut
            self._waiting.set_result(answer)
