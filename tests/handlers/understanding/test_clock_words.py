"""Two full hours in a message."""

from hypothesis import given
from hypothesis import strategies as st

from handlers.understanding.clock_words import span_in

SPANS = {
    "ห้ามส่งหลังสี่ทุ่มถึงหกโมงเช้า": (22, 6, False),
    "22:00-06:00": (22, 6, True),
    "22.00 น. ถึงหกโมงเช้า": (22, 6, True),
    "๒๒.๐๐-๖.๐๐ น.": (22, 6, True),
    "ตั้งแต่ 3 ทุ่ม ถึง ตี 5": (21, 5, True),
    "เที่ยงคืนถึงตีห้า": (0, 5, True),
    "22นาฬิกาถึง5นาฬิกา": (22, 5, True),
    "from 9 pm until 5 am": (21, 5, True),
    "อย่าส่งหลังสี่ทุ่ม": (22, 6, False),
    "do not send after 10pm": (22, 6, False),
    "อย่าส่งก่อนเจ็ดโมงเช้า": (22, 7, False),
    "บ่ายสองถึงสี่โมงเย็น": (14, 16, True),
}
NONE = (
    "22-6",
    "16.30-20.00",
    "สี่ทุ่มครึ่งถึงตีห้า",
    "ฝนตก 22.00",
    "สี่ทุ่ม",
    "ราคา 2000 นาที",
    "100 บาท",
    "6 โมงเช้าถึง 6 โมงเช้า",
    "หลังบ่ายสอง",
)


def test_hours_are_read_as_they_are_spoken() -> None:
    found = {text: span_in(text) for text in SPANS}
    assert {text: (span.first, span.end, span.is_all) for text, span in found.items() if span} == SPANS
    assert [text for text in NONE if span_in(text)] == []


@given(
    first=st.integers(0, 23),
    end=st.integers(0, 23),
    dot=st.sampled_from(".:"),
    dash=st.sampled_from(["-", " ถึง "]),
)
def test_any_two_full_hours_in_digits(first: int, end: int, dot: str, dash: str) -> None:
    span = span_in(f"{first}{dot}00{dash}{end:02}{dot}00")
    if first == end:
        assert span is None
    else:
        assert span is not None
        assert (span.first, span.end, span.is_all) == (first, end, True)


@given(text=st.text())
def test_any_text_is_read(text: str) -> None:
    span = span_in(text)
    assert span is None or (span.first in range(24) and span.end in range(24))
