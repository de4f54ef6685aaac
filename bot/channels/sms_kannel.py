"""SMS through Kannel's sendsms interface (Kannel 1.4 user's guide, chapter "Using the HTTP interface").

There is no key that makes a repetition harmless, so what was written and not answered is unknown.
"""

import asyncio
import re
from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from urllib.parse import quote, urlencode

import aiohttp
from yarl import URL

from bot.channels.sms_events import read_event
from bot.channels.sms_options import SmsOptions
from bot.channels.sms_parts import send_in_order
from bot.text.segments import segments
from broadcasts.delivery.channel import (
    AccountRefused,
    ChannelError,
    ContentRefused,
    NotNow,
    OutcomeUnknown,
    Rendering,
    SendRequest,
    Unreachable,
)
from storage.replies import Bubble

__all__ = ["KannelChannel", "read_event"]

CONNECT_SECONDS = 3.0
IDLE_SECONDS = 2.0
"""An idle connection is closed by us before gateways do: on one that the other side has closed, a message would be lost
from sight."""

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
        self._url = url
        self._user = {"username": username, "password": password}
        self._receipts = _receipts_address(options.public_url, webhook_token)
        self._options = options
        self._session: aiohttp.ClientSession | None = None
        self.traits = options.traits

    def render(self, bubbles: Sequence[Bubble]) -> Rendering:
        return self._options.render(bubbles)

    async def send(self, request: SendRequest) -> None:
        """Hand one SMS to the gateway; its parts, when there are several, one after the other.

        What fails after the first part was accepted is unknown: the citizen may hold a piece of it.
        """
        queries = self._queries(request, self._options.parts(request.bubbles))
        await send_in_order([partial(self._send_one, query) for query in queries], request.departure)

    async def check(self) -> None:
        """Return when the gateway takes our user name and password; nothing is sent. Raises ChannelError."""
        status, said = await self._ask(urlencode(self._user, quote_via=quote))
        # It looks at the user first, and then misses the receiver, who was left out.
        if status != 400:
            _judge(status, said)

    async def prepare(self) -> None:
        """Read the words that an SMS may get from us: a tenth of a second. Connections come with the messages."""
        await asyncio.to_thread(self._options.render, _ANY_WORDS)

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _queries(self, request: SendRequest, parts: tuple[str, ...]) -> list[str]:
        fields = self._user | {
            "from": self._options.sender,
            "to": request.addresses[0],
            "charset": "UTF-8",
            "coding": _coding_of(parts),
            "priority": EMERGENCY_PRIORITY if request.emergency else NORMAL_PRIORITY,
            "validity": str(max(1, int(request.valid_seconds // 60))),
        }
        if self._receipts and request.reference:
            fields |= {
                "dlr-mask": EVERY_RECEIPT,
                "dlr-url": self._receipts.replace("{ref}", quote(request.reference, safe="")),
            }
        headers, same = _concatenation(request, len(parts)), urlencode(fields, quote_via=quote)
        return [f"{same}&{_quoted(part)}{header}" for part, header in zip(parts, headers, strict=True)]

    async def _send_one(self, query: str) -> None:
        _judge(*await self._ask(query))

    async def _ask(self, query: str) -> tuple[int, str]:
        """Status and words of sendsms's answer."""
        session = self._open_session()
        joint = "&" if "?" in self._url else "?"
        try:
            address = URL(f"{self._url}{joint}{query}", encoded=True)
            async with session.get(address, allow_redirects=False, middlewares=(_only_once(),)) as answer:
                return answer.status, (await answer.content.read(500)).decode("utf-8", "replace")
        # These errors are neither quoted nor chained: their texts hold the address, with password and number.
        except (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError, ValueError):
            raise AccountRefused("KRAJAI_SMS_URL is no web address") from None
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError):
            raise Unreachable("no connection to the SMS gateway") from None
        except (aiohttp.ClientError, OSError):
            raise OutcomeUnknown("the connection to the SMS gateway broke before it answered") from None

    def _open_session(self) -> aiohttp.ClientSession:
        """Made in the running loop."""
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=IDLE_SECONDS),
                timeout=aiohttp.ClientTimeout(total=None, connect=CONNECT_SECONDS),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._session


@lru_cache(maxsize=64)
def _coding_of(parts: tuple[str, ...]) -> str:
    """sendsms's `coding`: 0 for seven bits, 2 for UCS-2."""
    return "0" if segments("".join(parts)).encoding == "gsm7" else "2"


@lru_cache(maxsize=64)
def _quoted(part: str) -> str:
    return urlencode({"text": part}, quote_via=quote, errors="replace")


def _only_once() -> aiohttp.ClientMiddlewareType:
    """Keeps aiohttp from repeating a GET whose connection broke: here that would be a second SMS."""
    tried = False

    async def once(
        request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        nonlocal tried
        if tried:
            raise aiohttp.ServerDisconnectedError
        tried = True
        return await handler(request)

    return once


def _receipts_address(public_url: str, token: str) -> str:
    """Where receipts go, with `{ref}` for what they are about; '' where there is no public address or no token."""
    if not (public_url and token):
        return ""
    return f"{public_url.rstrip('/')}/webhooks/sms/receipts?token={token}&ref={{ref}}&status=%d"


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
        if status == known and re.search(words, said, re.IGNORECASE):
            if error is None:
                return
            raise error(f"the SMS gateway {reason}")
    if 300 <= status < 500:
        raise AccountRefused(f"the SMS gateway answered {status}: is KRAJAI_SMS_URL right")
    raise OutcomeUnknown(f"the SMS gateway answered {status}")
