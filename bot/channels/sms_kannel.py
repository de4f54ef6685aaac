"""SMS through Kannel's sendsms interface (Kannel 1.4 user's guide, chapter "Using the HTTP interface").

There is no key that makes a repetition harmless, so what was written and not answered is unknown.
"""

import asyncio
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache, partial
from urllib.parse import quote, urlencode

from bot.channels.sms_events import read_event
from bot.channels.sms_http import MOST_CONNECTIONS, GatewayHttp
from bot.channels.sms_options import SmsOptions
from bot.channels.sms_parts import send_in_order
from bot.text.segments import segments
from broadcasts.delivery.channel import (
    AccountRefused,
    AtOnce,
    ChannelError,
    ContentRefused,
    Departure,
    NotNow,
    OutcomeUnknown,
    Rendering,
    SendRequest,
)
from storage.replies import Bubble

__all__ = ["KannelChannel", "read_event"]

EMERGENCY_PRIORITY, NORMAL_PRIORITY = "3", "0"
EVERY_RECEIPT = "31"
"""1 delivered, 2 not delivered, 4 queued, 8 accepted, 16 refused by the network."""

_ANY_WORDS = (Bubble(text="1784"),)
_SAFE_IN_ADDRESSES = re.compile(r"[A-Za-z0-9_.~-]*")


class KannelChannel:
    """One sender at one gateway: `url` is the address of sendsms, `webhook_token` goes into the address of receipts.

    Raises ValueError for a token or a public address that Kannel would misread.
    """

    def __init__(
        self, *, url: str, username: str, password: str, webhook_token: str, options: SmsOptions
    ) -> None:
        # Kannel reads every % of a dlr-url as one of its escape codes.
        if not _SAFE_IN_ADDRESSES.fullmatch(webhook_token):
            raise ValueError("KRAJAI_SMS_WEBHOOK_TOKEN may hold letters, digits and _.~- only")
        if "%" in options.public_url:
            raise ValueError("KRAJAI_PUBLIC_URL may hold no %")
        self._http = GatewayHttp(url, options.window or MOST_CONNECTIONS)
        self._user = {"username": username, "password": password}
        self._receipts = _receipts_address(options.public_url, webhook_token)
        self._options = options
        self._said_last: Sequence[Bubble] | None = None
        self._parts: tuple[str, ...] = ()
        self.traits = replace(options.traits, departs_itself=True)

    def render(self, bubbles: Sequence[Bubble]) -> Rendering:
        return self._options.render(bubbles)

    async def send(self, request: SendRequest) -> None:
        """Hand one SMS to the gateway; its parts, when there are several, one after the other.

        What fails after the first part was accepted is unknown: the citizen may hold a piece of it.
        """
        if request.bubbles is not self._said_last:  # of one batch they are: comparing words costs more
            self._said_last, self._parts = request.bubbles, self._options.parts(request.bubbles)
        queries = self._queries(request, self._parts)
        await send_in_order([partial(self._send_one, query, request.departure) for query in queries])

    async def check(self) -> None:
        """Return when the gateway takes our user name and password; nothing is sent. Raises ChannelError."""
        answer = await self._http.get(urlencode(self._user, quote_via=quote), AtOnce())
        # It looks at the user first, and then misses the receiver, who was left out.
        if answer.status != 400:
            _judge(answer.status, answer.said)

    async def prepare(self) -> None:
        """Read the words that an SMS may get from us: a tenth of a second. Connections come with the messages."""
        await asyncio.to_thread(self._options.render, _ANY_WORDS)

    async def close(self) -> None:
        await self._http.close()

    def _queries(self, request: SendRequest, parts: tuple[str, ...]) -> list[str]:
        same = _same_for_all(
            tuple(self._user.items()),
            self._options.sender,
            EMERGENCY_PRIORITY if request.emergency else NORMAL_PRIORITY,
            max(1, int(request.valid_seconds // 60)),
            parts,
        )
        own = f"&to={quote(request.addresses[0], safe='')}"
        if self._receipts and request.reference:
            before, behind = self._receipts
            own += f"&dlr-mask={EVERY_RECEIPT}&dlr-url={before}{quote(quote(request.reference, safe=''))}{behind}"
        headers = _concatenation(request, len(parts))
        return [f"{query}{own}{header}" for query, header in zip(same, headers, strict=True)]

    async def _send_one(self, query: str, departure: Departure) -> None:
        answer = await self._http.get(query, departure)
        _judge(answer.status, answer.said)


@lru_cache(maxsize=64)
def _same_for_all(
    user: tuple[tuple[str, str], ...], sender: str, priority: str, valid_minutes: int, parts: tuple[str, ...]
) -> tuple[str, ...]:
    """What the many messages of one broadcast have in common: a query for each part."""
    fields = {
        **dict(user),
        "from": sender,
        "charset": "UTF-8",
        "coding": _coding_of(parts),
        "priority": priority,
        "validity": str(valid_minutes),
    }
    same = urlencode(fields, quote_via=quote)
    return tuple(f"{same}&{urlencode({'text': part}, quote_via=quote, errors='replace')}" for part in parts)


def _coding_of(parts: tuple[str, ...]) -> str:
    """sendsms's `coding`: 0 for seven bits, 2 for UCS-2."""
    return "0" if segments("".join(parts)).encoding == "gsm7" else "2"


def _receipts_address(public_url: str, token: str) -> tuple[str, str] | None:
    """Where receipts go, encoded, before and behind what they are about; None without a public address or token."""
    if not (public_url and token):
        return None
    before = f"{public_url.rstrip('/')}/webhooks/sms/receipts?token={token}&ref="
    return quote(before), quote("&status=%d")


def _concatenation(request: SendRequest, count: int) -> list[str]:
    """The user data header that lets a phone join the parts: 05 00 03, reference, how many, which one."""
    if count == 1:
        return [""]
    reference = request.retry_key.int & 0xFF
    return [f"&udh=%05%00%03%{reference:02X}%{count:02X}%{number:02X}" for number in range(1, count + 1)]


def _wait(message: str) -> ChannelError:
    return NotNow(message, retry_after_seconds=2.0)


_ANSWERS: tuple[tuple[int, str, Callable[[str], ChannelError] | None, str], ...] = (
    (202, "", None, ""),
    (200, r"^\s*(?:[03]\b|sent|accepted|queued)", None, ""),
    (200, "", OutcomeUnknown, "answered 200 without accepting the message: is it a sendsms interface"),
    (400, "denied|black|white", ContentRefused, "has no route to this number"),
    (400, "", ContentRefused, "calls the request malformed"),
    (401, "", AccountRefused, "refuses the user name or password, or this machine's address"),
    (403, "not routable|denied", ContentRefused, "has no route to this number"),
    (403, "", AccountRefused, "refuses the user name or password, or this machine's address"),
    (404, "", AccountRefused, "has nothing at the address in KRAJAI_SMS_URL"),
    (405, "", AccountRefused, "has no sendsms at the address in KRAJAI_SMS_URL"),
    (408, "", _wait, "got no whole request in time"),
    (414, "", ContentRefused, "calls the request too long"),
    (429, "", _wait, "asks to wait"),
    (503, "not routable", ContentRefused, "has no route to this number"),
    (503, "", _wait, "asks to wait"),
)
"""Status, what the answer says (anything when empty), what that means, what an officer reads: the first row counts."""


def _judge(status: int, said: str) -> None:
    """Return when the gateway accepted the message; raise what its answer means otherwise."""
    for known, words, error, reason in _ANSWERS:
        if status == known and (not words or re.search(words, said, re.IGNORECASE)):
            if error is None:
                return
            raise error(f"the SMS gateway {reason}")
    if 300 <= status < 500:
        raise AccountRefused(f"the SMS gateway answered {status}: is KRAJAI_SMS_URL right")
    raise OutcomeUnknown(f"the SMS gateway answered {status}")
