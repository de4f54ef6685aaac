"""The CAP alerts of the Thai Meteorological Department: its index, its documents, what they become."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from sqlmodel import Session, col, select

from broadcasts.alerts import releasing
from broadcasts.alerts.sources import tmd_cap
from broadcasts.sources import Answer, AutomaticRelease, Request, SchemaDrift, Stored, Visit
from storage.alerts import Alert
from storage.audit import AuditEntry
from storage.database import Database
from storage.sources import SourceAnswer
from tests.broadcasts.alerts.sources import made
from tests.builders import MAE_SAI, NOW, citizen
from tests.shared_files import shared

HOUR = timedelta(hours=1)
_REGION = b"<valueName>x</valueName><value>R-1</value></geocode><geocode>"
ENDS = NOW + 6 * HOUR
SEVERE = frozenset({AutomaticRelease(feed="tmd_cap", sender="TMD", severity="Severe")})


def keep(
    database: Database,
    *documents: bytes,
    rules: frozenset[AutomaticRelease] = frozenset(),
) -> str:
    return stored(database, *documents, rules=rules).did


def stored(database: Database, *documents: bytes, rules: frozenset[AutomaticRelease] = frozenset()) -> Stored:
    answers: list[Answer[tmd_cap.Answered]] = [
        Answer(request=Request(about=f"document {number}"), value=tmd_cap.read_or_refuse(each, NOW))
        for number, each in enumerate(documents, 1)
    ]
    with database.write() as session:
        return tmd_cap.store(session, answers, Visit(at=NOW, automatic=rules))


def alerts(database: Database) -> Sequence[Alert]:
    with database.read() as session:
        return session.exec(select(Alert).order_by(col(Alert.id))).all()


def test_the_recorded_index_lists_each_document_once() -> None:
    index = tmd_cap.read_index(shared("data/samples/tmd_cap/index.trimmed.xml").read_bytes(), NOW)
    assert [each.path for each in index.listed] == [
        "/uploads/CAP/CAPTMD20260925163420_2.xml",
        "/uploads/CAP/CAPTMD20260925162831_2.xml",
    ]
    assert [each.identifier for each in index.listed] == ["TMD20260925163420_2", "TMD20260925162831_2"]


def test_only_documents_that_were_not_read_are_asked_for_and_the_oldest_first(
    sqlite_database: Database,
) -> None:
    index = tmd_cap.read_index(made.cap_index(NOW, "TMD3_2", "TMD2_2", "TMD1_2"), NOW)
    with sqlite_database.write() as session:
        known = "https://mirror.example/uploads/CAP/CAPTMD2_2.xml"
        session.add(SourceAnswer(source="tmd_cap", request=known, at=NOW))
        asked = tmd_cap.follow(session, [Answer(request=Request(), value=index)], Visit(at=NOW))
    assert [each.address for each in asked] == ["/uploads/CAP/CAPTMD1_2.xml", "/uploads/CAP/CAPTMD3_2.xml"]


def test_one_bad_item_does_not_hide_the_others() -> None:
    index = tmd_cap.read_index(made.cap_index(NOW, "TMD1_2", "", "TMD2_2"), NOW)
    assert [each.identifier for each in index.listed] == ["TMD1_2", "TMD2_2"]
    assert index.faults == ("item[1].guid is missing",)


@pytest.mark.parametrize(
    ("index", "field"),
    [
        (b"<html><body/></html>", "the answer"),
        (b"<feed/>", "rss.channel"),
        (made.cap_index(NOW, ""), "item[0].guid"),
        (made.cap_index(NOW, "TMD1_2").replace(b"/uploads/CAP/CAPTMD1_2.xml", b""), "item[0].link"),
        (b'<!DOCTYPE rss [<!ENTITY x "y">]><rss><channel/></rss>', "the answer"),
    ],
)
def test_an_index_that_is_none_says_so(index: bytes, field: str) -> None:
    with pytest.raises(SchemaDrift) as drift:
        tmd_cap.read_index(index, NOW)
    assert drift.value.field == field


@pytest.mark.parametrize(
    ("document", "field"),
    [
        (made.cap("A_2", NOW + HOUR, expires=ENDS), "sent"),
        (made.cap("A_2", NOW.replace(year=2569), expires=ENDS.replace(year=2569)), "the alert"),
        (made.cap("A_2", NOW, expires=ENDS + timedelta(days=30)), "expires"),
        (b"<alert>", "the alert"),
    ],
)
def test_a_document_of_an_impossible_time_is_refused(document: bytes, field: str) -> None:
    with pytest.raises(SchemaDrift) as drift:
        tmd_cap.read_document(document, NOW)
    assert drift.value.field == field


def test_drafts_are_made_once_and_not_of_what_is_over(sqlite_database: Database) -> None:
    fine = made.cap("A_2", NOW - HOUR, expires=ENDS)
    over = made.cap("B_2", NOW - 9 * HOUR, expires=NOW - HOUR)
    assert keep(sqlite_database, fine, over) == "1 drafted, 0 of them released, 1 expired"
    assert keep(sqlite_database, fine, over) == "0 drafted, 0 of them released, 1 expired"
    (alert,) = alerts(sqlite_database)
    assert (alert.state, alert.origin, alert.places, alert.level) == (
        "draft",
        "source:tmd_cap",
        ["57"],
        "warning",
    )
    assert (alert.sent, alert.expires_at) == (NOW - HOUR, ENDS)


def refusals(database: Database) -> Sequence[AuditEntry]:
    with database.read() as session:
        return session.exec(select(AuditEntry).where(AuditEntry.action == "alert.refuse")).all()


def test_a_document_that_changed_under_its_name_waits_for_a_person(database: Database) -> None:
    """It is neither believed nor lost: a draft says why, no rule lets it out, and it is told once."""
    keep(database, made.cap("A_2", NOW, expires=ENDS))
    changed = made.cap("A_2", NOW, expires=ENDS, province="50")
    first, again = (stored(database, changed, rules=SEVERE) for _ in range(2))
    assert "is known with other contents" in first.refused[0]
    assert (first.news, again.news) == (first.refused, ())
    assert (again.refused, [each.about for each in again.unread]) == (first.refused, ["document 1"])
    known, parked = alerts(database)
    assert (known.places, parked.places, parked.state) == (["57"], ["50"], "draft")
    assert parked.identifier.startswith("A_2.refused.")
    assert parked.remarks[0].startswith("refused: A_2 of TMD")
    (entry,) = refusals(database)
    assert entry.detail is not None
    assert (entry.actor, entry.subject) == ("source tmd_cap", "document/document 1")
    assert entry.detail["drafts"] == [parked.id]


def test_a_refused_document_that_an_officer_judged_waits_no_more(sqlite_database: Database) -> None:
    with sqlite_database.write() as session:
        citizen(session, places=[MAE_SAI])
    keep(sqlite_database, made.cap("A_2", NOW, expires=ENDS, province="50"))
    changed = made.cap("A_2", NOW, expires=ENDS)
    assert stored(sqlite_database, changed).refused
    with sqlite_database.write() as session:
        releasing.release(session, 2, by="suda", at=NOW, zone=Visit(at=NOW).zone)
    told = stored(sqlite_database, changed)
    assert (told.refused, told.unread) == ((), ())


def test_a_document_that_cannot_be_read_is_in_the_audit_log(database: Database) -> None:
    told = [stored(database, b"<alert>\0\xff") for _ in range(2)]
    assert [len(each.refused) for each in told] == [1, 1]
    assert [len(each.news) for each in told] == [1, 0]
    (entry,) = refusals(database)
    assert entry.detail is not None
    assert entry.detail["document"] == "<alert>\ufffd\ufffd"
    assert "cannot be read" in entry.detail["reason"]
    assert alerts(database) == []


def test_what_warns_nobody_is_no_fault(sqlite_database: Database) -> None:
    told = stored(sqlite_database, made.cap("A_2", NOW, expires=ENDS, message="Ack"))
    assert told == Stored(did="0 drafted, 0 of them released, 0 expired, 1 that warn nobody")


@pytest.mark.parametrize(
    "references",
    [
        "CAPTMD20261121180000_2.xml",
        "TMD,TMD20261121180000_2,2026-11-21T18:40:00+07:00",
        "TMD20261121180000_2",
    ],
)
def test_references_are_matched_as_the_department_writes_them(
    sqlite_database: Database, references: str
) -> None:
    first = made.cap("TMD20261121180000_2", NOW - HOUR, expires=ENDS)
    update = made.cap("TMD20261121190000_2", NOW, expires=ENDS, message="Update", references=references)
    keep(sqlite_database, update, first)
    before, after = alerts(sqlite_database)
    assert (before.identifier, after.replaces_id) == ("TMD20261121180000_2", before.id)


def test_what_is_said_again_is_remarked_upon(sqlite_database: Database) -> None:
    keep(sqlite_database, made.cap("A_2", NOW, expires=ENDS), made.cap("B_2", NOW, expires=ENDS))
    assert [each.remarks for each in alerts(sqlite_database)] == [
        [],
        ["says the same of the same places as draft 1"],
    ]


def released(database: Database, *documents: bytes, rules: frozenset[AutomaticRelease]) -> list[str]:
    with database.write() as session:
        citizen(session, places=[MAE_SAI])
    keep(database, *documents, rules=rules)
    return [each.state for each in alerts(database)]


def test_nothing_is_released_by_itself_unless_the_operator_said_so(sqlite_database: Database) -> None:
    assert released(sqlite_database, made.cap("A_2", NOW, expires=ENDS), rules=frozenset()) == ["draft"]


def test_what_the_operator_lets_out_goes_out_once(sqlite_database: Database) -> None:
    """The same again stays a draft, as does another severity, another sender, and what a person must look at."""
    documents = [
        made.cap("A_2", NOW, expires=ENDS),
        made.cap("B_2", NOW, expires=ENDS),
        made.cap("C_2", NOW, expires=ENDS, severity="Extreme", province="50"),
        made.cap("D_2", NOW, expires=ENDS, sender="somebody", province="51"),
        made.cap("E_2", NOW, expires=ENDS, province="52").replace(b"<geocode>", b"<geocode>" + _REGION),
    ]  # fmt: skip
    assert released(sqlite_database, *documents, rules=SEVERE) == [
        "released",
        "draft",
        "draft",
        "draft",
        "draft",
    ]
    with sqlite_database.read() as session:
        assert actor_of_release(session) == "source tmd_cap"


def actor_of_release(session: Session) -> str:
    query = select(AuditEntry.actor).where(AuditEntry.action == "alert.released")
    return session.exec(query).one()


def test_the_cancel_of_what_went_out_by_itself_goes_out_by_itself(sqlite_database: Database) -> None:
    alert = made.cap("A_2", NOW, expires=ENDS)
    cancel = made.cap(
        "B_2", NOW + HOUR / 6, expires=ENDS, message="Cancel", references="CAPA_2.xml", severity="Minor"
    ).replace(b"CAPA_2.xml", b"TMD,A_2,2026-11-21T19:40:00+07:00")
    assert released(sqlite_database, alert, cancel, rules=SEVERE) == ["cancelled", "released"]


def test_an_officer_sees_whom_a_draft_would_reach(sqlite_database: Database) -> None:
    with sqlite_database.write() as session:
        citizen(session, places=[MAE_SAI])
    keep(sqlite_database, made.cap("A_2", NOW, expires=ENDS))
    with sqlite_database.read() as session:
        preview = releasing.preview(session, 1, NOW, Visit(at=NOW).zone)
    assert (preview.audience, preview.obstacle) == ({"local": 1}, None)
