"""krajai person and krajai places link: a citizen's data on her request, and the addresses of posters."""

from pathlib import Path

import pytest
from sqlmodel import col, select

from storage.audit import AuditEntry
from storage.database import Database
from storage.officers import Officer
from storage.people import Contact
from storage.safety import SafetyAnswer, SafetyReport
from tests.bot.commands.running import krajai
from tests.builders import NOW, account, citizen
from tests.storage.traces import contents, traces

NUMBER = "+66812345678"
WORDS = "ยายคำปันติดอยู่บนหลังคา"


@pytest.fixture
def database(installation: Path) -> Database:
    made = Database(f"sqlite:///{installation / 'krajai.db'}")
    with made.write() as session:
        contact, person = citizen(session, NUMBER, account_id=account(session, "sms"))
        session.add(
            SafetyReport(
                contact_id=contact.id or 0,
                person_id=person.id or 0,
                answer=SafetyAnswer.NEED_HELP,
                words=WORDS,
                at=NOW,
            )
        )
    return made


def test_a_telephone_is_joined_by_an_officer(database: Database) -> None:
    with database.write() as session:
        citizen(session, "U1", account_id=account(session, "line"))
        citizen(session, "+66899999999", account_id=account(session, "sms"))
    refused = krajai("person", "join", "line:U1", f"sms:{NUMBER}")
    assert refused.status != 0
    assert "safety_report" in refused.complained
    assert krajai("person", "join", "line:U1", "sms:+66899999999").status == 0
    with database.read() as session:
        addresses = col(Contact.address).in_(["U1", "+66899999999"])
        known = session.exec(select(Contact.person_id).where(addresses)).all()
    assert len(known) == 2
    assert len(set(known)) == 1
    database.close()


def test_the_export_is_whole_and_audited_without_her_data(database: Database) -> None:
    ran = krajai("person", "export", f"sms:{NUMBER}", "--json")
    assert ran.status == 0
    assert ran.json["contact"][0]["address"] == NUMBER
    assert ran.json["safety_report"][0]["words"] == WORDS
    assert WORDS in krajai("person", "export", f"sms:{NUMBER}").said
    with database.read() as session:
        entries = session.exec(select(AuditEntry).where(AuditEntry.action == "person.export")).all()
    assert len(entries) == 2
    assert traces(repr(entries).encode(), [NUMBER, WORDS]) == []
    database.close()


def test_erasing_needs_her_word_and_an_officer(database: Database) -> None:
    with database.write() as session:
        session.add(Officer(name="suda.k", created_at=NOW))
    assert krajai("person", "erase", f"sms:{NUMBER}").status == 2
    assert "--as" in krajai("person", "erase", f"sms:{NUMBER}", "--yes").complained
    assert traces(contents(database), [NUMBER]) == [NUMBER]
    assert krajai("person", "erase", f"sms:{NUMBER}", "--yes", "--as", "suda.k").status == 0
    assert traces(contents(database), [NUMBER, WORDS]) == []
    with database.read() as session:
        assert len(session.exec(select(Contact)).all()) == 1, (
            "nobody is told: the number is forgotten at once"
        )
    database.close()


def test_nobody_is_found_where_nobody_is(database: Database) -> None:
    assert "nobody is known" in krajai("person", "export", "sms:+66899999999").complained
    assert "nobody is known" in krajai("person", "export", f"line:{NUMBER}").complained
    assert krajai("person", "export", NUMBER).status == 2
    database.close()


def test_the_addresses_of_a_poster() -> None:
    ran = krajai("places", "link", "57090603", "--telegram", "@krajai_bot", "--line", "@123abcde", "--json")
    assert ran.json == {
        "place": "57090603",
        "telegram": "https://t.me/krajai_bot?start=57090603",
        "line": "https://line.me/R/oaMessage/%40123abcde/?%E0%B8%9B%E0%B9%89%E0%B8%B2%E0%B8%A2%2057090603",
    }
    assert "อ.แม่สาย" in krajai("places", "link", "อ.แม่สาย", "--telegram", "krajai_bot").said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["57", "--telegram", "krajai_bot"], "names 0 districts"),
        (["57090603"], "at least one account"),
        (["57090603", "--telegram", "no bot"], "no name of a bot"),
        (["57090603", "--line", "@ABC/.."], "no basic id"),
    ],
)
def test_a_poster_of_nothing_is_refused(arguments: list[str], said: str) -> None:
    ran = krajai("places", "link", *arguments)
    assert ran.status != 0
    assert said in ran.complained
