"""Cases in the console: who sees which, every step and what the citizen hears of it, the audit of looking."""

from datetime import timedelta

import pytest
from sqlmodel import Session, select

from bot.media import media_folder
from bot.web.console import case_work
from bot.web.console.cases import case_of
from bot.web.console.visits import OfficerVisit
from storage import media
from storage.audit import AuditEntry
from storage.cases import Case, open_case
from storage.cases_agencies import Agencies, ResponsibleAgency
from storage.lifecycles import CaseState
from storage.officers import Role
from storage.outbox import Message
from tests.bot.web.console.browsing import Browser, House
from tests.builders import account, citizen

CASES = "/console/cases"
ELSEWHERE = ResponsibleAgency(
    id="rural-roads",
    name_th="แขวงทางหลวงชนบท",
    name_en="Rural Roads",
    places=("57",),
    categories=frozenset({"road"}),
)


def case(house: House, words: str = "ไฟถนนดับ", **values: object) -> str:
    """The ticket of a new case of Mae Sai, due in two days."""
    at = house.clock.at
    given = {"place": "570906", "due_at": at + timedelta(days=2), "category": "street-light", **values}
    with house.database.write() as session:
        contact, person = citizen(session, f"sim-{words[:6]}", at=at)
        made = Case(
            kind="complaint",
            words=words,
            person_id=person.id,
            contact_id=contact.id,
            opened_at=at,
            **given,  # type: ignore[arg-type]
        )
        return open_case(session, made)


@pytest.fixture
def worker(house: House) -> Browser:
    """A case worker of the own agency, in Mae Sai."""
    house.agency("", ["57"])
    house.krajai.agencies = Agencies(own=house.krajai.agencies.own, others=(ELSEWHERE,))
    return house.signed_in(house.officer("suda.k", roles=[Role.CASE_WORKER], places=["5709"]))


def told(house: House) -> list[str]:
    with Session(house.database.engine) as session:
        return [bubble["text"] for each in session.exec(select(Message)) for bubble in each.body]


def audited(house: House, action: str) -> int:
    with Session(house.database.engine) as session:
        return len(session.exec(select(AuditEntry).where(AuditEntry.action == action)).all())


def test_the_list_by_state_place_and_deadline_tells_no_words(house: House, worker: Browser) -> None:
    late = case(house, "สายไฟขาด", due_at=house.clock.at - timedelta(hours=1))
    soon = case(house, "ไฟดับ", place="5707")
    far = case(house, "อีกอำเภอ", place="5001", agency="x", category="road")
    page = worker.get(CASES).text
    assert (late in page, soon in page, far in page) == (True, True, False)
    assert "เกินกำหนด" in page
    assert "ช้ากว่าที่สัญญา 1 เรื่อง" in page
    assert "สายไฟขาด" not in page
    overdue, near = worker.get(f"{CASES}?due=overdue").text, worker.get(f"{CASES}?place=อ.แม่จัน").text
    assert (late in overdue, soon in overdue, late in near, soon in near) == (True, False, False, True)
    both = worker.get(f"{CASES}?place=อ.แม่จัน อ.แม่สาย").text
    assert (late in both, soon in both) == (True, True)
    assert late not in worker.get(f"{CASES}?state=closed").text
    assert worker.get(f"{CASES}?place=ที่ไหนสักแห่ง").status_code == 422
    assert worker.get(f"{CASES}?ticket={late}").headers["location"] == f"{CASES}/{late}"
    rows = worker.get(f"{CASES}.csv?due=overdue")
    assert (rows.text.count("\r\n"), late in rows.text, "สายไฟขาด" in rows.text) == (2, True, False)
    assert (audited(house, "case.shown"), audited(house, "case.exported")) == (0, 1)


def test_every_step_is_told_and_the_timeline_shows_it(house: House, worker: Browser) -> None:
    number = case(house)
    page = f"{CASES}/{number}"
    for step, words, state, heard in (
        ("take", "", CaseState.TAKEN, "รับเรื่องแล้ว"),
        ("update", "ช่างกำลังไป", CaseState.IN_PROGRESS, "ช่างกำลังไป"),
        ("note", "โทรหาช่างแล้ว", CaseState.IN_PROGRESS, ""),
        ("close", "เปลี่ยนหลอดแล้ว", CaseState.DONE, "เปลี่ยนหลอดแล้ว"),
        ("reopen", "ดับอีก", CaseState.REOPENED, "ดับอีก"),
    ):
        before = len(told(house))
        answer = worker.submit(page, {"words": words}, f"{page}/{step}")
        assert answer.headers["location"] == f"{page}?done=casework.done_{step}", step
        with Session(house.database.engine) as session:
            found = session.exec(select(Case)).one()
            assert (found.state, found.officer) == (state, "suda.k"), step
        said = " ".join(told(house)[before:])
        assert (heard in said) if heard else said == "", step
    shown = worker.get(page).text
    for expected in ("โทรหาช่างแล้ว", "คนแจ้งไม่เห็น", "เปลี่ยนหลอดแล้ว", "เปิดต่อ"):
        assert expected in shown
    refused = worker.submit(page, {"words": " "}, f"{page}/update")
    assert (refused.status_code, "1 ถึง 500" in refused.text) == (422, True)
    assert worker.submit(page, {}, f"{page}/vanish").status_code == 404
    assert worker.submit(page, {"words": "x"}, f"{page}/take").status_code == 303
    assert worker.submit(page, {"words": "x"}, f"{page}/take").status_code == 409


def test_another_agency_gets_it_new_by_the_day_that_was_promised(house: House, worker: Browser) -> None:
    number = case(house)
    page = f"{CASES}/{number}"
    worker.submit(page, {}, f"{page}/take")
    for nobody in ("nobody", ""):
        wrong = worker.submit(page, {"agency": nobody, "words": "ของเขา"}, f"{page}/forward")
        assert wrong.status_code == 422, nobody
    sent = worker.submit(page, {"agency": "rural-roads", "words": "เป็นทางหลวงชนบท"}, f"{page}/forward")
    assert sent.status_code == 303
    with Session(house.database.engine) as session:
        found = session.exec(select(Case)).one()
        assert (found.agency, found.officer, found.state) == ("rural-roads", "", CaseState.NEW)
        assert found.due_at == house.clock.at + timedelta(days=2)
    assert "ส่งให้ แขวงทางหลวงชนบท แล้ว" in " ".join(told(house))
    assert "ส่งให้หน่วยงานอื่น" in worker.get(page).text


def test_whose_case_it_is_decides_who_sees_and_works(house: House, worker: Browser) -> None:
    house.agency("rural-roads", ["57"])
    house.agency("maejan", ["5707"])
    theirs = case(house, "หลุม", agency="rural-roads", category="road")
    secret = case(house, "เรียกเงิน", agency="rural-roads", confidential=True)
    neighbour = house.signed_in(house.officer("nok", roles=[Role.CASE_WORKER], agency_id="maejan"))
    owner = house.signed_in(house.officer("ake", roles=[Role.CASE_WORKER], agency_id="rural-roads"))
    author = house.signed_in(house.officer("somchai", roles=[Role.AUTHOR]))
    for browser, number, status in (
        (owner, theirs, 200), (owner, secret, 200),
        (worker, theirs, 200), (worker, secret, 403),
        (neighbour, theirs, 403), (author, theirs, 403),
        (owner, "9-4", 404), (owner, "1", 404), (owner, "x" * 90, 404),
    ):  # fmt: skip
        assert browser.get(f"{CASES}/{number}").status_code == status, (number, status)
    assert (audited(house, "case.shown"), audited(house, "console.refuse") >= 3) == (3, True)
    assert secret not in worker.get(CASES).text
    # Whose agency runs the installation works on what she sees; others on their own alone.
    assert worker.submit(f"{CASES}/{theirs}", {}, f"{CASES}/{theirs}/take").status_code == 303
    near = case(house, "ไฟ", place="5707", agency="rural-roads", category="road")
    assert "ดูได้อย่างเดียว" in neighbour.get(f"{CASES}/{near}").text
    given = {"csrf": neighbour.token("/console")}
    assert neighbour.post(f"{CASES}/{near}/take", given).status_code == 403


def test_a_photo_is_shown_and_audited_and_nothing_else_is_opened(house: House, worker: Browser) -> None:
    number = case(house)
    at = house.clock.at
    kept = media_folder(house.krajai)
    with house.database.write() as session:
        found = session.exec(select(Case)).one()
        for kind, data in (("image/jpeg", b"\xff\xd8jpeg"), ("text/html", b"<script>")):
            made = media.Media(
                case_id=found.id,
                contact_id=found.contact_id,
                account_id=account(session),
                provider_id=kind,
                kind="photo",
                state="kept",
                file=kept.keep(data),
                media_type=kind,
                size=len(data),
                not_before=at,
                created_at=at,
            )
            session.add(made)
    page = worker.get(f"{CASES}/{number}").text
    assert page.count("/files/") == 2
    first, second = (worker.get(f"{CASES}/{number}/files/{each}") for each in (1, 2))
    assert (first.content, first.headers["content-type"]) == (b"\xff\xd8jpeg", "image/jpeg")
    assert second.headers["content-type"] == "application/octet-stream"
    assert second.headers["content-disposition"].startswith("attachment")
    assert "sandbox" in first.headers["content-security-policy"]
    assert worker.get(f"{CASES}/{number}/files/3").status_code == 404
    assert audited(house, "case.file_shown") == 2


def test_a_case_that_is_forwarded_between_the_look_and_the_step_is_not_worked_on(
    house: House, worker: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.agency("rural-roads", ["57"])
    owner = house.signed_in(house.officer("ake", roles=[Role.CASE_WORKER], agency_id="rural-roads"))
    number = case(house, agency="rural-roads", category="road")
    page = f"{CASES}/{number}"

    def then_forwarded(visit: OfficerVisit, session: Session, asked: str) -> Case:
        found = case_of(visit, session, asked)
        session.expunge(found)
        with house.database.write() as colleague:
            moved = colleague.exec(select(Case)).one()
            moved.agency = ""
            colleague.add(moved)
        return found

    token = owner.token(page)
    monkeypatch.setattr(case_work, "case_of", then_forwarded)
    assert owner.post(f"{page}/take", {"csrf": token}).status_code == 403
    with Session(house.database.engine) as session:
        assert session.exec(select(Case)).one().state == CaseState.NEW
    assert audited(house, "console.refuse") == 1
