"""Sending: claim, commit, call, settle. No transaction of the database spans a network call."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

import structlog
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from broadcasts.delivery import settling
from broadcasts.delivery.channel import Channel, ChannelError, ChannelTraits, OutcomeUnknown, SendRequest
from broadcasts.delivery.claiming import ClaimedBatch, claim_batches
from broadcasts.delivery.faults import kind_and_place
from broadcasts.delivery.lanes import Lane
from broadcasts.delivery.pacing import Gates
from broadcasts.delivery.receipts import apply_early
from broadcasts.delivery.together import Together
from broadcasts.delivery.verdicts import ACCEPTED, Verdict, held_back, judge
from storage import broadcasts, outbox, receipts
from storage.broadcasts import DELIVERY_WORK, Priority
from storage.database import Database
from storage.jobs import Job, announce
from storage.leases import SEND_TIMEOUT_SECONDS
from storage.lifecycles import MessageState
from storage.outbox import Message
from storage.pace import PaceClass
from storage.people import Contact
from storage.replies import from_json

log = structlog.get_logger()

RUN_SECONDS = 5.0
"""A delivery job claims for this time and announces the next, which goes on while the last answers come in."""

MOST_BATCHES_AT_ONCE = 100
CLAIMED_TOGETHER = 16
"""Batches a transaction: on SQLite whoever else writes waits for it, some tens of milliseconds."""

ON_THE_WAY_SECONDS = 1.6
"""As much is claimed as may leave within this time, since slow answers take as long; a crash leaves that in doubt."""

LOOK_AGAIN_SECONDS = 0.25
"""Where nothing waits any more it is looked again after this time, or when all answers are there."""

SETTLED_TOGETHER = 100
GATHER_SECONDS = 0.05
"""So long an answer waits for others, to be written down with them: a commit each would be hundreds a second."""

LOOKED_TOGETHER = 1000

PASSAGE_TIMEOUT_SECONDS = 2.0
SETTLE_PATIENCE_SECONDS = 8.0
"""So long an answer is held while the database does not take it; passage, call and this end before the lease."""

SETTLE_AGAIN_SECONDS = 0.5


_SWITCHED_OFF = held_back("the account is switched off", wait_seconds=60.0)

Settled = TypeVar("Settled")


@dataclass(frozen=True, kw_only=True)
class Sender:
    """Sends what waits in the outbox through `channels` (by account id), at the pace of `gates`.

    `sent` and `refused` are told of every call, for the metrics: account id with recipients, or the kind of refusal.
    Nothing new is claimed once `goes_on` says no.
    """

    database: Database
    channels: Mapping[int, Channel]
    gates: Gates
    sent: Callable[[int, int], None] = lambda account_id, recipients: None
    refused: Callable[[int, str], None] = lambda account_id, kind: None
    goes_on: Callable[[], bool] = lambda: True

    async def deliver(self, account_id: int, priority: Priority) -> None:
        """Send an account's waiting batches of one class for a short while.

        A batch that hangs holds up nobody but itself: the others go on beside it. One job at a time claims for an
        account and class; a second one only tells it that there is more.
        """
        channel = self.channels.get(account_id)
        if channel is None:
            return  # it was switched off: its batches wait until it is back
        lane = self._lanes.setdefault((account_id, priority), Lane())
        if lane.is_served:
            lane.tell_that_more_waits()
            return
        lane.serve()
        sent: list[asyncio.Task[None]] = []
        try:
            try:
                more = await self._claim_for_a_while(lane, sent, account_id, priority, channel)
            finally:
                lane.is_served = False
            if more:
                await asyncio.to_thread(
                    self._announce, Job(work=DELIVERY_WORK[priority], key=str(account_id))
                )
        finally:
            faults = await asyncio.gather(*sent, return_exceptions=True)
        for fault in faults:
            if fault is not None:
                raise fault

    async def _claim_for_a_while(
        self,
        lane: Lane,
        sent: list[asyncio.Task[None]],
        account_id: int,
        priority: Priority,
        channel: Channel,
    ) -> bool:
        """Claim whenever there is room; False when nothing waits and nothing is on its way."""
        most = batches_at_once(channel.traits)
        until = time.monotonic() + RUN_SECONDS
        while (left := until - time.monotonic()) > 0 and self.goes_on():
            room = min(await lane.room(most, left), CLAIMED_TOGETHER)
            if room <= 0:
                continue
            claimed = await asyncio.to_thread(self._claim, account_id, priority, channel, room)
            sent += [lane.start(self._send_batch(channel, one)) for one in claimed]
            if not claimed:
                if lane.is_empty:
                    return False
                await lane.quiet(LOOK_AGAIN_SECONDS)
        return True

    async def converse(self, contact_id: int) -> None:
        """Send a contact's waiting messages, one after the other."""
        while (claimed := await asyncio.to_thread(self._claim_message, contact_id)) is not None:
            message, contact = claimed
            if message.state != MessageState.SENDING:
                continue
            channel = self.channels.get(contact.account_id)
            if channel is None:
                await self._settled(asyncio.to_thread, self._settle_message, message, contact, _SWITCHED_OFF)
                return
            verdict = await self._call(
                channel,
                contact.account_id,
                PaceClass.CONVERSATION,
                SendRequest(
                    addresses=(contact.address,),
                    bubbles=from_json(message.body),
                    retry_key=message.retry_key,
                    valid_seconds=outbox.MESSAGE_LIVES_HOURS * 3600.0,
                    reply_token=message.reply_token if message.attempts == 1 else "",
                    important=message.important,
                    reference=f"m{message.id}",
                ),
            )
            if not await self._settled(asyncio.to_thread, self._settle_message, message, contact, verdict):
                return

    async def _send_batch(self, channel: Channel, claimed: ClaimedBatch) -> None:
        pace_class = PaceClass.EMERGENCY if claimed.emergency else PaceClass.ROUTINE
        batch, traits = claimed.batch, channel.traits
        if traits.recipients_per_request > 1:
            request = self._request(claimed, claimed.addresses, f"b{batch.id}")
            verdict = await self._call(channel, batch.account_id, pace_class, request, batch.broadcast_id)
            verdicts = [verdict] * len(claimed.positions)
        else:
            calls = (
                self._call(
                    channel,
                    batch.account_id,
                    pace_class,
                    self._request(claimed, (address,), f"b{batch.id}.{contact_id}"),
                    batch.broadcast_id,
                )
                for address, contact_id in zip(claimed.addresses, claimed.contact_ids, strict=True)
            )
            verdicts = list(await asyncio.gather(*calls))
        if settling.is_plain(claimed, verdicts):
            await self._settled(self._plain.done, (claimed, traits.honours_retry_key))
        else:
            await self._settled(
                asyncio.to_thread, self._settle_batch, claimed, verdicts, traits.honours_retry_key
            )

    async def _call(
        self,
        channel: Channel,
        account_id: int,
        pace_class: PaceClass,
        request: SendRequest,
        broadcast_id: int | None = None,
    ) -> Verdict:
        """One call to a provider: wait for the pace, look once more whether it may go, send, judge the answer."""
        traits = channel.traits
        endpoint = traits.reply_endpoint if pace_class is PaceClass.CONVERSATION else traits.bulk_endpoint
        limit = traits.requests_per_second[endpoint]
        try:
            async with asyncio.timeout(PASSAGE_TIMEOUT_SECONDS):
                await self.gates.of(account_id, endpoint, pace_class, limit).passage()
        except TimeoutError:
            return held_back("others go first", wait_seconds=0.2)
        try:
            if broadcast_id is not None and not await self._live.done(broadcast_id):
                return held_back("stopped")
        except SQLAlchemyError as fault:
            log.warning("not sent: nobody knows whether it was stopped", kind=type(fault).__name__)
            return held_back("the database does not answer", wait_seconds=1.0)
        await self.gates.departure(account_id, endpoint, limit)
        error = await _send(channel, request)
        if error is None:
            self.sent(account_id, len(request.addresses))
            return ACCEPTED
        self.refused(account_id, type(error).__name__)
        log.warning("send refused", account_id=account_id, kind=type(error).__name__, reason=str(error))
        # A reply goes out without the key, under a token that is good for once.
        keyed = traits.honours_retry_key and not request.reply_token
        return judge(error, honours_retry_key=keyed, recipients=len(request.addresses))

    async def _settled(self, settle: Callable[..., Awaitable[Settled]], *args: Any) -> Settled:
        """Write an answer down, patiently: what is not written is in doubt although we know it."""
        until = time.monotonic() + SETTLE_PATIENCE_SECONDS
        while True:
            try:
                return await settle(*args)
            except OperationalError as fault:
                if time.monotonic() > until:
                    raise
                log.warning("an answer could not be written, trying again", kind=type(fault).__name__)
            await asyncio.sleep(SETTLE_AGAIN_SECONDS)

    @staticmethod
    def _request(claimed: ClaimedBatch, addresses: tuple[str, ...], reference: str) -> SendRequest:
        return SendRequest(
            addresses=addresses,
            bubbles=claimed.bubbles,
            retry_key=claimed.batch.retry_key,
            valid_seconds=claimed.valid_seconds,
            emergency=claimed.emergency,
            reference=reference,
        )

    def _claim(self, account_id: int, priority: Priority, channel: Channel, most: int) -> list[ClaimedBatch]:
        with self.database.write() as session:
            return claim_batches(
                session,
                account_id,
                priority,
                self.database.now(session),
                most,
                honours_retry_key=channel.traits.honours_retry_key,
            )

    @cached_property
    def _lanes(self) -> dict[tuple[int, Priority], Lane]:
        return {}

    @cached_property
    def _live(self) -> Together[int, bool]:
        """Looks that are asked for at the same time are one; each begins after it was asked for."""
        return Together(self._are_live, LOOKED_TOGETHER)

    @cached_property
    def _plain(self) -> Together[tuple[ClaimedBatch, bool], None]:
        return Together(self._settle_plain, SETTLED_TOGETHER, gather_seconds=GATHER_SECONDS)

    def _are_live(self, broadcast_ids: list[int]) -> list[bool]:
        with self.database.read() as session:
            live = broadcasts.live_ids(session, self.database.now(session))
        return [broadcast_id in live for broadcast_id in broadcast_ids]

    def _settle_plain(self, accepted: list[tuple[ClaimedBatch, bool]]) -> list[None]:
        """Batches of which everybody was accepted, in one commit."""
        with self.database.write() as session:
            now = self.database.now(session)
            settling.settle_plain(session, [claimed for claimed, _ in accepted], now)
            if receipts.are_kept(session):
                for claimed, honours_retry_key in accepted:
                    if not honours_retry_key:
                        apply_early(session, f"b{claimed.batch.id}.", now)
        return [None] * len(accepted)

    def _settle_batch(self, claimed: ClaimedBatch, verdicts: list[Verdict], honours_retry_key: bool) -> bool:
        with self.database.write() as session:
            now = self.database.now(session)
            wrote = settling.settle_batch(
                session, claimed, verdicts, now, honours_retry_key=honours_retry_key
            )
            if not honours_retry_key:
                apply_early(session, f"b{claimed.batch.id}.", now)
            return wrote

    def _claim_message(self, contact_id: int) -> tuple[Message, Contact] | None:
        with self.database.write() as session:
            return outbox.claim_next(session, contact_id, self.database.now(session))

    def _settle_message(self, message: Message, contact: Contact, verdict: Verdict) -> bool:
        with self.database.write() as session:
            now = self.database.now(session)
            goes_on = settling.settle_message(session, message, contact, verdict, now)
            apply_early(session, f"m{message.id}", now)
            return goes_on

    def _announce(self, job: Job) -> None:
        with self.database.write() as session:
            announce(session, job)


def batches_at_once(traits: ChannelTraits) -> int:
    """How many batches are on their way at once: what leaves within `ON_THE_WAY_SECONDS`, and two that wait to."""
    requests = -(-traits.recipients_per_batch // traits.recipients_per_request)
    fitting = traits.requests_per_second[traits.bulk_endpoint] * ON_THE_WAY_SECONDS / requests
    return min(int(fitting) + 2, MOST_BATCHES_AT_ONCE)


async def _send(channel: Channel, request: SendRequest) -> ChannelError | None:
    """Call the provider; what it refused with, None when it accepted."""
    try:
        async with asyncio.timeout(SEND_TIMEOUT_SECONDS):
            await channel.send(request)
    except TimeoutError:
        return OutcomeUnknown(f"no answer within {SEND_TIMEOUT_SECONDS:g} seconds")
    except ChannelError as refused:
        return refused
    except Exception as fault:  # noqa: BLE001 - the edge to a vendor: what it raises must cost nobody a warning
        # Its text may quote what was said, and to whom.
        log.error("a channel failed in a way it does not declare", fault=kind_and_place(fault))  # noqa: TRY400
        return OutcomeUnknown(f"{type(fault).__name__} in the channel")
    return None
