"""Persons, accounts, contacts: made once each, and their state follows the provider's time."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import IntegrityError
from sqlmodel import func, select

from storage import people
from storage.database import Database
from storage.lifecycles import ContactState
from storage.people import Account, Contact, Person, contact_at, ensure_account, set_contact_state
from tests import builders
from tests.builders import NOW
from tests.storage.racing import at_once


def test_an_account_is_made_once(database: Database) -> None:
    with database.write() as session:
        first = ensure_account(session, "line")
        again = ensure_account(session, "line", "main")
        other = ensure_account(session, "line", "district")
        assert first.id == again.id != other.id
        assert [(each.channel, each.name) for each in people.accounts(session)] == [
            ("line", "main"),
            ("line", "district"),
        ]


@pytest.mark.postgres
def test_processes_that_start_at_once_share_one_account(postgres_database: Database) -> None:
    first, second = at_once(
        postgres_database,
        lambda session: ensure_account(session, "local").id,
        lambda session: ensure_account(session, "local").id,
    )
    assert first == second
    with postgres_database.read() as session:
        assert session.exec(select(func.count()).select_from(Account)).one() == 1


def test_a_person_and_her_contact_are_made_at_the_first_word(database: Database) -> None:
    with database.write() as session:
        account_id = builders.account(session)
        contact, person = contact_at(session, account_id, "sim-1", NOW)
        again, same = contact_at(session, account_id, "sim-1", NOW + timedelta(days=1))
        assert (again.id, same.id) == (contact.id, person.id)
    with database.read() as session:
        found = session.exec(select(Contact)).one()
    assert (found.state, found.created_at, found.person_id) == ("active", NOW, person.id)
    assert (person.language, person.consented_at) == ("th", None)


def test_one_address_is_another_person_on_another_account(database: Database) -> None:
    with database.write() as session:
        accounts = [builders.account(session, channel) for channel in ("line", "telegram")]
        persons = [contact_at(session, each, "12345", NOW)[1].id for each in accounts]
        assert len(set(persons)) == 2


@pytest.mark.postgres
def test_two_first_words_at_once_make_one_person(postgres_database: Database) -> None:
    with postgres_database.write() as session:
        account_id = builders.account(session)
    (first, _), (second, _) = at_once(
        postgres_database,
        lambda session: contact_at(session, account_id, "sim-1", NOW),
        lambda session: contact_at(session, account_id, "sim-1", NOW),
    )
    assert first.id == second.id
    with postgres_database.read() as session:
        assert session.exec(select(func.count()).select_from(Person)).one() == 1


def add_the_same_address_twice(database: Database) -> None:
    with database.write() as session:
        contact, person = builders.citizen(session)
        session.add(
            Contact(
                person_id=person.id or 0,
                account_id=contact.account_id,
                address=contact.address,
                state_at=NOW,
                created_at=NOW,
            )
        )


def test_an_address_belongs_to_one_contact(database: Database) -> None:
    with pytest.raises(IntegrityError):
        add_the_same_address_twice(database)


CHANGES = st.lists(
    st.tuples(st.integers(0, 20), st.sampled_from([ContactState.ACTIVE, ContactState.BLOCKED])), max_size=8
)


@given(changes=CHANGES)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_the_newest_change_by_the_providers_time_counts_however_they_arrive(
    database: Database, changes: list[tuple[int, ContactState]]
) -> None:
    newest, state = 0, ContactState.ACTIVE
    with database.write() as session:
        account_id = builders.account(session)
        contact, _ = contact_at(session, account_id, "sim-1", NOW)
        for minutes, wanted in changes:
            moved = set_contact_state(session, contact.id or 0, wanted, NOW + timedelta(minutes=minutes))
            assert moved is (minutes >= newest)
            if moved:
                newest, state = minutes, wanted
        found = session.get_one(Contact, contact.id, populate_existing=True)
        assert (found.state, found.state_at) == (state, NOW + timedelta(minutes=newest))
        session.rollback()


@pytest.mark.parametrize("state", [ContactState.ACTIVE, ContactState.BLOCKED])
def test_nobody_comes_back_from_erased(database: Database, state: ContactState) -> None:
    with database.write() as session:
        contact, _ = builders.citizen(session)
        assert set_contact_state(session, contact.id or 0, ContactState.ERASED, NOW)
        assert not set_contact_state(session, contact.id or 0, state, NOW + timedelta(days=1))
        found = session.get_one(Contact, contact.id, populate_existing=True)
        assert found.state == ContactState.ERASED


def test_a_contact_that_does_not_exist_changes_nothing(database: Database) -> None:
    with database.write() as session:
        assert not set_contact_state(session, 999, ContactState.BLOCKED, NOW)


def test_a_contact_goes_on_under_its_new_address(database: Database) -> None:
    with database.write() as session:
        contact, _ = builders.citizen(session, "-100")
        for _ in range(2):  # providers tell it twice
            assert people.move_contact(session, contact.id or 0, "-100123")
        found = session.get_one(Contact, contact.id, populate_existing=True)
        assert (found.address, found.state) == ("-100123", ContactState.ACTIVE)


def test_a_contact_whose_new_address_is_known_is_closed(database: Database) -> None:
    with database.write() as session:
        old, new = (builders.citizen(session, address)[0] for address in ("-100", "-100123"))
        assert not people.move_contact(session, old.id or 0, "-100123")
        states = [session.get_one(Contact, each.id, populate_existing=True).state for each in (old, new)]
    assert states == [ContactState.BLOCKED, ContactState.ACTIVE]


def test_an_erased_contact_stays_erased_when_its_address_moves(database: Database) -> None:
    with database.write() as session:
        old, _ = (builders.citizen(session, address)[0] for address in ("-100", "-100123"))
        people.set_contact_state(session, old.id or 0, ContactState.ERASED, NOW)
        session.expire_all()
        assert not people.move_contact(session, old.id or 0, "-100123")
        assert session.get_one(Contact, old.id, populate_existing=True).state == ContactState.ERASED
