"""Sending: claim, commit, call, settle. No transaction of the database spans a network call."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, TypeVar

import structlog
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from broadcasts.delivery import intents, settling
from broadcasts.delivery.calling import call
from broadcasts.delivery.channel import Channel, NotNow, SendRequest
from broadcasts.delivery.claiming import ClaimedBatch, claim_batches
from broadcasts.delivery.held_up import Holds
from broadcasts.delivery.intents import Intent, Place, Windows
from broadcasts.delivery.lanes import Lane, measure_of
from broadcasts.delivery.looking import Looks
from broadcasts.delivery.pacing import LOOK_SECONDS, Departing, Gates
from broadcasts.delivery.receipts import apply_early
from broadcasts.delivery.together import Together
from broadcasts.delivery.verdicts import ACCEPTED, Verdict, held_back, judge
from storage import outbox, receipts
from storage.broadcasts import DELIVERY_WORK, Priority
from storage.database import Database
from storage.jobs import Job, announce
from storage.leases import LEAVES_WITHIN_SECONDS, steady_seconds
from storage.lifecycles import MessageState
from storage.outbox import Message
from storage.pace import PaceClass
from storage.people import Contact
from storage.replies import from_json

log = structlog.get_logger()

RUN_SECONDS = 5.0
"""A delivery job claims for this time and announces the next, which goes on while the last answers come in."""

LOOK_AGAIN_SECONDS = 0.25
"""Where nothing waits any more it is looked again after this time, or when all answers are there."""

SETTLED_TOGETHER = 100
GATHER_SECONDS = 0.1
"""So long an answer waits for others, to be written down with them: a commit each would be hundreds a second."""

GATHER_KEYED_SECONDS = 0.25
"""The same where a retry key makes it harmless not to know an answer."""

INTENDED_TOGETHER = 500
INTENDED_SECONDS = 0.08
"""So long an intent waits for others: less than what is allowed to be ahead, so that nothing leaves late by it."""

PASSAGE_TIMEOUT_SECONDS = 4.5
SETTLE_PATIENCE_SECONDS = 7.0
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
        measure = measure_of(channel.traits)
        until = time.monotonic() + RUN_SECONDS
        while (left := until - time.monotonic()) > 0 and self.goes_on():
            room = await lane.room(measure, left)
            if room <= 0:
                continue
            asked_at, was_empty = steady_seconds(), lane.is_empty
            claimed = await asyncio.to_thread(self._claim, account_id, priority, channel, room)
            for one in claimed:
                leaves_by = asked_at + min(LEAVES_WITHIN_SECONDS, one.valid_seconds)
                sent.append(self._start(lane, channel, one, leaves_by))
            if not claimed and not lane.is_empty:
                await lane.quiet(LOOK_AGAIN_SECONDS)
            elif not claimed and was_empty:  # what came back while it was looked may have left some behind
                return False
        return True

    def _start(
        self, lane: Lane, channel: Channel, claimed: ClaimedBatch, leaves_by: float
    ) -> asyncio.Task[None]:
        many = channel.traits.recipients_per_request > 1
        return lane.start(
            1 if many else len(claimed.positions),
            lambda one_left: self._send_batch(channel, claimed, leaves_by, one_left),
        )

    async def converse(self, contact_id: int) -> None:
        """Send a contact's waiting messages, one after the other."""
        while True:
            leaves_by = steady_seconds() + LEAVES_WITHIN_SECONDS
            claimed = await asyncio.to_thread(self._claim_message, contact_id)
            if claimed is None:
                return
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
                leaves_by=leaves_by,
            )
            if not await self._settled(asyncio.to_thread, self._settle_message, message, contact, verdict):
                return

    async def _send_batch(
        self, channel: Channel, claimed: ClaimedBatch, leaves_by: float, one_left: Callable[[], None]
    ) -> None:
        pace_class = PaceClass.EMERGENCY if claimed.emergency else PaceClass.ROUTINE
        batch, traits = claimed.batch, channel.traits
        call_one = partial(
            self._call,
            channel,
            batch.account_id,
            pace_class,
            broadcast_id=batch.broadcast_id,
            leaves_by=leaves_by,
            has_left=one_left,
        )
        if traits.recipients_per_request > 1:
            verdict = await call_one(self._request(claimed, claimed.addresses, f"b{batch.id}"))
            verdicts = [verdict] * len(claimed.positions)
        else:
            calls = (
                call_one(
                    self._request(claimed, (address,), f"b{batch.id}.{contact_id}"),
                    intent=Intent(claimed=claimed, position=position),
                )
                for address, contact_id, position in zip(
                    claimed.addresses, claimed.contact_ids, claimed.positions, strict=True
                )
            )
            verdicts = list(await asyncio.gather(*calls))
            self._answered.pop(id(claimed), None)
        if settling.is_plain(claimed, verdicts):
            plain = self._plain_keyed if traits.honours_retry_key else self._plain
            await self._settled(plain.done, (claimed, traits.honours_retry_key))
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
        *,
        leaves_by: float,
        has_left: Callable[[], None] = lambda: None,
        intent: Intent | None = None,
    ) -> Verdict:
        """One call to a provider: wait for the pace, look once more whether it may go, send, judge the answer.

        `leaves_by` is in `steady_seconds`; who has an `intent` has it written down just before.
        """
        traits = channel.traits
        endpoint = traits.bulk_endpoint if len(request.addresses) > 1 else traits.reply_endpoint
        limit = traits.requests_per_second[endpoint]
        look = partial(self._looks.is_live, broadcast_id) if broadcast_id is not None else None
        place = self._windows.place(account_id, pace_class, limit)

        def one_left() -> None:
            has_left()
            place.leave()

        again = partial(look, LOOK_SECONDS) if look is not None else None
        departing = self.gates.departure(account_id, endpoint, pace_class, limit, leaves_by, one_left, again)
        try:
            held = await self._held_back(departing, look, place, intent)
            if held is not None:
                return held
            error = await call(channel, request, departing)
        finally:
            place.leave()
            departing.let_go()
        if error is None:
            self.sent(account_id, len(request.addresses))
            if intent is not None:
                intents.note_accepted(intent)
                self._answered[id(intent.claimed)] = intent.claimed
            return ACCEPTED
        if isinstance(error, NotNow) and not departing.has_left:
            return held_back(str(error), wait_seconds=error.retry_after_seconds)
        self.refused(account_id, type(error).__name__)
        log.warning("send refused", account_id=account_id, kind=type(error).__name__, reason=str(error))
        # A reply goes out without the key, under a token that is good for once.
        keyed = traits.honours_retry_key and not request.reply_token
        return judge(error, honours_retry_key=keyed, recipients=len(request.addresses))

    async def _held_back(
        self,
        departing: Departing,
        look: Callable[[], Awaitable[bool]] | None,
        place: Place,
        intent: Intent | None,
    ) -> Verdict | None:
        """None when it may be called; else why not. The intent is written when there is a place for it."""
        try:
            async with asyncio.timeout(PASSAGE_TIMEOUT_SECONDS):
                if intent is not None:
                    await place.take()
                    if not await self._intended.done(intent):
                        return held_back("another worker has taken it over")
                await departing.passage()
            if look is not None and not await look():
                return held_back("stopped")
        except TimeoutError:
            return held_back("others go first", wait_seconds=0.2)
        except SQLAlchemyError as fault:
            log.warning("not sent: nobody knows whether it was stopped", kind=type(fault).__name__)
            return held_back("the database does not answer", wait_seconds=1.0)
        return None

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
        with self.database.write(urgent=priority is Priority.EMERGENCY) as session:
            now, keyed = self.database.now(session), channel.traits.honours_retry_key
            if priority is Priority.EMERGENCY and self._holds.is_held(account_id, now):
                return []
            return claim_batches(session, account_id, priority, now, most, honours_retry_key=keyed)

    @cached_property
    def _lanes(self) -> dict[tuple[int, Priority], Lane]:
        return {}

    @cached_property
    def _holds(self) -> Holds:
        return Holds()

    @cached_property
    def _windows(self) -> Windows:
        return Windows()

    @cached_property
    def _answered(self) -> dict[int, ClaimedBatch]:
        """Batches some of whose answers are not written yet; the next intents take them along."""
        return {}

    @cached_property
    def _intended(self) -> Together[Intent, bool]:
        return Together(self._write_intents, INTENDED_TOGETHER, gather_seconds=INTENDED_SECONDS)

    @cached_property
    def _looks(self) -> Looks:
        return Looks(self.database)

    @cached_property
    def _plain(self) -> Together[tuple[ClaimedBatch, bool], None]:
        return Together(self._settle_plain, SETTLED_TOGETHER, gather_seconds=GATHER_SECONDS)

    @cached_property
    def _plain_keyed(self) -> Together[tuple[ClaimedBatch, bool], None]:
        return Together(self._settle_plain, SETTLED_TOGETHER, gather_seconds=GATHER_KEYED_SECONDS)

    def _write_intents(self, about_to_leave: list[Intent]) -> list[bool]:
        taken = [self._answered.pop(each, None) for each in list(self._answered)]
        answered = [claimed for claimed in taken if claimed is not None]
        # Who is about to leave waits for it: at most so many are written together, in a few milliseconds.
        with self.database.write(urgent=True) as session:
            return intents.write(session, about_to_leave, answered)

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
            self._holds.note(claimed, verdicts, now)
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
