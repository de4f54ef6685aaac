"""krajai case: what officers see and do at the command line."""

from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from bot.media import media_folder
from bot.settings import read_settings
from bot.wiring import open_krajai
from storage import media
from storage.audit import AuditEntry
from storage.cases import Case, open_case, ticket
from storage.database import Database
from storage.media import Media, MediaKind
from storage.outbox import Message
from storage.safety import SafetyAnswer, SafetyReport, keep_report
from storage.signs import OBEYED
from tests.bot.commands.running import krajai
from tests.builders import NOW, citizen


def database() -> Database:
    return Database(read_settings().database_url)


def reported(words: str = "ไฟถนนดับหน้าวัดป่า", **fields: Any) -> str:
    found = database()
    with found.write() as session:
        contact, person = citizen(session)
        known: dict[str, Any] = {
            "kind": "complaint",
            "category": "street-light",
            "place": "500108",
            "opened_at": NOW,
        }
        case = Case(**(known | {"words": words, "person_id": person.id, "contact_id": contact.id} | fields))
        number = open_case(session, case)
    found.close()
    return number


def told() -> list[str]:
    found = database()
    with found.read() as session:
        said = [bubble["text"] for message in session.exec(select(Message)) for bubble in message.body]
    found.close()
    return said


@pytest.mark.usefixtures("installation")
def test_a_case_is_taken_updated_and_closed() -> None:
    number = reported()
    assert krajai("case", "take", number).said == f"case {number} is taken\n"
    assert krajai("case", "update", number, "ช่างไปดูแล้ว").said == f"case {number} is in_progress\n"
    assert krajai("case", "note", number, "โทรถามร้าน").status == 0
    closed = krajai("case", "close", number, "เปลี่ยนหลอดไฟแล้ว", "--json")
    assert closed.json["state"] == "done"
    assert len(told()) == 3
    assert "เปลี่ยนหลอดไฟแล้ว" in told()[-1]
    again = krajai("case", "reopen", number, "ยังดับอยู่", "--json")
    assert again.json["state"] == "reopened"
    shown = krajai("case", "show", number, "--json").json
    assert [each["kind"] for each in shown["timeline"]] == [
        "opened",
        "taken",
        "update",
        "note",
        "done",
        "reopened",
    ]
    assert shown["words"] == "ไฟถนนดับหน้าวัดป่า"
    assert "โทรถามร้าน" in krajai("case", "show", number).said


@pytest.mark.usefixtures("installation")
def test_who_reported_it_is_nowhere_shown() -> None:
    number = reported(anonymous=True)
    shown = krajai("case", "show", number, "--json")
    assert shown.json["anonymous"]
    assert (
        "sim-1"
        not in shown.said + krajai("case", "show", number).said + krajai("case", "list", "--json").said
    )
    assert not {"person_id", "contact_id", "person", "contact"} & shown.json.keys()


@pytest.mark.usefixtures("installation")
def test_the_list_shows_what_is_open_and_can_be_narrowed() -> None:
    light, road = reported(), reported("ถนนเป็นหลุม", category="road", place="570906", agency="x")
    krajai("case", "cancel", road, "อยู่นอกเขต")
    listed = krajai("case", "list", "--json").json["cases"]
    assert [each["ticket"] for each in listed] == [light]
    assert [
        each["ticket"] for each in krajai("case", "list", "--state", "cancelled", "--json").json["cases"]
    ] == [road]
    assert krajai("case", "list", "--category", "garbage", "--json").json == {"cases": []}
    assert len(krajai("case", "list", "--place", "50", "--kind", "complaint", "--json").json["cases"]) == 1
    assert "ไฟถนนดับหน้าวัดป่า" in krajai("case", "list").said
    assert krajai("case", "list", "--category", "roads").status == 2


@pytest.mark.usefixtures("installation")
def test_a_list_of_nowhere_and_of_nobody_names_the_mend() -> None:
    number = reported()
    for arguments in (("--place", "5001"), ("--agency", "")):
        assert number in krajai("case", "list", *arguments).said
    for option, value, mend in (
        ("--place", "แม่สาย", "krajai places find แม่สาย"),
        ("--place", "99", "krajai places find 99"),
        ("--place", "", "krajai places find"),
        ("--agency", "x", "give one of '' for the own one"),
    ):
        ran = krajai("case", "list", option, value)
        assert ran.status == 2
        assert mend in ran.complained
    krajai("case", "take", number)
    krajai("case", "close", number, "เปลี่ยนหลอดไฟแล้ว")
    assert "reopen it first" in krajai("case", "close", number, "อีกครั้ง").complained


@pytest.mark.usefixtures("installation")
def test_once_there_are_officers_somebody_has_to_answer_for_each_step() -> None:
    number = reported()
    krajai("officer", "add", "suda")
    assert krajai("case", "take", number).status == 1
    assert krajai("case", "show", number).status == 1
    assert krajai("case", "take", number, "--as", "nobody").status == 1
    assert krajai("case", "take", number, "--as", "suda").status == 0
    krajai("case", "show", number, "--as", "suda")
    found = database()
    with found.read() as session:
        acts = [(each.actor, each.action) for each in session.exec(select(AuditEntry))]
    found.close()
    assert ("suda", "case.taken") in acts
    assert ("suda", "case.shown") in acts


@pytest.mark.usefixtures("installation")
@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("update", "{}", "words"), "take it first"),
        (("close", "{}", "words"), "take it first"),
        (("update", "{}", " "), "say in words"),
        (("take", "4217-1"), "last digit"),
        (("take", "4217-7"), "no case"),
        (("file", "{}", "1", "out.jpg"), "no kept file"),
    ],
)
def test_what_cannot_be_done_is_said(arguments: tuple[str, ...], complaint: str) -> None:
    number = reported()
    ran = krajai("case", *(each.format(number) for each in arguments))
    assert ran.status == 1
    assert complaint in ran.complained
    assert told() == []


def test_a_photo_is_written_out_and_nothing_is_overwritten(
    installation: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KRAJAI_SECRET_KEY", "a secret key of more than sixteen bytes")
    number = reported()
    opened = open_krajai(read_settings())
    with opened.database.write() as session:
        case = session.exec(select(Case)).one()
        assert case.contact_id is not None
        assert case.person_id is not None
        wanted = media.want(
            session,
            MediaKind.PHOTO,
            provider_id="p",
            account_id=opened.local_account_id,
            contact_id=case.contact_id,
            person_id=case.person_id,
            at=NOW,
        )
        assert wanted is not None
        media.attach(session, [wanted.number], case.contact_id, case.number)
        name = media_folder(opened).keep(b"a photo")
        media.settle_kept(session, wanted, file=name, sha256="x", size=7, media_type="image/jpeg", at=NOW)
    with opened.database.read() as session:
        kept = session.exec(select(Media)).one().number
    opened.close()
    assert krajai("case", "show", number, "--json").json["files"][0]["state"] == "kept"
    assert krajai("case", "file", number, str(kept), "out.jpg").status == 0
    assert (installation / "out.jpg").read_bytes() == b"a photo"
    again = krajai("case", "file", number, str(kept), "out.jpg")
    assert again.status == 1
    assert "exists" in again.complained.lower()
    assert ticket(1) == number


def sent_with_a_cry() -> tuple[int, int]:
    """The numbers of a cry for help and of the photo that came with it."""
    opened = open_krajai(read_settings())
    with opened.database.write() as session:
        contact, person = citizen(session)
        assert contact.id is not None
        assert person.id is not None
        cry = SafetyReport(contact_id=contact.id, person_id=person.id, answer=SafetyAnswer.NEED_HELP, at=NOW)
        keep_report(session, cry)
        photo = media.want(
            session,
            MediaKind.PHOTO,
            provider_id="p",
            account_id=opened.local_account_id,
            contact_id=contact.id,
            person_id=person.id,
            at=NOW,
        )
        assert photo is not None
        media.attach_to_report(session, [photo.number], contact.id, cry.number)
        name = media_folder(opened).keep(b"a roof")
        media.settle_kept(session, photo, file=name, sha256="x", size=6, media_type="image/jpeg", at=NOW)
        numbers = cry.number, photo.number
    opened.close()
    return numbers


def test_officers_get_what_came_with_a_cry_for_help(installation: Path) -> None:
    cry, photo = sent_with_a_cry()
    for narrowed in ((), ("--report", str(cry))):
        (listed,) = krajai("case", "media", *narrowed, "--json").json["files"]
        assert (listed["report"], listed["number"], listed["state"]) == (cry, photo, "kept")
    assert "image/jpeg" in krajai("case", "media").said
    assert krajai("case", "media", "--report", str(cry + 1), "--json").json == {"files": []}
    assert krajai("case", "media", "--number", str(photo)).status == 2
    write = ("case", "media", "--number", str(photo), "--to", "roof.jpg")
    assert "came with cry" in krajai(*write, "--report", str(cry + 1)).complained
    krajai("officer", "add", "suda")
    assert krajai(*write).status == 1
    assert krajai(*write, "--as", "suda").status == 0
    assert (installation / "roof.jpg").read_bytes() == b"a roof"
    assert "exists" in krajai(*write, "--as", "suda").complained.lower()
    found = database()
    with found.read() as session:
        acts = [(each.actor, each.action, each.subject) for each in session.exec(select(AuditEntry))]
    found.close()
    assert ("suda", "safety_report.file_shown", f"safety_report/{cry}") in acts


@pytest.mark.usefixtures("installation")
def test_no_words_command_an_officers_terminal() -> None:
    forged = "หลุม\x1b]0;PWN\x07\x1b[2J\u202eกลับ\x9b31m"
    number = reported(forged)
    krajai("case", "note", number, "ดู\x1b[31mแล้ว")
    for command in (("list",), ("show", number)):
        said = krajai("case", *command).said
        assert not OBEYED.search(said.replace("\n", ""))
        assert "หลุม␛]0;PWN␇␛[2J�กลับ�31m" in said
        written = krajai("case", *command, "--json")
        assert not OBEYED.search(written.said.replace("\n", ""))
    assert krajai("case", "show", number, "--json").json["words"] == forged
    krajai("case", "take", number)
    krajai("case", "update", number, "ช่าง\x01ไป\u202e\x1b[31mแล้ว")
    assert "ช่างไป[31mแล้ว" in told()[-1]
