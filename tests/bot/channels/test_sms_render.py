"""Bubbles in an SMS: plain words, numbers for buttons, nothing that cannot be sent."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.sms_render import rendering, sms_text
from storage.replies import Bubble, Button, ButtonKind, Picture
from storage.wording import say

SAFE = Button(label="ฉันปลอดภัย", action="safe")
HELP = Button(label="ต้องการให้ช่วย", action="rescue.now")
LOCATION = Button(label="ส่งตำแหน่ง", action="location", kind=ButtonKind.LOCATION)
PHOTO = Button(label="ถ่ายรูป", action="photo", kind=ButtonKind.PHOTO)
MAE_SAI = Button(label="อ.แม่สาย", action="place:5709")
MAE_CHAN = Button(label="อ.แม่จัน", action="place:5707")


def text(*bubbles: Bubble, can_reply: bool = True) -> str:
    return sms_text(bubbles, can_reply=can_reply)


def test_the_level_sign_goes_and_its_word_stays() -> None:
    assert text(Bubble(text="🔴 อันตราย ทำเดี๋ยวนี้\nน้ำป่ามาแล้ว")) == "อันตราย ทำเดี๋ยวนี้\nน้ำป่ามาแล้ว"


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("✅ รับแล้ว", "รับแล้ว"),
        ("⚪ ฝึกซ้อม", "ฝึกซ้อม"),
        ("ครอบครัว 👨‍👩‍👧‍👦 👍🏽 🇹🇭", "ครอบครัว"),
        ("กด 1️⃣ หรือ #️⃣", "กด 1 หรือ #"),
        ("❤️ ⚠️ ☎️", ""),
        ("ดู https://a.go.th/x นะ", "ดู นะ"),
        ("38 °C ½ ราคา 61.20 ฿", "38 °C ½ ราคา 61.20 ฿"),
        ("ကယ်ပါ ជួយផង", "ကယ်ပါ ជួយផង"),
    ],
)
def test_no_emoji_and_no_links(said: str, expected: str) -> None:
    assert text(Bubble(text=said)) == expected


def test_several_bubbles_are_one_text() -> None:
    assert text(Bubble(text="หนึ่ง"), Bubble(text="สอง")) == "หนึ่ง\nสอง"


def test_buttons_become_numbers() -> None:
    assert text(Bubble(text="อยู่ที่ไหน", buttons=(MAE_SAI, MAE_CHAN))) == "อยู่ที่ไหน\nตอบเลข 1 อ.แม่สาย 2 อ.แม่จัน"


def test_the_numbers_are_those_that_the_dialog_counts() -> None:
    bubbles = (
        Bubble(text="ก", buttons=(MAE_CHAN,)),
        Bubble(text="อยู่ที่ไหน", buttons=(LOCATION, MAE_SAI, PHOTO, MAE_CHAN)),
    )
    assert text(*bubbles) == "ก\nอยู่ที่ไหน\nตอบเลข 2 อ.แม่สาย 4 อ.แม่จัน"


def test_eight_and_nine_are_for_safe_and_help_alone() -> None:
    assert text(Bubble(text="น้ำป่ามาแล้ว", buttons=(SAFE, HELP))) == "น้ำป่ามาแล้ว\nตอบ 8 ปลอดภัย ตอบ 9 ขอให้ช่วย"
    assert text(Bubble(text="น้ำป่า", buttons=(HELP,))) == "น้ำป่า\nตอบ 9 ขอให้ช่วย"
    assert text(Bubble(text="อยู่ที่ไหน", buttons=(MAE_SAI, SAFE))) == "อยู่ที่ไหน\nตอบเลข 1 อ.แม่สาย ตอบ 8 ปลอดภัย"


def test_more_than_seven_choices_have_no_number() -> None:
    buttons = tuple(Button(label=f"ข้อ{number}", action=f"x:{number}") for number in range(1, 11))
    said = text(Bubble(text="เลือก", buttons=buttons))
    assert "7 ข้อ7" in said
    assert "8 ข้อ8" not in said
    assert "9 " not in said


@pytest.mark.parametrize(
    "said",
    [
        "ปภ.เชียงราย ด่วน: น้ำป่ามาแล้ว ตอบ 9 ขอให้ช่วย เจ็บโทร 1669",
        "เมืองไหน ตอบเลข 1 เมืองเชียงราย 2 เมืองเชียงใหม่",
        "DDPM says act now. Help: reply 9",
        "เลือก 1 ฉันปลอดภัย 2 ต้องการให้ช่วย",
    ],
)
def test_words_that_carry_numbers_get_no_others(said: str) -> None:
    assert text(Bubble(text=said, buttons=(SAFE, HELP))) == said


def test_in_english() -> None:
    buttons = (Button(label="Mae Sai", action="place:5709"), Button(label="I am safe", action="safe"))
    assert text(Bubble(text="Where?", buttons=buttons)) == "Where?\nReply 1 Mae Sai Reply 8 if safe"


@pytest.mark.parametrize("language", ["th", "en"])
def test_nobody_is_asked_to_answer_a_sender_that_hears_nothing(language: str) -> None:
    asking = f"ปภ.: {say(language, 'help.sms.reply')}"
    said = text(Bubble(text=asking, buttons=(MAE_SAI, SAFE, HELP)), can_reply=False)
    assert said == f"ปภ.: {say(language, 'help.sms.emergency')}"
    asking = f"ภัย {say(language, 'sms.safe_or_help')}"
    assert text(Bubble(text=asking, buttons=(MAE_SAI,)), can_reply=False) == "ภัย"


def test_a_picture_without_words_is_told_in_words() -> None:
    picture = Picture(address="https://a/b", preview_address="https://a/c", alt="กราฟราคายาง 30 วัน")
    assert text(Bubble(text="", picture=picture)) == "กราฟราคายาง 30 วัน"
    assert text(Bubble(text="ราคายาง", picture=picture)) == "ราคายาง"


def test_the_price_is_that_of_what_goes_out() -> None:
    whole = rendering([Bubble(text="ก" * 134)], can_reply=True, satang_a_segment=45)
    assert (len(whole.parts), whole.segments, whole.satang) == (1, 2, 90)
    cut = rendering([Bubble(text="ก" * 66 + "น้ำ" + "ก" * 60)], can_reply=True, satang_a_segment=45)
    assert (len(cut.parts), cut.segments, cut.satang) == (2, 2, 90)
    assert rendering([], can_reply=True, satang_a_segment=45).parts == ()


buttons = st.lists(st.sampled_from([SAFE, HELP, LOCATION, PHOTO, MAE_SAI, MAE_CHAN]), max_size=9)


@given(
    st.lists(
        st.builds(lambda said, has: Bubble(text=said, buttons=tuple(has)), st.text(max_size=60), buttons),
        max_size=3,
    )
)
def test_any_bubbles_make_a_text_without_reserved_choices(bubbles: list[Bubble]) -> None:
    for can_reply in (True, False):
        said = text(*bubbles, can_reply=can_reply)
        assert said == said.strip()
        assert "8 อ." not in said
        assert "9 อ." not in said
