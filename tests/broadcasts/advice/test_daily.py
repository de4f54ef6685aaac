"""The morning's advice: who is told what, once, in full batches, and nobody who must not be."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from sqlmodel import Session, col, select

from broadcasts.advice import daily, writing
from storage.audit import AuditEntry
from storage.batches import Batch, unpack
from storage.broadcasts import Broadcast, bubbles_for
from storage.database import Database
from storage.lifecycles import ContactState
from storage.people import Contact, Person
from storage.quota import note_quota
from storage.subscriptions import unsubscribe
from tests.broadcasts.advice.scene import MORNING, confirmed, farmer, weather
from tests.builders import account


def sent(session: Session) -> list[tuple[str, str, int]]:
    """Rule, language and size of every batch."""
    query = select(Batch, Broadcast).join(Broadcast, col(Broadcast.id) == col(Batch.broadcast_id))
    return sorted(
        (broadcast.audience["topic"], batch.language, batch.size) for batch, broadcast in session.exec(query)
    )


def test_each_hears_what_is_for_her_place_and_crop(database: Database) -> None:
    with database.write() as session:
        confirmed(session)
        weather(session, "heavy_rain", "rain")
        weather(session, "dry", area="south_east_coast")
        for number in range(3):
            farmer(session, f"rice-{number}", "rice")
        farmer(session, "english", "rice", language="en")
        farmer(session, "durian", "durian")
        farmer(session, "palm", "oil_palm", place="9011")
        farmer(session, "dry-durian", "durian", place="9011")  # no rule for dry durian in November
        farmer(session, "north-east", "rice", place="4001")  # no forecast
        farmer(session, "nothing")
    assert daily.tell(database, MORNING) == "6 told in 3 broadcasts"
    with database.read() as session:
        assert sent(session) == [
            ("advice:durian", "th", 1),
            ("advice:oil_palm", "th", 1),
            ("advice:rice", "en", 1),
            ("advice:rice", "th", 3),
        ]
        rice = session.exec(select(Broadcast)).all()[0]
        (bubble,) = bubbles_for(rice, "en", "")
        assert bubble.text.startswith("Rice: Harvest ripe fields")
        assert (rice.priority, rice.kind, rice.expires_at - rice.released_at) == (
            "routine",
            "advice",
            timedelta(days=1),
        )
        (short,) = bubbles_for(rice, "th", "sms")
        assert short.text.startswith("ข้าว: ")


def test_once_a_day_however_often_it_runs(database: Database) -> None:
    with database.write() as session:
        confirmed(session)
        weather(session, "heavy_rain", "rain", days=7)
        farmer(session, "two-crops", "rice", "durian")
    assert daily.tell(database, MORNING) == "1 told in 1 broadcasts"
    assert daily.tell(database, MORNING + timedelta(minutes=5)) == "0 told in 0 broadcasts"
    assert daily.tell_severe(database, MORNING + timedelta(hours=5)) == "0 told in 0 broadcasts"
    assert daily.tell(database, MORNING + timedelta(days=1)) == "1 told in 1 broadcasts"


def test_a_severe_one_may_come_beside_it_once_and_not_at_night(database: Database) -> None:
    with database.write() as session:
        confirmed(session)
        weather(session, "heavy_rain")
        farmer(session, "rubber", "rubber", "chili")
        farmer(session, "rice", "rice")
    assert daily.tell(database, MORNING) == "2 told in 2 broadcasts"
    with database.write() as session:
        weather(session, "wind", "heavy_rain")
    noon = MORNING + timedelta(hours=6)
    assert daily.tell_severe(database, noon) == "1 told in 1 broadcasts"
    assert daily.tell_severe(database, noon + timedelta(hours=1)) == "0 told in 0 broadcasts"
    assert daily.tell_severe(database, MORNING + timedelta(hours=16)) == "not at night"


def test_what_no_officer_confirmed_is_not_sent(sqlite_database: Database) -> None:
    with sqlite_database.write() as session:
        weather(session, "heavy_rain")
        farmer(session, "rice", "rice")
    assert daily.tell(sqlite_database, MORNING) == "0 told in 0 broadcasts"


def test_those_who_left_are_left_alone(database: Database) -> None:
    with database.write() as session:
        confirmed(session)
        weather(session, "heavy_rain")
        farmer(session, "stays", "rice")
        farmer(session, "blocked", "rice")
        stopped = farmer(session, "stopped", "rice")
        unsubscribe(session, stopped, MORNING)
        session.exec(select(Contact).where(Contact.address == "blocked")).one().state = ContactState.BLOCKED
    assert daily.tell(database, MORNING) == "1 told in 1 broadcasts"


def test_whoever_hears_of_it_with_her_prices_is_not_told_again(sqlite_database: Database) -> None:
    with sqlite_database.write() as session:
        confirmed(session)
        weather(session, "heavy_rain")
        with_prices = farmer(session, "with-prices", "rice")
        farmer(session, "without", "rice")

    def merged(_session: Session, person_ids: Sequence[int], _at: datetime) -> set[int]:
        return {with_prices} & set(person_ids)

    assert daily.tell(sqlite_database, MORNING, merged=merged) == "1 told in 1 broadcasts"


def test_her_hours_are_kept(sqlite_database: Database) -> None:
    with sqlite_database.write() as session:
        confirmed(session)
        weather(session, "heavy_rain")
        person_id = farmer(session, "evening", "rice")
        session.get_one(Person, person_id).routine_hour = 17
    daily.tell(sqlite_database, MORNING)
    with sqlite_database.read() as session:
        batch = session.exec(select(Batch)).one()
        assert batch.not_before == MORNING + timedelta(hours=10, minutes=30)


def test_the_same_words_go_in_full_batches(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "MOST_IN_A_BROADCAST", 60)
    monkeypatch.setattr(daily, "PAGE", 7)
    with sqlite_database.write() as session:
        confirmed(session)
        weather(session, "heavy_rain")
        telegram = account(session, "telegram")
        for number in range(50):
            farmer(session, f"t{number}", "rice", account_id=telegram)
        for number in range(30):
            farmer(session, f"l{number}", "rice")
    assert daily.tell(sqlite_database, MORNING) == "80 told in 2 broadcasts"
    with sqlite_database.read() as session:
        assert sorted(batch.size for batch in session.exec(select(Batch))) == [10, 10, 20, 20, 20]
        contacts = [each for batch in session.exec(select(Batch)) for each in unpack(batch.recipients)]
        assert len(contacts) == len(set(contacts)) == 80


def test_the_reserve_for_emergencies_is_not_touched(sqlite_database: Database) -> None:
    with sqlite_database.write() as session:
        confirmed(session)
        weather(session, "heavy_rain")
        line = account(session, "line")
        farmer(session, "line", "rice", account_id=line)
        farmer(session, "local", "rice")
        note_quota(session, line, limit=500, used=499, at=MORNING)
    assert daily.tell(sqlite_database, MORNING) == "1 told in 1 broadcasts"
    with sqlite_database.read() as session:
        entries = session.exec(select(AuditEntry).where(AuditEntry.action == "advice.refused")).all()
        assert len(entries) == 1
