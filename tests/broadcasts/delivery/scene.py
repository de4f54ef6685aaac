"""A small delivery to look at: citizens, a broadcast, a scripted provider and a clock that tests move."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from types import TracebackType
from typing import Self

from sqlmodel import Session, col, select

from broadcasts.delivery.pacing import Gates
from broadcasts.delivery.planning import plan_page
from broadcasts.delivery.reconcile import recover
from broadcasts.delivery.sending import Sender
from storage import batches, broadcasts, erasure, outbox, people
from storage.batches import Batch, RecipientNote, unpack
from storage.broadcasts import Broadcast, Priority
from storage.database import Database
from storage.lifecycles import BatchState, BroadcastState, ContactState
from storage.outbox import Message
from storage.pace import PaceClass, PaceLease
from storage.people import Contact
from storage.subscriptions import unsubscribe
from tests import builders
from tests.builders import NOW
from tests.fakes.scripted_channel import ScriptedChannel

_numbers = count()


class NoPace:
    """Lets everything through at once."""

    def lease(
        self,
        account_id: int,
        endpoint: str,
        pace_class: PaceClass,
        wanted: int,
        limit: float,
        fates: Mapping[int, int] | None = None,
    ) -> PaceLease:
        return PaceLease(departures=(0.0,) * wanted, ticks=(0,) * wanted, lapse_seconds=60.0)


@dataclass
class Clock:
    """The database's clock, moved by hand."""

    at: datetime = NOW

    def __call__(self) -> datetime:
        return self.at

    def advance(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


@dataclass
class Lasting:
    """A database for many scenes, with the clock that they move."""

    url: str
    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        self.database = Database(self.url, clock=self.clock)


@dataclass
class Scene(AbstractContextManager["Scene"]):
    """`addresses` subscribed to the warnings of one district; `channel` is their provider.

    Scenes may share a database: each has an account and a district to itself.
    """

    lasting: Lasting
    channel: ScriptedChannel
    addresses: Sequence[str] = ("sim-1", "sim-2", "sim-3")

    def __post_init__(self) -> None:
        number = next(_numbers)
        self.place = f"{10 + number // 99}{number % 99 + 1:02d}"
        self.database, self.clock = self.lasting.database, self.lasting.clock
        self.clock.at = NOW
        with self.database.write() as session:
            self.account_id = people.ensure_account(session, "local", f"scene {number}").id or 0
            self.ids = {address: self._citizen(session, address) for address in self.addresses}
        self.sender = Sender(
            database=self.database, channels={self.account_id: self.channel}, gates=Gates(NoPace())
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        if fault is None:
            assert self.channel.violations == []

    def release(
        self, priority: Priority = Priority.EMERGENCY, *, lives: timedelta = timedelta(hours=6)
    ) -> int:
        """A broadcast to all of them, written into batches."""
        with self.database.write() as session:
            broadcast_id = (
                builders.released(
                    session, priority=priority, at=self.clock.at, lives=lives, places=[self.place]
                ).id
                or 0
            )
        self.plan(broadcast_id)
        return broadcast_id

    def plan(self, broadcast_id: int) -> None:
        sizes = {self.account_id: self.channel.recipients_per_batch}
        wait: float | None = 0.0
        while wait is not None:
            with self.database.write() as session:
                wait = plan_page(session, broadcast_id, self.clock.at, sizes)

    def deliver(self, priority: Priority = Priority.EMERGENCY) -> None:
        asyncio.run(self.sender.deliver(self.account_id, priority))

    def converse(self, address: str) -> None:
        asyncio.run(self.sender.converse(self.ids[address]))

    def recover(self, *, nobody_else_works: bool = False) -> int:
        with self.database.write() as session:
            keys = {self.account_id: self.channel.keyed}
            return recover(session, keys, self.clock.at, nobody_else_works=nobody_else_works)

    def resume(self, broadcast_id: int) -> None:
        with self.database.write() as session:
            broadcasts.move(session, broadcast_id, BroadcastState.RELEASED, self.clock.at, by="officer")

    def stop(self, broadcast_id: int) -> None:
        with self.database.write() as session:
            broadcasts.move(session, broadcast_id, BroadcastState.STOPPED, self.clock.at, by="officer")
            batches.end_waiting(session, broadcast_id, BatchState.STOPPED, self.clock.at)

    def leave(self, address: str, how: str) -> None:
        """Somebody `stops`, `blocks` or `is erased`: she is not to get anything any more."""
        with self.database.write() as session:
            contact = session.get_one(Contact, self.ids[address])
            if how == "stops":
                unsubscribe(session, contact.person_id, self.clock.at)
            elif how == "blocks":
                people.set_contact_state(session, self.ids[address], ContactState.BLOCKED, self.clock.at)
            else:
                erasure.erase(session, contact.person_id, self.clock.at, actor="herself")

    def settle_everything(self, broadcast_id: int, priority: Priority = Priority.EMERGENCY) -> None:
        """Let time pass and officers mend what pauses it, until nothing is left to do."""
        for _ in range(30):
            if self.state(broadcast_id) == BroadcastState.PAUSED:
                self.resume(broadcast_id)
            self.deliver(priority)
            self.clock.advance(61)
            self.recover()
            if self.state(broadcast_id) not in (BroadcastState.RELEASED, BroadcastState.PAUSED):
                return
        raise AssertionError("it never ends")

    def state(self, broadcast_id: int) -> str:
        with self.database.read() as session:
            return session.get_one(Broadcast, broadcast_id).state

    def outcomes(self, broadcast_id: int) -> str:
        """One letter for each of the addresses, in their order; `?` for somebody whom no batch holds."""
        found = dict.fromkeys(self.ids.values(), "?")
        for batch in self.batches(broadcast_id):
            ids = unpack(batch.recipients)
            assert len(ids) == len(batch.outcomes) == batch.size
            for contact_id, outcome in zip(ids, batch.outcomes.decode(), strict=True):
                assert found[contact_id] == "?"
                found[contact_id] = outcome
        return "".join(found.values())

    def batches(self, broadcast_id: int) -> list[Batch]:
        with self.database.read() as session:
            query = select(Batch).where(Batch.broadcast_id == broadcast_id).order_by(col(Batch.id))
            return list(session.exec(query))

    def tally(self, broadcast_id: int) -> dict[str, int]:
        """The counts that are not nought."""
        with self.database.read() as session:
            return {name: n for name, n in batches.tally(session, broadcast_id).items() if n}

    def notes(self, broadcast_id: int) -> dict[str, list[str]]:
        """The addresses by what is noted of them."""
        by_id = {contact_id: address for address, contact_id in self.ids.items()}
        found: dict[str, list[str]] = {}
        with self.database.read() as session:
            query = select(RecipientNote).where(RecipientNote.broadcast_id == broadcast_id)
            for note in session.exec(query.order_by(col(RecipientNote.contact_id), col(RecipientNote.id))):
                found.setdefault(note.note, []).append(by_id[note.contact_id])
        return found

    def contact(self, address: str) -> Contact:
        with self.database.read() as session:
            return session.get_one(Contact, self.ids[address])

    def say(self, address: str, *texts: str, important: bool = True, reply_token: str = "") -> None:
        """Put messages to one of them into the outbox."""
        with self.database.write() as session:
            for text in texts:
                outbox.say_to(
                    session,
                    self.ids[address],
                    [builders.bubble(text)],
                    self.clock.at,
                    important=important,
                    reply_token=reply_token,
                )
                session.flush()

    def claim_message(self, session: Session, address: str) -> tuple[Message, Contact]:
        """Take the next message as another worker would."""
        found = outbox.claim_next(session, self.ids[address], self.clock.at)
        assert found is not None
        return found

    def messages(self, address: str) -> list[Message]:
        with self.database.read() as session:
            query = select(Message).where(Message.contact_id == self.ids[address])
            return list(session.exec(query.order_by(col(Message.id))))

    def heard(self, address: str) -> list[str]:
        """What was said to an address, in the order in which the provider was asked."""
        return [
            bubble.text
            for call in self.channel.journal
            if address in call.request.addresses
            for bubble in call.request.bubbles
        ]

    def _citizen(self, session: Session, address: str) -> int:
        contact, _ = builders.citizen(session, address, account_id=self.account_id, places=[self.place])
        return contact.id or 0

    def write(self) -> AbstractContextManager[Session]:
        return self.database.write()
