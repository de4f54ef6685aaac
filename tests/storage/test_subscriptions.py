"""Subscriptions are closed, never moved: what was subscribed at a moment stays answerable."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from storage.database import Database
from storage.subscriptions import Subscription, open_subscriptions, subscribe, unsubscribe
from tests import builders
from tests.builders import NOW
from tests.storage.racing import at_once

PLACES, TOPICS = ("5709", "57", "50010304"), ("warning", "price:rice")


def person(session: Session, address: str = "sim-1") -> tuple[int, int]:
    contact, found = builders.citizen(session, address, places=[])
    return found.id or 0, contact.id or 0


def open_at(session: Session, person_id: int, at: datetime) -> set[tuple[str, str]]:
    query = select(Subscription).where(Subscription.person_id == person_id)
    return {
        (each.topic, each.place)
        for each in session.exec(query)
        if each.since <= at and (each.until is None or each.until > at)
    }


@dataclass
class Model:
    """What a person receives, and what she received at each minute so far."""

    now: set[tuple[str, str]] = field(default_factory=set)
    past: list[set[tuple[str, str]]] = field(default_factory=list)


STEPS = st.lists(
    st.tuples(st.booleans(), st.sampled_from([*TOPICS, None]), st.sampled_from([*PLACES, None])), max_size=12
)


@given(steps=STEPS)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_every_moment_of_the_past_stays_answerable(
    database: Database, steps: list[tuple[bool, str | None, str | None]]
) -> None:
    model = Model()
    with database.write() as session:
        person_id, contact_id = person(session)
        for minute, (opens, topic, place) in enumerate(steps):
            at = NOW + timedelta(minutes=minute)
            if opens and topic and place:
                new = subscribe(session, person_id, contact_id, topic, place, at)
                assert new is ((topic, place) not in model.now)
                model.now.add((topic, place))
            elif not opens:
                meant = {(t, p) for t, p in model.now if topic in (t, None) and place in (p, None)}
                assert unsubscribe(session, person_id, at, topic=topic, place=place) == len(meant)
                model.now -= meant
            model.past.append(set(model.now))
        assert {(each.topic, each.place) for each in open_subscriptions(session, person_id)} == model.now
        for minute, then in enumerate(model.past):
            assert open_at(session, person_id, NOW + timedelta(minutes=minute)) == then
        session.rollback()


def test_closing_changes_nothing_but_the_end(database: Database) -> None:
    later = NOW + timedelta(days=1)
    with database.write() as session:
        person_id, contact_id = person(session)
        subscribe(session, person_id, contact_id, "warning", "5709", NOW)
        unsubscribe(session, person_id, later, place="5709")
        subscribe(session, person_id, contact_id, "warning", "57", later)
        assert unsubscribe(session, person_id, later, place="5709") == 0
    with database.read() as session:
        rows = session.exec(select(Subscription).order_by(col(Subscription.id))).all()
    assert [(row.place, row.since, row.until) for row in rows] == [("5709", NOW, later), ("57", later, None)]


def test_leaving_and_coming_back_in_one_moment_leaves_one_open(database: Database) -> None:
    with database.write() as session:
        person_id, contact_id = person(session)
        for _ in range(3):
            assert subscribe(session, person_id, contact_id, "warning", "5709", NOW)
            assert unsubscribe(session, person_id, NOW) == 1
        assert subscribe(session, person_id, contact_id, "warning", "5709", NOW)
        assert open_at(session, person_id, NOW) == {("warning", "5709")}


def test_what_one_person_leaves_others_keep(database: Database) -> None:
    with database.write() as session:
        (one, contact), (other, other_contact) = person(session), person(session, "sim-2")
        subscribe(session, one, contact, "warning", "5709", NOW)
        subscribe(session, other, other_contact, "warning", "5709", NOW)
        unsubscribe(session, one, NOW)
        assert open_subscriptions(session, one) == []
        assert len(open_subscriptions(session, other)) == 1


def add_a_second_open_row(database: Database) -> None:
    with database.write() as session:
        person_id, contact_id = person(session)
        session.add_all(
            Subscription(person_id=person_id, contact_id=contact_id, topic="warning", place="5709", since=NOW)
            for _ in range(2)
        )


def test_the_database_itself_allows_one_open_row(database: Database) -> None:
    with pytest.raises(IntegrityError):
        add_a_second_open_row(database)


@pytest.mark.postgres
def test_two_subscriptions_at_once_are_one(postgres_database: Database) -> None:
    with postgres_database.write() as session:
        person_id, contact_id = person(session)
    assert at_once(
        postgres_database,
        lambda session: subscribe(session, person_id, contact_id, "warning", "5709", NOW),
        lambda session: subscribe(session, person_id, contact_id, "warning", "5709", NOW),
    ) == (True, False)


def test_what_a_person_receives_is_listed_by_place_and_topic(database: Database) -> None:
    with database.write() as session:
        person_id, contact_id = person(session)
        for topic, place in (("warning", "90"), ("warning", "5709"), ("price:rice", "5709")):
            subscribe(session, person_id, contact_id, topic, place, NOW)
        found = [(each.place, each.topic) for each in open_subscriptions(session, person_id)]
    assert found == [("5709", "price:rice"), ("5709", "warning"), ("90", "warning")]
