"""Alerts in the console: from the first click to the cancel, and every door that stays shut."""

import json
import re
from datetime import timedelta
from html import unescape
from typing import Any

import httpx
import pyotp
import pytest
from sqlmodel import select

from bot.web.console.drafts import ALERTS
from storage import relays
from storage.alert_drafts import AlertDraft
from storage.alerts import Alert
from storage.audit import AuditEntry
from storage.broadcasts import Broadcast
from storage.drill_members import join
from storage.lifecycles import DraftState
from storage.officers import Role
from storage.relays import RelayRole
from tests.bot.web.console.browsing import TOTP_SECRET, Browser, House
from tests.builders import NOW, citizen

XSS = "<script>alert(1)</script>"


def text_of(answer: httpx.Response) -> str:
    return unescape(re.sub(r"<[^>]+>", " ", answer.text))


def people(house: House, **bypass: Any) -> tuple[Browser, Browser]:
    """An author and an approver, signed in."""
    house.agency("", ["57"])
    author = house.officer("suda", roles=[Role.AUTHOR], **bypass)
    approver = house.officer("malee", roles=[Role.APPROVER])
    return house.signed_in(author), house.signed_in(approver)


def composed(author: Browser, template: str = "flood", mode: str = "actual", **fields: str) -> str:
    """The path of a draft that was written and looked at."""
    begun = author.submit(
        f"{ALERTS}/new?mode={mode}", {"template": template, "mode": mode}, action=f"{ALERTS}/new"
    )
    edit = begun.headers["location"]
    written = {"level": "emergency", "where": "อ.แม่สาย อ.เชียงแสน", "do": "look", "lasts": "6", **fields}
    saved = author.submit(edit, {"revision": revision(author, edit), **written}, action=edit)
    assert saved.status_code == 303, text_of(saved)
    return saved.headers["location"]


def revision(browser: Browser, path: str) -> str:
    found = re.search(r'name="revision" value="(\d+)"', browser.get(path).text)
    assert found is not None, path
    return found[1]


def submitted(author: Browser, path: str) -> httpx.Response:
    return author.submit(path, {"revision": revision(author, path)}, action=f"{path}/submit")


def approval(house: House, page: httpx.Response) -> dict[str, str]:
    """What an approver gives, as the page asks for it."""
    seen = re.search(r'name="seen" value="([0-9a-f]{64})"', page.text)
    typed = re.search(r'class="to-type">([^<]+)<', page.text)
    assert seen is not None
    assert typed is not None
    house.clock.pass_(seconds=31)
    return {"seen": seen[1], "typed": unescape(typed[1]), "code": pyotp.TOTP(TOTP_SECRET).at(house.clock.at)}


def released(house: House, author: Browser, approver: Browser, path: str) -> int:
    """The broadcast of a draft after submission and approval."""
    assert submitted(author, path).status_code == 303
    page = approver.get(path)
    answer = approver.submit(path, approval(house, page), action=f"{path}/approve")
    assert answer.status_code == 303, text_of(answer)
    onward = approver.get(answer.headers["location"]).headers["location"]
    return int(re.findall(r"/console/broadcasts/(\d+)", onward)[0])


def test_two_officers_warn_a_district_and_take_it_back(house: House) -> None:
    with house.database.write() as session:
        contact, _ = citizen(session)
        relays.join(session, contact.id or 0, ["57090603"], RelayRole.VILLAGE_HEAD, NOW, by="admin")
    author, approver = people(house)
    assert "เตือนภัยใหม่" in author.get(ALERTS).text
    path = composed(author)
    preview = author.get(path)
    assert "น้ำท่วมเร็วที่ อ.เชียงแสน อ.แม่สาย และยังขึ้น" in text_of(preview)
    for name in ("screen-line", "screen-telegram", "screen-sms", "English"):
        assert name in preview.text
    assert "ผู้ประกาศเสียงตามสาย 1 คนจะได้บทนี้ไปอ่าน" in text_of(preview)
    assert "ประกาศซ้ำ" in text_of(preview)
    assert submitted(author, path).status_code == 303
    assert "รออนุมัติ" in author.get(path).text
    assert "อนุมัติเองไม่ได้" not in approver.get(path).text
    assert "/console/alerts/1" in approver.get("/console").text
    page = approver.get(path)
    wrong = approver.submit(
        path, {**approval(house, page), "typed": "น้ำท่วม อ.พาน 1"}, action=f"{path}/approve"
    )
    assert (wrong.status_code, "พิมพ์ยืนยันไม่ตรง" in wrong.text) == (409, True)
    answer = approver.submit(path, approval(house, page), action=f"{path}/approve")
    assert answer.status_code == 303, text_of(answer)
    with house.database.read() as session:
        alert = session.exec(select(Alert)).one()
        assert (alert.state, alert.places) == ("released", ["5708", "5709"])
    watch = f"/console/broadcasts/{alert.broadcast_id}"
    assert approver.get(path).headers["location"].startswith(watch)
    shown = author.get(watch)
    assert all(each in shown.text for each in ("หยุดส่ง", "ปรับข้อมูล", "ยกเลิกคำเตือน", "data-watch"))
    cancel = author.submit(watch, {}, action=f"{ALERTS}/live/{alert.id}/cancel").headers["location"]
    assert "ส่งยกเลิก" in author.get(cancel).text
    gone = author.submit(cancel, {"revision": "1"}, action=f"{cancel}/cancel")
    assert gone.status_code == 303, text_of(gone)
    with house.database.read() as session:
        assert session.get_one(Alert, alert.id).state == "cancelled"
    assert author.get(author.get(gone.headers["location"]).headers["location"]).status_code == 200
    assert "ยกเลิกแล้ว" in author.get(ALERTS).text
    assert author.get(f"{ALERTS}.csv").text.count("krajai-") == 2
    assert "level-" in author.get(f"{ALERTS}/calendar").text
    assert author.get(f"{ALERTS}/calendar?month=9999-12").status_code == 200


def test_an_update_says_what_changed(house: House) -> None:
    author, approver = people(house)
    first = released(house, author, approver, composed(author))
    with house.database.read() as session:
        alert = session.exec(select(Alert)).one()
    begun = author.submit(f"/console/broadcasts/{first}", {}, action=f"{ALERTS}/live/{alert.id}/update")
    edit = begun.headers["location"]
    fields = {
        "revision": "1",
        "level": "emergency",
        "place": "5709",
        "th.change": "น้ำขึ้นอีก",
        "en.change": "Rising",
        "do": "look",
    }
    saved = author.submit(edit, fields, action=edit)
    assert saved.status_code == 303, text_of(saved)
    released(house, author, approver, saved.headers["location"])
    with house.database.read() as session:
        told = session.exec(select(Broadcast).order_by(Broadcast.id.desc())).first()  # type: ignore[union-attr]
        assert told is not None
        assert "น้ำขึ้นอีก" in json.dumps(told.words, ensure_ascii=False)
        assert told.audience["reached"] == [first]


def test_one_alone_at_night(house: House) -> None:
    author, _ = people(house, may_bypass=True)
    path = composed(author)
    submitted(author, path)
    page = author.get(path)
    assert "ฉุกเฉิน ส่งโดยไม่รอเพื่อนร่วมงาน" in page.text
    short = author.submit(path, {**approval(house, page), "reason": "ด่วน"}, action=f"{path}/bypass")
    assert (short.status_code, "ขอเหตุผล" in short.text) == (409, True)
    answer = author.submit(
        path, {**approval(house, page), "reason": "ตีสาม โทรไม่ติดสักคน"}, action=f"{path}/bypass"
    )
    assert answer.status_code == 303, text_of(answer)


def test_training_stays_training(house: House) -> None:
    author, approver = people(house)
    with house.database.write() as session:
        contact, _ = citizen(session)
        join(session, "อาสา", contact.id or 0, by="suda", at=NOW)
    path = composed(author, mode="training", group_name="อาสา")
    assert "mode-training" in author.get(path).text
    number = released(house, author, approver, path)
    with house.database.read() as session:
        broadcast = session.get_one(Broadcast, number)
        assert (broadcast.kind, session.exec(select(Alert)).all()) == ("training", [])
    shown = author.get(f"/console/broadcasts/{number}")
    assert "ฝึกใช้ระบบ ไม่ใช่คำเตือนจริง" in shown.text
    assert "ปรับข้อมูล</button>" not in shown.text
    assert (
        author.submit(
            f"/console/broadcasts/{number}", {}, action=f"/console/broadcasts/{number}/stop"
        ).status_code
        == 303
    )
    assert "ฝึกใช้ระบบ" in author.get("/console/drills").text


def test_doors_that_stay_shut(house: House) -> None:
    """Another agency, the author herself, an old form, words with markup, unknown numbers: refused, and audited."""
    author, approver = people(house)
    house.agency("cm", ["50"])
    stranger = house.signed_in(house.officer("nok", roles=[Role.AUTHOR, Role.APPROVER], agency_id="cm"))
    both = house.signed_in(house.officer("lek", roles=[Role.AUTHOR, Role.APPROVER]))
    path = composed(both)
    submitted(both, path)
    page = approver.get(path)
    given = approval(house, page)
    for who, expected in ((both, 409), (stranger, 403), (author, 403)):
        answer = who.submit("/console/account", {**given, "revision": "2"}, action=f"{path}/approve")
        assert answer.status_code == expected, text_of(answer)
    assert approver.post(f"{path}/approve", given).status_code == 403
    assert stranger.get(path).status_code == 403
    edit = f"{path}/edit"
    outside = {"revision": revision(both, edit), "level": "warning", "where": "อ.เมืองเชียงใหม่", "do": "look"}
    both.submit(edit, outside, action=edit)
    stale = both.submit(edit, {**outside, "revision": "1"}, action=edit)
    assert (stale.status_code, "มีคนแก้ร่างนี้ไปแล้ว" in stale.text) == (422, True)
    assert "นอกเขตที่คุณดูแล" in both.get(path).text
    assert submitted(both, path).status_code == 409
    voided = approver.submit("/console/account", {**given}, action=f"{path}/approve")
    assert voided.status_code in (403, 409)
    unclear = both.submit(edit, {"revision": revision(both, edit), "where": f"{XSS} ที่ไหนสักแห่ง"}, action=edit)
    assert (unclear.status_code, XSS in unclear.text) == (422, False)
    for number in ("99", "99999999999999999999"):
        assert both.get(f"{ALERTS}/{number}").status_code in (404, 422)
    with house.database.read() as session:
        assert session.exec(select(Broadcast)).all() == []
        refused = [each for each in session.exec(select(AuditEntry)) if each.action == "alert_draft.refuse"]
        assert {(each.detail or {})["reason"] for each in refused} >= {
            "drafting.error_own",
            "drafting.error_changed",
        }


def test_words_are_shown_as_words(house: House) -> None:
    author, _ = people(house)
    path = composed(
        author,
        template="",
        **{
            "th.headline": f"ไฟ {XSS}",
            "en.headline": XSS,
            "th.instruction": f"หนี {XSS}",
            "phone": XSS,
            "evacuation_by": XSS,
        },
    )
    for page in (path, f"{path}/edit", ALERTS):
        assert XSS not in author.get(page).text
    found = author.post(
        f"{ALERTS}/lint", {"csrf": csrf(author), "language": "th", "text": "โปรดอพยพ http://x.th !!"}
    )
    assert {"คำราชการ: โปรด พูดว่า กริยาเลย", "มีลิงก์ SMS ของรัฐไม่ส่งลิงก์"} <= set(found.json())


def csrf(browser: Browser) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', browser.get("/console/account").text)
    assert found is not None
    return found[1]


def test_an_old_submission_is_submitted_again(house: House) -> None:
    author, approver = people(house)
    path = composed(author)
    submitted(author, path)
    page = approver.get(path)
    house.clock.pass_(hours=3.5)
    renewed = house.signed_in(house.officer("dara", roles=[Role.APPROVER]))
    answer = renewed.submit("/console/account", approval(house, page), action=f"{path}/approve")
    assert answer.status_code == 409
    with house.database.read() as session:
        assert session.exec(select(AlertDraft)).one().state == DraftState.SUBMITTED


def test_progress_comes_as_events(house: House) -> None:
    author, approver = people(house)
    number = released(house, author, approver, composed(author))
    author.submit(f"/console/broadcasts/{number}", {}, action=f"/console/broadcasts/{number}/stop")
    events = author.get(f"/console/broadcasts/{number}/events")
    assert events.headers["content-type"].startswith("text/event-stream")
    (line,) = [each for each in events.text.splitlines() if each.startswith("data: ")]
    assert json.loads(line.removeprefix("data: "))["over"] is True


def test_shelters_and_words_of_an_agency(house: House) -> None:
    author, _ = people(house)
    added = author.submit(
        "/console/shelters", {"name_th": "ร.ร.บ้านป่าแดง", "where": "ต.เวียงพางคำ"}, action="/console/shelters"
    )
    assert added.status_code == 303, text_of(added)
    assert "ร.ร.บ้านป่าแดง" in author.get("/console/shelters").text
    one = house.signed_in(house.officer("kan", roles=[Role.KNOWLEDGE_EDITOR]))
    other = house.signed_in(house.officer("porn", roles=[Role.KNOWLEDGE_EDITOR]))
    words = {
        "template": "flood",
        "level": "watch",
        "language": "th",
        "form": "chat",
        "body": "น้ำอาจล้นที่ {where} {when} ยกของขึ้นที่สูง",
    }
    bad = one.submit("/console/templates", {**words, "body": "ไม่มีที่"}, action="/console/templates")
    assert bad.status_code == 422
    assert one.submit("/console/templates", words, action="/console/templates").status_code == 303
    own = one.submit("/console/templates", {}, action="/console/templates/1/approve")
    assert own.status_code == 422
    assert other.submit("/console/templates", {}, action="/console/templates/1/approve").status_code == 303
    assert "น้ำอาจล้นที่ อ.เชียงแสน อ.แม่สาย" in text_of(author.get(composed(author, level="watch")))


@pytest.mark.parametrize(
    "path", [ALERTS, f"{ALERTS}/new", f"{ALERTS}.csv", "/console/shelters", "/console/drills"]
)
def test_pages_are_small(house: House, path: str) -> None:
    author, _ = people(house)
    answer = author.get(path)
    assert answer.status_code == 200
    assert len(answer.content) < 200_000


def test_whole_day_expiry_unless_said(house: House) -> None:
    author, _ = people(house)
    composed(author, lasts="")
    with house.database.read() as session:
        assert session.exec(select(AlertDraft)).one().expires_at == NOW + timedelta(hours=24)
