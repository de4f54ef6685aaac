"""Made-up persons with all that makes an audience hard, and who of them hears a warning, told in plain Python."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlmodel import Session

from storage.database import Database
from storage.lifecycles import ContactState
from storage.people import Contact, Person, ensure_account
from storage.subscriptions import Subscription
from tests.builders import NOW

PLACES = (
    "57",
    "5709",
    "5707",
    "570903",
    "570904",
    "57090305",
    "57090306",
    "50",
    "5001",
    "500103",
    "50010304",
    "90",
)
CHANNELS = ("line", "telegram", "sms")

ON_A_DATABASE = settings(
    max_examples=20,
    # Making a failing example smaller takes minutes on a real database.
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
"""For properties that use the `database` fixture, and empty it themselves."""


@dataclass(frozen=True)
class Sub:
    """A subscription by its place, the contact it is delivered by, and minutes from the release."""

    place: str
    contact: int
    since: int
    until: int | None


@dataclass(frozen=True)
class Someone:
    """A person: her language, the account and state of each contact, her subscriptions."""

    language: str
    contacts: tuple[tuple[int, ContactState], ...]
    subs: tuple[Sub, ...]


@dataclass
class World:
    """Persons in a database. `accounts` and `contacts` are ids: the accounts', and each person's contacts'."""

    accounts: list[int]
    people: Sequence[Someone]
    contacts: list[list[int]] = field(default_factory=list)

    def audience(
        self, places: Sequence[str], accounts: Sequence[int] = ()
    ) -> dict[int, tuple[int, int, str, str]]:
        """person number -> (contact id, account id, language, place): who hears a warning for these places.

        On these accounts only, where some are given.
        """
        found = {}
        for number, someone in enumerate(self.people):
            copies = [
                (sub.place, self.contacts[number][sub.contact], someone.contacts[sub.contact][0])
                for sub in someone.subs
                if someone.contacts[sub.contact][1] is ContactState.ACTIVE
                and (not accounts or self.accounts[someone.contacts[sub.contact][0]] in accounts)
                and sub.since <= 0
                and (sub.until is None or sub.until > 0)
                and any(sub.place.startswith(each) or each.startswith(sub.place) for each in places)
            ]
            if copies:
                place, contact_id, account = min(copies)
                found[number] = (contact_id, self.accounts[account], someone.language, place)
        return found

    def person_of(self, contact_id: int) -> int:
        """The number of the person whose contact that is."""
        return next(number for number, ids in enumerate(self.contacts) if contact_id in ids)

    def is_active(self, contact_id: int) -> bool:
        number = self.person_of(contact_id)
        return self.people[number].contacts[self.contacts[number].index(contact_id)][1] is ContactState.ACTIVE


def areas() -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(PLACES), min_size=1, max_size=4, unique=True)


@st.composite
def crowds(draw: st.DrawFn, most: int = 8) -> list[Someone]:
    """Persons who share few places, so that some meet in one and some have several."""
    pool = draw(st.lists(st.sampled_from(PLACES), min_size=1, max_size=4, unique=True))
    return draw(st.lists(persons(pool), max_size=most))


@st.composite
def persons(draw: st.DrawFn, pool: Sequence[str]) -> Someone:
    contacts = draw(
        st.lists(
            st.tuples(
                st.integers(0, len(CHANNELS) - 1),
                st.sampled_from([*[ContactState.ACTIVE] * 4, ContactState.BLOCKED, ContactState.ERASED]),
            ),
            min_size=1,
            max_size=3,
        )
    )
    subs, still_open = [], set()
    for place in draw(st.lists(st.sampled_from(pool), max_size=5)):
        since = draw(st.integers(-5, 2))
        until = draw(st.one_of(st.none(), st.integers(since, 4)))
        if until is None and place in still_open:
            continue
        if until is None:
            still_open.add(place)
        subs.append(Sub(place, draw(st.integers(0, len(contacts) - 1)), since, until))
    return Someone(draw(st.sampled_from(["th", "th", "en"])), tuple(contacts), tuple(subs))


def settle_down(database: Database, people: Sequence[Someone]) -> World:
    """Empty the database of what another example left, and store these persons."""
    with database.write() as session:
        for table in (
            "addressed",
            "recipient_note",
            "batch",
            "broadcast",
            "subscription",
            "contact",
            "person",
        ):
            session.connection().execute(text(f"DELETE FROM {table}"))
        accounts = [ensure_account(session, channel).id or 0 for channel in CHANNELS]
        world = World(accounts, people)
        world.contacts = [_store(session, number, someone, accounts) for number, someone in enumerate(people)]
    return world


def _store(session: Session, number: int, someone: Someone, accounts: Sequence[int]) -> list[int]:
    person = Person(language=someone.language, created_at=NOW)
    session.add(person)
    session.flush()
    contacts = [
        Contact(
            person_id=person.id or 0,
            account_id=accounts[account],
            address=f"{number}-{n}",
            state=state,
            state_at=NOW,
            created_at=NOW,
        )
        for n, (account, state) in enumerate(someone.contacts)
    ]
    session.add_all(contacts)
    session.flush()
    ids = [contact.id or 0 for contact in contacts]
    session.add_all(
        Subscription(
            person_id=person.id or 0,
            contact_id=ids[sub.contact],
            topic="warning",
            place=sub.place,
            since=NOW + timedelta(minutes=sub.since),
            until=None if sub.until is None else NOW + timedelta(minutes=sub.until),
        )
        for sub in someone.subs
    )
    return ids
