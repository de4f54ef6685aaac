"""Requests for help: one a person's emergency, worked on by the table of its lifecycle, told to who waits."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlmodel import Session, select

from storage import duty_calls, help_requests, help_telling
from storage.database import Database
from storage.duty_calls import CallKind
from storage.help_requests import Cry, HelpRequest, UnknownHelpRequest, note_cry, note_end, requests_in
from storage.lifecycles import ForbiddenTransition, HelpState
from storage.outbox import Message
from tests.builders import NOW, citizen

BANGKOK = ZoneInfo("Asia/Bangkok")


def cry(session: Session, address: str = "sim-1", minutes: int = 0, **known: object) -> HelpRequest:
    contact, person = citizen(session, address)
    assert contact.id is not None
    assert person.id is not None
    at = NOW + timedelta(minutes=minutes)
    return note_cry(session, Cry(contact_id=contact.id, person_id=person.id, at=at, **known))  # type: ignore[arg-type]


def test_cries_of_one_emergency_are_one_request(database: Database) -> None:
    with database.write() as session:
        cry(session, place="5709", needs=("elderly",))
        found = cry(
            session, minutes=5, latitude=20.4, longitude=99.9, needs=("bedridden", "elderly"), people=4
        )
        assert (found.cries, found.needs, found.people, found.place) == (
            2,
            ["elderly", "bedridden"],
            4,
            "5709",
        )
        assert (found.first_at, found.last_at) == (NOW, NOW + timedelta(minutes=5))
        assert len(requests_in(session, None)) == 1


def test_an_end_closes_it_and_the_next_cry_opens_another(database: Database) -> None:
    with database.write() as session:
        first = cry(session)
        ended = note_end(session, first.contact_id, NOW, "safe")
        assert ended is not None
        assert (ended.state, ended.closed_by, ended.reason) == ("closed", "citizen", "safe")
        assert note_end(session, first.contact_id, NOW, "safe") is None
        assert cry(session, minutes=1).number != first.number


def test_who_cries_after_she_was_reached_is_new_again(database: Database) -> None:
    with database.write() as session:
        found = cry(session)
        help_requests.move(session, found.number, HelpState.ASSIGNED, NOW, by="suda", team="กู้ภัยแม่สาย")
        help_requests.move(session, found.number, HelpState.REACHED, NOW, by="suda")
        again = cry(session, minutes=9)
        assert (again.number, again.state, again.team) == (found.number, "new", "")


def test_an_officer_sees_her_places_and_whom_nobody_knows_where(database: Database) -> None:
    with database.write() as session:
        for address, place, minutes in (
            ("a", "570901", 3), ("b", "5709", 2), ("c", "5707", 1), ("d", None, 0), ("e", "57", 4),
        ):  # fmt: skip
            cry(session, address, minutes, place=place)
        assert [each.place for each in requests_in(session, ["5709"])] == [None, "5709", "570901", "57"]
        assert [each.place for each in requests_in(session, ["570902"])] == [None, "5709", "57"]
        assert len(requests_in(session, None)) == 5
        assert help_requests.counts(session)[("5709", "new")] == 2


def test_what_is_not_in_the_table_is_refused(database: Database) -> None:
    with database.write() as session:
        found = cry(session)
        help_requests.move(session, found.number, HelpState.CLOSED, NOW, by="suda", reason="false")
    with database.write() as session:
        with pytest.raises(ForbiddenTransition, match="is closed"):
            help_requests.move(session, 1, HelpState.ASSIGNED, NOW, by="suda", team="x")
        with pytest.raises(UnknownHelpRequest):
            help_requests.move(session, 99, HelpState.ASSIGNED, NOW, by="suda", team="x")


def test_merged_requests_are_told_together(database: Database) -> None:
    with database.write() as session:
        neighbour = cry(session, "neighbour", needs=("child",), place="5709")
        own = cry(session, "own", 5)
        kept = help_requests.merge(session, neighbour.number, own.number, NOW, by="suda")
        assert (kept.needs, kept.place, kept.first_at, kept.cries) == (["child"], "5709", NOW, 2)
        assert session.get_one(HelpRequest, neighbour.number, populate_existing=True).state == "closed"
        with pytest.raises(ForbiddenTransition):
            help_requests.merge(session, own.number, neighbour.number, NOW, by="suda")
        with pytest.raises(ForbiddenTransition):
            help_requests.merge(session, own.number, own.number, NOW, by="suda")
        taken = help_requests.move(
            session, own.number, HelpState.ASSIGNED, NOW, by="suda", team="กู้ภัยแม่สาย", promised_at=NOW
        )
        assert help_telling.tell_taken(session, taken, BANGKOK, NOW) == 2
        said = [each.body[0]["text"] for each in session.exec(select(Message))]
    assert said == ["กู้ภัยแม่สายรับเรื่องของคุณแล้ว ยังบอกเวลาถึงไม่ได้ น้ำขึ้นอีกให้ขึ้นที่สูงกว่าเดิม\nจะบอกอีกครั้งก่อน 19.40 น."] * 2


def test_after_some_rounds_without_news_only_the_officers_are_asked(database: Database) -> None:
    at = NOW
    with database.write() as session:
        number = cry(session).number
        help_requests.move(
            session, number, HelpState.ASSIGNED, at, by="suda", team="กู้ภัยแม่สาย", promised_at=at
        )
    for _ in range(help_telling.MOST_ROUNDS + 2):
        with database.write() as session:
            duty_calls.close(session, CallKind.CRY, f"help_request/{number}", at, by="suda")
            assert help_telling.keep_promises(session, at) == 1
            assert duty_calls.open_call(session, CallKind.CRY, f"help_request/{number}") is not None
        at += help_telling.NEXT_WORD
    with database.read() as session:
        said = [each.body[0]["text"] for each in session.exec(select(Message))]
    assert [each.startswith("ยังไม่มีข่าวใหม่") for each in said] == [True] * 3 + [False]
    assert "จะบอกอีกครั้ง" not in said[-1]
    # Another team begins anew.
    with database.write() as session:
        help_requests.move(session, number, HelpState.NEW, at, by="suda", team="", promised_at=None)
        help_requests.move(session, number, HelpState.ASSIGNED, at, by="suda", team="กู้ภัย", promised_at=at)
    with database.write() as session:
        assert help_telling.keep_promises(session, at) == 1
        assert "ยังไม่มีข่าวใหม่" in str(session.exec(select(Message)).all()[-1].body)
