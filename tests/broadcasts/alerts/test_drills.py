"""How long a drill took is measured once and kept."""

from datetime import timedelta

from sqlmodel import Session, select

from broadcasts.alerts import drills
from storage.alert_drafts import Mode
from storage.audit import entries
from storage.batches import Batch
from storage.database import Database
from storage.drill_members import groups, join, leave
from storage.lifecycles import BatchState
from storage.officers import Role
from tests.broadcasts.alerts.house_of_officers import House
from tests.builders import NOW, account, citizen


def test_minutes_from_draft_to_first_message(sqlite_database: Database) -> None:
    with Session(sqlite_database.engine) as session:
        house = House(session=session)
        contact, _ = citizen(session)
        suda, malee = house.author(), house.approver()
        join(session, "อาสา", contact.id or 0, by="suda", at=NOW)
        assert groups(session) == {"อาสา": 1}
        draft = house.submitted(suda, mode=Mode.TRAINING, group_name="อาสา")
        broadcast = house.approve(malee, draft)
        assert (drills.note_first_messages(session, NOW), drills.is_due(session, NOW)) == (0, False)
        first = NOW + timedelta(seconds=90)
        session.add(
            Batch(
                broadcast_id=broadcast.id or 0, account_id=account(session), language="th", variant="", size=1,
                recipients=b"\1\0\0\0\0\0\0\0", outcomes=b"a", state=BatchState.DONE, finished_at=first,
                not_before=NOW,
            )
        )  # fmt: skip
        session.flush()
        assert drills.note_first_messages(session, NOW) == 1
        assert drills.note_first_messages(session, NOW) == 0
        (drill,) = drills.drills(session)
        assert (drill.mode, drill.minutes) == ("training", 1.5)
        assert entries(session, action="drill.measure")[0].detail == {
            "mode": "training", "minutes": 1.5, "broadcast": broadcast.id,
        }  # fmt: skip
        assert not drills.is_due(session, NOW + timedelta(days=30), agency_id="")
        assert drills.is_due(session, NOW + timedelta(days=31))
        assert drills.drills(session, agency_id="other") == []
        assert leave(session, "อาสา", contact.id or 0, NOW)
        assert groups(session) == {}
        assert session.exec(select(Batch)).one().size == 1


def test_an_agency_that_has_not_practised_is_reminded_once_a_week(sqlite_database: Database) -> None:
    with Session(sqlite_database.engine) as session:
        house = House(session=session)
        contact, _ = citizen(session)
        suda = house.officer("suda", Role.AUTHOR, contact_id=contact.id)
        join(session, "อาสา", contact.id or 0, by="suda", at=NOW)
        days = [day for day in range(50) if drills.remind(session, NOW + timedelta(days=day, hours=1))]
        assert days == [31, 38, 45]
        assert [(each.detail or {})["days"] for each in entries(session, action="drill.remind")] == [
            45,
            38,
            31,
        ]
        house.at = NOW + timedelta(days=46)
        author = house.acting(suda.officer)
        draft = house.submitted(
            author, mode=Mode.TRAINING, group_name="อาสา", expires_at=house.at + timedelta(hours=2)
        )
        house.approve(house.approver(), draft)
        assert [
            day for day in range(46, 80) if drills.remind(session, NOW + timedelta(days=day, hours=1))
        ] == [77]
