"""Alerts on their way in: every kind of message, known ones, wrong ones, several in a file."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlmodel import Session, select

from broadcasts.alerts.cap_model import CapRefused
from broadcasts.alerts.importing import Imported, import_alerts, stored_cap
from storage.alerts import Alert
from storage.audit import AuditEntry
from storage.database import Database
from storage.lifecycles import AlertState
from tests.broadcasts.alerts.cap_texts import DATA, NAMESPACE, alert_xml, area_xml, info_xml

AT = datetime(2026, 9, 25, 12, 0, tzinfo=UTC)
MAE_SAI = area_xml("อ.แม่สาย", ("DOPA", "5709"))
MAE_CHAN = area_xml("อ.แม่จัน", ("DOPA", "5707"))
UNTIL = "2026-09-26T16:34:00+07:00"
FLOOD = info_xml(MAE_SAI, language="th-TH", expires=UNTIL)
REFERENCE = "TMD,TMD20260925163420_2,2026-09-25T16:34:00+07:00"


@pytest.fixture
def session(sqlite_database: Database) -> Iterator[Session]:
    with Session(sqlite_database.engine) as opened:
        yield opened


def taken(session: Session, xml: str, *, rehearsal: bool = False, at: datetime = AT) -> list[Imported]:
    return import_alerts(session, xml.encode(), origin="test", by="tester", at=at, rehearsal=rehearsal)


def draft(
    session: Session, info: str = FLOOD, *, rehearsal: bool = False, at: datetime = AT, **own: str
) -> Alert:
    (imported,) = taken(session, alert_xml(info, **own), rehearsal=rehearsal, at=at)
    return imported.alert


def following(
    session: Session, kind: str, info: str = FLOOD, references: str = REFERENCE, **own: str
) -> Alert:
    named: dict[str, Any] = {"identifier": f"{kind}-2", "sent": "2026-09-25T18:00:00+07:00", **own}
    return draft(session, f"<references>{references}</references>{info}", msgType=kind, **named)


def test_an_alert_becomes_a_draft(session: Session) -> None:
    (imported,) = taken(session, alert_xml(FLOOD))
    alert = imported.alert
    assert imported.new
    assert (alert.state, alert.hazard, alert.level) == (AlertState.DRAFT, "flood", "warning")
    assert alert.places == ["5709"]
    assert alert.expires_at == datetime(2026, 9, 26, 9, 34, tzinfo=UTC)
    assert alert.remarks == []
    assert stored_cap(alert).identifier == alert.identifier
    (entry,) = session.exec(select(AuditEntry))
    assert (entry.action, entry.actor, entry.subject) == ("alert.import", "tester", f"alert/{alert.id}")


def test_an_alert_that_is_known_is_passed_over(session: Session) -> None:
    first = taken(session, alert_xml(FLOOD))
    again = taken(session, alert_xml(FLOOD), at=AT + timedelta(hours=1))
    assert [each.new for each in again] == [False]
    assert again[0].alert.id == first[0].alert.id
    assert len(session.exec(select(Alert)).all()) == 1


def test_an_alert_never_changes(session: Session) -> None:
    draft(session)
    with pytest.raises(CapRefused, match="known with other contents: an alert never changes"):
        draft(session, info_xml(MAE_CHAN, expires=UNTIL))


def test_the_same_identifier_at_another_time_is_another_alert(session: Session) -> None:
    assert draft(session).id != draft(session, sent="2026-09-25T17:00:00+07:00").id


@pytest.mark.parametrize("status", ["Actual", "Exercise", "Test", "System", "Draft"])
def test_every_status_is_taken_and_kept(session: Session, status: str) -> None:
    assert draft(session, status=status).status == status


@pytest.mark.parametrize("kind", ["Ack", "Error"])
def test_messages_that_warn_nobody_are_refused(session: Session, kind: str) -> None:
    with pytest.raises(CapRefused, match=f"msgType {kind}"):
        following(session, kind)


def test_an_expired_alert_is_taken(session: Session) -> None:
    assert draft(session, at=AT + timedelta(days=9)).state == AlertState.DRAFT


def test_without_an_expiry_a_day_is_taken_and_remarked(session: Session) -> None:
    alert = draft(session, info_xml(MAE_SAI))
    assert alert.expires_at == alert.sent + timedelta(hours=24)
    assert alert.remarks == ["gives no expiry: 24 hours after it was sent are taken"]


def test_without_an_info_block_nothing_is_known(session: Session) -> None:
    alert = draft(session, "")
    assert (alert.level, alert.hazard, alert.places) == (None, None, [])
    assert "no <info>, so nothing is said about the hazard" in alert.remarks


def test_an_area_that_is_not_understood_is_remarked(session: Session) -> None:
    alert = draft(session, info_xml(area_xml("ที่ไหนสักแห่ง"), expires=UNTIL))
    assert alert.places == []
    assert [remark for remark in alert.remarks if remark.startswith("area not understood: ")]


@pytest.mark.parametrize("kind", ["Update", "Cancel"])
def test_a_following_message_finds_the_one_it_refers_to(session: Session, kind: str) -> None:
    first = draft(session)
    assert following(session, kind).replaces_id == first.id


@pytest.mark.parametrize("kind", ["Update", "Cancel"])
def test_an_unknown_reference_is_remarked(session: Session, kind: str) -> None:
    alert = following(session, kind)
    assert alert.replaces_id is None
    assert alert.remarks == ["refers to an alert that is not known here"]


@pytest.mark.parametrize(
    "own",
    [
        {"sender": "DDPM"},
        {"status": "Exercise"},
        {"sent": "2026-09-25T16:00:00+07:00"},
    ],
    ids=["of another sender", "an exercise about a real alert", "sent before it"],
)
def test_a_reference_that_may_not_be_followed(session: Session, own: dict[str, str]) -> None:
    draft(session)
    assert following(session, "Cancel", **own).replaces_id is None


def test_a_cancel_of_the_first_is_about_its_newest_update(session: Session) -> None:
    draft(session)
    update = following(session, "Update")
    cancel = following(session, "Cancel", identifier="3", sent="2026-09-25T19:00:00+07:00")
    assert cancel.replaces_id == update.id


def test_a_cancel_without_an_info_block_takes_all_from_what_it_cancels(session: Session) -> None:
    first = draft(session)
    cancel = following(session, "Cancel", "")
    assert (cancel.places, cancel.hazard, cancel.level) == (first.places, first.hazard, first.level)


def test_a_cancel_lasts_as_long_as_the_warning_would_have(session: Session) -> None:
    first = draft(session)
    ends_at_once = info_xml(MAE_SAI, expires="2026-09-25T18:00:00+07:00")
    assert following(session, "Cancel", ends_at_once).expires_at == first.expires_at


def test_the_files_of_the_meteorological_department(session: Session) -> None:
    names = ("tmd_alert", "tmd_update", "tmd_cancel")
    files = ((DATA / f"{name}.xml").read_bytes() for name in names)
    alert, update, cancel = (
        import_alerts(session, data, origin="test", by="tester", at=AT)[0].alert for data in files
    )
    assert (alert.hazard, alert.level, len(alert.places)) == ("heavy_rain", "warning", 27)
    assert (update.replaces_id, update.places) == (alert.id, ["50", "51", "52", "58"])
    assert (cancel.replaces_id, cancel.level) == (update.id, None)


def test_several_alerts_of_a_file_are_taken_one_by_one(session: Session) -> None:
    one, two = (
        alert_xml(FLOOD, identifier=name, namespace=NAMESPACE).replace(f' xmlns="{NAMESPACE}"', "")
        for name in ("one", "two")
    )
    imported = taken(session, f'<alerts xmlns="{NAMESPACE}">{one}{two}</alerts>')
    assert [each.alert.identifier for each in imported] == ["one", "two"]


def test_a_file_with_a_wrong_alert_is_refused_as_a_whole(sqlite_database: Database) -> None:
    one = alert_xml(FLOOD, identifier="one").replace(f' xmlns="{NAMESPACE}"', "")
    ack = alert_xml("", identifier="two", msgType="Ack").replace(f' xmlns="{NAMESPACE}"', "")
    with pytest.raises(CapRefused), sqlite_database.write() as session:
        taken(session, f'<alerts xmlns="{NAMESPACE}">{one}{ack}</alerts>')
    with sqlite_database.read() as session:
        assert session.exec(select(Alert)).all() == []


def test_parts_that_say_the_same_of_other_areas_are_one(session: Session) -> None:
    later = "2026-09-26T20:00:00+07:00"
    alert = draft(session, FLOOD + info_xml(MAE_CHAN, language="th-TH", expires=later))
    assert alert.places == ["5707", "5709"]
    assert alert.expires_at == datetime(2026, 9, 26, 13, 0, tzinfo=UTC)
    assert alert.remarks == []


def test_a_part_of_another_level_is_left_out_and_remarked(session: Session) -> None:
    minor = info_xml(MAE_CHAN, language="th-TH", severity="Minor", expires=UNTIL)
    extreme = info_xml(MAE_SAI, language="th-TH", severity="Extreme", expires=UNTIL)
    alert = draft(session, minor + extreme)
    assert (alert.level, alert.places) == ("emergency", ["5709"])
    assert len(alert.remarks) == 1
    assert "a part of another hazard or level is left out (Flood, Minor; อ.แม่จัน)" in alert.remarks[0]


def test_blocks_in_several_languages_are_one_alert(session: Session) -> None:
    english = info_xml(area_xml("Mae Sai", ("DOPA", "5709")), language="en-US", headline="Flood in Mae Sai")
    alert = draft(session, english + FLOOD.replace("</event>", "</event><headline>น้ำท่วมแม่สาย</headline>"))
    assert (alert.headline, alert.places) == ("น้ำท่วมแม่สาย", ["5709"])


def test_a_rehearsal_is_taken_as_if_it_had_been_sent_now(session: Session) -> None:
    alert = draft(session, rehearsal=True, at=AT + timedelta(days=100))
    assert alert.rehearsal
    assert alert.identifier == "TMD20260925163420_2.rehearsal"
    assert alert.sent == AT + timedelta(days=100)
    assert alert.expires_at == alert.sent + timedelta(hours=24)


def test_a_rehearsal_refers_to_rehearsals_only(session: Session) -> None:
    draft(session)
    update = f"<references>{REFERENCE}</references>{FLOOD}"
    named: dict[str, Any] = {"identifier": "2", "msgType": "Update", "sent": "2026-09-25T18:00:00+07:00"}
    assert draft(session, update, rehearsal=True, **named).replaces_id is None
    rehearsed = draft(session, rehearsal=True, at=AT + timedelta(hours=1))
    again = draft(session, update, rehearsal=True, at=AT + timedelta(hours=2), **named)
    assert again.replaces_id == rehearsed.id
