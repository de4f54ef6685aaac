"""Releasing and stopping: what hinders it, whom it reaches, what it does to the alert before it."""

import contextlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlmodel import Session, col, select

from broadcasts.alerts import releasing
from broadcasts.alerts.importing import import_alerts
from broadcasts.alerts.releasing import NotReleasable, UnknownAlert
from storage import broadcasts, places
from storage.alerts import Alert, live_warnings
from storage.audit import AuditEntry
from storage.broadcasts import Broadcast
from storage.database import Database
from storage.lifecycles import AlertState, BroadcastState, ForbiddenTransition
from storage.officers import LOCAL_OPERATOR, Officer, UnknownOfficer, actor
from tests.broadcasts.alerts.cap_texts import alert_xml, area_xml, info_xml
from tests.builders import citizen

AT = datetime(2026, 9, 25, 12, 0, tzinfo=UTC)
LATER = AT + timedelta(hours=1)
BANGKOK = ZoneInfo("Asia/Bangkok")
MAE_SAI = area_xml("อ.แม่สาย", ("DOPA", "5709"))
MAE_CHAN = area_xml("อ.แม่จัน", ("DOPA", "5707"))
UNTIL = "2026-09-26T16:34:00+07:00"
REFERENCE = "TMD,first,2026-09-25T16:34:00+07:00"


@pytest.fixture
def session(sqlite_database: Database) -> Iterator[Session]:
    with Session(sqlite_database.engine) as opened:
        yield opened


def info(area: str = MAE_SAI, **changed: str | None) -> str:
    return info_xml(area, **{"language": "th-TH", "expires": UNTIL, **changed})


def draft(session: Session, inside: str | None = None, **own: str) -> int:
    xml = alert_xml(info() if inside is None else inside, **{"identifier": "first", **own})
    alert = import_alerts(session, xml.encode(), origin="test", by="tester", at=AT)[0].alert
    assert alert.id is not None
    return alert.id


def following(session: Session, kind: str, inside: str | None = None, **own: str) -> int:
    named = {"identifier": kind, "sent": "2026-09-25T18:00:00+07:00", "msgType": kind, **own}
    return draft(
        session, f"<references>{REFERENCE}</references>{info() if inside is None else inside}", **named
    )


def release(session: Session, alert_id: int, at: datetime = AT, **how: Any) -> Broadcast:
    return releasing.release(session, alert_id, by="suda", at=at, zone=BANGKOK, **how)


def state(session: Session, alert_id: int) -> str:
    return session.get_one(Alert, alert_id, populate_existing=True).state


def everywhere(count: int) -> str:
    return area_xml("ทั่วไป", *(("ISO3166-2", f"TH-{each.code}") for each in places.provinces()[:count]))


def known(kind: str, **own: Any) -> Callable[[Session], int]:
    return lambda session: (draft(session), following(session, kind, **own))[1]


def released_then(kind: str, **own: Any) -> Callable[[Session], int]:
    return lambda session: (release(session, draft(session)), following(session, kind, **own))[1]


def stale_after(kind: str) -> Callable[[Session], int]:
    """The first alert, which its sender has replaced or taken back since."""

    def make(session: Session) -> int:
        first = draft(session)
        later = following(session, kind)
        if kind == "Update":
            release(session, later)
        return first

    return make


OBSTACLES: dict[str, tuple[Callable[[Session], int], dict[str, Any], str]] = {
    "a test": (lambda s: draft(s, status="Test"), {}, "its status is Test"),
    "of the system": (lambda s: draft(s, status="System"), {}, "its status is System"),
    "a draft of its sender": (lambda s: draft(s, status="Draft"), {}, "its status is Draft"),
    "an exercise": (lambda s: draft(s, status="Exercise"), {}, "release it with --exercise"),
    "real as an exercise": (draft, {"exercise": True}, "can never be turned into an exercise"),
    "the end of an exercise": (
        lambda s: (draft(s, status="Exercise"), following(s, "Cancel", status="Exercise"))[1],
        {"exercise": True},
        "krajai alert stop",
    ),
    "expired": (lambda s: draft(s, info(expires="2026-09-25T18:00:00+07:00")), {}, "it expired at"),
    "cancel of nothing": (lambda s: following(s, "Cancel"), {}, "not known here"),
    "cancel of a draft": (known("Cancel"), {}, "never released here"),
    "not expected": (lambda s: draft(s, info(certainty="Unlikely")), {}, "nothing is to be expected"),
    "past": (lambda s: draft(s, info(urgency="Past")), {}, "nothing is to be expected"),
    "without info": (lambda s: draft(s, ""), {}, "no place of its area was understood"),
    "without a place": (lambda s: draft(s, info(area_xml("?"))), {}, "an empty area warns nobody"),
    "too wide": (lambda s: draft(s, info(everywhere(41))), {}, "it covers 41 provinces: say --wide"),
    "taken back": (stale_after("Cancel"), {}, "its sender has taken it back or replaced it: look at alert 2"),
    "replaced": (stale_after("Update"), {}, "its sender has taken it back or replaced it: look at alert 2"),
}  # fmt: skip


@pytest.mark.parametrize("why", OBSTACLES)
def test_what_hinders_a_release(session: Session, why: str) -> None:
    make, how, reason = OBSTACLES[why]
    alert_id = make(session)
    with pytest.raises(NotReleasable, match=reason):
        release(session, alert_id, **how)
    obstacle = releasing.preview(session, alert_id, AT, BANGKOK, **how).obstacle
    assert obstacle is not None
    assert reason in obstacle


def test_what_hinders_nothing(session: Session) -> None:
    allowed: tuple[tuple[int, dict[str, Any]], ...] = (
        (draft(session, info(everywhere(40)), identifier="wide"), {}),
        (draft(session, info(everywhere(41)), identifier="wider"), {"wide": True}),
        (draft(session, status="Exercise", identifier="drill"), {"exercise": True}),
    )
    for alert_id, how in allowed:
        assert releasing.preview(session, alert_id, AT, BANGKOK, **how).obstacle is None
        release(session, alert_id, **how)


def test_a_release_is_a_broadcast_to_those_it_concerns(session: Session) -> None:
    citizen(session, "sim-1", places=["5709"], at=AT - timedelta(days=1))
    citizen(session, "sim-2", places=["57"], at=AT - timedelta(days=1))
    citizen(session, "sim-3", places=["5001"], at=AT - timedelta(days=1))
    alert_id = draft(session)
    assert releasing.preview(session, alert_id, AT, BANGKOK).audience == {"local": 2}
    broadcast = release(session, alert_id)
    assert (broadcast.kind, broadcast.priority, broadcast.released_by) == ("alert", "emergency", "suda")
    assert broadcast.audience["places"] == ["5709"]
    assert broadcast.expires_at == session.get_one(Alert, alert_id).expires_at
    assert broadcast.content_hash == broadcasts.content_hash(broadcast)
    assert state(session, alert_id) == AlertState.RELEASED


def test_nobody_releases_twice(session: Session) -> None:
    alert_id = draft(session)
    release(session, alert_id)
    with pytest.raises(NotReleasable, match="it is released already"):
        release(session, alert_id)


def test_an_unknown_alert(session: Session) -> None:
    for do in (
        lambda: release(session, 9),
        lambda: releasing.preview(session, 9, AT, BANGKOK),
        lambda: releasing.stop(session, 9, by="suda", at=AT),
    ):
        with pytest.raises(UnknownAlert, match="there is no alert 9: see `krajai alert list`"):
            do()


def test_an_exercise_is_routine_and_no_live_warning_is_ended_by_one(session: Session) -> None:
    real = draft(session)
    release(session, real)
    drill = following(session, "Update", status="Exercise")
    broadcast = release(session, drill, exercise=True)
    assert (broadcast.kind, broadcast.priority) == ("exercise", "routine")
    assert state(session, real) == AlertState.RELEASED


@pytest.mark.parametrize(
    ("kind", "ended"), [("Update", AlertState.UPDATED), ("Cancel", AlertState.CANCELLED)]
)
def test_a_following_message_ends_the_one_before_in_the_same_transaction(
    database: Database, kind: str, ended: AlertState
) -> None:
    with database.write() as session:
        first = draft(session)
        original = release(session, first)
        second = following(session, kind)
    with contextlib.suppress(RuntimeError), database.write() as session:
        release(session, second, LATER)
        raise RuntimeError("the connection was cut")
    with database.read() as session:
        assert (state(session, first), state(session, second)) == (AlertState.RELEASED, AlertState.DRAFT)
    with database.write() as session:
        change = release(session, second, LATER)
    with database.read() as session:
        assert (state(session, first), state(session, second)) == (ended, AlertState.RELEASED)
        assert session.get_one(Broadcast, original.id).state == BroadcastState.STOPPED
    assert change.kind == "change"
    assert change.audience == {
        "topic": "warning",
        "places": [] if kind == "Cancel" else ["5709"],
        "reached": [original.id],
    }


def test_a_cancel_ends_the_whole_line(session: Session) -> None:
    """Also when its newest update was never released."""
    first = draft(session)
    update = following(session, "Update")
    unreleased = following(session, "Update", identifier="3", sent="2026-09-25T18:30:00+07:00")
    one = release(session, first)
    two = release(session, update, AT + timedelta(minutes=5))
    cancel = following(session, "Cancel", identifier="4", sent="2026-09-25T19:00:00+07:00")
    three = release(session, cancel, LATER)
    assert three.audience["reached"] == [two.id, one.id]
    states = [state(session, each) for each in (first, update, unreleased, cancel)]
    assert states == [AlertState.UPDATED, AlertState.CANCELLED, AlertState.DRAFT, AlertState.RELEASED]
    with pytest.raises(NotReleasable, match="taken it back"):
        release(session, unreleased, LATER)


def test_a_cancel_of_an_update_takes_the_first_back_as_well(session: Session) -> None:
    first = draft(session)
    following(session, "Update")
    following(session, "Cancel", identifier="4", sent="2026-09-25T19:00:00+07:00")
    with pytest.raises(NotReleasable, match="look at alert 3"):
        release(session, first)


def test_an_older_update_does_not_follow_a_newer_one(session: Session) -> None:
    release(session, draft(session))
    older = following(session, "Update", identifier="older", sent="2026-09-25T17:00:00+07:00")
    newer = following(session, "Update", identifier="newer", sent="2026-09-25T18:00:00+07:00")
    release(session, newer)
    with pytest.raises(NotReleasable, match="replaced it"):
        release(session, older)


def test_an_update_of_what_was_never_released_is_an_alert(session: Session) -> None:
    draft(session)
    broadcast = release(session, following(session, "Update"))
    assert broadcast.kind == "alert"
    assert broadcast.audience["reached"] == []


def test_a_stop_ends_alert_and_broadcast(session: Session) -> None:
    alert_id = draft(session)
    broadcast = release(session, alert_id)
    assert live_warnings(session, ["5709"], AT)
    assert releasing.stop(session, alert_id, by="suda", at=LATER).state == AlertState.STOPPED
    assert session.get_one(Broadcast, broadcast.id, populate_existing=True).state == BroadcastState.STOPPED
    assert live_warnings(session, ["5709"], AT) == []
    with pytest.raises(ForbiddenTransition, match="is stopped"):
        releasing.stop(session, alert_id, by="suda", at=LATER)


def test_stopping_the_broadcast_stops_its_alert(session: Session) -> None:
    """Whoever subscribes later must not be given a warning that was stopped."""
    alert_id = draft(session)
    broadcast = release(session, alert_id)
    assert releasing.stop_released(session, broadcast.id or 0, LATER, by="suda") == 0
    assert state(session, alert_id) == AlertState.STOPPED


def test_a_draft_cannot_be_stopped(session: Session) -> None:
    with pytest.raises(ForbiddenTransition, match="is draft"):
        releasing.stop(session, draft(session), by="suda", at=AT)


def test_who_did_what_is_kept(session: Session) -> None:
    alert_id = draft(session)
    release(session, alert_id)
    releasing.stop(session, alert_id, by="suda", at=LATER)
    entries = session.exec(select(AuditEntry).order_by(col(AuditEntry.id)))
    assert [(entry.action, entry.actor) for entry in entries] == [
        ("alert.import", "tester"),
        ("broadcast.release", "suda"),
        ("alert.released", "suda"),
        ("alert.stopped", "suda"),
        ("broadcast.stopped", "suda"),
    ]


@pytest.mark.parametrize(
    ("officers", "named", "acts"),
    [
        ({}, None, LOCAL_OPERATOR),
        ({}, "suda", "there is no officer 'suda': add one with `krajai officer add 'suda'`"),
        ({"suda": "active"}, "suda", "suda"),
        ({"suda": "active"}, None, "say who releases: --as NAME"),
        ({"suda": "active"}, "malee", "there is no officer 'malee'"),
        ({"suda": "disabled", "malee": "active"}, "suda", "officer 'suda' is disabled"),
    ],
)
def test_who_may_act(session: Session, officers: dict[str, str], named: str | None, acts: str) -> None:
    for name, is_now in officers.items():
        session.add(Officer(name=name, state=is_now, created_at=AT))
    session.flush()
    if acts in (LOCAL_OPERATOR, "suda"):
        assert actor(session, named) == acts
    else:
        with pytest.raises(UnknownOfficer) as refused:
            actor(session, named)
        assert acts in str(refused.value)


def test_channels_without_an_account_reach_nobody_and_keep_no_cancel_back(session: Session) -> None:
    citizen(session, at=AT)
    with pytest.raises(NotReleasable, match=r"no account is connected on the channels chosen for it \(sms\)"):
        release(session, draft(session), channels=["sms"])
    assert session.exec(select(Broadcast)).first() is None
    first = release(session, draft(session, identifier="second"), channels=["local"])
    assert len(first.audience["accounts"]) == 1
    reference = "<references>TMD,second,2026-09-25T16:34:00+07:00</references>"
    cancel = draft(
        session, reference + info(), identifier="third", sent="2026-09-25T18:00:00+07:00", msgType="Cancel"
    )
    assert release(session, cancel, channels=["sms"]).audience["reached"] == [first.id]
