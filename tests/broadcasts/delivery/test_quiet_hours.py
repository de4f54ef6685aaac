"""What is not urgent waits for the hours its recipients wish; an emergency waits for nobody."""

from datetime import UTC, datetime, timedelta

from sqlmodel import col, select

from broadcasts.delivery.claiming import claim_batches
from broadcasts.delivery.planning import plan_page
from storage.batches import Batch, unpack
from storage.broadcasts import Broadcast, BroadcastKind, Priority
from storage.database import Database
from storage.people import Person
from tests.builders import account, citizen, released

NIGHT = datetime(2026, 11, 21, 16, 30, tzinfo=UTC)
"""23.30 o'clock in Bangkok."""

MORNING = datetime(2026, 11, 21, 23, 0, tzinfo=UTC)
"""6.00 o'clock of the next day."""


def people_with_wishes(database: Database) -> dict[str, int]:
    """Contact ids: one who wants all at once, one who sleeps from 22 until 6, one who wants it at 7."""
    found: dict[str, int] = {}
    wishes = {"any": (None, None, None), "sleeps": (22, 6, None), "daily": (None, None, 7)}
    with database.write() as session:
        for name, (first, end, daily) in wishes.items():
            contact, person = citizen(session, f"sim-{name}", at=NIGHT - timedelta(days=2))
            person.quiet_from_hour, person.quiet_until_hour, person.routine_hour = first, end, daily
            found[name] = contact.id or 0
    return found


def planned(database: Database, priority: Priority, **values: object) -> dict[int, datetime]:
    """When each contact's batch may be sent."""
    with database.write() as session:
        broadcast = released(session, priority=priority, at=NIGHT, lives=timedelta(days=2))
        for name, value in values.items():
            setattr(broadcast, name, value)
        broadcast_id = broadcast.id or 0
    wait: float | None = 0.0
    while wait is not None:
        with database.write() as session:
            wait = plan_page(session, broadcast_id, NIGHT, {account(session): 10})
    with database.read() as session:
        batches = session.exec(select(Batch).where(Batch.broadcast_id == broadcast_id))
        return {contact_id: batch.not_before for batch in batches for contact_id in unpack(batch.recipients)}


def test_routine_things_keep_the_night_and_come_once_a_day(database: Database) -> None:
    ids = people_with_wishes(database)
    assert planned(database, Priority.ROUTINE) == {
        ids["any"]: NIGHT,
        ids["sleeps"]: MORNING,
        ids["daily"]: MORNING + timedelta(hours=1),
    }


def test_an_emergency_wakes_everybody(database: Database) -> None:
    ids = people_with_wishes(database)
    assert planned(database, Priority.EMERGENCY) == dict.fromkeys(ids.values(), NIGHT)


def test_an_exercise_keeps_the_night_but_is_not_put_off_for_a_day(database: Database) -> None:
    ids = people_with_wishes(database)
    found = planned(database, Priority.ROUTINE, kind=BroadcastKind.EXERCISE.value)
    assert found == {ids["any"]: NIGHT, ids["sleeps"]: MORNING, ids["daily"]: NIGHT}


def test_what_waits_for_the_morning_is_claimed_then(database: Database) -> None:
    ids = people_with_wishes(database)
    planned(database, Priority.ROUTINE)

    def claimed(at: datetime) -> set[int]:
        with database.write() as session:
            found = claim_batches(session, account(session), Priority.ROUTINE, at, 10, honours_retry_key=True)
            return {contact_id for each in found for contact_id in each.contact_ids}

    assert claimed(NIGHT) == {ids["any"]}
    assert claimed(MORNING - timedelta(seconds=1)) == set()
    with database.write() as session:
        person = session.exec(select(Person).where(col(Person.quiet_from_hour).is_not(None))).one()
        assert person.quiet_until_hour == 6
        assert session.exec(select(Broadcast.planned_at)).one() is not None
    assert claimed(MORNING) == {ids["sleeps"]}
    assert claimed(MORNING + timedelta(hours=1)) == {ids["daily"]}


def test_two_notices_of_a_night_go_out_together_and_an_emergency_before_them(database: Database) -> None:
    ids = people_with_wishes(database)
    planned(database, Priority.ROUTINE)
    planned(database, Priority.ROUTINE)
    planned(database, Priority.EMERGENCY)

    def claimed(priority: Priority, at: datetime) -> list[int]:
        with database.write() as session:
            found = claim_batches(session, account(session), priority, at, 10, honours_retry_key=True)
            return [contact_id for each in found for contact_id in each.contact_ids]

    assert sorted(claimed(Priority.EMERGENCY, NIGHT)) == sorted(ids.values())
    assert claimed(Priority.ROUTINE, NIGHT) == [ids["any"]] * 2
    assert claimed(Priority.ROUTINE, MORNING) == [ids["sleeps"]] * 2
