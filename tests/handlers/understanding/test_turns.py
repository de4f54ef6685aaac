"""What is told or asked first silences nothing that is said of now; who laughs or slipped calls nobody."""

import pytest

from handlers.understanding.alarms import Alarm
from handlers.understanding.cries import heard


@pytest.mark.parametrize(
    "text",
    [
        "ว่าจะถามเรื่องบัตรทองแต่ตอนนี้พ่อล้มหัวฟาดพื้น ไม่รู้สึกตัว",
        "ไลน์กลุ่มถามกันให้วุ่น ผมเห็นกับตาเดี๋ยวนี้เลย สองตายายยืนบนโต๊ะ น้ำปริ่มคาง",
        "ไม่ต้องตอบยาวนะคะ หนูพูดเสียงดังไม่ได้ เขาอยู่หน้าห้อง มีปืน",
        "เขาซ้อมเมียอยู่ในรถหน้าเซเว่น",
    ],
)
def test_what_is_said_of_now_is_heard_by_itself(text: str) -> None:
    found = heard(text)
    assert found is not None
    assert found.alarm is Alarm.CRY


@pytest.mark.parametrize(
    "text",
    [
        "เมื่อกี้กดปุ่มขอความช่วยเหลือพลาดไป ลูกเล่นมือถือ ไม่มีอะไรนะคะ ขอโทษค่ะ",
        "ไฟไหม้ไม่กลัว กลัวเมียรู้ ฮ่าๆ ส่งมาให้ขำเฉยๆ",
        "ໝາກເຜັດແພງຂະໜາດ ຫົວໃຈຈະວາຍ ຮາໆ",
        "เมื่อคืนไฟดับสองชั่วโมง ตอนนี้มาแล้ว อยากทราบสาเหตุ",
    ],
)
def test_a_laugh_and_a_slip_of_the_finger_call_nobody(text: str) -> None:
    found = heard(text)
    assert found is None or found.alarm is Alarm.CONCERN
