"""Cases on their way: what each step does to the state, the timeline, the audit log and the outbox."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlmodel import Session, select

from storage import cases_work
from storage.audit import AuditEntry
from storage.cases import Case, CaseKind, UnknownCase, open_case, ticket, words_of
from storage.cases_agencies import read_agencies
from storage.cases_following import follow
from storage.cases_timeline import event_words, timeline
from storage.cases_work import Desk, WordsRefused
from storage.database import Database
from storage.dialogs import dialog_of, enter, remember_offer
from storage.lifecycles import CaseState, ForbiddenTransition
from storage.outbox import Message
from tests.builders import NOW, bubble, citizen

BANGKOK = ZoneInfo("Asia/Bangkok")
AGENCIES = read_agencies("เทศบาลตำบลสุเทพ", "Suthep Municipality")


def desk(session: Session, at: datetime = NOW) -> Desk:
    return Desk(session=session, at=at, zone=BANGKOK, agencies=AGENCIES)


def reported(
    session: Session, address: str = "sim-1", *, kind: str = "complaint", language: str = "th"
) -> Case:
    """A street light that is out, reported by a citizen."""
    contact, person = citizen(session, address, language=language)
    case = Case(
        kind=kind,
        category="street-light" if kind == "complaint" else "",
        words="ไฟถนนดับหน้าวัดป่า",
        person_id=person.id,
        contact_id=contact.id,
        place="500108",
        opened_at=NOW,
        due_at=cases_work.deadline(desk(session), kind, "street-light", ""),
    )
    open_case(session, case)
    return case


def heard(session: Session, contact_id: int | None) -> list[str]:
    """What one contact was told, a bubble a line."""
    query = select(Message).where(Message.contact_id == contact_id).order_by(Message.id)  # type: ignore[arg-type]
    return [bubble["text"] for message in session.exec(query) for bubble in message.body]


def test_a_case_goes_from_new_to_closed_and_everything_is_told(database: Database) -> None:
    with database.write() as session:
        case = reported(session)
        number = ticket(case.number)
        cases_work.take(desk(session), number, "suda")
        cases_work.update(desk(session), number, "suda", "ช่างไปดูแล้ว รอหลอดไฟ")
        cases_work.close(desk(session), number, "suda", "เปลี่ยนหลอดไฟแล้ว")
        cases_work.solved(desk(session), case)
        cases_work.rate(desk(session), case, 5)
        said = heard(session, case.contact_id)
        happened = [event.kind for event in timeline(session, case.number, public_only=False)]
        audited = [
            each.action for each in session.exec(select(AuditEntry)) if each.actor in ("suda", "citizen")
        ]
    assert (case.state, case.officer, case.rating) == (CaseState.CLOSED, "suda", 5)
    assert happened == ["opened", "taken", "update", "done", "closed", "rated"]
    assert audited == ["case.taken", "case.update", "case.done", "case.closed", "case.rated"]
    assert said[0].startswith(f"เรื่อง {number} เทศบาลตำบลสุเทพรับเรื่องแล้ว\nกำหนดตอบวันพุธที่ 25 พ.ย. 2569")
    assert "ช่างไปดูแล้ว รอหลอดไฟ" in said[1]
    assert said[2].endswith("ใช้ได้จริงไหม ถ้าไม่ตอบจะปิดเรื่องวันเสาร์ที่ 28 พ.ย. 2569")


def test_what_is_told_can_be_answered_and_is_pushed_when_needed(database: Database) -> None:
    with database.write() as session:
        case = reported(session)
        cases_work.take(desk(session), ticket(case.number), "suda")
        cases_work.close(desk(session), ticket(case.number), "suda", "เสร็จแล้ว")
        last = session.exec(select(Message)).all()[-1]
        assert case.contact_id is not None
        offered = dialog_of(session, case.contact_id, NOW).offered
    assert last.important
    assert last.body[-1]["lasting"]
    assert [each["action"] for each in offered] == [
        f"case.solved:{case.number}",
        f"case.unsolved:{case.number}",
    ]


@pytest.mark.parametrize("dialog", ["rescue", "complaint"])
def test_what_is_told_leaves_the_choices_of_a_cry_and_of_a_complaint(
    sqlite_database: Database, dialog: str
) -> None:
    with sqlite_database.write() as session:
        case = reported(session)
        assert case.contact_id is not None
        hers = dialog_of(session, case.contact_id, NOW)
        enter(hers, dialog, "where")
        remember_offer(hers, (bubble("ตรงไหน", "ต.สุเทพ"),), NOW)
        cases_work.take(desk(session), ticket(case.number), "suda")
        assert [each["label"] for each in hers.offered] == ["ต.สุเทพ"]
        assert len(heard(session, case.contact_id)) == 1


def test_each_listener_reads_her_own_language_and_only_the_reporter_is_asked(database: Database) -> None:
    with database.write() as session:
        case = reported(session)
        other, person = citizen(session, "sim-2", language="en")
        assert other.id is not None
        assert person.id is not None
        follow(session, case.number, person.id, other.id, NOW)
        cases_work.take(desk(session), ticket(case.number), "suda")
        cases_work.close(desk(session), ticket(case.number), "suda", "เสร็จแล้ว")
        told = heard(session, other.id)
    assert told[0].startswith(f"Case {ticket(case.number)}: Suthep Municipality has taken it.")
    assert "เสร็จแล้ว" in told[1]
    assert "?" not in told[1]


def test_not_solved_opens_it_again_with_a_new_deadline(database: Database) -> None:
    with database.write() as session:
        case = reported(session)
        cases_work.take(desk(session), ticket(case.number), "suda")
        cases_work.close(desk(session), ticket(case.number), "suda", "เสร็จแล้ว")
        before = case.due_at
        cases_work.unsolved(desk(session, NOW + timedelta(days=7)), case)
    assert case.state == CaseState.REOPENED
    assert before is not None
    assert case.due_at is not None
    assert case.due_at > before
    assert case.done_at is None


def test_silence_of_a_week_closes_and_says_so_once(database: Database) -> None:
    with database.write() as session:
        case = reported(session)
        cases_work.take(desk(session), ticket(case.number), "suda")
        cases_work.close(desk(session), ticket(case.number), "suda", "เสร็จแล้ว")
        assert cases_work.close_unanswered(session, NOW + timedelta(days=6, hours=23)) == 0
        assert cases_work.close_unanswered(session, NOW + timedelta(days=7)) == 1
        assert cases_work.close_unanswered(session, NOW + timedelta(days=8)) == 0
        session.refresh(case)
        assert case.state == CaseState.CLOSED
        assert "ไม่มีคำตอบใน 7 วัน" in heard(session, case.contact_id)[-1]
        cases_work.unsolved(desk(session, NOW + timedelta(days=9)), case)
        assert case.state == CaseState.REOPENED


@pytest.mark.parametrize("step", ["update", "close", "reopen"])
def test_a_new_case_has_to_be_taken_first(sqlite_database: Database, step: str) -> None:
    with sqlite_database.write() as session:
        case = reported(session)
        with pytest.raises(ForbiddenTransition, match="take it first"):
            getattr(cases_work, step)(desk(session), ticket(case.number), "suda", "words")
        assert (case.state, heard(session, case.contact_id)) == (CaseState.NEW, [])


def test_a_note_is_for_officers_alone(sqlite_database: Database) -> None:
    with sqlite_database.write() as session:
        case = reported(session)
        cases_work.note(desk(session), ticket(case.number), "suda", "โทรถามช่าง")
        public = timeline(session, case.number, public_only=True)
        everything = timeline(session, case.number, public_only=False)
        assert [event_words(session, event) for event in everything] == ["", "โทรถามช่าง"]
        assert len(public) == 1
        assert heard(session, case.contact_id) == []


def test_praise_is_closed_without_a_question(sqlite_database: Database) -> None:
    with sqlite_database.write() as session:
        case = reported(session, kind=CaseKind.PRAISE)
        cases_work.take(desk(session), ticket(case.number), "suda")
        cases_work.close(desk(session), ticket(case.number), "suda", "ขอบคุณมาก")
        assert case.state == CaseState.CLOSED
        assert "ไหม" not in heard(session, case.contact_id)[-1]


def test_a_cancelled_case_says_why_and_stays_so(sqlite_database: Database) -> None:
    with sqlite_database.write() as session:
        case = reported(session)
        cases_work.cancel(desk(session), ticket(case.number), "suda", "อยู่นอกเขตของเทศบาล")
        assert "อยู่นอกเขตของเทศบาล" in heard(session, case.contact_id)[-1]
        with pytest.raises(ForbiddenTransition, match="it is over"):
            cases_work.take(desk(session), ticket(case.number), "suda")


@pytest.mark.parametrize("words", ["", "  \n ", "ก" * 501])
def test_words_that_cannot_be_said_are_refused_before_anything_changes(
    sqlite_database: Database, words: str
) -> None:
    with sqlite_database.write() as session:
        case = reported(session)
        cases_work.take(desk(session), ticket(case.number), "suda")
        with pytest.raises(WordsRefused):
            cases_work.close(desk(session), ticket(case.number), "suda", words)
        assert case.state == CaseState.TAKEN


def test_long_words_come_in_bubbles_that_can_be_read(sqlite_database: Database) -> None:
    with sqlite_database.write() as session:
        case = reported(session)
        cases_work.take(desk(session), ticket(case.number), "suda")
        words = "ช่างไปดูแล้ว รอหลอดไฟ " * 20
        cases_work.close(desk(session), ticket(case.number), "suda", words)
        bubbles = session.exec(select(Message)).all()[-1].body
    assert len(bubbles) <= 3
    assert max(len(bubble["text"]) for bubble in bubbles) <= 200
    assert "".join(bubble["text"] for bubble in bubbles).count("รอหลอดไฟ") == 20
    assert [bool(bubble["buttons"]) for bubble in bubbles][-1]


def test_an_unknown_or_mistyped_ticket_is_told_apart_for_officers(sqlite_database: Database) -> None:
    with sqlite_database.write() as session:
        with pytest.raises(UnknownCase, match="last digit"):
            cases_work.take(desk(session), "4217-1", "suda")
        with pytest.raises(UnknownCase, match="no case"):
            cases_work.take(desk(session), ticket(4217), "suda")


def test_words_are_read_as_they_were_written(sqlite_database: Database) -> None:
    with sqlite_database.write() as session:
        assert words_of(session, reported(session)) == "ไฟถนนดับหน้าวัดป่า"
