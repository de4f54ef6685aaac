"""Where an intent and the search for articles disagree."""

import pytest

from handlers.understanding import arbitration
from handlers.understanding.intents import understand


@pytest.mark.parametrize(
    ("text", "trouble", "off_topic"),
    [
        ("ไฟถนนดับหน้าวัด", True, False),
        ("ทำบัตรประชาชนใหม่ใช้อะไรบ้าง", False, False),
        ("แมนยูแข่งกี่โมง", False, True),
        ("book me a hotel in Krabi", False, True),
        ("สมัคร แม่สาย", False, False),
        ("ราคายางวันนี้", False, False),
    ],
)
def test_reports_stay_reports_and_chat_is_declined(text: str, trouble: bool, off_topic: bool) -> None:
    meant = understand(text, "th")
    assert arbitration.tells_of_trouble(meant, text) is trouble
    assert arbitration.is_off_topic(meant, text) is off_topic


def test_a_cry_is_never_about_an_office() -> None:
    text = "น้ำเข้าบ้านแล้ว ทำบัตรประชาชนที่ไหน ช่วยด้วย น้ำถึงคอ"
    assert not arbitration.is_about_an_office(understand(text, "th"), text)


def test_a_place_in_chat_makes_it_no_wish_for_warnings() -> None:
    assert arbitration.is_hardly_anything_else("best beach bar in Samui")
    assert not arbitration.is_hardly_anything_else("warnings for Koh Samui")
