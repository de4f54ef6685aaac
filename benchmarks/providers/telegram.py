"""Telegram's Bot API for load: it refuses what tests/fakes/telegram.py refuses of one sendMessage."""

import itertools
import json
from typing import Any
from urllib.parse import parse_qsl

from benchmarks.providers.http import Answer, Request
from benchmarks.providers.journal import Journal
from benchmarks.providers.limits import Latency, SlidingSecond
from tests.fakes.telegram_rules import Refusal, check_call

TOKEN = "7000000001:AAEhBOweik6ad9r_QXMENQjcrGbqCr4K-bc"

_ALSO_TAKEN = ("parse_mode", "disable_web_page_preview")
"""The Bot API takes these too; tests/fakes/telegram.py refuses them, since Krajai does not use them."""

_ACCEPTED = (
    b'{"ok":true,"result":{"message_id":%d,"date":1795264800,"chat":{"id":%d,"type":"private","first_name":"c"},'
    b'"from":{"id":7000000001,"is_bot":true,"first_name":"Krajai","username":"krajai_test_bot"},"text":%s}}'
)


class Telegram:
    """One bot. `messages` is its limit in messages a second, None for none."""

    def __init__(self, journal: Journal, latency: Latency, messages: float | None) -> None:
        self.journal = journal
        self.latency = latency
        self.second = SlidingSecond(messages) if messages else None
        self.refused = 0
        self._numbers = itertools.count(1)
        self._path = f"/bot{TOKEN}/"

    @property
    def exceeded(self) -> int:
        return self.second.exceeded if self.second else 0

    def handle(self, request: Request) -> Answer:
        method = request.path.removeprefix(self._path)
        if method == request.path:
            return self._refusal(Refusal(401, "Unauthorized"))
        if method.lower() != "sendmessage":
            return self._refusal(Refusal(404, "Not Found"))
        if self.second is not None and self.second.exceeds(request.not_before, request.arrived_at):
            return self._refusal(Refusal(429, "Too Many Requests: retry after 1", retry_after=1))
        try:
            params = _params(request)
            check_call("sendMessage", {name: params[name] for name in params if name not in _ALSO_TAKEN})
        except (ValueError, Refusal) as fault:
            return self._refusal(fault if isinstance(fault, Refusal) else Refusal(400, "Bad Request"))
        text, chat = str(params["text"]), int(params["chat_id"])
        self.journal.note(text[: Journal.NAME_LENGTH], (str(chat),), request.arrived_at)
        answer = _ACCEPTED % (next(self._numbers), chat, json.dumps(text).encode())
        return Answer(200, answer, after=self.latency.draw())

    def _refusal(self, refusal: Refusal) -> Answer:
        self.refused += 1
        return Answer(refusal.status, json.dumps(refusal.body).encode(), after=self.latency.draw())


def _params(request: Request) -> dict[str, Any]:
    """The parameters of a call; those of a form are JSON texts where they are no plain strings."""
    kind = request.header(b"content-type")
    if kind.startswith("application/json"):
        found = json.loads(request.body)
        if not isinstance(found, dict):
            raise ValueError("no object")
        return found
    if kind.startswith("multipart/form-data"):
        fields = _multipart(request.body)
    else:
        fields = dict(parse_qsl(request.body.decode(), keep_blank_values=True))
    return {name: _value(name, value) for name, value in fields.items()}


def _value(name: str, value: str) -> Any:
    if name == "chat_id":
        return int(value)
    if value in ("true", "false") or value[:1] in ("{", "["):
        return json.loads(value)
    return value


def _multipart(body: bytes) -> dict[str, str]:
    """Fields of a form without files."""
    boundary = body[: body.find(b"\r\n")]
    fields = {}
    for part in body.split(boundary)[1:-1]:
        head, _, value = part.partition(b"\r\n\r\n")
        name = head.partition(b'name="')[2].partition(b'"')[0].decode()
        fields[name] = value.removesuffix(b"\r\n").decode()
    return fields
