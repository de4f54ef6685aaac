"""krajai broadcast, officer, places, inbox, demo and doctor."""

from pathlib import Path
from typing import Any

import pytest

from storage import broadcasts
from storage.database import Database
from storage.inbox import InboxEvent
from storage.lifecycles import BroadcastState, InboxState
from storage.people import ensure_account
from storage.sources import SourceState, SourceStatus
from tests.bot.commands.running import krajai
from tests.builders import NOW, released

BROADCAST_KEYS = {
    *("id", "kind", "class", "state", "reason", "released_at", "released_by", "expires_at", "planned"),
}


@pytest.fixture
def going_out(installation: Path) -> Database:
    """A database with a broadcast that was just released."""
    database = Database(f"sqlite:///{installation / 'krajai.db'}")
    with database.write() as session:
        released(session)
    database.close()
    return database


def test_broadcasts_are_listed_and_shown(going_out: Database) -> None:
    (listed,) = krajai("broadcast", "list", "--json").json["broadcasts"]
    assert set(listed) == BROADCAST_KEYS
    shown = krajai("broadcast", "show", "1", "--json").json
    assert set(shown) == BROADCAST_KEYS | {"delivery", "held_up", "recipients", "reasons", "texts_instead"}
    said = krajai("broadcast", "list").said
    assert "emergency" in said
    assert "released, choosing recipients" in said
    assert "broadcast 1: alert, released" in krajai("broadcast", "show", "1").said


@pytest.mark.parametrize("command", ["show", "stop", "resume"])
def test_an_unknown_broadcast_is_said(installation: Path, command: str) -> None:
    ran = krajai("broadcast", command, "9")
    assert ran.status == 1
    assert "broadcast 9" in ran.complained


def test_a_broadcast_is_stopped_once(going_out: Database) -> None:
    assert "waiting batches stopped" in krajai("broadcast", "stop", "1").said
    again = krajai("broadcast", "stop", "1")
    assert again.status == 1
    assert "broadcast 1 is stopped: nothing of it is left to stop" in again.complained


def test_a_paused_broadcast_goes_on(going_out: Database) -> None:
    assert krajai("broadcast", "resume", "1").status == 1
    with going_out.write() as session:
        broadcasts.move(session, 1, BroadcastState.PAUSED, NOW, by="test", reason="quota")
    assert krajai("broadcast", "resume", "1").said == "broadcast 1 goes on\n"
    assert krajai("broadcast", "show", "1", "--json").json["state"] == "released"
    going_out.close()


def test_officers_come_and_go(installation: Path) -> None:
    assert krajai("officer", "add", "suda.k").said == "officer suda.k added\n"
    again = krajai("officer", "add", "suda.k")
    assert (again.status, again.complained) == (1, "krajai: there is an officer 'suda.k' already\n")
    (listed,) = krajai("officer", "list", "--json").json["officers"]
    assert (listed["name"], listed["state"], listed["roles"]) == ("suda.k", "active", ["author", "approver"])
    assert krajai("officer", "disable", "suda.k").status == 0
    assert krajai("officer", "list").said.startswith("suda.k  disabled  ")
    assert krajai("officer", "disable", "malee").status == 1
    for name in ("", " suda", "x" * 81):
        assert krajai("officer", "add", name).status == 2


def test_places_are_found_without_a_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    ran = krajai("places", "find", "แม่สาย")
    assert ran.said.splitlines()[0] == "5709      อ.แม่สาย จ.เชียงราย  (Mae Sai, Chiang Rai)"
    assert krajai("places", "find", "แม่สาย", "--json").json == {"text": "แม่สาย", "codes": ["5709", "570901"]}
    missing = krajai("places", "find", "ที่ไหน")
    assert (missing.status, missing.said) == (1, "")
    assert "give its name, with its district or province" in missing.complained
    assert list(tmp_path.iterdir()) == []


def test_the_demo_may_be_shown_twice(installation: Path) -> None:
    for _ in range(2):
        ran = krajai("demo")
        assert ran.status == 0
        assert "4 citizens are in the simulator; 2 sample warnings are on their way" in ran.said
    assert len(krajai("broadcast", "list", "--json").json["broadcasts"]) == 4


def test_the_demo_is_refused_where_it_would_reach_people(
    installation: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KRAJAI_LINE_CHANNEL_SECRET", "0" * 32)
    monkeypatch.setenv("KRAJAI_LINE_CHANNEL_ACCESS_TOKEN", "made-up")
    ran = krajai("demo")
    assert ran.status == 1
    assert "the demo is refused: real channels are on" in ran.complained


def findings() -> tuple[int, dict[str, Any]]:
    ran = krajai("doctor", "--json")
    found = ran.json["findings"]
    assert all(set(each) == {"subject", "in_order", "seen", "mend"} for each in found)
    return ran.status, {each["subject"]: each for each in found}


def test_the_doctor_finds_all_in_order(installation: Path) -> None:
    status, found = findings()
    assert status == 0
    assert all(each["in_order"] for each in found.values())
    assert "MEND" not in krajai("doctor").said


def test_the_doctor_says_what_to_mend(going_out: Database) -> None:
    with going_out.write() as session:
        broadcasts.move(session, 1, BroadcastState.PAUSED, NOW, by="test", reason="quota")
        account_id = ensure_account(session, "local").id
        assert account_id is not None
        session.add(
            InboxEvent(
                account_id=account_id,
                event_id="1",
                sender="sim-1",
                body=b"",
                state=InboxState.PARKED,
                not_before=NOW,
                received_at=NOW,
            )
        )
        session.add(
            SourceState(name="usgs", status=SourceStatus.WRONG, since=NOW, tried_at=NOW, error="mag is 77")
        )
    going_out.close()
    status, found = findings()
    assert status == 1
    assert {name for name, each in found.items() if not each["in_order"]} == {
        "inbox",
        "broadcasts",
        "sources",
    }
    assert found["sources"]["seen"] == "usgs is wrong (mag is 77)"
    assert "krajai sources --visit" in found["sources"]["mend"]
    assert "R11007" in found["prices"]["seen"]
    assert "krajai inbox retry" in krajai("doctor").said
    assert krajai("inbox", "retry").said == "1 parked events are tried again\n"


@pytest.mark.parametrize(
    ("made", "seen"),
    [
        ("missing", "is not made yet"),
        ("rubbish", "does not answer"),
        ("under a file", "its folder cannot be made"),
    ],
)
def test_the_doctor_survives_a_broken_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, made: str, seen: str
) -> None:
    path = tmp_path / "krajai.db"
    if made == "rubbish":
        path.write_bytes(b"no database" * 1000)
    if made == "under a file":
        path.write_bytes(b"")
        path = path / "krajai.db"
    monkeypatch.setenv("KRAJAI_DATABASE_URL", f"sqlite:///{path}")
    status, found = findings()
    assert status == 1
    assert seen in found["database"]["seen"]
    if made != "missing":
        ran = krajai("alert", "list")
        assert ran.status == 1
        assert "KRAJAI_DATABASE_URL" in ran.complained


def test_a_setting_that_cannot_be_used_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KRAJAI_PORT", "many")
    ran = krajai("alert", "list")
    assert ran.status == 2
    assert ran.complained.startswith("krajai: KRAJAI_PORT ")


def test_a_database_that_is_not_migrated_names_the_mend(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "krajai.db").write_bytes(b"")
    monkeypatch.setenv("KRAJAI_DATABASE_URL", f"sqlite:///{tmp_path / 'krajai.db'}")
    ran = krajai("alert", "list")
    assert (ran.status, ran.complained) == (
        1,
        "krajai: the database is to be migrated first: krajai migrate\n",
    )
