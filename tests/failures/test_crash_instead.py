"""SIGKILL where LINE takes a request for some of its people only, and where text messages go out instead.

The oracle is both networks' journals: each of those people heard it once, on LINE or by text.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert
from sqlmodel import col, select, update

from broadcasts.delivery.held_up import where_refused
from storage import broadcasts, people
from storage.batches import Batch
from storage.broadcasts import Broadcast
from storage.lifecycles import BatchState, ContactState, Outcome
from storage.people import Contact
from tests.failures import networks
from tests.failures.audience import Audience, subscribers
from tests.failures.child import Crash
from tests.failures.crash_points import DIVIDING, TAKEN_OUT, TEXTS_INSTEAD
from tests.failures.networks import LineNetwork, Network
from tests.failures.servers import Server, Servers, say, servers, wait_until
from tests.failures.size import size

COUNT, EVERY = size(3_000, 20_000), 50
BLOCKED, REFUSED, GROUP_CHAT, REACHED = range(4)
"""What the first of each `EVERY` people are. All of these but the group chats have a telephone, and nobody else."""

TEXTS_A_SECOND = 20
SETTINGS = {
    "KRAJAI_SMS_SATANG_PER_SEGMENT": "25",
    "KRAJAI_SMS_INSTEAD_BAHT_PER_ALERT": "10000",
    "KRAJAI_SMS_INSTEAD_BAHT_PER_DAY": "10000",
}
SOON, HOUR = 0.5, 3600.0


class Mixed(LineNetwork):
    """Some addresses LINE refuses by name, some are group chats that we take for persons."""

    def address(self, number: int) -> str:
        others = {REFUSED: f"Unot-an-id-{number}", GROUP_CHAT: f"C{number:032x}"}
        return others.get(number % EVERY, super().address(number))


@dataclass(frozen=True, kw_only=True)
class Country:
    """Citizens on LINE, and the telephones of some: `phone_of` by the contact on LINE."""

    running: Servers
    server: Server
    line: Mixed
    on_line: Audience
    by_text: Audience
    phone_of: Mapping[int, int]

    def of(self, *kinds: int) -> set[int]:
        return {contact for kind in kinds for contact in list(self.on_line.contacts.values())[kind::EVERY]}

    def texts(self, broadcast_id: int) -> list[int]:
        """The broadcasts that went out by text instead."""
        with self.on_line.database.read() as session:
            return broadcasts.retries_of(session, [broadcast_id])

    def looks_every(self, seconds: float) -> None:
        """So often it is looked for people who are to get a text instead, from the next start on."""
        self.running.values["bot.worker:FALL_BACK_SECONDS"] = seconds

    def are_held_up(self, broadcast_id: int) -> bool:
        """Whether nobody should wait on LINE for what is left."""
        left = {each.id for each in self.on_line.batches(broadcast_id) if each.state != BatchState.DONE}
        with self.on_line.database.read() as session:
            broadcast = session.get_one(Broadcast, broadcast_id)
            refused = where_refused(session, broadcast, [self.on_line.account_id])
            return bool(left) and set(session.exec(select(Batch.id).where(refused))) == left

    def try_again_in(self, seconds: float) -> None:
        with self.on_line.database.write() as session:
            later = self.on_line.database.now(session) + timedelta(seconds=seconds)
            waiting = update(Batch).where(col(Batch.state) == BatchState.WAITING.value)
            session.connection().execute(waiting.values(not_before=later))

    def survive(self, points: Mapping[str, Crash], broadcast_id: int) -> set[int]:
        """Die at each of these points, one after the other; the telephones that a text was in flight to."""
        in_flight: set[int] = set()
        for point, crash in points.items():
            self.server.start(crash).wait_crashed()
            texts = self.texts(broadcast_id)
            found = set[int]().union(*map(self.by_text.in_flight, texts))
            say(f"{point}: {len(texts)} broadcasts by text, {len(found)} in flight there")
            in_flight |= found
        return in_flight

    def finish(self, broadcast_id: int) -> None:
        self.server.start()
        self.on_line.wait_for(broadcast_id)
        for each in self.texts(broadcast_id):
            self.by_text.wait_for(each)
        assert self.server.terminate() == 0

    def check(self, broadcast_id: int, in_flight: set[int]) -> set[int]:
        """LINE told nobody twice, the text messages only whom a kill found in flight; contacts who were for a text."""
        texts = self.texts(broadcast_id)
        listed = set[int]().union(*map(self.by_text.listed, texts))
        unknown = set[int]().union(*(self.by_text.with_outcome(each, Outcome.UNKNOWN) for each in texts))
        on_line, by_text, twice = self.on_line.got(), self.by_text.got(), self.by_text.twice()
        say(f"{len(on_line)} on LINE, {len(by_text)} by text, {len(twice)} twice, {len(in_flight)} in flight")
        assert set(on_line.values()) == {1}
        assert self.on_line.listed(broadcast_id) == set()
        assert twice <= listed <= in_flight
        assert max(by_text.values()) <= 2
        # Who was in flight at two kills is not tried a third time, and listed.
        meant = by_text.keys() | (unknown & listed)
        told = {contact for contact, phone in self.phone_of.items() if phone in meant}
        assert not told & on_line.keys(), "nobody on both"
        assert told | on_line.keys() == set(self.on_line.contacts.values()), "nobody on neither"
        return told


@pytest.fixture
def country(url: str, tmp_path: Path) -> Iterator[Country]:
    with (
        networks.line(50) as plain,
        networks.kannel(TEXTS_A_SECOND) as sms,
        servers(url, tmp_path, **SETTINGS, **plain.settings, **sms.settings) as running,
    ):
        running.values["broadcasts.delivery.fallback:PEOPLE_AT_ONCE"] = 25
        line = Mixed(plain.fake, 50)
        on_line = subscribers(url, COUNT, line)
        yield _with_phones(running, line, on_line, sms)


def _with_phones(running: Servers, line: Mixed, on_line: Audience, sms: Network) -> Country:
    contacts = list(on_line.contacts.values())
    owners = sorted(each for kind in (BLOCKED, REFUSED, REACHED) for each in contacts[kind::EVERY])
    with on_line.database.write() as session:
        now, account_id = on_line.database.now(session), people.ensure_account(session, sms.channel).id or 0
        phone = {"account_id": account_id, "kind": "person", "state": "active", "state_at": now}
        session.connection().execute(
            insert(Contact),
            [
                {**phone, "person_id": each, "address": sms.address(each), "created_at": now, "menu": ""}
                for each in owners
            ],
        )
        blocked = update(Contact).where(col(Contact.id).in_(contacts[BLOCKED::EVERY]))
        session.connection().execute(blocked.values(state=ContactState.BLOCKED.value))
        query = select(Contact.person_id, Contact.id).where(Contact.account_id == account_id)
        phone_of = {person: found or 0 for person, found in session.exec(query)}
    phones = {sms.address(owner): phone for owner, phone in phone_of.items()}
    return Country(
        running=running,
        server=running.make("run"),
        line=line,
        on_line=on_line,
        by_text=Audience(database=on_line.database, network=sms, account_id=account_id, contacts=phones),
        phone_of=phone_of,
    )


def test_refused_in_part_and_told_by_text(country: Country) -> None:
    """LINE names some, and takes group chats alone; those whom it does not reach get a text."""
    broadcast_id = country.on_line.release()
    country.looks_every(HOUR)
    country.survive(DIVIDING, broadcast_id)
    assert country.texts(broadcast_id) == []
    country.looks_every(SOON)
    in_flight = country.survive(TEXTS_INSTEAD, broadcast_id)
    country.finish(broadcast_id)
    assert country.check(broadcast_id, in_flight) == country.of(BLOCKED, REFUSED)
    refused, blocked = len(country.of(REFUSED)), len(country.of(BLOCKED))
    assert country.on_line.tally(broadcast_id) == {
        "planned": COUNT - blocked,
        "accepted": COUNT - blocked - refused,
        "failed": refused,
    }


def test_refused_as_a_whole_and_told_by_text(country: Country) -> None:
    """LINE's quota is spent: who has a telephone waits there no longer, the others until there is more."""
    country.line.fake.quota = 0
    broadcast_id = country.on_line.release()
    server = country.running.make("run", KRAJAI_SMS_INSTEAD_BAHT_PER_ALERT="0").start()
    wait_until(lambda: country.are_held_up(broadcast_id))
    assert server.terminate() == 0
    # No kill is to leave a request to LINE in doubt: of those nobody is taken out.
    country.try_again_in(HOUR)
    country.looks_every(SOON)
    in_flight = country.survive(TAKEN_OUT, broadcast_id)
    country.line.fake.quota = None
    country.try_again_in(0.0)
    country.finish(broadcast_id)
    assert country.check(broadcast_id, in_flight) == set(country.phone_of)
