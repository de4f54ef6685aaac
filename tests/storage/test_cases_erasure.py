"""After erasure a case counts, and nobody can tell whose it was."""

from zoneinfo import ZoneInfo

from sqlalchemy import text
from sqlmodel import select

from storage import cases_work, media
from storage.cases import Case, open_case, ticket
from storage.cases_agencies import read_agencies
from storage.cases_erasure import erase_cases_of
from storage.cases_following import CaseFollower, CaseLookup, follow, note_miss
from storage.cases_timeline import By, EventKind, add_event, timeline
from storage.cases_work import Desk
from storage.database import Database
from storage.lifecycles import CaseState, MediaState
from storage.media import Media, MediaKind
from storage.safety import SafetyAnswer, SafetyReport, keep_report
from tests.builders import NOW, citizen

WORDS = "ไฟดับหน้าบ้านยายคำ"
TABLES = ('"case"', "case_event", "case_follower", "case_lookup", "media")


def everything(database: Database) -> str:
    with database.read() as session:
        rows = [session.connection().execute(text(f"SELECT * FROM {name}")).all() for name in TABLES]
    return repr(rows)


def test_nothing_of_hers_is_left_and_the_agencys_account_is(database: Database) -> None:
    with database.write() as session:
        contact, person = citizen(session, "sim-erased")
        other, neighbour = citizen(session, "sim-stays")
        assert contact.id is not None
        assert person.id is not None
        assert other.id is not None
        assert neighbour.id is not None
        case = Case(
            kind="complaint",
            category="street-light",
            words=WORDS,
            place_words="บ้านยายคำ",
            person_id=person.id,
            contact_id=contact.id,
            place="50010801",
            latitude=18.8011,
            longitude=98.9512,
            opened_at=NOW,
            rating_reason="ยายคำรอนาน",
        )
        open_case(session, case)
        follow(session, case.number, neighbour.id, other.id, NOW)
        theirs = Case(
            kind="complaint", words="อื่น", person_id=neighbour.id, contact_id=other.id, opened_at=NOW
        )
        open_case(session, theirs)
        follow(session, theirs.number, person.id, contact.id, NOW)
        note_miss(session, person.id, NOW)
        desk = Desk(session=session, at=NOW, zone=ZoneInfo("Asia/Bangkok"), agencies=read_agencies("ก", "A"))
        cases_work.take(desk, ticket(case.number), "suda")
        cases_work.update(desk, ticket(case.number), "suda", "โทรหายายคำแล้ว")
        cases_work.note(desk, ticket(case.number), "suda", "ยายคำอยู่คนเดียว")
        add_event(session, case.number, EventKind.ADDED, NOW, by=By.CITIZEN, words=WORDS, person_id=person.id)
        photo = media.want(
            session,
            MediaKind.PHOTO,
            provider_id="line-photo-77",
            account_id=contact.account_id,
            contact_id=contact.id,
            person_id=person.id,
            at=NOW,
        )
        assert photo is not None
        media.attach(session, [photo.number], contact.id, case.number)
        cry = SafetyReport(contact_id=contact.id, person_id=person.id, answer=SafetyAnswer.NEED_HELP, at=NOW)
        keep_report(session, cry)
        heard = media.want(
            session,
            MediaKind.VOICE,
            provider_id="line-photo-of-a-cry",
            account_id=contact.account_id,
            contact_id=contact.id,
            person_id=person.id,
            at=NOW,
        )
        assert heard is not None
        media.attach_to_report(session, [heard.number], contact.id, cry.number)
        media.settle_kept(
            session, photo, file="f" * 64, sha256="e" * 64, size=9, media_type="image/jpeg", at=NOW
        )
    with database.write() as session:
        assert erase_cases_of(session, person.id, NOW) == 1
        assert erase_cases_of(session, person.id, NOW) == 0
    left = everything(database)
    for gone in ("ยายคำ", "18.8", "98.9", "line-photo", "e" * 64, "50010801"):
        assert gone not in left, gone
    with database.read() as session:
        kept = session.get_one(Case, case.id)
        assert (kept.category, kept.place, kept.state, kept.officer) == (
            "street-light",
            "500108",
            CaseState.IN_PROGRESS,
            "suda",
        )
        assert (kept.person_id, kept.contact_id, kept.opened_at) == (None, None, NOW)
        assert [event.kind for event in timeline(session, kept.number, public_only=False)] == [
            "opened",
            "taken",
            "update",
            "note",
            "added",
            "erased",
        ]
        # What was done and when is kept; what officers wrote names her.
        assert {event.words for event in timeline(session, kept.number, public_only=False)} == {""}
        assert [row.person_id for row in session.exec(select(CaseFollower))] == [neighbour.id]
        assert session.exec(select(CaseLookup)).all() == []
        # Its file goes with the next sweep.
        states = {row.kind: row.state for row in session.exec(select(Media))}
        assert states == {"photo": MediaState.REMOVING, "voice": MediaState.REMOVED}


def test_an_erased_persons_case_can_still_be_worked_on(sqlite_database: Database) -> None:
    with sqlite_database.write() as session:
        contact, person = citizen(session)
        assert person.id is not None
        case = Case(
            kind="complaint",
            category="road",
            words=WORDS,
            person_id=person.id,
            contact_id=contact.id,
            opened_at=NOW,
        )
        open_case(session, case)
        erase_cases_of(session, person.id, NOW)
        desk = Desk(session=session, at=NOW, zone=ZoneInfo("Asia/Bangkok"), agencies=read_agencies("ก", "A"))
        cases_work.take(desk, ticket(case.number), "suda")
        cases_work.close(desk, ticket(case.number), "suda", "ซ่อมแล้ว")
        # There is nobody to ask.
        assert case.state == CaseState.CLOSED
