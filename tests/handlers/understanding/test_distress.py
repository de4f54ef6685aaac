"""Danger in words that no list of cries has, and what makes the same words calm."""

import pytest

from handlers.understanding.alarms import Alarm
from handlers.understanding.cries import cry_in, heard
from handlers.understanding.distress import by_sound, is_thanked


@pytest.mark.parametrize(
    ("cry", "calm"),
    [
        ("งูฉกตา", "เคยโดนงูฉกตอนเด็ก"),
        ("ลูกเล่นน้ำแล้วหายไปเลย", "ข่าวลูกเล่นน้ำแล้วหายไป จริงไหม"),
        ("เขาเอามีดจ่อคอน้องอยู่", "ในหนังเขาเอามีดจ่อคอพระเอก"),
        ("น้ำสูงกว่าปีที่แล้ว น้ำเข้าบ้านแล้ว", "ปีที่แล้วน้ำเข้าบ้าน"),
        ("ปีที่แล้วไม่ท่วม แต่ตอนนี้น้ำเข้าบ้านแล้ว", "ปีที่แล้วน้ำท่วมบ้าน ตอนนี้แห้งแล้ว"),
        ("ตึกถล่มลงมา ผมอยู่ข้างใต้", "ถ้าตึกถล่มลงมาต้องทำยังไง"),
        ("my ex is breaking down the door", "how to report who is breaking down the door of the office"),
        ("rumah dah tenggelam", "tahun lepas rumah terendam"),
        ("ngoo kat phor", "ngoo kat phor tong tham arai"),
        ("tôi muốn chết", "năm ngoái nhà tôi ngập"),
        ("ທີ່ນີ້ ລູກຂ້ອຍຈົມນ້ຳ", "ປີກາຍນ້ຳຖ້ວມເຮືອນ"),
        ("ទូកលិច", "ឆ្នាំមុនទឹកលិចផ្ទះខ្ញុំ"),
        ("အိမ်မှာ မီးလောင်နေပြီ", "မီးလောင်ရင် ဘယ်ကို ဖုန်းဆက်ရမလဲ"),
        ("อาเยมาโซะรูเมาะ", "ฮารฆอ บราปอ"),
    ],
)
def test_the_same_danger_is_a_cry_or_told(cry: str, calm: str) -> None:
    assert cry_in(cry) is not None
    assert cry_in(calm) is None


def test_new_is_not_burning() -> None:
    assert cry_in("ปลูกเฮือนใหม่แล้ว ขอเลขบ้าน") is None
    assert cry_in("เฮือนไหม้แล้ว") is not None


def test_thanks_for_help_call_nobody() -> None:
    assert is_thanked(" terima kasih tolong kami masa banjir tahun lepas ")
    assert not is_thanked(" tolong kami terima kasih ")
    found = heard("terima kasih tolong kami masa banjir tahun lepas")
    assert found is None or found.alarm is Alarm.CONCERN


def test_romanised_thai_is_compared_by_sound() -> None:
    assert by_sound("hai jai mai ork") == by_sound("hay chai mai ok")
    assert by_sound("nam thuam") != by_sound("nam khao")
