"""What officers find in the console beside the straight way: a new way in, channels, whole provinces, drills, words."""

import re
from html import unescape

import pyotp

from bot.web.console.drafts import ALERTS
from storage.officers import Role
from storage.safety import SafetyAnswer, SafetyReport, keep_report
from tests.bot.web.console.browsing import PASSWORD, House
from tests.bot.web.console.test_drafts import composed, people, released, revision, submitted, text_of
from tests.builders import account, citizen


def test_an_admin_who_opens_a_colleagues_account_approves_nothing_of_her_own(house: House) -> None:
    house.agency("", ["57"])
    roles = [Role.AUTHOR, Role.ADMIN]
    admin, victim = house.officer("suda", roles=roles), house.officer("malee", roles=[Role.APPROVER])
    author, colleague = house.signed_in(admin), house.signed_in(house.officer("anan", roles=[Role.APPROVER]))
    path = composed(author)
    assert submitted(author, path).status_code == 303
    account_page = f"/console/officers/{victim.id}"
    link = author.submit(account_page, {}, action=f"{account_page}/link")
    thief = house.browser()
    join = re.search(r"(/console/join/[\w-]+)", link.text)
    assert join is not None
    password = {"password": PASSWORD + "ใหม่", "again": PASSWORD + "ใหม่"}
    assert thief.submit(join[1], password).status_code == 303
    secret = re.search(r'class="secret">([A-Z2-7 ]+)<', thief.get("/console/joining").text)
    assert secret is not None
    totp = pyotp.TOTP(secret[1].replace(" ", ""))
    assert thief.submit("/console/joining", {"code": totp.at(house.clock.at)}).status_code == 200
    house.clock.pass_(seconds=31)
    page = thief.get(path)
    seen, typed = (
        re.search(pattern, page.text)
        for pattern in (r'name="seen" value="([0-9a-f]{64})"', r'class="to-type">([^<]+)<')
    )
    assert seen is not None
    assert typed is not None
    given = {"seen": seen[1], "typed": unescape(typed[1]), "code": totp.at(house.clock.at)}
    refused = thief.submit(path, given, action=f"{path}/approve")
    assert (refused.status_code, "เพิ่งตั้งใหม่ด้วยลิงก์" in refused.text) == (409, True)
    assert "ตั้งใหม่ด้วยลิงก์ที่ suda ทำ โทรถามเจ้าตัว" in colleague.get("/console").text
    assert "ถ้าไม่ใช่คุณ" in thief.get("/console").text
    assert "อนุมัติคำเตือนของกันไม่ได้" in author.get(account_page).text


def test_channels_are_chosen_counted_and_shown(house: House) -> None:
    author, _ = people(house)
    with house.database.write() as session:
        citizen(session)
        citizen(session, "+66812345678", account_id=account(session, "sms"))
    path = composed(author, channels="local sms", channel="sms")
    page = author.get(path)
    assert "อีก 1 คนในพื้นที่จะไม่ได้รับ" in text_of(page)
    assert ("screen-sms" in page.text, "screen-line" in page.text) == (True, False)
    edit = f"{path}/edit"
    given = {"revision": revision(author, edit), "level": "emergency", "place": "5709", "do": "look"}
    none = author.submit(edit, {**given, "channels": "local sms"}, action=edit)
    assert (none.status_code, "เลือกอย่างน้อยหนึ่งช่องทาง" in none.text) == (422, True)
    everything = {**given, "channels": "local sms", "channel": ["local", "sms"]}
    assert author.submit(edit, everything, action=edit).status_code == 303
    assert "จะไม่ได้รับ" not in text_of(author.get(path))


def test_what_people_answered_stands_beside_what_was_sent(house: House) -> None:
    author, approver = people(house)
    with house.database.write() as session:
        contact, person = citizen(session)
    number = released(house, author, approver, composed(author))
    with house.database.write() as session:
        for answer in (SafetyAnswer.NEED_HELP, SafetyAnswer.SAFE):
            report = SafetyReport(
                contact_id=contact.id or 0,
                person_id=person.id or 0,
                broadcast_id=number,
                answer=answer,
                place="5709",
                at=house.clock.at,
            )
            keep_report(session, report)
    page = author.get(f"/console/broadcasts/{number}").text
    assert ('data-answer="safe">1<' in page, 'data-answer="need_help">0<' in page) == (True, True)
    assert re.search('<td data-share="5709"[^>]*>', page)
    told = author.get(f"/console/broadcasts/{number}/events?only=answers").text
    assert told == 'data: {"answers": {"safe": 1, "need_help": 0}}\n\n'


def test_who_acts_for_many_provinces_chooses_one_first(house: House) -> None:
    house.agency("", ["50", "51", "52", "57"])
    author = house.signed_in(house.officer("suda", roles=[Role.AUTHOR]))
    begun = author.submit(f"{ALERTS}/new", {"template": "flood"}, action=f"{ALERTS}/new")
    edit = begun.headers["location"]
    page = author.get(edit).text
    assert ('name="province"' in page, 'data-place="5709"' in page) == (True, False)
    given = {"revision": revision(author, edit), "level": "warning", "province": "57", "do": "province"}
    onward = author.submit(edit, given, action=edit).headers["location"]
    assert onward == f"{edit}?province=57"
    page = author.get(onward).text
    assert ('data-place="5709"' in page, 'data-place="5001"' in page) == (True, False)
    assert '<input type="checkbox" name="place" value="57">' in page
    assert author.get(f"{edit}?province=<>").status_code == 200


def test_the_record_of_drills_is_a_table_of_her_agency(house: House) -> None:
    author, _ = people(house)
    rows = author.get("/console/drills.csv")
    assert (rows.status_code, rows.text.count("\r\n")) == (200, 1)
    assert "ซ้อมเตือนภัย" not in author.get("/console").text
    house.clock.pass_(days=32)
    later = house.signed_in(house.officer("lek", roles=[Role.AUTHOR]))
    assert "ไม่ได้ซ้อมเตือนภัยมาอย่างน้อย 31 วัน" in later.get("/console/drills").text


def test_own_words_wait_for_a_colleague_and_the_earlier_stay_until_then(house: House) -> None:
    house.agency("", ["57"])
    first, second = (
        house.signed_in(house.officer(name, roles=[Role.AUTHOR, Role.APPROVER])) for name in ("suda", "malee")
    )
    which = "template=flood&level=emergency&language=th&form=chat"
    page = f"/console/templates?{which}"
    said = dict(each.split("=") for each in which.split("&"))
    for number, words in enumerate(("น้ำท่วมที่ {where} ขึ้นที่สูง ธงแดง", "น้ำท่วมที่ {where} ขึ้นที่สูง ธงดำ"), 1):
        answer = first.submit(page, {**said, "body": words}, action="/console/templates")
        assert answer.headers["location"].startswith(page)
        assert first.submit(page, {}, action=f"/console/templates/{number}/approve").status_code == 422
        assert "คำในแม่แบบรอคุณตรวจ 1 รายการ" in second.get("/console").text
        shown = first.get(composed(first)).text
        assert ("ธงแดง" in shown, "ธงดำ" in shown) == (number == 2, False)
        assert second.submit(page, {}, action=f"/console/templates/{number}/approve").status_code == 303
    assert "ธงดำ" in first.get(composed(first)).text
