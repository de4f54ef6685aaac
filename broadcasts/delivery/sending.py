"""Sending: claim, commit, call, settle. No transaction of the database spans a network call."""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import structlog

from broadcasts.delivery import settling
from broadcasts.delivery.channel import Channel, ChannelError, OutcomeUnknown, SendRequest
from broadcasts.delivery.claiming import ClaimedBatch, claim_batches
from broadcasts.delivery.pacing import Gates
from broadcasts.delivery.verdicts import ACCEPTED, Next, Verdict, judge
from storage import broadcasts, outbox
from storage.broadcasts import DELIVERY_WORK, Priority
from storage.database import Database
from storage.jobs import Job, announce
from storage.leases import SEND_TIMEOUT_SECONDS
from storage.lifecycles import MessageState, Outcome
from storage.outbox import Message
from storage.pace import PaceClass
from storage.people import Contact
from storage.replies import from_json

log = structlog.get_logger()

RUN_SECONDS = 1.5
"""A delivery job ends after this time and announces the next: an urgent one never waits long behind it."""

BATCHES_A_CLAIM = 16
PASSAGE_TIMEOUT_SECONDS = 2.0


@dataclass(frozen=True, kw_only=True)
class Sender:
    """Sends what waits in the outbox through `channels` (by account id), at the pace of `gates`.

    `sent` and `refused` are told of every call, for the metrics: account id with recipients, or the kind of refusal.
    """

    database: Database
    channels: Mapping[int, Channel]
    gates: Gates
    sent: Callable[[int, int], None] = lambda account_id, recipients: None
    refused: Callable[[int, str], None] = lambda account_id, kind: None

    async def deliver(self, account_id: int, priority: Priority) -> None:
        """Send an account's waiting batches of one class for a short while."""
        channel = self.channels[account_id]
        until = time.monotonic() + RUN_SECONDS
        while True:
            claimed = await asyncio.to_thread(self._claim, account_id, priority, channel)
            if not claimed:
                return
            await asyncio.gather(*(self._send_batch(channel, one) for one in claimed))
            if time.monotonic() > until:
                break
        await asyncio.to_thread(self._announce, Job(work=DELIVERY_WORK[priority], key=str(account_id)))

    async def converse(self, contact_id: int) -> None:
        """Send a contact's waiting messages, one after the other."""
        while (claimed := await asyncio.to_thread(self._claim_message, contact_id)) is not None:
            message, contact = claimed
            if message.state != MessageState.SENDING:
                continue
            verdict = await self._call(
                self.channels[contact.account_id],
                contact.account_id,
                PaceClass.CONVERSATION,
                SendRequest(
                    addresses=(contact.address,),
                    bubbles=from_json(message.body),
                    retry_key=message.retry_key,
                    valid_seconds=outbox.MESSAGE_LIVES_HOURS * 3600.0,
                    reply_token=message.reply_token if message.attempts == 1 else "",
                ),
            )
            if not await asyncio.to_thread(self._settle_message, message, contact, verdict):
                return

    async def _send_batch(self, channel: Channel, claimed: ClaimedBatch) -> None:
        pace_class = PaceClass.EMERGENCY if claimed.emergency else PaceClass.ROUTINE
        size = channel.traits.recipients_per_request
        verdicts: list[Verdict] = []
        if size > 1:
            request = self._request(claimed, claimed.addresses)
            verdict = await self._call(
                channel, claimed.batch.account_id, pace_class, request, claimed.batch.broadcast_id
            )
            verdicts = [verdict] * len(claimed.positions)
        else:
            calls = (
                self._call(
                    channel,
                    claimed.batch.account_id,
                    pace_class,
                    self._request(claimed, (address,)),
                    claimed.batch.broadcast_id,
                )
                for address in claimed.addresses
            )
            verdicts = list(await asyncio.gather(*calls))
        await asyncio.to_thread(self._settle_batch, claimed, verdicts, channel.traits.honours_retry_key)

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
        gate = self.gates.of(account_id, endpoint, pace_class, traits.requests_per_second[endpoint])
        try:
            await asyncio.wait_for(gate.passage(), PASSAGE_TIMEOUT_SECONDS)
        except TimeoutError:
            return Verdict(
                outcome=Outcome.WAITING, next=Next.WAIT, reason="others go first", wait_seconds=0.2
            )
        if broadcast_id is not None and not await asyncio.to_thread(self._is_live, broadcast_id):
            return Verdict(outcome=Outcome.WAITING, next=Next.WAIT, reason="stopped")
        try:
            async with asyncio.timeout(SEND_TIMEOUT_SECONDS):
                await channel.send(request)
        except TimeoutError:
            error: ChannelError = OutcomeUnknown(f"no answer within {SEND_TIMEOUT_SECONDS:.0f} seconds")
        except ChannelError as refused:
            error = refused
        else:
            self.sent(account_id, len(request.addresses))
            return ACCEPTED
        self.refused(account_id, type(error).__name__)
        log.warning("send refused", account_id=account_id, kind=type(error).__name__, reason=str(error))
        return judge(error, honours_retry_key=traits.honours_retry_key)

    @staticmethod
    def _request(claimed: ClaimedBatch, addresses: tuple[str, ...]) -> SendRequest:
        return SendRequest(
            addresses=addresses,
            bubbles=claimed.bubbles,
            retry_key=claimed.batch.retry_key,
            valid_seconds=claimed.valid_seconds,
            emergency=claimed.emergency,
        )

    def _claim(self, account_id: int, priority: Priority, channel: Channel) -> list[ClaimedBatch]:
        with self.database.write() as session:
            return claim_batches(
                session,
                account_id,
                priority,
                self.database.now(session),
                BATCHES_A_CLAIM,
                honours_retry_key=channel.traits.honours_retry_key,
            )

    def _is_live(self, broadcast_id: int) -> bool:
        with self.database.read() as session:
            return broadcasts.is_live(session, broadcast_id, self.database.now(session))

    def _settle_batch(self, claimed: ClaimedBatch, verdicts: list[Verdict], honours_retry_key: bool) -> None:
        with self.database.write() as session:
            settling.settle_batch(
                session, claimed, verdicts, self.database.now(session), honours_retry_key=honours_retry_key
            )

    def _claim_message(self, contact_id: int) -> tuple[Message, Contact] | None:
        with self.database.write() as session:
            return outbox.claim_next(session, contact_id, self.database.now(session))

    def _settle_message(self, message: Message, contact: Contact, verdict: Verdict) -> bool:
        with self.database.write() as session:
            return settling.settle_message(session, message, contact, verdict, self.database.now(session))

    def _announce(self, job: Job) -> None:
        with self.database.write() as session:
            announce(session, job)
