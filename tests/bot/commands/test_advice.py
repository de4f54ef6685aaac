"""krajai advice: rules, confirmation, today's advice, bulletins with a preview first."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from storage.audit import AuditEntry
from storage.broadcasts import Broadcast
from storage.database import Database
from tests.bot.commands.running import krajai
from tests.broadcasts.advice.scene import farmer, weather

BULLETIN = (
    "advice", "send", "--crop", "rice", "--place", "แม่สาย", "--th", "เปิดทางน้ำก่อนค่ำ", "--en", "Open the drains",
)  # fmt: skip


@pytest.fixture
def database(installation: Path) -> Database:
    found = Database(f"sqlite:///{installation / 'krajai.db'}")
    with found.write() as session:
        farmer(session, "sim-1", "rice")
        weather(session, "heavy_rain")
    return found


def test_rules_are_listed_shown_and_linted(database: Database) -> None:
    listed = krajai("advice", "list", "--crop", "rice").said
    assert "rice/ripe-before-rain" in listed
    assert "0 of them confirmed" in listed
    shown = krajai("advice", "show", "rice/ripe-before-rain", "--json").json
    assert (shown["confirmed"], shown["when"][0], shown["file"]) == (False, "heavy_rain", "rice.toml")
    assert krajai("advice", "lint").said.endswith("0 faults\n")
    assert (
        krajai("advice", "show", "rice/none").complained
        == "krajai: no rule is called 'rice/none': see krajai advice list\n"
    )


def test_faults_of_own_rules_end_with_one(database: Database, tmp_path: Path) -> None:
    folder = tmp_path / "rules"
    folder.mkdir()
    (folder / "rice.toml").write_text('crop = "rice"\n', "utf-8")
    ran = krajai("advice", "lint", "--folder", str(folder))
    assert ran.status == 1
    assert "rice.toml: has no rule" in ran.said
    assert krajai("advice", "lint", "--folder", str(folder / "none")).status == 2


def test_a_rule_is_confirmed_and_that_is_written_down(database: Database) -> None:
    day = ("--day", "2026-11-21")
    before = krajai("advice", "today", "--place", "5709", "--crop", "rice", *day)
    assert "rice/ripe-before-rain, unverified: not sent out" in before.said
    assert krajai("advice", "confirm", "rice/ripe-before-rain").status == 0
    after = krajai("advice", "today", "--place", "5709", "--crop", "rice", *day, "--json").json
    assert after["confirmed"] is True
    assert after["words"]["th"].startswith("ข้าว: ")
    with database.read() as session:
        entry = session.exec(select(AuditEntry).where(AuditEntry.action == "advice.confirm")).one()
        assert entry.subject == "rule/rice/ripe-before-rain"


def test_a_bulletin_is_shown_first_and_sent_with_yes(database: Database) -> None:
    until = ("--until", "2099-01-01")
    assert "more than 14 days ahead" in krajai(*BULLETIN, *until).complained
    with database.read() as session:
        tomorrow = (database.now(session) + timedelta(days=1)).date().isoformat()
    shown = krajai(*BULLETIN, "--until", tomorrow)
    assert "audience on local: 1" in shown.said
    assert "not sent: look at it" in shown.said
    with database.read() as session:
        assert session.exec(select(Broadcast)).all() == []
    assert krajai(*BULLETIN, "--until", tomorrow, "--yes", "--json").json["broadcast"] == 1
    with database.read() as session:
        assert session.exec(select(Broadcast)).one().kind == "advice"


def test_an_officer_is_named_as_soon_as_there_is_one(database: Database) -> None:
    assert krajai("officer", "add", "สมศรี").status == 0
    with database.read() as session:
        tomorrow = (database.now(session) + timedelta(days=1)).date().isoformat()
    refused = krajai(*BULLETIN, "--until", tomorrow, "--yes")
    assert "--as NAME" in refused.complained
    assert krajai(*BULLETIN, "--until", tomorrow, "--yes", "--as", "สมศรี").status == 0
    with database.read() as session:
        assert session.exec(select(Broadcast)).one().released_by == "สมศรี"


def test_wrong_places_and_days_are_wrong_use(database: Database) -> None:
    assert krajai("advice", "today", "--place", "ดาวอังคาร", "--crop", "rice").status == 2
    assert krajai("advice", "today", "--place", "เมือง", "--crop", "rice").status == 2
    assert krajai("advice", "today", "--place", "57", "--crop", "teak").status == 2
    assert krajai(*BULLETIN, "--until", "tomorrow").status == 2
