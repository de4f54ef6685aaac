"""The board of those who need help, as officers on duty use it."""

import csv
import io

import pytest
from sqlmodel import Session, select

from storage import duty_calls
from storage.audit import AuditEntry
from storage.duty_calls import CallKind
from storage.help_requests import Cry, HelpRequest, note_cry
from storage.help_telling import NEXT_WORD, keep_promises
from storage.officers import Role
from storage.outbox import Message
from storage.safety import SafetyAnswer, SafetyReport, keep_report
from tests.bot.web.console.browsing import Browser, House
from tests.builders import account, citizen


def cry(
    house: House,
    address: str = "sim-1",
    words: str = "ช่วยด้วย",
    place: str | None = "5709",
    channel: str = "local",
) -> int:
    """Somebody cries for help; the number of the request."""
    with house.database.write() as session:
        contact, person = citizen(session, address, account_id=account(session, channel), at=house.clock.at)
        assert contact.id is not None
        assert person.id is not None
        keep_report(
            session,
            SafetyReport(
                contact_id=contact.id,
                person_id=person.id,
                answer=SafetyAnswer.NEED_HELP,
                words=words,
                place=place,
                at=house.clock.at,
            ),
        )
        made = note_cry(
            session,
            Cry(
                contact_id=contact.id,
                person_id=person.id,
                at=house.clock.at,
                place=place,
                needs=("bedridden",),
                people=4,
            ),
        )
        return made.number


@pytest.fixture
def duty(house: House) -> Browser:
    """A case worker of Mae Sai."""
    house.agency("", ["57"])
    return house.signed_in(house.officer("suda.k", roles=[Role.CASE_WORKER], places=["5709"]))


def said(house: House) -> list[str]:
    with Session(house.database.engine) as session:
        return [each.body[0]["text"] for each in session.exec(select(Message))]


def state(house: House, number: int) -> str:
    with Session(house.database.engine) as session:
        return session.get_one(HelpRequest, number).state


def test_who_waits_is_listed_with_words_needs_and_place(house: House, duty: Browser) -> None:
    assert "ไม่มีใครรอให้ช่วย" in duty.get("/console/board").text
    cry(house, words="ยายติดเตียง <b>น้ำถึงอก</b>")
    house.clock.pass_(minutes=7)
    page = duty.get("/console/board").text
    for expected in ("อ.แม่สาย", "ยายติดเตียง &lt;b&gt;น้ำถึงอก", "ลุกเดินไม่ได้", "4 คน", "7 นาที", "รอทีม"):
        assert expected in page


def test_a_team_is_sent_and_she_is_told_at_every_step(house: House, duty: Browser) -> None:
    number = cry(house)
    page = f"/console/board/{number}"
    for step, fields, becomes in (
        ("assign", {"team": "กู้ภัยแม่สาย", "minutes": "20"}, "assigned"),
        ("give_back", {}, "new"),
        ("assign", {"team": "อบต.เวียงพางคำ", "minutes": ""}, "assigned"),
        ("ask", {}, "assigned"),
        ("say", {"words": "ขึ้นชั้นสองไว้ก่อน"}, "assigned"),
        ("reach", {}, "reached"),
        ("close", {"reason": "ส่งโรงพยาบาลแล้ว"}, "closed"),
    ):
        answer = duty.submit(page, fields, f"{page}/{step}")
        assert answer.status_code == 303, (step, answer.text)
        assert duty.get(answer.headers["location"]).status_code == 200
        assert state(house, number) == becomes
    assert [each.split("\n")[0] for each in said(house)] == [
        "กู้ภัยแม่สายรับเรื่องของคุณแล้ว ยังบอกเวลาถึงไม่ได้ น้ำขึ้นอีกให้ขึ้นที่สูงกว่าเดิม",
        "ทีมเดิมไปไม่ได้แล้ว กำลังหาทีมใหม่ มีเมื่อไรจะบอกทันที น้ำขึ้นอีกให้ขึ้นที่สูงกว่าเดิม",
        "อบต.เวียงพางคำรับเรื่องของคุณแล้ว ยังบอกเวลาถึงไม่ได้ น้ำขึ้นอีกให้ขึ้นที่สูงกว่าเดิม",
        "ยังอยู่ไหม พิมพ์ชื่อหมู่บ้านหรือส่งรูปรอบตัวก็ได้ น้ำขึ้นให้ไปที่สูงกว่าก่อน",
        "เจ้าหน้าที่บอกว่า",
        "เจ้าหน้าที่ปิดเรื่องขอให้ช่วยของคุณแล้ว ยังต้องการให้ช่วยกด แย่ลง หรือพิมพ์ ช่วยด้วย",
    ]
    assert "จะบอกอีกครั้งก่อน" in said(house)[0]


@pytest.mark.parametrize(
    ("step", "fields", "status"),
    [
        ("assign", {"team": ""}, 422),
        ("assign", {"team": "x", "minutes": "-1"}, 422),
        ("assign", {"team": "x", "minutes": "๒๐๐๐"}, 422),
        ("close", {"reason": " "}, 422),
        ("merge", {"into": "1; DROP"}, 422),
        ("merge", {"into": "999"}, 404),
        ("merge", {"into": "1"}, 409),
        ("say", {"words": ""}, 422),
        ("vanish", {}, 404),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(
    house: House, duty: Browser, step: str, fields: dict[str, str], status: int
) -> None:
    number = cry(house)
    page = f"/console/board/{number}"
    assert duty.submit(page, fields, f"{page}/{step}").status_code == status
    assert state(house, number) == "new"
    assert said(house) == []


def test_another_places_cries_are_neither_seen_nor_worked_on(house: House, duty: Browser) -> None:
    elsewhere, unknown = cry(house, "a", place="5001"), cry(house, "b", place=None)
    assert f"/console/board/{elsewhere}" not in duty.get("/console/board").text
    assert f"/console/board/{unknown}" in duty.get("/console/board").text
    assert duty.get(f"/console/board/{elsewhere}").status_code == 403
    token = duty.token(f"/console/board/{unknown}")
    stolen = {"csrf": token, "team": "x"}
    assert duty.post(f"/console/board/{elsewhere}/assign", stolen).status_code == 403
    merged = {"csrf": token, "into": str(elsewhere)}
    assert duty.post(f"/console/board/{unknown}/merge", merged).status_code == 403
    assert duty.get("/console/board/987654").status_code == 404


def test_a_look_at_somebody_is_audited_and_a_phone_is_shown_where_there_is_one(
    house: House, duty: Browser
) -> None:
    number = cry(house, "+66812345678", channel="sms")
    assert "tel:+66812345678" in duty.get(f"/console/board/{number}").text
    with Session(house.database.engine) as session:
        entries = [(each.actor, each.action, each.subject) for each in session.exec(select(AuditEntry))]
    assert ("suda.k", "help.viewed", f"help_request/{number}") in entries


def test_the_table_for_teams_runs_no_formula(house: House, duty: Browser) -> None:
    cry(house, words='=HYPERLINK("http://x")')
    answer = duty.get("/console/board.csv")
    rows = list(csv.reader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert rows[1][-1] == '\'=HYPERLINK("http://x")'
    assert rows[1][4] == "อ.แม่สาย จ.เชียงราย"


def test_a_promise_that_passes_is_kept_by_saying_that_there_is_no_news(house: House, duty: Browser) -> None:
    number = cry(house)
    page = f"/console/board/{number}"
    duty.submit(page, {"team": "กู้ภัยแม่สาย", "minutes": "20"}, f"{page}/assign")
    house.clock.pass_(minutes=19)
    with house.database.write() as session:
        assert keep_promises(session, house.clock.at) == 0
    house.clock.pass_(minutes=2)
    with house.database.write() as session:
        assert (keep_promises(session, house.clock.at), keep_promises(session, house.clock.at)) == (1, 0)
        assert session.get_one(HelpRequest, number).promised_at == house.clock.at + NEXT_WORD
        assert duty_calls.open_call(session, CallKind.CRY, f"help_request/{number}") is not None
    assert said(house)[-1].startswith("ยังไม่มีข่าวใหม่ กู้ภัยแม่สายยังมีเรื่องของคุณอยู่")


def test_the_map_and_the_table_tell_who_needs_help_and_who_is_safe(house: House, duty: Browser) -> None:
    cry(house)
    with house.database.write() as session:
        contact, person = citizen(session, "sim-9", at=house.clock.at)
        report = SafetyReport(
            contact_id=contact.id or 0,
            person_id=person.id or 0,
            answer=SafetyAnswer.SAFE,
            place="570906",
            at=house.clock.at,
        )
        keep_report(session, report)
    page = duty.get("/console/board").text
    assert 'class="land heat-1"' in page
    assert 'href="/console/board?place=5709"' in page
    assert 'data-label="บอกว่าปลอดภัย">1<' in page
