"""krajai alert: what comes in by which door, what is asked before a release, what scripts read."""

from pathlib import Path

import pytest

from bot.commands import progress
from storage.agencies import OWN, Agency
from storage.database import Database
from storage.officers import Officer
from tests.bot.commands.running import krajai
from tests.broadcasts.alerts.cap_texts import alert_xml, area_xml, info_xml
from tests.builders import NOW, citizen

ALERT_KEYS = {
    *("id", "identifier", "sender", "sent", "status", "msg_type", "state", "hazard", "level", "headline"),
    *("places", "expires_at", "remarks", "replaces", "broadcast", "rehearsal"),
}
FLOOD = alert_xml(
    info_xml(area_xml("อ.แม่สาย", ("DOPA", "5709")), language="th-TH", expires="2099-01-01T00:00:00+07:00")
)


@pytest.fixture
def flood(installation: Path) -> Path:
    """A CAP file beside the installation."""
    path = installation / "flood.xml"
    path.write_text(FLOOD, "utf-8")
    return path


@pytest.fixture(autouse=True)
def _nobody_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "NOBODY_WORKS_SECONDS", 0.02)
    monkeypatch.setattr(progress, "LOOK_SECONDS", 0.01)


def database(installation: Path) -> Database:
    return Database(f"sqlite:///{installation / 'krajai.db'}")


def an_officer(installation: Path) -> None:
    opened = database(installation)
    with opened.write() as session:
        session.get_one(Agency, OWN).places = ["57"]
        session.add(Officer(name="suda", roles=["author", "approver"], created_at=NOW))
    opened.close()


def test_a_file_is_taken_as_a_draft(flood: Path) -> None:
    ran = krajai("alert", "import", str(flood))
    assert (ran.status, ran.complained) == (0, "")
    assert "alert 1 imported as a draft" in ran.said
    assert "อ.แม่สาย" in ran.said
    assert "audience: nobody is subscribed to these places" in ran.said
    assert "alert 1 is known already (draft)" in krajai("alert", "import", str(flood)).said


def test_standard_input_is_taken(installation: Path) -> None:
    ran = krajai("alert", "import", "-", "--json", typed=FLOOD)
    assert ran.status == 0
    (taken,) = ran.json["alerts"]
    assert set(taken) == ALERT_KEYS | {"new"}
    assert (taken["state"], taken["places"], taken["new"]) == ("draft", ["5709"], True)


@pytest.mark.parametrize(
    ("typed", "complaint"),
    [("", "-: "), ("<html/>", "-: "), ("x" * 1_000_100, "-: ")],
    ids=["empty", "html", "huge"],
)
def test_what_is_no_alert_is_refused_with_a_reason(installation: Path, typed: str, complaint: str) -> None:
    ran = krajai("alert", "import", "-", typed=typed)
    assert (ran.status, ran.said) == (1, "")
    assert ran.complained.startswith(f"krajai: {complaint}")
    assert "Traceback" not in ran.complained


def test_a_missing_file_and_a_folder_name_the_mend(installation: Path) -> None:
    for source in ("nowhere.xml", "."):
        ran = krajai("alert", "import", source)
        assert ran.status == 1
        assert f"{source} cannot be read" in ran.complained
        assert "give a CAP file, a http(s) address, or -" in ran.complained


def test_an_unreachable_address_names_the_mend(installation: Path) -> None:
    ran = krajai("alert", "import", "http://127.0.0.1:1/cap.xml")
    assert ran.status == 1
    assert "check the address and try again" in ran.complained


def test_brackets_in_a_headline_are_shown_as_they_are(installation: Path) -> None:
    headline = info_xml(
        area_xml("อ.แม่สาย", ("DOPA", "5709")),
        headline="[bold]น้ำ[/x] :smile:",
        expires="2099-01-01T00:00:00+07:00",
    )
    krajai("alert", "import", "-", typed=alert_xml(headline, sender="[/y]"))
    for command in ("list", "show"):
        ran = krajai("alert", command, *(["1"] if command == "show" else []))
        assert ran.status == 0
        assert "[/y]" in ran.said
    assert "[bold]น้ำ[/x] :smile:" in krajai("alert", "show", "1").said


def test_lists_and_shows_for_scripts(flood: Path) -> None:
    krajai("alert", "import", str(flood))
    (listed,) = krajai("alert", "list", "--json").json["alerts"]
    assert set(listed) == ALERT_KEYS
    shown = krajai("alert", "show", "1", "--json").json
    assert set(shown) == ALERT_KEYS | {"words", "audience", "reached", "obstacle", "delivery", "estimate"}
    assert set(shown["words"]) == {"th", "en"}
    assert krajai("alert", "list", "--state", "released", "--json").json == {"alerts": []}


def test_an_unknown_state_is_wrong_use(installation: Path) -> None:
    ran = krajai("alert", "list", "--state", "gone")
    assert ran.status == 2
    assert "draft, released, updated, cancelled, stopped, expired" in ran.complained


@pytest.mark.parametrize("command", ["show", "release", "stop"])
def test_an_unknown_alert_is_said(installation: Path, command: str) -> None:
    ran = krajai("alert", command, "9")
    assert (ran.status, ran.complained) == (1, "krajai: there is no alert 9: see `krajai alert list`\n")


@pytest.mark.parametrize("answer", ["n\n", "\n", ""])
def test_any_answer_but_yes_releases_nothing(flood: Path, answer: str) -> None:
    krajai("alert", "import", str(flood))
    ran = krajai("alert", "release", "1", typed=answer)
    assert ran.status == 1
    assert "Release alert 1 (Actual Alert) to nobody by place?" in ran.complained
    assert krajai("alert", "list", "--json").json["alerts"][0]["state"] == "draft"
    assert krajai("broadcast", "list", "--json").json == {"broadcasts": []}


def test_a_yes_releases_and_says_that_nobody_works(flood: Path) -> None:
    opened = database(flood.parent)
    with opened.write() as session:
        citizen(session)
    opened.close()
    krajai("alert", "import", str(flood))
    ran = krajai("alert", "release", "1", typed="y\n")
    assert ran.status == 0
    assert "Release alert 1 (Actual Alert) to 1 on local?" in ran.complained
    assert "no worker has moved it for a while: is `krajai run` (or a worker) running?" in ran.complained
    assert "alert 1 released as broadcast 1 by local operator" in ran.said
    again = krajai("alert", "release", "1", "--yes")
    assert (again.status, again.complained) == (
        1,
        "krajai: alert 1 cannot be released: it is released already\n",
    )


def test_a_script_reads_what_became_of_a_release(flood: Path) -> None:
    krajai("alert", "import", str(flood))
    ran = krajai("alert", "release", "1", "--yes", "--no-watch", "--json")
    assert ran.json == {"alert": 1, "broadcast": 1, "state": "released", "delivery": None}
    stopped = krajai("alert", "stop", "1", "--json").json
    assert stopped["state"] == "stopped"
    assert set(stopped) == ALERT_KEYS | {"delivery"}
    assert krajai("alert", "stop", "1").status == 1


def test_who_acts_is_asked_for_before_the_question(flood: Path) -> None:
    krajai("alert", "import", str(flood))
    an_officer(flood.parent)
    unnamed = krajai("alert", "release", "1", typed="y\n")
    assert unnamed.status == 1
    assert "say who releases: --as NAME (officers: suda)" in unnamed.complained
    assert "Release alert" not in unnamed.complained
    assert krajai("alert", "import", str(flood)).status == 1
    submitted = krajai("alert", "release", "1", "--as", "suda", "--yes", "--no-watch")
    assert submitted.status == 0
    assert "alert 1 waits for a colleague's approval as draft 1" in submitted.said
    again = krajai("alert", "release", "1", "--as", "suda", "--yes", "--json")
    assert again.json == {"alert": 1, "draft": 1, "state": "submitted"}
    assert krajai("alert", "list", "--json").json["alerts"][0]["state"] == "draft"


def test_an_obstacle_is_said_and_nothing_is_asked(installation: Path) -> None:
    krajai("alert", "import", "-", typed=FLOOD.replace("Actual", "Test"))
    ran = krajai("alert", "release", "1", typed="y\n")
    assert ran.status == 1
    assert "alert 1 cannot be released: its status is Test" in ran.complained


def test_a_rehearsal_never_leaves_with_real_channels_on(flood: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    krajai("alert", "import", str(flood), "--rehearsal")
    monkeypatch.setenv("KRAJAI_LINE_CHANNEL_SECRET", "0" * 32)
    monkeypatch.setenv("KRAJAI_LINE_CHANNEL_ACCESS_TOKEN", "made-up")
    released = krajai("alert", "release", "1", "--yes", "--no-watch")
    assert released.status == 1
    assert "it is a rehearsal, and real channels are on" in released.complained
    again = krajai("alert", "import", str(flood), "--rehearsal")
    assert again.status == 1
    assert "--rehearsal is refused" in again.complained
