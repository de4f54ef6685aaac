"""A Bot API of one bot that remembers: chats, limits, updates, the webhook, and a journal of every call.

It refuses what Telegram refuses, and some of what Telegram would pass over in silence (unknown parameters). Its own
clock can be set, so that limits are tested without waiting. Limits: https://core.telegram.org/bots/faq.
"""

import asyncio
import json
import re
import time
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import TracebackType
from typing import Any

from aiohttp import web

from tests.fakes.dripping import drip
from tests.fakes.holding import Held
from tests.fakes.telegram_rules import Refusal, check_call, is_group

TOKEN = "7000000001:AAEhBOweik6ad9r_QXMENQjcrGbqCr4K-bc"
USERNAME = "krajai_test_bot"


class Fault(StrEnum):
    """What can be ordered for the next calls."""

    SERVER_ERROR = "500"
    BAD_GATEWAY = "502 with a page"
    NO_JSON = "200 with a page"
    HANG = "no answer"
    HANG_AFTER_ACCEPTING = "no answer although accepted"
    DRIP = "answers a byte at a time and never ends, although accepted"
    CUT_BEFORE_ACCEPTING = "cut before accepting"
    CUT_AFTER_ACCEPTING = "cut after accepting"
    BARE_429 = "429 of the server in front"


@dataclass(frozen=True, kw_only=True)
class Call:
    """One call as it came; `status` is what it was answered with, 0 when the line was cut."""

    method: str
    params: Mapping[str, Any]
    at: float
    status: int


@dataclass(kw_only=True)
class FakeTelegram:
    """Serves at `url` inside `async with`. Sets and dicts of chats may be changed at any time.

    `idle` is set while a getUpdates waits for news.
    """

    token: str = TOKEN
    clock: Callable[[], float] = time.monotonic
    messages_per_second: int | None = 30
    seconds_between_messages: float | None = 1.0
    group_messages_per_minute: int | None = 20
    answers_after_seconds: float = 0.0
    unanswered: int = 0
    """Calls that were accepted and have no answer yet."""

    held: Held = field(default_factory=Held)
    missing: set[int] = field(default_factory=set)
    blocked: set[int] = field(default_factory=set)
    kicked: set[int] = field(default_factory=set)
    migrated: dict[int, int] = field(default_factory=dict)
    faults: deque[Fault | None] = field(default_factory=deque)
    journal: list[Call] = field(default_factory=list)
    sent: dict[int, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    commands: dict[str, list[dict[str, str]]] = field(default_factory=dict)
    webhook: dict[str, Any] = field(default_factory=dict)
    last_error: str = ""
    taps_answered: Counter[str] = field(default_factory=Counter)
    pending: list[dict[str, Any]] = field(default_factory=list)
    too_early: list[int] = field(default_factory=list)
    """Chats that were called again before the time they were told."""

    def __post_init__(self) -> None:
        self.url = ""
        self._departures: deque[float] = deque()
        self._in_chat: dict[int, deque[float]] = defaultdict(deque)
        self._told_to_wait: dict[int, float] = {}
        self._news = asyncio.Event()
        self._closing = asyncio.Event()
        self.idle = asyncio.Event()
        self._polls = 0
        self._last_update_id = 870_000_000
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> "FakeTelegram":
        app = web.Application(client_max_size=50 << 20)
        app.router.add_route("*", "/bot{token}/{method}", self._serve)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.set()
        self._news.set()
        if self._runner is not None:
            await self._runner.cleanup()

    def tell(self, **update: Any) -> dict[str, Any]:
        """A new update, to be fetched or delivered; the update with its id."""
        self._last_update_id += 1
        whole = {"update_id": self._last_update_id, **update}
        self.pending.append(whole)
        self._news.set()
        return whole

    def delivery(self, update: Mapping[str, Any]) -> tuple[bytes, dict[str, str]]:
        """Body and headers as the webhook would get them."""
        secret = self.webhook.get("secret_token", "")
        return (
            json.dumps(update).encode(),
            {"Content-Type": "application/json", "X-Telegram-Bot-Api-Secret-Token": secret},
        )

    def calls(self, method: str) -> list[Call]:
        return [call for call in self.journal if call.method == method]

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        params = await _params(request)
        fault = self.faults.popleft() if self.faults and method != "getUpdates" else None
        try:
            if request.match_info["token"] != self.token:
                raise Refusal(401, "Unauthorized")
            check_call(method, params)
            if early := await self._before_accepting(fault, request):
                self._note(method, params, early.status)
                return early
            result = await self._accept(method, params)
            await self.held.answer([str(params.get("chat_id", ""))])
            if self.answers_after_seconds and method == "sendMessage":
                self.unanswered += 1
                try:
                    await asyncio.sleep(self.answers_after_seconds)
                finally:
                    self.unanswered -= 1
        except Refusal as refusal:
            self._note(method, params, refusal.status)
            return web.json_response(refusal.body, status=refusal.status)
        if fault is Fault.CUT_AFTER_ACCEPTING:
            self._note(method, params, 0)
            return _cut(request)
        if fault in (Fault.HANG_AFTER_ACCEPTING, Fault.DRIP):
            self._note(method, params, 0)
            if fault is Fault.DRIP:
                return await drip(request, self._closing)
            await self._closing.wait()
            return _cut(request)
        self._note(method, params, 200)
        if fault is Fault.NO_JSON:
            return web.Response(text="<html>please sign in</html>", content_type="text/html")
        return web.json_response({"ok": True, "result": result})

    async def _before_accepting(self, fault: Fault | None, request: web.Request) -> web.StreamResponse | None:
        match fault:
            case Fault.SERVER_ERROR:
                body = {"ok": False, "error_code": 500, "description": "Internal Server Error"}
                return web.json_response(body, status=500)
            case Fault.BAD_GATEWAY:
                return web.Response(status=502, text="<html>502 Bad Gateway</html>", content_type="text/html")
            case Fault.BARE_429:
                return web.Response(status=429, text="slow down", headers={"Retry-After": "3"})
            case Fault.CUT_BEFORE_ACCEPTING:
                return _cut(request)
            case Fault.HANG:
                await self._closing.wait()
                return _cut(request)
        return None

    def _note(self, method: str, params: Mapping[str, Any], status: int) -> None:
        self.journal.append(Call(method=method, params=params, at=self.clock(), status=status))

    async def _accept(self, method: str, params: dict[str, Any]) -> Any:
        match method:
            case "getMe":
                return self._me()
            case "sendMessage" | "sendPhoto" | "sendVideo":
                return self._send(method, params)
            case "sendChatAction":
                self._refuse_chat(int(params["chat_id"]))
                return True
            case "answerCallbackQuery":
                self.taps_answered[params["callback_query_id"]] += 1
                return True
            case "setMyCommands":
                self.commands[params.get("language_code", "")] = params["commands"]
                return True
            case "setWebhook":
                self.webhook = dict(params) if params["url"] else {}
                return True
            case "deleteWebhook":
                self.webhook = {}
                return True
            case "getWebhookInfo":
                return self._webhook_info()
            case "getUpdates":
                return await self._updates(params)
        raise Refusal(404, "Not Found")

    def _me(self) -> dict[str, Any]:
        bot_id = int(self.token.partition(":")[0])
        return {"id": bot_id, "is_bot": True, "first_name": "กระจาย", "username": USERNAME}

    def _webhook_info(self) -> dict[str, Any]:
        info = {"url": self.webhook.get("url", ""), "has_custom_certificate": False}
        info["pending_update_count"] = len(self.pending)
        if self.last_error:
            info |= {"last_error_date": 1_795_264_800, "last_error_message": self.last_error}
        return info

    def _send(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        chat = int(params["chat_id"])
        self._refuse_chat(chat)
        self._refuse_pace(chat)
        message_id = len(self.sent[chat]) + 1
        self.sent[chat].append({"method": method, **params})
        kind = "supergroup" if is_group(chat) else "private"
        return {
            "message_id": message_id,
            "date": 1_795_264_800,
            "chat": {"id": chat, "type": kind},
            "from": self._me(),
            "text": params.get("text", ""),
        }

    def _refuse_chat(self, chat: int) -> None:
        if chat in self.missing:
            raise Refusal(400, "Bad Request: chat not found")
        if chat in self.blocked:
            raise Refusal(403, "Forbidden: bot was blocked by the user")
        if chat in self.kicked:
            raise Refusal(403, "Forbidden: bot was kicked from the supergroup chat")
        if chat in self.migrated:
            raise Refusal(
                400,
                "Bad Request: group chat was upgraded to a supergroup chat",
                migrate_to_chat_id=self.migrated[chat],
            )

    def _refuse_pace(self, chat: int) -> None:
        now = self.clock()
        if now < self._told_to_wait.get(chat, 0.0):
            self.too_early.append(chat)
            self._wait(chat, self._told_to_wait[chat] - now)
        in_chat, departures = self._in_chat[chat], self._departures
        _drop_before(in_chat, now - 60)
        _drop_before(departures, now - 1)
        between, a_minute = self.seconds_between_messages, self.group_messages_per_minute
        if between is not None and in_chat and now < in_chat[-1] + between:
            self._wait(chat, in_chat[-1] + between - now)
        if a_minute is not None and is_group(chat) and len(in_chat) >= a_minute:
            self._wait(chat, in_chat[0] + 60 - now)
        if self.messages_per_second is not None and len(departures) >= self.messages_per_second:
            self._wait(chat, departures[0] + 1 - now)
        in_chat.append(now)
        departures.append(now)

    def _wait(self, chat: int, seconds: float) -> None:
        whole = max(int(seconds + 0.999), 1)
        self._told_to_wait[chat] = self.clock() + seconds
        raise Refusal(429, f"Too Many Requests: retry after {whole}", retry_after=whole)

    async def _updates(self, params: dict[str, Any]) -> list[dict[str, Any]]:
        """A call with an offset forgets all updates before it; one that waits gives way to a later one."""
        if self.webhook:
            raise Refusal(409, "Conflict: can't use getUpdates method while webhook is active")
        self._polls += 1
        mine = self._polls
        self._news.set()
        if (offset := params.get("offset")) is not None:
            self.pending = [each for each in self.pending if each["update_id"] >= offset]
        until = time.monotonic() + params.get("timeout", 0)
        while not self.pending and not self._closing.is_set() and time.monotonic() < until:
            self._news.clear()
            self.idle.set()
            try:
                await asyncio.wait_for(self._news.wait(), max(until - time.monotonic(), 0.01))
            except TimeoutError:
                break
            finally:
                self.idle.clear()
            if self._polls != mine:
                raise Refusal(409, "Conflict: terminated by other getUpdates request")
        return self.pending[: params.get("limit", 100)]


def _cut(request: web.Request) -> web.StreamResponse:
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500)


def _drop_before(times: deque[float], earliest: float) -> None:
    while times and times[0] <= earliest:
        times.popleft()


async def _params(request: web.Request) -> dict[str, Any]:
    """Of a body in JSON, or of a form, where a file stands as its name and size."""
    if request.content_type == "application/json":
        found = await request.json()
        return found if isinstance(found, dict) else {}
    params: dict[str, Any] = {}
    for name, value in (await request.post()).items():
        if isinstance(value, web.FileField):
            params[name] = {"file": value.filename, "size": len(value.file.read())}
        else:
            params[name] = json.loads(value) if re.match(r"[\[{]|-?\d+$|true$|false$", str(value)) else value
    return params
