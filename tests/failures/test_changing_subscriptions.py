"""Citizens come, go, move, stop and change language while a release goes out to them: one copy each, by the rule.

The rule: whoever was subscribed when it was released gets it once, by one channel, unless she has stopped before her
batch was first tried; whoever came later gets it in the answer to her subscription, not from the release.
"""

import random
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path

from sqlmodel import Session, select

from storage import people
from storage.batches import unpack
from storage.broadcasts import Broadcast
from storage.database import Database
from storage.people import Person
from storage.subscriptions import WARNING, subscribe, unsubscribe
from tests import builders
from tests.failures import networks
from tests.failures.audience import Audience, subscribers
from tests.failures.servers import say, servers
from tests.failures.size import seeded, size

COUNT = size(6_000, 50_000)
FIVE_PLACES = ("5709", "570901", "570902", "570903", "57090102")
BETWEEN_SECONDS = 0.004


class Crowd(threading.Thread):
    """One after the other they change their mind; `stopped` holds who said stop while it went out, and when."""

    def __init__(
        self, database: Database, contacts: dict[str, int], account_id: int, chance: random.Random
    ) -> None:
        super().__init__()
        self._database, self._contacts, self._account_id = database, contacts, account_id
        self._chance = chance
        self.done = threading.Event()
        self.did: Counter[str] = Counter()
        self.stopped: dict[str, datetime] = {}
        self.came: list[str] = []

    def run(self) -> None:
        numbers = iter(range(1_000_000, 2_000_000))
        waiting = list(self._contacts)
        self._chance.shuffle(waiting)
        while not self.done.wait(BETWEEN_SECONDS) and waiting:
            what = self._chance.choice(("stops", "moves", "language", "comes"))
            with self._database.write() as session:
                if what == "comes":
                    address = f"U{next(numbers):032x}"
                    builders.citizen(
                        session, address, account_id=self._account_id, at=self._database.now(session)
                    )
                    self.came.append(address)
                else:
                    self._changes(session, what, waiting.pop())
            self.did[what] += 1

    def _changes(self, session: Session, what: str, address: str) -> None:
        number = self._contacts[address]
        person = session.get_one(Person, number)
        # After the first statement: from there on nobody else writes, and what is committed has an earlier time.
        at = self._database.now(session)
        if what == "language":
            person.language = "en"
        else:
            unsubscribe(session, number, at)
            if what == "moves":
                subscribe(session, number, number, WARNING, "9001", at)
            else:
                person.stopped_at = at
                self.stopped[address] = at
        session.add(person)


def test_one_copy_each_whoever_comes_and_goes(url: str, tmp_path: Path) -> None:
    chance = seeded()
    with ExitStack() as stack:
        network = stack.enter_context(networks.line(40))
        chat = stack.enter_context(networks.telegram(200))
        settings = {**network.settings, **chat.settings}
        running = stack.enter_context(servers(url, tmp_path, **settings))
        running.values = {"bot.channels.line:MOST_RECIPIENTS": 100}
        audience = subscribers(url, COUNT, network)
        both = list(_also_on_telegram(audience.database, audience.contacts))
        already = _stop(audience.database, list(audience.contacts.items())[-20:])
        broadcast_id = audience.release()
        crowd = Crowd(audience.database, audience.contacts, audience.account_id, chance)
        crowd.start()
        server = running.make("run").start()
        audience.wait_for(broadcast_id)
        crowd.done.set()
        crowd.join()
        assert server.terminate() == 0
        got, by_chat = network.got(), chat.got()
        served = {audience.contacts[address] for address in got} | {
            both[int(chat_id) - 1] for chat_id in by_chat
        }
        left_out = set(audience.contacts.values()) - served
        shown = running.ask("broadcast", "show", str(broadcast_id))
        skipped = {row["contact"] for row in shown["recipients"] if row["note"] == "skipped"}
        say(f"{dict(crowd.did)}; {len(left_out)} left out, {len(skipped)} skipped; {shown['delivery']}")
        assert max(got.values()) == 1
        assert not by_chat, "one copy a person: by the channel she subscribed with"
        stopped = {audience.contacts[address]: at for address, at in crowd.stopped.items()}
        assert left_out <= set(stopped) | already
        too_late = heard_after(
            audience, broadcast_id, {each: stopped[each] for each in set(stopped) - left_out}
        )
        assert too_late == {}, "they had said stop before their batch was first tried"
        assert set(stopped) & skipped, "nobody stopped early enough to show anything"
        assert already <= left_out
        assert skipped <= left_out
        assert not set(got) & set(crowd.came)
        assert len(stopped) > 10
        with audience.database.read() as session:
            assert session.get_one(Broadcast, broadcast_id).state == "done"


def heard_after(audience: Audience, broadcast_id: int, stopped: dict[int, datetime]) -> dict[int, datetime]:
    """Those whose batch was first tried after they had said stop; both times are of the database's clock."""
    tried = {
        contact: batch.first_attempt_at
        for batch in audience.batches(broadcast_id)
        for contact in unpack(batch.recipients)
    }
    return {each: at for each, at in stopped.items() if (first := tried[each]) is None or first > at}


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
