"""The duty roster and its calls: who is asked, in which order, and who is next when nobody answers."""

from collections.abc import Sequence
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from sqlmodel import Session, select

from storage.agencies import Agency
from storage.audit import AuditEntry
from storage.database import Database
from storage.duty import COUNTRY, DutyShift, line, next_in_line, on_duty
from storage.duty_calls import CallKind, call, close, escalate, waiting_for
from storage.officer_managing import disable, enter
from storage.officer_rights import Right, may
from storage.officers import Officer, Role
from tests.builders import NOW

BANGKOK = ZoneInfo("Asia/Bangkok")
VILLAGE = "57090603"


def scene(session: Session) -> dict[str, Officer]:
    """A tambon office of one person, its district, province and ministry; and an author who approves too."""
    for agency_id, places in (("tambon", ["570906"]), ("district", ["5709"]), ("province", ["57"])):
        session.add(Agency(id=agency_id, name_th=agency_id, name_en=agency_id, places=places, created_at=NOW))
    session.flush()
    people = (("tam", "tambon"), ("dis", "district"), ("dis2", "district"), ("pro", "province"))
    return {
        name: enter(session, name, NOW, by="test", roles=[Role.AUTHOR, Role.APPROVER], agency_id=agency)
        for name, agency in people
    }


def shift(session: Session, officer: Officer, place: str, **changed: object) -> None:
    made = DutyShift(officer_id=officer.id or 0, place=place, created_at=NOW)
    for name, value in changed.items():
        setattr(made, name, value)
    session.add(made)


def names(found: Sequence[Officer]) -> list[str]:
    return [each.name for each in found]


def test_the_nearest_are_asked_first_then_by_rank(sqlite_database: Database) -> None:
    with sqlite_database.write() as session:
        who = scene(session)
        shift(session, who["pro"], COUNTRY)
        shift(session, who["dis2"], "5709", rank=1)
        shift(session, who["dis"], "5709", rank=2)
        shift(session, who["tam"], "570906")
        shift(session, who["pro"], "50")
        assert names(on_duty(session, VILLAGE, NOW, zone=BANGKOK)) == ["tam", "dis2", "dis", "pro"]
        assert names(on_duty(session, "5709", NOW, zone=BANGKOK)) == ["dis2", "dis", "pro"]
        assert names(on_duty(session, COUNTRY, NOW, zone=BANGKOK)) == ["pro"]
        disable(session, who["dis2"], NOW, by="test")
        assert names(on_duty(session, "5709", NOW, zone=BANGKOK)) == ["dis", "pro"]


def test_hours_are_local_and_pass_midnight(sqlite_database: Database) -> None:
    # NOW is Saturday, 19.40 in Bangkok.
    for changed, hours_later, there in (
        ({"from_minute": 19 * 60 + 40, "until_minute": 19 * 60 + 41}, 0, True),
        ({"from_minute": 19 * 60 + 41, "until_minute": 20 * 60}, 0, False),
        ({"from_minute": 16 * 60, "until_minute": 8 * 60, "weekdays": [6]}, 12, True),
        ({"from_minute": 16 * 60, "until_minute": 8 * 60, "weekdays": [7]}, 12, False),
        ({"from_minute": 16 * 60, "until_minute": 8 * 60, "weekdays": [6]}, 13, False),
        ({"first_on": date(2026, 11, 22)}, 0, False),
        ({"last_on": date(2026, 11, 21)}, 0, True),
        ({"last_on": date(2026, 11, 20)}, 0, False),
        ({"removed_at": NOW}, 0, False),
    ):
        with sqlite_database.read() as session:
            who = scene(session)
            shift(session, who["dis"], "5709", **changed)
            found = on_duty(session, "5709", NOW + timedelta(hours=hours_later), zone=BANGKOK)
            assert (names(found) == ["dis"]) == there, changed


def test_an_office_of_one_borrows_its_approver_from_above(sqlite_database: Database) -> None:
    with sqlite_database.write() as session:
        who = scene(session)
        asked = {who["tam"].id or 0}
        chain = []
        while found := next_in_line(
            session, [VILLAGE], NOW, right=Right.APPROVE_ALERTS, zone=BANGKOK, asked=asked
        ):
            chain.append(found.name)
            asked.add(found.id or 0)
        assert chain == ["dis", "dis2", "pro"]
        both = line(session, [VILLAGE, "5707"], NOW, right=Right.APPROVE_ALERTS, zone=BANGKOK)
        assert names(both) == ["pro"]
        assert not may(session, who["dis"], Right.APPROVE_ALERTS, ["5709", "50"])
        assert not may(session, who["pro"], Right.APPROVE_ALERTS, [])


def test_a_call_goes_on_every_three_minutes_until_it_is_answered(database: Database) -> None:
    with database.write() as session:
        who = scene(session)
        shift(session, who["dis2"], "5709")
        never = [who["tam"].id or 0]
        asked: list[int | None] = []
        for _ in range(2):  # the second time it is open already
            made = call(
                session,
                CallKind.APPROVAL,
                "alert/12",
                right=Right.APPROVE_ALERTS,
                places=["570906"],
                at=NOW,
                zone=BANGKOK,
                by="tam",
                never=never,
            )
            asked = [made.officer_id]
    for minutes in (2, 3, 4, 6, 9, 12, 15):
        at = NOW + timedelta(minutes=minutes)
        with database.write() as session:
            asked += [each.officer_id for each in escalate(session, at)]
    assert asked == [who["dis2"].id, who["dis"].id, who["pro"].id, None]
    with database.write() as session:
        for name, waits in (("dis2", 1), ("pro", 1), ("tam", 0)):
            assert len(waiting_for(session, who[name].id or 0)) == waits, name
        assert close(session, CallKind.APPROVAL, "alert/12", NOW, by="dis")
        assert not close(session, CallKind.APPROVAL, "alert/12", NOW, by="dis")
        assert waiting_for(session, who["pro"].id or 0) == []
    with database.read() as session:
        told = session.exec(select(AuditEntry.action).where(AuditEntry.subject == "alert/12")).all()
    assert sorted(told) == ["duty.answer", "duty.ask", "duty.ask", "duty.ask", "duty.nobody_left"]
