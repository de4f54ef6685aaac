"""LINE's Messaging API for load: it refuses what tests/fakes/line.py refuses, and is a hundred times as fast."""

import itertools
import json
import re
from typing import Any
from uuid import UUID

from benchmarks.providers.http import Answer, Request
from benchmarks.providers.journal import Journal
from benchmarks.providers.limits import Latency, SlidingSecond
from tests.fakes.line_limits import faults_of

TOKEN = "benchmark/access+token="
MOST_RECIPIENTS = 500

_USERS = re.compile(r"(?:U[0-9a-f]{32},)+")
_AUTHORIZED = f"bearer {TOKEN}".lower()
_REPLY_TOKEN = re.compile(r"[0-9a-f]{1,64}")
_QUIET: dict[str, tuple[int, bytes]] = {
    "/v2/bot/info": (200, b'{"userId":"U%s","displayName":"Krajai"}' % (b"0" * 32)),
    "/v2/bot/message/quota": (200, b'{"type":"none"}'),
    "/v2/bot/message/quota/consumption": (200, b'{"totalUsage":0}'),
    "/v2/bot/chat/loading/start": (202, b"{}"),
}


class Line:
    """One channel. `multicast` is its limit in requests a second, None for none."""

    def __init__(self, journal: Journal, latency: Latency, multicast: float | None) -> None:
        self.journal = journal
        self.latency = latency
        self.second = SlidingSecond(multicast) if multicast else None
        self.refused = 0
        self._numbers = itertools.count(1)
        self._keys: dict[str, str] = {}
        self._spent: set[str] = set()

    @property
    def exceeded(self) -> int:
        return self.second.exceeded if self.second else 0

    def handle(self, request: Request) -> Answer:
        if request.header(b"authorization") != _AUTHORIZED:
            return self._refusal(401, "Authentication failed due to the following reason: invalid token")
        endpoint = request.path.removeprefix("/v2/bot/message/")
        if endpoint in ("multicast", "push", "reply") and request.method == "POST":
            return self._message(endpoint, request)
        if request.path in _QUIET:
            status, body = _QUIET[request.path]
            return Answer(status, body, after=self.latency.draw())
        return self._refusal(404, "Not found")

    def _message(self, endpoint: str, request: Request) -> Answer:
        # The limit is on what is asked, not on what is accepted.
        second = self.second if endpoint == "multicast" else None
        if second is not None and second.exceeds(request.not_before, request.arrived_at):
            return self._refusal(429, "The API rate limit has been exceeded. Try again later.")
        key = request.header(b"x-line-retry-key")
        if key and (endpoint == "reply" or not _is_uuid(key)):
            return self._refusal(400, "Invalid retry key")
        if key in self._keys:
            known = b"x-line-accepted-request-id: %s\r\n" % self._keys[key].encode()
            return self._refusal(409, "The retry key is already accepted", known)
        try:
            body = json.loads(request.body)
        except ValueError:
            return self._refusal(400, "The request body could not be parsed as JSON")
        to = self._recipients(endpoint, body)
        if to is None:
            return self._refusal(400, "The request body has 1 error(s)")
        if faults_of(body.get("messages")):
            return self._refusal(400, "The request body has 1 error(s)")
        number = f"{next(self._numbers):08d}"
        if key:
            self._keys[key] = number
        words = str(body["messages"][0].get("text") or body["messages"][0].get("altText"))
        name = words[: Journal.NAME_LENGTH] if endpoint != "reply" else "reply"
        self.journal.note(name, to, request.arrived_at)
        answer = b"{}" if endpoint == "multicast" else b'{"sentMessages":[{"id":"%s"}]}' % number.encode()
        return Answer(200, answer, b"x-line-request-id: %s\r\n" % number.encode(), self.latency.draw())

    def _recipients(self, endpoint: str, body: Any) -> list[str] | None:
        if not isinstance(body, dict):
            return None
        if endpoint == "reply":
            token = str(body.get("replyToken"))
            if not _REPLY_TOKEN.fullmatch(token) or token in self._spent:
                return None
            self._spent.add(token)
            return [token]
        to = [body.get("to")] if endpoint == "push" else body.get("to")
        if not isinstance(to, list) or not 1 <= len(to) <= MOST_RECIPIENTS:
            return None
        try:
            whole = ",".join(to)
        except TypeError:
            return None
        return to if _USERS.fullmatch(whole + ",") else None

    def _refusal(self, status: int, message: str, headers: bytes = b"") -> Answer:
        if status != 404:
            self.refused += 1
        return Answer(status, json.dumps({"message": message}).encode(), headers, self.latency.draw())


def _is_uuid(key: str) -> bool:
    try:
        return str(UUID(key)) == key
    except ValueError:
        return False
