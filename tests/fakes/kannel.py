"""A strict Kannel: sendsms with memory, that refuses what Kannel refuses and what it would only ignore.

Served by aiohttp on a free loopback port. `faults` holds what happens to the next requests; receipts are told to the
`dlr-url` of a message when a test asks for them, in any order, as often as it likes.
"""

import asyncio
import re
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from types import TracebackType
from typing import Self
from urllib.parse import parse_qsl

import aiohttp
from aiohttp import web

from tests.fakes.dripping import drip
from tests.fakes.holding import Held
from tests.fakes.sms_alphabet import GSM_SIZES
from tests.ports import refusing_port

NEEDED = frozenset(["username", "password", "from", "to", "text", "charset", "coding"])
KNOWN = NEEDED | {"priority", "validity", "dlr-mask", "dlr-url", "udh"}


class Fault(StrEnum):
    """What becomes of one request."""

    TEMPORAL_FAILURE = "503"
    NOT_ROUTABLE = "not routable"
    SERVER_ERROR = "500"
    PORTAL_PAGE = "a captive portal answers 200 with a page of its own"
    MOVED = "302"
    DROPPED_UNREAD = "the connection is cut, nothing was accepted"
    DROPPED_AFTER_ACCEPTING = "the connection is cut, the message goes out"
    HANGS = "no answer at all"
    HANGS_AFTER_ACCEPTING = "no answer at all, the message goes out"
    DRIPS = "answers a byte at a time and never ends, the message goes out"


@dataclass(frozen=True, kw_only=True)
class Sent:
    """One request that was accepted."""

    sender: str
    to: str
    text: str
    coding: int
    udh: bytes
    priority: int
    validity_minutes: int
    dlr_url: str


@dataclass
class FakeKannel:
    """`async with FakeKannel() as kannel:`; `kannel.url` is the address of sendsms."""

    username: str = "agency"
    password: str = "secret"
    most_a_second: int = 1000
    receipts_before_answer: Sequence[int] = ()
    status_page: str = ""
    answers_after_seconds: float = 0.0
    unanswered: int = 0
    """Requests that were accepted and have no answer yet."""

    held: Held = field(default_factory=Held)
    faults: deque[Fault | None] = field(default_factory=deque)
    accepted: list[Sent] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    url: str = ""

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_get("/cgi-bin/sendsms", self._sendsms)
        app.router.add_get("/status.xml", self._status)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        self._release = asyncio.Event()
        self._arrivals: deque[float] = deque()
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        assert site._server is not None
        port = self._runner.addresses[0][1]
        self.url = f"http://127.0.0.1:{port}/cgi-bin/sendsms"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._release.set()
        await self._runner.cleanup()

    def shown_on(self, number: str) -> list[str]:
        """What the phone of a number shows: parts with the same header are joined once all are there."""
        shown: list[str] = []
        waiting: dict[bytes, dict[int, str]] = {}
        for sent in self.accepted:
            if sent.to != number:
                continue
            if not sent.udh:
                shown.append(sent.text)
                continue
            pieces = waiting.setdefault(sent.udh[:5], {})
            pieces[sent.udh[5]] = sent.text
            if len(pieces) == sent.udh[4]:
                shown.append("".join(pieces[number] for number in sorted(pieces)))
                del waiting[sent.udh[:5]]
        return shown

    async def report(self, sent: Sent, *statuses: int) -> list[int]:
        """Tell receipts of a message, one after the other; the HTTP statuses of the answers, whose bodies are empty."""
        answers = []
        async with aiohttp.ClientSession() as session:
            for status in statuses:
                async with session.get(sent.dlr_url.replace("%d", str(status))) as answer:
                    assert await answer.read() == b""
                    answers.append(answer.status)
        return answers

    async def _status(self, _: web.Request) -> web.Response:
        return web.Response(text=self.status_page, content_type="text/xml")

    async def _sendsms(self, request: web.Request) -> web.StreamResponse:
        fault = self.faults.popleft() if self.faults else None
        if fault in _ANSWERS:
            return _answer(*_ANSWERS[fault])
        if fault is Fault.MOVED:
            raise web.HTTPFound("/elsewhere")
        if fault is Fault.HANGS:
            await self._release.wait()
            return _cut(request)
        if fault is Fault.DROPPED_UNREAD:
            return _cut(request)
        status, said = await self._accept(request.rel_url.raw_query_string)
        await self.held.answer([request.query.get("to", "")])
        if self.answers_after_seconds:
            self.unanswered += 1
            try:
                await asyncio.sleep(self.answers_after_seconds)
            finally:
                self.unanswered -= 1
        if fault is Fault.HANGS_AFTER_ACCEPTING:
            await self._release.wait()
        if fault is Fault.DRIPS:
            return await drip(request, self._release)
        if fault in (Fault.DROPPED_AFTER_ACCEPTING, Fault.HANGS_AFTER_ACCEPTING):
            return _cut(request)
        return _answer(status, said)

    async def _accept(self, query: str) -> tuple[int, str]:
        status, said, sent = self._read(query)
        if sent is None:
            self.refused.append(said)
        else:
            self.accepted.append(sent)
            if self.receipts_before_answer and sent.dlr_url:
                await self.report(sent, *self.receipts_before_answer)
        return status, said

    def _read(self, query: str) -> tuple[int, str, Sent | None]:
        pairs = parse_qsl(query, keep_blank_values=True, encoding="latin-1", strict_parsing=True)
        fields = dict(pairs)
        if len(fields) != len(pairs):
            return 400, "a parameter came twice", None
        if (fields.get("username"), fields.get("password")) != (self.username, self.password):
            return 403, "Authorization failed for sendsms", None
        if "to" not in fields:
            return 400, "Missing receiver number, rejected", None
        if unknown := fields.keys() - KNOWN:
            return 400, f"unknown parameters {unknown}", None
        if missing := NEEDED - fields.keys():
            return 400, f"missing parameters {missing}", None
        now = asyncio.get_running_loop().time()
        self._arrivals.append(now)
        while self._arrivals[0] <= now - 1:
            self._arrivals.popleft()
        if len(self._arrivals) > self.most_a_second:
            return 503, "Temporal failure, try again later.", None
        fault, text, udh = _fault_of(fields)
        if fault:
            return 400, fault, None
        sent = Sent(
            sender=fields["from"],
            to=fields["to"],
            text=text,
            coding=int(fields["coding"]),
            udh=udh,
            priority=int(fields.get("priority", "0")),
            validity_minutes=int(fields.get("validity", "0")),
            dlr_url=fields.get("dlr-url", "") if fields.get("dlr-mask") else "",
        )
        return 202, "0: Accepted for delivery", sent


def _fault_of(fields: dict[str, str]) -> tuple[str, str, bytes]:
    """What is wrong with the fields ('' for nothing), the text, the user data header."""
    udh = fields.get("udh", "").encode("latin-1")
    text = fields["text"].encode("latin-1").decode("utf-8")
    form = {
        "from": r"[A-Za-z0-9 ]{1,11}|\+?[0-9]{3,15}",
        "to": r"\+[1-9][0-9]{7,14}",
        "charset": "UTF-8",
        "coding": "[02]",
        "priority": "[0-3]",
        "validity": "[1-9][0-9]*",
        "dlr-mask": "[1-9]|[12][0-9]|3[01]",
        "dlr-url": r"https?://[^%]*%d",
    }
    for name, expected in form.items():
        if name in fields and not re.fullmatch(expected, fields[name]):
            return f"{name} is {fields[name]!r}", text, udh
    if not text:
        return "Empty text", text, udh
    if udh and (udh[:3] != b"\x05\x00\x03" or len(udh) != 6 or not 1 <= udh[5] <= udh[4]):
        return f"a user data header {udh.hex()}", text, udh
    return _too_long(text, fields["coding"], udh), text, udh


def _too_long(text: str, coding: str, udh: bytes) -> str:
    """Kannel would cut a text with an own header, and one of over ten parts, without a word."""
    if coding == "0" and not set(text) <= GSM_SIZES.keys():
        return "letters that GSM 7-bit does not have"
    size = sum(GSM_SIZES[letter] for letter in text) if coding == "0" else len(text.encode("utf-16-be")) // 2
    part = 153 if coding == "0" else 67
    return f"{size} units" if size > (part if udh else 10 * part) else ""


_ANSWERS: dict[Fault | None, tuple[int, str]] = {
    Fault.TEMPORAL_FAILURE: (503, "Temporal failure, try again later."),
    Fault.NOT_ROUTABLE: (403, "Not routable. Do not try again."),
    Fault.SERVER_ERROR: (500, "Internal server error"),
    Fault.PORTAL_PAGE: (200, "<html><body>Welcome to the hotel, 3 nights for 2</body></html>"),
}


def _answer(status: int, said: str) -> web.Response:
    return web.Response(status=status, text=said)


def _cut(request: web.Request) -> web.Response:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


@asynccontextmanager
async def nobody_listens() -> AsyncIterator[str]:
    """An address on which connections are refused."""
    with refusing_port() as port:
        yield f"http://127.0.0.1:{port}/cgi-bin/sendsms"
