"""Citizens come, go, move, stop and change language while a release goes out to them: one copy each, by the rule.

The rule: whoever was subscribed when it was released gets it once, by one channel, about the place she had then, unless
she has stopped before her batch was first tried; whoever came later gets it in the answer to her subscription
(`test_joining.py`), not from the release.
"""

import random
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import Session, col, or_, select

from storage import broadcasts, people
from storage.batches import unpack
from storage.broadcasts import Broadcast, BroadcastKind, Priority
from storage.database import Database
from storage.leases import LEAVES_WITHIN_SECONDS, SEND_TIMEOUT_SECONDS
from storage.people import Contact, Person
from storage.subscriptions import WARNING, Subscription, subscribe, unsubscribe
from tests import builders
from tests.builders import MAE_SAI
from tests.failures import networks
from tests.failures.audience import Audience, subscribers
from tests.failures.networks import LineNetwork
from tests.failures.servers import say, servers, wait_until
from tests.failures.size import seeded, size
from tests.postgres import PostgresServer

COUNT = size(6_000, 50_000)
FIVE_PLACES = ("5709", "570901", "570902", "570903", "57090102")
SONGKHLA = "9001"
BETWEEN_SECONDS = 0.004
SOME = 60
"""So many of the crowd change their mind before the release, and between it and the first attempt."""

WORDS = {
    "th": {"": "น้ำป่ามาแล้ว", "57": "น้ำป่ามาแล้วที่เชียงราย", "90": "น้ำป่ามาแล้วที่สงขลา"},
    "en": {"": "Flash flood", "57": "Flash flood in Chiang Rai", "90": "Flash flood in Songkhla"},
}
"""By language and province, so that what somebody reads says which place of hers it was for."""


class Crowd(threading.Thread):
    """One after the other they change their mind; `stopped`, `spoke` and `came` are told when they are committed.

    `stopped` holds who said stop, by the database's clock and by ours; `spoke` who wanted English from then on.
    """

    def __init__(
        self, database: Database, contacts: dict[str, int], account_id: int, chance: random.Random
    ) -> None:
        super().__init__()
        self._database, self._contacts, self._account_id = database, contacts, account_id
        self._chance = chance
        self.done = threading.Event()
        self.did: Counter[str] = Counter()
        self.stopped: dict[str, tuple[datetime, float]] = {}
        self.spoke: dict[str, datetime] = {}
        self.came: dict[str, datetime] = {}

    def run(self) -> None:
        numbers = iter(range(1_000_000, 2_000_000))
        waiting = list(self._contacts)
        self._chance.shuffle(waiting)
        while not self.done.wait(BETWEEN_SECONDS) and waiting:
            what = self._chance.choice(("stops", "moves", "language", "comes"))
            address = f"U{next(numbers):032x}" if what == "comes" else waiting.pop()
            with self._database.write() as session:
                at = self._changes(session, what, address)
            if what == "stops":
                self.stopped[address] = at, time.monotonic()
            elif what == "language":
                self.spoke[address] = at
            elif what == "comes":
                self.came[address] = at
            self.did[what] += 1

    def wait_for_some(self) -> None:
        """Return when that many more have changed their mind."""
        before = self.did.total()
        wait_until(lambda: self.did.total() >= before + SOME, look=0.01)

    def _changes(self, session: Session, what: str, address: str) -> datetime:
        if what == "comes":
            at = self._database.now(session)
            builders.citizen(session, address, account_id=self._account_id, at=at)
            return at
        number = self._contacts[address]
        person = session.get_one(Person, number)
        # After the first statement: on SQLite nobody else writes from there on.
        at = self._database.now(session)
        if what == "language":
            person.language = "en"
        else:
            unsubscribe(session, number, at)
            if what == "moves":
                subscribe(session, number, number, WARNING, SONGKHLA, at)
            else:
                person.stopped_at = at
        session.add(person)
        return at


@pytest.mark.parametrize("where", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def test_one_copy_each_whoever_comes_and_goes(
    request: pytest.FixtureRequest, tmp_path: Path, where: str
) -> None:
    chance = seeded()
    with ExitStack() as stack:
        network = stack.enter_context(networks.line(40))
        chat = stack.enter_context(networks.telegram(200))
        url = _database_url(request, where)
        running = stack.enter_context(servers(url, tmp_path, **{**network.settings, **chat.settings}))
        running.values = {"bot.channels.line:MOST_RECIPIENTS": 100}
        audience = subscribers(url, COUNT, network)
        stack.callback(audience.database.close)
        both = set(_also_on_telegram(audience.database, audience.contacts))
        everybody = list(audience.contacts.items())
        already = _stop(audience.database, everybody[-20:])
        crowd = Crowd(audience.database, dict(everybody[:-20]), audience.account_id, chance)
        crowd.start()
        crowd.wait_for_some()
        broadcast_id = _release(audience.database)
        crowd.wait_for_some()
        # Nothing was tried yet: whoever has stopped by now hears nothing, whoever speaks English by now reads it.
        stopped_before, spoke_before = crowd.stopped.copy(), crowd.spoke.copy()
        server = running.make("run").start()
        audience.wait_for(broadcast_id)
        crowd.done.set()
        crowd.join()
        assert server.terminate() == 0
        got, by_chat = network.got(), chat.got()
        shown = running.ask("broadcast", "show", str(broadcast_id))
        province = _subscribed_at_the_release(audience.database, broadcast_id)
        meant = set(province)
        ids = {**audience.contacts, **_ids(audience.database, crowd.came)}
        served = {ids[address] for address in got}
        skipped = {row["contact"] for row in shown["recipients"] if row["note"] == "skipped"}
        stopped = {ids[address]: at for address, (at, _) in crowd.stopped.items()}
        say(f"{dict(crowd.did)}; {len(meant - served)} left out, {len(skipped)} skipped; {shown['delivery']}")
        assert max(got.values()) == 1
        assert not by_chat, "one copy a person: by the channel she subscribed with"
        assert both & served, "nobody who is on two channels was reached"
        assert served <= meant, "they were not subscribed at the release"
        assert meant - served == skipped
        assert skipped <= set(stopped)
        assert already.isdisjoint(served)
        assert not set(stopped_before) & set(got), "they had stopped before anything was tried"
        assert len(stopped_before) > 10
        assert too_late(network, crowd) == {}
        claimed_later = heard_after(audience, broadcast_id, {i: stopped[i] for i in set(stopped) & served})
        assert claimed_later == {}, "they had said stop before their batch was first tried"
        assert {ids[address] for address in crowd.came} & meant
        assert {ids[address] for address in crowd.came} - meant, "nobody came after the release"
        for address, read in said_to(network).items():
            in_thai, in_english = (WORDS[language][province[ids[address]]] for language in ("th", "en"))
            if address not in crowd.spoke:
                assert read == in_thai
            else:
                assert read == in_english or (read == in_thai and address not in spoke_before)
        assert {"57", "90"} == set(province.values()), "nobody had moved before the release"
        assert set(spoke_before) & set(got), "nobody read English"
        with audience.database.read() as session:
            assert session.get_one(Broadcast, broadcast_id).state == "done"


def said_to(network: LineNetwork) -> dict[str, str]:
    """What each one read."""
    return {address: each.messages[0]["text"] for each in network.fake.journal for address in each.to}


def too_late(network: LineNetwork, crowd: Crowd) -> dict[str, float]:
    """Who was reached, by the network's clock, later after her stop than what was claimed before it may take."""
    arrived = {
        address: at
        for each, at in zip(network.fake.journal, network.fake.accepted_at, strict=True)
        for address in each.to
    }
    took = {each: arrived[each] - stopped for each, (_, stopped) in crowd.stopped.items() if each in arrived}
    return {
        each: seconds
        for each, seconds in took.items()
        if seconds > LEAVES_WITHIN_SECONDS + SEND_TIMEOUT_SECONDS
    }


def heard_after(audience: Audience, broadcast_id: int, stopped: dict[int, datetime]) -> dict[int, datetime]:
    """Those whose batch was first tried after they had said stop; both times are of the database's clock."""
    tried = {
        contact: batch.first_attempt_at
        for batch in audience.batches(broadcast_id)
        for contact in unpack(batch.recipients)
    }
    return {each: at for each, at in stopped.items() if (first := tried[each]) is None or first > at}


def _database_url(request: pytest.FixtureRequest, where: str) -> str:
    if where == "sqlite":
        found: str = request.getfixturevalue("url")
        return found
    server: PostgresServer = request.getfixturevalue("postgres")
    return server.fresh_database()


def _release(database: Database) -> int:
    """In words of their own for each province."""
    words = {
        language: {name: [builders.bubble(text)] for name, text in by_province.items()}
        for language, by_province in WORDS.items()
    }
    with database.write() as session:
        at = database.now(session)
        released = broadcasts.release(
            session,
            kind=BroadcastKind.ALERT,
            priority=Priority.EMERGENCY,
            words=broadcasts.words_of(words),
            places=[MAE_SAI, SONGKHLA],
            topic=WARNING,
            expires_at=at + timedelta(hours=6),
            by="tester",
            at=at,
        )
        assert released.id is not None
        return released.id


def _subscribed_at_the_release(database: Database, broadcast_id: int) -> dict[int, str]:
    """The province of each contact's places in the area."""
    with database.read() as session:
        at = session.get_one(Broadcast, broadcast_id).released_at
        query = select(Subscription.person_id, Subscription.place).where(
            Subscription.topic == WARNING,
            Subscription.since <= at,
            or_(col(Subscription.until).is_(None), col(Subscription.until) > at),
        )
        return {number: place[:2] for number, place in session.exec(query)}


def _ids(database: Database, addresses: Iterable[str]) -> dict[str, int]:
    query = select(Contact.address, Contact.id).where(col(Contact.address).in_(list(addresses)))
    with database.read() as session:
        return {address: number for address, number in session.exec(query) if number is not None}


def _also_on_telegram(database: Database, contacts: dict[str, int]) -> Iterator[int]:
    """The first thirty have a chat on Telegram as well, and five places of the area that overlap."""
    with database.write() as session:
        account_id = people.ensure_account(session, "telegram").id or 0
        at = database.now(session)
        for number, person_id in enumerate(list(contacts.values())[:30], start=1):
            contact, _ = people.contact_at(session, account_id, str(number), at)
            contact.person_id = person_id
            session.add(contact)
            session.flush()
            for place in FIVE_PLACES:
                subscribe(
                    session, person_id, contact.id or 0, WARNING, place, builders.NOW.replace(year=2020)
                )
            yield person_id


def _stop(database: Database, some: list[tuple[str, int]]) -> set[int]:
    with database.write() as session:
        at = database.now(session)
        for _, number in some:
            unsubscribe(session, number, at)
            session.exec(select(Person).where(Person.id == number)).one().stopped_at = at
    return {number for _, number in some}
