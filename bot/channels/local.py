"""The `local` channel: simulated phones behind a network with the habits of a real one.

It behaves like LINE (multicast with retry keys), Telegram or SMS (single sends, no keys), keeps their limits, refuses
blocked phones as they do, and fails on command.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal
from uuid import uuid4

from sqlmodel import col, select

from bot.receiving import ReadEvent
from broadcasts.delivery.channel import (
    AccountRefused,
    ChannelTraits,
    ContentRefused,
    NotNow,
    OutcomeUnknown,
    RecipientGone,
    RecipientsRefused,
    Rendering,
    SendRequest,
    Unreachable,
)
from storage.database import Database
from storage.local_phones import LocalPhone, deliver
from storage.replies import Bubble, Incoming, as_json

LocalBehaviour = Literal["line", "telegram", "sms"]

MOST_BUBBLES = 5
MOST_TEXT_UNITS = 5000
SINGLES_A_BATCH = 20


class Fault(StrEnum):
    """What the network can be told to do with its next requests."""

    UNREACHABLE = "unreachable"
    CUT_AFTER_ACCEPTING = "cut_after_accepting"
    CUT_BEFORE_ACCEPTING = "cut_before_accepting"
    TOO_MANY_REQUESTS = "too_many_requests"
    QUOTA_EXCEEDED = "quota_exceeded"
    ACCESS_REVOKED = "access_revoked"
    HANGS = "hangs"


@dataclass
class Faults:
    """Faults still to come, one a request, in order; None is a request that goes well."""

    coming: deque[Fault | None] = field(default_factory=deque)

    def order(self, *faults: Fault | None) -> None:
        self.coming.extend(faults)

    def next(self) -> Fault | None:
        return self.coming.popleft() if self.coming else None


_ENDPOINTS: dict[LocalBehaviour, tuple[str, str]] = {
    "line": ("multicast", "push"),
    "telegram": ("send", "send"),
    "sms": ("send", "send"),
}


class LocalChannel:
    """The simulator's account. `faults` can be given orders while it runs."""

    def __init__(
        self,
        database: Database,
        *,
        behaves_like: LocalBehaviour = "line",
        requests_per_second: float = 200.0,
        latency_seconds: float = 0.0,
        faults: Faults | None = None,
    ) -> None:
        self._database = database
        self._latency_seconds = latency_seconds
        self.faults = faults or Faults()
        multicast = behaves_like == "line"
        bulk_endpoint, reply_endpoint = _ENDPOINTS[behaves_like]
        self.traits = ChannelTraits(
            recipients_per_request=500 if multicast else 1,
            recipients_per_batch=500 if multicast else SINGLES_A_BATCH,
            honours_retry_key=multicast,
            bulk_endpoint=bulk_endpoint,
            reply_endpoint=reply_endpoint,
            requests_per_second={bulk_endpoint: requests_per_second, reply_endpoint: requests_per_second},
        )

    def render(self, bubbles: Sequence[Bubble]) -> Rendering:
        return Rendering(parts=tuple(bubble.text for bubble in bubbles))

    async def prepare(self) -> None:
        """Nothing is to be made ready."""

    async def close(self) -> None:
        """Nothing is held open."""

    async def send(self, request: SendRequest) -> None:
        fault = self.faults.next()
        await asyncio.sleep(self._latency_seconds)
        _refuse_before_accepting(fault)
        if fault is Fault.HANGS:
            await asyncio.Event().wait()
        await asyncio.to_thread(self._accept, request)
        if fault is Fault.CUT_AFTER_ACCEPTING:
            raise OutcomeUnknown("the connection was cut before the answer came")

    def _accept(self, request: SendRequest) -> None:
        self._check(request)
        # Without retry keys every request is new to the network, also when it repeats one.
        key = request.retry_key if self.traits.honours_retry_key else uuid4()
        with self._database.write() as session:
            query = select(LocalPhone.address).where(
                col(LocalPhone.address).in_(request.addresses), col(LocalPhone.blocked)
            )
            blocked = set(session.exec(query))
            # A multicast to somebody who blocked the account is accepted all the same; a single send is refused.
            if blocked and self.traits.recipients_per_request == 1:
                raise RecipientGone("blocked by the user")
            there = [address for address in request.addresses if address not in blocked]
            deliver(session, str(key), there, as_json(list(request.bubbles)), self._database.now(session))

    def _check(self, request: SendRequest) -> None:
        if len(request.addresses) > self.traits.recipients_per_request:
            raise ContentRefused(f"{len(request.addresses)} recipients in one request")
        if not 1 <= len(request.bubbles) <= MOST_BUBBLES:
            raise ContentRefused(f"{len(request.bubbles)} bubbles: 1 to {MOST_BUBBLES} are possible")
        if any(not 0 < _units(bubble.text) <= MOST_TEXT_UNITS for bubble in request.bubbles):
            raise ContentRefused(f"an empty text, or one of over {MOST_TEXT_UNITS} units")
        wrong = [i for i, address in enumerate(request.addresses) if not address.startswith("sim-")]
        if wrong:
            raise RecipientsRefused(f"no such phone: to[{wrong[0]}]", wrong)


def _refuse_before_accepting(fault: Fault | None) -> None:
    match fault:
        case Fault.UNREACHABLE:
            raise Unreachable("no connection")
        case Fault.CUT_BEFORE_ACCEPTING:
            raise OutcomeUnknown("the connection was cut before the answer came")
        case Fault.TOO_MANY_REQUESTS:
            raise NotNow("too many requests", retry_after_seconds=0.2)
        case Fault.QUOTA_EXCEEDED:
            raise AccountRefused("the monthly quota is used up")
        case Fault.ACCESS_REVOKED:
            raise AccountRefused("the access token was revoked")


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def read_event(body: bytes) -> ReadEvent:
    """An event as the simulator's page posts it."""
    return ReadEvent(incoming=Incoming.model_validate_json(body))
