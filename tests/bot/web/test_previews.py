"""The previews: the same reply as each channel's own renderer makes it."""

import re

from bot.web.previews import CHANNELS, previews
from bot.wiring import Krajai
from storage.local_phones import LocalPhone, deliver
from storage.replies import Bubble, Button, ButtonKind, Picture, as_json
from tests.bot.web.pages import Page
from tests.builders import NOW

WARNING = Bubble(
    text="🔴 อันตราย ทำเดี๋ยวนี้\nน้ำป่ามาแล้ว",
    buttons=(
        Button(label="ฉันปลอดภัย", action="safe"),
        Button(label="ต้องการให้ช่วย", action="rescue.now"),
    ),
    lasting=True,
)
WHERE = Bubble(
    text="อยู่ที่ไหน",
    buttons=(
        Button(label="ส่งตำแหน่ง", action="location", kind=ButtonKind.LOCATION),
        Button(label="อ.แม่สาย", action="place:5709"),
    ),
)


def test_each_channel_in_its_own_manner(krajai: Krajai) -> None:
    made = previews((WARNING,), (Bubble(text="น้ำป่ามาแล้ว"),), krajai.settings)
    assert tuple(made) == CHANNELS
    [card] = made["line"].messages
    assert (card.is_card, card.rows) == (True, (("ฉันปลอดภัย",), ("ต้องการให้ช่วย",)))
    assert made["telegram"].messages[0].rows == (("ฉันปลอดภัย",), ("ต้องการให้ช่วย",))
    assert (made["sms"].messages[0].text, made["sms"].segments) == ("น้ำป่ามาแล้ว", 1)


def test_what_asks_for_a_position_stands_below(krajai: Krajai) -> None:
    made = previews((WHERE,), (WHERE,), krajai.settings)
    assert made["line"].below == (("ส่งตำแหน่ง",), ("อ.แม่สาย",))
    assert made["telegram"].below == (("ส่งตำแหน่ง", "อ.แม่สาย"),)
    assert made["sms"].below == ()


def test_what_a_channel_cannot_show_says_why(krajai: Krajai) -> None:
    broken = Picture(address="ftp://elsewhere/map.png", preview_address="ftp://elsewhere/map.png", alt="แผนที่")
    made = previews((Bubble(text="ดูรูป", picture=broken),), (), krajai.settings)
    assert "https://" in made["telegram"].refused
    assert made["line"].messages[0].text == "ดูรูป\nแผนที่"


def test_the_page_shows_the_asked_channel_first(page: Page, krajai: Krajai) -> None:
    with krajai.database.write() as session:
        session.add(LocalPhone(address="sim-1", name="<ยายคำ>", created_at=NOW))
        said = Bubble(text="<script>alert(1)</script>", buttons=WARNING.buttons, lasting=True)
        deliver(session, "00000000-0000-4000-8000-000000000001", ["sim-1"], as_json([said]), NOW)
    for first in CHANNELS:
        answer = page.get(f"/simulator?as={first}")
        assert answer.status_code == 200
        assert re.findall(r'class="screen screen-(\w+)"', answer.text)[0] == first
        assert "<script>alert" not in answer.text
        assert "&lt;ยายคำ&gt;" in answer.text
    assert page.get("/simulator?as=fax").status_code == 422
    assert page.get("/simulator?as=sms&phone=nobody").status_code == 200


def test_without_phones_the_page_says_so(page: Page) -> None:
    assert "ยังไม่มีข้อความจากกระจาย" in page.get("/simulator?as=telegram").text
