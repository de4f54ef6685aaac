"""LINE's Messaging API as its reference describes it: strict, with a memory, and obedient when told to fail.

It keeps retry keys, reply tokens, the month's quota and the rate of every endpoint; it refuses what the reference
refuses, in LINE's words; it writes down who got what.
"""

import asyncio
import re
import time
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractContextManager, asynccontextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from uuid import UUID, uuid4

from aiohttp import web

from tests.fakes.dripping import drip
from tests.fakes.holding import Held
from tests.fakes.line_limits import Json, faults_of
from tests.fakes.line_menus import Menus
from tests.fakes.threads import beside

TOKEN = "channel/access+token="
REPLY_LIVES_SECONDS = 60.0
RETRY_KEY_LIVES_SECONDS = 24 * 3600.0
USER = re.compile(r"U[0-9a-f]{32}")
CHAT = re.compile(r"[UCR][0-9a-f]{32}")


class Fault(StrEnum):
    """What the fake can be told to do with its next sending requests."""

    FAILS = "500"
    ACCEPTS_AND_FAILS = "500 although accepted"
    PROXY_FAILS = "502 with a body that is no text"
    HANGS = "hangs"
    ACCEPTS_AND_HANGS = "hangs although accepted"
    DRIPS = "answers a byte at a time and never ends, although accepted"
    NO_JSON = "200 with a page"
    CUTS = "cuts the connection"
    ACCEPTS_AND_CUTS = "cuts the connection although accepted"
    TOO_FAST = "429 rate"
    TOO_MANY_AT_ONCE = "429 concurrency"
    QUOTA = "429 quota"
    UNAUTHORIZED = "401"
    FORBIDDEN = "403"
    TOO_LARGE = "413"


_REFUSALS: dict[Fault, tuple[int, str]] = {
    Fault.FAILS: (500, "Internal Server Error"),
    Fault.TOO_FAST: (429, "The API rate limit has been exceeded. Try again later."),
    Fault.TOO_MANY_AT_ONCE: (
        429,
        "The number of concurrent requests has exceeded the limit. Try again later.",
    ),
    Fault.QUOTA: (429, "You have reached your monthly limit."),
    Fault.UNAUTHORIZED: (401, "Authentication failed due to the following reason: invalid token"),
    Fault.FORBIDDEN: (403, "Access to this API is not available for your account"),
    Fault.TOO_LARGE: (413, "Request Entity Too Large"),
}


@dataclass(frozen=True, kw_only=True)
class Accepted:
    """One accepted request. `to` holds everybody it was accepted for, `reached` those who did not block."""

    endpoint: str
    to: tuple[str, ...]
    reached: tuple[str, ...]
    messages: list[Json]
    retry_key: str


@dataclass(kw_only=True)
class FakeLine:
    """One channel at LINE. `url` is known while it serves."""

    clock: Callable[[], float] = time.monotonic
    quota: int | None = None
    per_second: dict[str, int] = field(
        default_factory=lambda: {"multicast": 200, "push": 2000, "reply": 2000}
    )
    names_positions: bool = True
    url: str = ""
    used: int = 0
    journal: list[Accepted] = field(default_factory=list)
    accepted_at: list[float] = field(default_factory=list)
    accepted_before: list[str] = field(default_factory=list)
    """Retry keys that came again, once for each time."""

    held: Held = field(default_factory=Held)
    requests: list[tuple[str, str]] = field(default_factory=list)
    blocked: set[str] = field(default_factory=set)
    left_groups: set[str] = field(default_factory=set)
    members: dict[str, int] = field(default_factory=dict)
    """Of group chats and rooms, without us: each of them counts."""

    languages: dict[str, str] = field(default_factory=dict)
    contents: dict[str, tuple[int, bytes, str]] = field(default_factory=dict)
    loading: list[tuple[str, int]] = field(default_factory=list)
    webhook: Json = field(default_factory=dict)
    webhook_test: Json = field(default_factory=dict)
    menus: Menus = field(default_factory=Menus)
    _keys: dict[str, tuple[float, str]] = field(default_factory=dict)
    _reply_tokens: dict[str, tuple[float, str]] = field(default_factory=dict)
    _calls: dict[str, deque[float]] = field(default_factory=lambda: defaultdict(deque))
    _faults: deque[Fault | None] = field(default_factory=deque)
    _closing: asyncio.Event = field(default_factory=asyncio.Event)

    def order(self, *faults: Fault | None) -> None:
        """Faults for the next sending requests, in order; None is one that goes well."""
        self._faults.extend(faults)

    def reply_token(self, chat: str) -> str:
        """A token as a webhook event brings it."""
        token = uuid4().hex
        self._reply_tokens[token] = (self.clock(), chat)
        return token

    def received_by(self, address: str) -> list[Json]:
        """All messages that reached a user or a group, in order."""
        return [message for each in self.journal if address in each.reached for message in each.messages]

    @asynccontextmanager
    async def serve(self) -> AsyncIterator["FakeLine"]:
        """Serve both of LINE's hosts on a free port of the loopback interface."""
        application = web.Application(client_max_size=4 * 1024 * 1024, middlewares=[self._authorized])
        application.add_routes(
            [
                web.post("/v2/bot/message/{endpoint:reply|push|multicast}", self._message),
                web.get("/v2/bot/message/quota", self._quota),
                web.get("/v2/bot/message/quota/consumption", self._consumption),
                web.get("/v2/bot/{kind:group|room}/{id}/members/count", self._members),
                web.get("/v2/bot/message/{id}/content", self._content),
                web.get("/v2/bot/info", self._info),
                web.get("/v2/bot/profile/{user}", self._profile),
                web.post("/v2/bot/chat/loading/start", self._loading),
                web.get("/v2/bot/channel/webhook/endpoint", self._webhook),
                web.post("/v2/bot/channel/webhook/test", self._test_webhook),
                *self.menus.routes(),
            ]
        )
        runner = web.AppRunner(application, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        try:
            yield self
        finally:
            self._closing.set()
            await runner.cleanup()

    def beside(self) -> AbstractContextManager["FakeLine"]:
        """Serve in a thread, for what runs a loop of its own."""
        return beside(self.serve())

    @web.middleware
    async def _authorized(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        self.requests.append((request.method, request.path))
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return _refusal(*_REFUSALS[Fault.UNAUTHORIZED])
        return await handler(request)

    async def _message(self, request: web.Request) -> web.StreamResponse:
        endpoint = request.match_info["endpoint"]
        fault = self._faults.popleft() if self._faults else None
        if fault in _REFUSALS:
            return _refusal(*_REFUSALS[fault])
        if fault is Fault.PROXY_FAILS:
            return web.Response(status=502, body=b"<html>\xff\xfe</html>", content_type="text/html")
        if fault is Fault.HANGS:
            await self._closing.wait()
        if fault is Fault.CUTS:
            return _cut(request)
        body = await request.json()
        answer = self._accept(endpoint, body, request.headers.get("X-Line-Retry-Key"))
        if endpoint != "reply":
            await self.held.answer(body["to"] if isinstance(body.get("to"), list) else [str(body.get("to"))])
        if fault is Fault.ACCEPTS_AND_HANGS:
            await self._closing.wait()
        if fault is Fault.DRIPS:
            return await drip(request, self._closing)
        if fault is Fault.NO_JSON:
            return web.Response(body=b"<html>\xff please sign in</html>", content_type="text/html")
        if fault is Fault.ACCEPTS_AND_CUTS:
            return _cut(request)
        return _refusal(*_REFUSALS[Fault.FAILS]) if fault is Fault.ACCEPTS_AND_FAILS else answer

    def _accept(self, endpoint: str, body: Json, key: str | None) -> web.Response:
        if self._is_too_fast(endpoint):
            return _refusal(*_REFUSALS[Fault.TOO_FAST])
        if key is not None and (endpoint == "reply" or not _is_uuid(key)):
            return _refusal(400, "Invalid retry key")
        known = self._keys.get(key or "")
        if known and self.clock() - known[0] < RETRY_KEY_LIVES_SECONDS:
            self.accepted_before.append(key or "")
            headers = {"x-line-accepted-request-id": known[1]}
            return _refusal(409, "The retry key is already accepted", headers=headers)
        to, refused = self._recipients(endpoint, body)
        if refused is not None:
            return refused
        if faults := faults_of(body.get("messages")):
            return _faulty(faults)
        counted = 0 if endpoint == "reply" else sum(self.members.get(each, 1) for each in to)
        if self.quota is not None and self.used + counted > self.quota:
            return _refusal(*_REFUSALS[Fault.QUOTA])
        self.used += counted
        request_id = str(uuid4())
        if key is not None:
            self._keys[key] = (self.clock(), request_id)
        if endpoint == "reply":
            del self._reply_tokens[body["replyToken"]]
        reached = tuple(each for each in to if each not in self.blocked)
        self.accepted_at.append(time.monotonic())
        self.journal.append(
            Accepted(
                endpoint=endpoint, to=to, reached=reached, messages=body["messages"], retry_key=key or ""
            )
        )
        return _ok(endpoint, body, request_id)

    def _recipients(self, endpoint: str, body: Json) -> tuple[tuple[str, ...], web.Response | None]:
        if endpoint == "reply":
            issued_at, chat = self._reply_tokens.get(str(body.get("replyToken")), (-1e9, ""))
            spent = self.clock() - issued_at > REPLY_LIVES_SECONDS
            return (chat,), _refusal(400, "Invalid reply token") if spent else None
        if endpoint == "push":
            to = str(body.get("to"))
            if not CHAT.fullmatch(to):
                sentence = "The property, 'to', in the request body is invalid (line: -, column: -)"
                return (), _refusal(400, sentence)
            return (to,), _refusal(400, "Failed to send messages") if to in self.left_groups else None
        return self._many(body.get("to"))

    def _many(self, to: object) -> tuple[tuple[str, ...], web.Response | None]:
        if not isinstance(to, list) or not 1 <= len(to) <= 500:
            return (), _faulty([("to", "Size must be between 1 and 500")])
        wrong = [position for position, each in enumerate(to) if not USER.fullmatch(str(each))]
        if wrong and not self.names_positions:
            return (), _refusal(
                400, "The property, 'to', in the request body is invalid (line: -, column: -)"
            )
        if wrong:
            return (), _faulty([(f"to[{position}]", "Must be a valid user ID") for position in wrong])
        return tuple(to), None

    def _is_too_fast(self, endpoint: str) -> bool:
        calls, now = self._calls[endpoint], self.clock()
        while calls and calls[0] <= now - 1.0:
            calls.popleft()
        calls.append(now)
        return len(calls) > self.per_second[endpoint]

    async def _quota(self, _: web.Request) -> web.Response:
        limited = {"type": "limited", "value": self.quota}
        return web.json_response({"type": "none"} if self.quota is None else limited)

    async def _consumption(self, _: web.Request) -> web.Response:
        return web.json_response({"totalUsage": self.used})

    async def _members(self, request: web.Request) -> web.Response:
        chat = request.match_info["id"]
        begins = {"group": "C", "room": "R"}[request.match_info["kind"]]
        if chat not in self.members or chat in self.left_groups or not chat.startswith(begins):
            return _refusal(404, "Not found")
        return web.json_response({"count": self.members[chat]})

    async def _content(self, request: web.Request) -> web.Response:
        found = self.contents.get(request.match_info["id"])
        if found is None:
            return _refusal(404, "Not found")
        status, data, media_type = found
        return web.Response(status=status, body=data, content_type=media_type)

    async def _info(self, _: web.Request) -> web.Response:
        return web.json_response(
            {
                "userId": "U" + "0" * 32,
                "basicId": "@krajai",
                "displayName": "Krajai",
                "chatMode": "bot",
                "markAsReadMode": "auto",
            }
        )

    async def _profile(self, request: web.Request) -> web.Response:
        user = request.match_info["user"]
        if user not in self.languages:
            return _refusal(404, "Not found")
        language = self.languages[user]
        return web.json_response(
            {"displayName": "A", "userId": user} | ({"language": language} if language else {})
        )

    async def _loading(self, request: web.Request) -> web.Response:
        body = await request.json()
        if not USER.fullmatch(body["chatId"]) or body["loadingSeconds"] not in range(5, 61, 5):
            return _refusal(400, "The request body has 1 error(s)")
        self.loading.append((body["chatId"], body["loadingSeconds"]))
        return web.json_response({}, status=202)

    async def _webhook(self, _: web.Request) -> web.Response:
        return (
            web.json_response(self.webhook) if self.webhook else _refusal(404, "Webhook endpoint not found")
        )

    async def _test_webhook(self, _: web.Request) -> web.Response:
        return web.json_response(self.webhook_test)


def _ok(endpoint: str, body: Json, request_id: str) -> web.Response:
    sent = [{"id": str(at), "quoteToken": "q"} for at in range(1, len(body["messages"]) + 1)]
    answer: Json = {} if endpoint == "multicast" else {"sentMessages": sent}
    return web.json_response(answer, headers={"x-line-request-id": request_id})


def _refusal(status: int, message: str, **more: Any) -> web.Response:
    return web.json_response({"message": message}, status=status, **more)


def _faulty(faults: list[tuple[str, str]]) -> web.Response:
    details = [{"property": where, "message": sentence} for where, sentence in faults]
    body = {"message": f"The request body has {len(faults)} error(s)", "details": details}
    return web.json_response(body, status=400)


def _cut(request: web.Request) -> web.Response:
    assert request.transport is not None
    request.transport.close()
    return web.Response()


def _is_uuid(key: str) -> bool:
    try:
        return str(UUID(key)) == key.lower()
    except ValueError:
        return False
