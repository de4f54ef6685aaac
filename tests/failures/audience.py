"""Thousands of subscribers made at once, and what the simulated network knows of what they got."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import insert
from sqlmodel import col, func, select

from bot.queue import join_commits
from storage.batches import Batch, unpack
from storage.broadcasts import Broadcast, Priority
from storage.database import Database
from storage.lifecycles import Outcome
from storage.local_phones import FROM_KRAJAI, LocalMessage
from storage.people import Contact, Person
from storage.subscriptions import WARNING, Subscription
from tests import builders
from tests.builders import MAE_SAI


@dataclass(frozen=True, kw_only=True)
class Audience:
    """Subscribers `sim-000000` and on to the warnings of one district; the oracle of what reached them."""

    database: Database
    addresses: Sequence[str]

    def release(self, priority: Priority = Priority.EMERGENCY) -> int:
        """Release a broadcast to them, as an officer's command beside the running servers does."""
        with self.database.write() as session:
            released = builders.released(session, priority=priority, at=self.database.now(session))
            assert released.id is not None
            return released.id

    def arrived(self) -> int:
        """How many messages the network has brought to phones so far."""
        with self.database.read() as session:
            return session.exec(
                select(func.count()).where(LocalMessage.origin == FROM_KRAJAI).select_from(LocalMessage)
            ).one()

    def got(self) -> Counter[str]:
        """How often each address got something."""
        query = (
            select(LocalMessage.address, func.count())
            .where(LocalMessage.origin == FROM_KRAJAI)
            .group_by(col(LocalMessage.address))
        )
        with self.database.read() as session:
            return Counter(dict(session.exec(query).all()))

    def in_flight(self, broadcast_id: int) -> set[int]:
        """Ids of the contacts that a worker has in hand."""
        found: set[int] = set()
        with self.database.read() as session:
            for batch in session.exec(select(Batch).where(Batch.broadcast_id == broadcast_id)):
                ids = unpack(batch.recipients)
                flying = ord(Outcome.IN_FLIGHT.value)
                found |= {i for i, outcome in zip(ids, batch.outcomes, strict=True) if outcome == flying}
        return found

    def contacts(self) -> dict[str, int]:
        with self.database.read() as session:
            return {
                address: i
                for address, i in session.exec(select(Contact.address, Contact.id))
                if i is not None
            }

    def state(self, broadcast_id: int) -> str:
        with self.database.read() as session:
            return session.get_one(Broadcast, broadcast_id).state


def subscribers(url: str, count: int) -> Audience:
    """That many, by bulk insert into a migrated database."""
    database = Database(url)
    join_commits(database)
    long_ago = datetime.now(UTC) - timedelta(days=2)
    addresses = [f"sim-{n:06d}" for n in range(count)]
    with database.write() as session:
        account_id = builders.account(session)
        connection = session.connection()
        numbers = range(1, count + 1)
        connection.execute(
            insert(Person), [{"id": n, "language": "th", "created_at": long_ago} for n in numbers]
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
                for n, address in zip(numbers, addresses, strict=True)
            ],
        )
        connection.execute(
            insert(Subscription),
            [
                {"person_id": n, "contact_id": n, "topic": WARNING, "place": MAE_SAI, "since": long_ago}
                for n in numbers
            ],
        )
    return Audience(database=database, addresses=addresses)
