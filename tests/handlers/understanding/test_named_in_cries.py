"""Names of places that sound like a cry are none, and no cry that names a place is lost for it."""

import pytest

from handlers.understanding.cries import concern_in, cry_in
from handlers.understanding.named_in_cries import without_names

NAMES = (
    "ต.นาปะขอ",
    "นาปะขอ",
    "บางน้ำเชี่ยว",
    "อยู่บางน้ำเชี่ยว",
    "ที่ ต.น้ำเชี่ยว",
    "ต.น้ำเชี่ยว อ.แหลมงอบ จ.ตราด",
    "คลองชักพระ",
    "แขวงคลองชักพระ เขตตลิ่งชัน",
    "ต.เขาชนกัน อ.แม่วงก์",
    "ต.ทับยา",
    "ทับยายเชียง",
    "คุ้งน้ำวน",
    "ถ้ำน้ำผุด",
    "ต.กาเยาะมาตี อ.บาเจาะ",
    "ถนนพัง ต.ทับยา อ.อินทร์บุรี",
    "ไฟถนนดับ ต.น้ำเชี่ยว อ.แหลมงอบ",
    "ขยะล้นหน้าวัด ต.เขาชนกัน",
)
CRIES = (
    "น้ำท่วมบางน้ำเชี่ยว ติดอยู่บนหลังคา",
    "ติดอยู่บนหลังคา ต.บางน้ำเชี่ยว",
    "รถเขาชนกันที่แม่วงก์ มีคนเจ็บ",
    "รถเขาชนกัน แม่วงก์ นครสวรรค์",
    "อยู่ในน้ำเชี่ยว",
    "ลูกอยู่ในน้ำเชี่ยว",
    "น้ำเชี่ยวมาก ออกไม่ได้ ต.น้ำเชี่ยว",
    "ช่วยด้วย ต.ทับยา",
    "ต้นไม้ทับยาย",
    "ต้นไม้ล้มทับยายที่ ต.ทับยา",
    "ลูกชักที่คลองชักพระ",
    "ต.นาปะขอ ช่วยด้วย น้ำเข้าบ้าน",
)


@pytest.mark.parametrize("text", NAMES)
def test_a_name_is_no_cry(text: str) -> None:
    assert (cry_in(text), concern_in(text)) == (None, None)


@pytest.mark.parametrize("text", CRIES)
def test_a_cry_that_names_a_place_is_heard(text: str) -> None:
    assert cry_in(text)


@pytest.mark.parametrize("text", ["น้ำเชี่ยว", "ทับยา", "เขาชนกัน"])
def test_a_bare_name_that_is_all_danger_has_the_hotlines_beside_it(text: str) -> None:
    assert (cry_in(text), bool(concern_in(text))) == (None, True)


def test_only_names_that_sound_like_a_cry_are_left_out() -> None:
    heard = {"ต.ทับยา": "ทับยา"}
    assert without_names("ถนนพัง ต.ทับยา อ.อินทร์บุรี", lambda name: heard.get(name, "")) == "ถนนพัง   อ.อินทร์บุรี"
