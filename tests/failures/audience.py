"""Thousands of subscribers made at once, what is released to them, and what the network's journal says of it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import insert
from sqlmodel import col, select

from bot.queue import join_commits
from storage import people
from storage.batches import Batch, RecipientNote, tally, unpack
from storage.broadcasts import Broadcast, Priority
from storage.database import Database
from storage.lifecycles import Outcome
from storage.people import Contact, Person
from storage.subscriptions import WARNING, Subscription
from tests import builders
from tests.builders import MAE_SAI
from tests.failures.networks import Network
from tests.failures.servers import wait_until

TWICE = "possibly twice"


@dataclass(frozen=True, kw_only=True)
class Audience:
    """Subscribers to the warnings of one district on one network; ids of their contacts by address."""

    database: Database
    network: Network
    account_id: int
    contacts: dict[str, int]

    @property
    def addresses(self) -> Sequence[str]:
        return tuple(self.contacts)

    def release(
        self,
        priority: Priority = Priority.EMERGENCY,
        *,
        lives: timedelta = timedelta(hours=6),
        text: str = "น้ำป่ามาแล้วที่ อ.แม่สาย",
    ) -> int:
        """Release a broadcast to them, as an officer's command beside the running servers does."""
        with self.database.write() as session:
            now = self.database.now(session)
            released = builders.released(session, priority=priority, at=now, lives=lives, text=text)
            assert released.id is not None
            return released.id

    def in_flight(self, broadcast_id: int) -> set[int]:
        """Ids of the contacts that a worker has in hand."""
        return self.with_outcome(broadcast_id, Outcome.IN_FLIGHT)

    def with_outcome(self, broadcast_id: int, outcome: Outcome) -> set[int]:
        found: set[int] = set()
        with self.database.read() as session:
            for batch in session.exec(select(Batch).where(Batch.broadcast_id == broadcast_id)):
                ids = unpack(batch.recipients)
                found |= {
                    i for i, each in zip(ids, batch.outcomes, strict=True) if each == ord(outcome.value)
                }
        return found

    def batches(self, broadcast_id: int) -> list[Batch]:
        with self.database.read() as session:
            query = select(Batch).where(Batch.broadcast_id == broadcast_id).order_by(col(Batch.id))
            return list(session.exec(query))

    def listed(self, broadcast_id: int, note: str = TWICE) -> set[int]:
        """Contacts of whom something is noted."""
        query = select(RecipientNote.contact_id).where(
            RecipientNote.broadcast_id == broadcast_id, RecipientNote.note == note
        )
        with self.database.read() as session:
            return set(session.exec(query))

    def reasons(self, contacts: set[int]) -> list[tuple[str, str]]:
        """What is noted of them, and why."""
        query = select(RecipientNote.note, RecipientNote.reason).where(
            col(RecipientNote.contact_id).in_(contacts)
        )
        with self.database.read() as session:
            return [(note, reason) for note, reason in session.exec(query)]

    def state(self, broadcast_id: int) -> str:
        with self.database.read() as session:
            return session.get_one(Broadcast, broadcast_id).state

    def tally(self, broadcast_id: int) -> dict[str, int]:
        """The counts that are not nought."""
        with self.database.read() as session:
            return {name: count for name, count in tally(session, broadcast_id).items() if count}

    def wait_for(self, broadcast_id: int, state: str = "done") -> float:
        """Return when the broadcast is in that state; how long it took."""

        def where() -> str:
            return f"it is {self.state(broadcast_id)}: {self.tally(broadcast_id)}"

        return wait_until(lambda: self.state(broadcast_id) == state, where)

    def wait_partly(self, share: float) -> None:
        """Return when that share of them has got something."""
        wanted = len(self.contacts) * share
        wait_until(lambda: self.network.arrived() >= wanted, look=0.005)

    def got(self) -> Counter[int]:
        """How often each contact got something, by the network's journal."""
        return Counter({self.contacts[address]: times for address, times in self.network.got().items()})

    def twice(self) -> set[int]:
        return {contact for contact, times in self.got().items() if times > 1}

    def left_out(self) -> set[int]:
        return set(self.contacts.values()) - set(self.got())


def subscribers(url: str, count: int, network: Network) -> Audience:
    """That many, by bulk insert into a migrated database that has no citizens on another network yet."""
    database = Database(url)
    join_commits(database)
    long_ago = datetime.now(UTC) - timedelta(days=2)
    with database.write() as session:
        first = (session.exec(select(Person.id).order_by(col(Person.id).desc())).first() or 0) + 1
        contacts = {network.address(n): first + n for n in range(count)}
        account_id = people.ensure_account(session, network.channel).id
        assert account_id is not None
        connection = session.connection()
        if not contacts:
            return Audience(database=database, network=network, account_id=account_id, contacts={})
        connection.execute(
            insert(Person),
            [{"id": n, "language": "th", "created_at": long_ago} for n in contacts.values()],
        )
        connection.execute(
            insert(Contact),
            [
                {
                    "id": n,
                    "person_id": n,
                    "account_id": account_id,
                    "address": address,
                    "kind": "person",
                    "state": "active",
                    "state_at": long_ago,
                    "created_at": long_ago,
                }
                for address, n in contacts.items()
            ],
        )
        connection.execute(
            insert(Subscription),
            [
                {"person_id": n, "contact_id": n, "topic": WARNING, "place": MAE_SAI, "since": long_ago}
                for n in contacts.values()
            ],
        )
        if not database.is_sqlite:
            for table in ("person", "contact"):
                connection.exec_driver_sql(
                    f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))"
                )
    return Audience(database=database, network=network, account_id=account_id, contacts=contacts)
