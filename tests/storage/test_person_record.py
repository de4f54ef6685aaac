"""What is kept of a person, counted, quoted and exported."""

from zoneinfo import ZoneInfo

from storage import inbox, outbox
from storage.cases import Case, CaseKind, open_case
from storage.cases_agencies import read_agencies
from storage.cases_privacy import privacy, use_secret_key
from storage.cases_work import Desk, give_reason
from storage.database import Database
from storage.dialogs import dialog_of
from storage.inbox import ReceivedEvent
from storage.person_record import count_open_cases, counts, export, own_words, person_at
from storage.safety import SafetyAnswer, SafetyReport, keep_report
from tests.builders import NOW, account, bubble, citizen


def filled(database: Database) -> int:
    with database.write() as session:
        contact, person = citizen(session, "sim-1")
        other, other_person = citizen(session, "sim-2")
        assert person.id is not None
        assert contact.id is not None
        for address, body in (("sim-1", b"hers"), ("sim-2", b"his")):
            event = ReceivedEvent(account_id=account(session), event_id=address, sender=address, body=body)
            inbox.receive(session, [event], NOW)
        outbox.say_to(session, contact.id, [bubble("to her")], NOW)
        outbox.say_to(session, other.id or 0, [bubble("to him")], NOW)
        for number, (owner, words) in enumerate(((person, "ไฟดับ"), (other_person, "ถนนพัง"))):
            case = Case(
                kind=CaseKind.COMPLAINT,
                words=words,
                place_words=f"หน้าวัด {number}",
                person_id=owner.id,
                opened_at=NOW,
            )
            open_case(session, case)
        session.add(
            SafetyReport(
                contact_id=contact.id,
                person_id=person.id,
                answer=SafetyAnswer.NEED_HELP,
                words="ช่วยด้วย",
                at=NOW,
            )
        )
        return person.id


def test_counts_and_words_are_hers_alone(database: Database) -> None:
    person_id = filled(database)
    with database.read() as session:
        found = counts(session, person_id)
        assert (found.cases, found.open_cases, found.safety_reports) == (1, 1, 1)
        assert (found.files, found.received, found.said) == (0, 1, 1)
        assert count_open_cases(session, person_id) == 1
        said = own_words(session, person_id)
    assert sorted(each.words for each in said) == ["ช่วยด้วย", "ไฟดับ หน้าวัด 0"]
    assert {each.ticket == "" for each in said} == {True, False}


def test_her_words_are_told_in_clear_where_they_are_sealed(sqlite_database: Database) -> None:
    use_secret_key(sqlite_database, "a secret key of more than sixteen bytes")
    with sqlite_database.write() as session:
        contact, person = citizen(session)
        assert person.id is not None
        assert contact.id is not None
        cry = SafetyReport(
            contact_id=contact.id,
            person_id=person.id,
            answer=SafetyAnswer.NEED_HELP,
            words="บ้านยายคำ",
            at=NOW,
        )
        keep_report(session, cry)
        desk = Desk(session=session, at=NOW, zone=ZoneInfo("Asia/Bangkok"), agencies=read_agencies("ก", "A"))
        for reason in ("ยายคำรอนาน", "slow"):
            case = Case(kind=CaseKind.COMPLAINT, words="ไฟดับ", person_id=person.id, opened_at=NOW)
            open_case(session, case)
            give_reason(desk, case, reason)
        question = privacy(session).conceal("ยายคำถามว่า")
        dialog_of(session, contact.id, NOW).known = {"question": question, "slug": "x"}
        session.flush()
        assert "ยายคำ" not in cry.words + question
        # A reason that was chosen says nothing of hers.
        assert sorted(each.words for each in own_words(session, person.id)) == [
            "บ้านยายคำ",
            "ยายคำรอนาน",
            "ไฟดับ",
            "ไฟดับ",
        ]
        found = export(session, person.id)
    assert [row["words"] for row in found["safety_report"]] == ["บ้านยายคำ"]
    assert [row["rating_reason"] for row in found["case"]] == ["ยายคำรอนาน", "slow"]
    assert [row["known"] for row in found["dialog"]] == [{"question": "ยายคำถามว่า", "slug": "x"}]


def test_the_export_has_her_words_in_clear_and_nobody_elses(database: Database) -> None:
    person_id = filled(database)
    with database.read() as session:
        found = export(session, person_id)
        assert person_at(session, "local", "sim-1") == person_id
        assert person_at(session, "local", "sim-9") is None
        assert person_at(session, "line", "sim-1") is None
    assert found["inbox_event"][0]["body"] == "hers"
    assert found["case"][0]["words"] == "ไฟดับ"
    assert found["contact"][0]["address"] == "sim-1"
    assert [row["place"] for row in found["subscription"]] == ["5709"]
    assert found["message"][0]["body"][0]["text"] == "to her"
    assert len(found["safety_report"]) == 1
    for secret in ("his", "to him", "ถนนพัง", "sim-2"):
        assert secret not in repr(found)
