"""What she does not want: prices any more, her data deleted."""

import pytest

from handlers.understanding.intents import Intent, understand
from handlers.understanding.refusals import EndOfPrices, end_of_prices, keeps_data

ENDED = {
    "หยุดส่งราคา": "",
    "เลิกส่งราคา": "",
    "หยุดราคา": "",
    "เลิกราคา": "",
    "เลิกส่งลาคา": "",
    "ไม่เอาราคาแล้วครับ": "",
    "ไม่ต้องส่งราคาทุกเช้าแล้ว": "",
    "เลิกส่งราคาข้าว": "rice",
    "หยุดส่งราคาข้าวหอมมะลิแล้วค่ะ": "rice_jasmine",
    "เลิกรับราคามัน": "cassava",
    "Stop prices": "",
    "no more prices please": "",
    "stop sending me rice prices": "rice",
    "Stop the rubber price alerts": "rubber",
}
NOT_ENDED = (
    "ราคาข้าว",
    "หยุดส่ง",
    "ไม่เอาราคา 65",
    "หยุดราคาขึ้น",
    "ยกเลิกราคาที่ตั้งไว้",
    "เลิกราคาปุ๋ย",
    "ทำไมหยุดส่งราคา",
    "ร้านหยุดส่งราคาข้าวให้ชาวบ้าน",
    "stop warnings",
    "หยุดส่งราคา" * 20,
)
KEPT = (
    "อย่าลบข้อมูลของฉัน",
    "ไม่ลบข้อมูล",
    "ไม่ต้องลบแล้วครับ",
    "อย่าเพิ่งลบข้อมูลของฉันนะ",
    "Don't delete my data",
    "please do not delete it",
)
NOT_KEPT = ("ลบข้อมูล", "ทำไมไม่ลบข้อมูลของฉันสักที", "ไม่ลบข้อมูลฉันสักที", "delete my data", "ลบข้อมูลฉันให้หมด")


def test_prices_end_where_a_message_says_nothing_else() -> None:
    assert {text: end_of_prices(text) for text in ENDED} == {
        text: EndOfPrices(product=product) for text, product in ENDED.items()
    }
    assert [text for text in NOT_ENDED if end_of_prices(text)] == []


def test_that_nothing_shall_be_deleted_is_told_from_its_contrary() -> None:
    assert [text for text in KEPT if not keeps_data(text)] == []
    assert [text for text in NOT_KEPT if keeps_data(text)] == []


@pytest.mark.parametrize("text", ["หยุดส่งราคา", "เลิกส่งราคาข้าว"])
def test_the_end_of_prices_is_no_stop_of_everything(text: str) -> None:
    meant = understand(text)
    assert (meant.intent, meant.is_clear, meant.names_prices) == (Intent.UNSUBSCRIBE, True, True)


def test_no_wish_to_be_erased_is_read_into_its_contrary() -> None:
    assert {understand(text).intent for text in KEPT} == {Intent.OTHER}
