"""Places in what people write."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from handlers.understanding.places import PlacesFound, places_in
from storage import places
from tests.handlers.understanding.evaluate_places import lines

CERTAIN = {
    "แม่สาย": "5709",
    "แม่สาย เชียงราย": "5709",
    "แม่สายเชียงราย": "5709",
    "อยู่แม่สายครับ": "5709",
    "บ้านอยู่ ต.สุเทพ": "500108",
    "จว.สกลนคร": "47",
    "เขตบางแค กทม": "1040",
    "ม.3 ต.เวียงพางคำ อ.แม่สาย": "57090603",
    "หมู่ ๓ ตำบลเวียงพางคำ": "57090603",
    "ต.เวียงพางคำ หมู่ 3": "57090603",
    "โคราช": "30",
    "อ.เมืองอุบล": "3401",
    "อ.เมือง จ.อยุธยา": "1401",
    "ปากช่องโคราช": "3021",
    "แมสาย": "5709",
    "แม่ส่าย เชียงลาย": "5709",
    "สุราดธานี": "84",
    "อ.แมแตง จ.เชียงใหม่": "5006",
    "แม่สยา เชียงราย": "5709",
    "maesaichiangrai": "5709",
    "Chieng Mai": "50",
    "Amphoe Mae Sai": "5709",
    "Suthep subdistrict, Mueang Chiang Mai": "500108",
    "I'm in Hat Yai right now, it's flooding": "9011",
    "Ｍａｅ　Ｓａｉ": "5709",
    "57130": "5709",
    "หาดใหญ่ 90110": "9011",
    "รหัสไปรษณีย์ ๘๔๓๒๐": "8404",
    "๕๗๐๙": "5709",
    "TH-83": "83",
    "ลูกเรียน ม.3 ที่เชียงใหม่": "50",
}
ASKED = {
    "เมือง": "5001",
    "อำเภอเมือง": "5001",
    "บ้านดอน": "361011",
    "สันป่าตอง หางดง": "5012",
    "สงขา": "90",
    "เชียงไหม": "50",
    "อ.สุเทพ": "500108",
    "อ.กขค เชียงราย": "57",
    "10400": "1014",
    "ปากน้ำ": "110101",
}
NOWHERE = (
    "", " ", "50", "4 คน", "12000 บาท", "ไม่รู้", "อยู่", "ที่ไหน", "โตเกียว", "Vientiane", "xyz", "แม่สาย ภูเก็ต", "พัทยา ภูเก็ต",
    "Mae Sai, Phuket", "แม่สาย 90110", "บ่อแก้ว ลาว", "ฝนตกหนักมากเลย", "ไปตลาดมา", "ลองใหม่อีกครั้ง", "ขอตากผ้าก่อน",
    "เขาขอเงินใต้โต๊ะ",
    "ราคายางตลาดกลางวันนี้", "how long will it take", "ก" * 10_000, "9999", "🙏", "\x00", "က", "...",
)  # fmt: skip


def test_what_is_certain() -> None:
    found = {text: places_in(text) for text in CERTAIN}
    assert {text: each.codes[0] for text, each in found.items() if each.codes} == CERTAIN
    assert [text for text, each in found.items() if not each.certain] == []


def test_what_must_be_asked() -> None:
    found = {text: places_in(text) for text in ASKED}
    assert [text for text, each in found.items() if each.certain] == []
    assert [text for text, code in ASKED.items() if code not in found[text].codes] == []


def test_where_no_place_is_named() -> None:
    assert {text: places_in(text).codes for text in NOWHERE if places_in(text).codes} == {}


@pytest.mark.parametrize(
    ("text", "code", "rest"),
    [
        ("ที่แม่สายฝนตกหนักมากเลย", "5709", "ฝนตกหนักมากเลย"),
        ("ขอราคายางที่ตรังหน่อย", "92", "ขอราคายาง หน่อย"),
        ("น้ำท่วม ต.ควนลัง อ.หาดใหญ่ จ.สงขลา ช่วยด้วย", "901102", "น้ำท่วม ช่วยด้วย"),
        ("flood near Ban Dung!", "4111", "flood !"),
        ("เปิดให้ อ.แม่ริม 50180 หน่อย", "5007", "เปิดให้ หน่อย"),
    ],
)
def test_the_rest_is_what_else_was_said(text: str, code: str, rest: str) -> None:
    found = places_in(text)
    assert (found.codes[0], found.rest) == (code, rest)


def test_spans_are_of_the_text_as_it_was_typed() -> None:
    text = "น้ำท่วม\u200b ที่ อ. แม่ สาย จริงๆ"
    ((start, end),) = places_in(text).spans
    assert text[start:end] == "อ. แม่ สาย"


def test_nothing_found_leaves_the_text_alone() -> None:
    assert places_in("ขอบคุณมาก  นะ") == PlacesFound(rest="ขอบคุณมาก  นะ")


def test_the_kept_half_of_the_set() -> None:
    kept = lines("kept")
    assert len(kept) >= 150
    assert sum(line.is_right() for line in kept) / len(kept) >= 0.90


def test_both_halves_are_large_and_apart() -> None:
    tuned, kept = ({line.text for line in lines(half)} for half in ("tuned", "kept"))
    assert len(tuned) + len(kept) >= 300
    # A few greetings of the same place stand in both, as they would in life.
    assert len(tuned & kept) <= 0.1 * len(kept)


@given(
    st.text(max_size=200)
    | st.lists(
        st.sampled_from(
            [
                "แม่สาย",
                "เชียงราย",
                "อ.",
                "จ.",
                "ที่",
                "ม.3",
                "mae sai",
                " ",
                ",",
                "57130",
                "่",
                "์",
                "เ",
                "xyz",
                "\u0e4d",
                "า",
                "TH-",
            ]
        ),
        max_size=20,
    ).map("".join)
)
@example("เ" * 500)
@example("กา" * 250)
@example("a" * 500)
@example("in maesy " * 55)
@example("อ.ก " * 125)
@example("mae " * 125)
@example("แม่สาย" * 83)
def test_any_text_is_read(text: str) -> None:
    found = places_in(text)
    assert all(places.place(code) is not None for code in found.codes)
    assert found.codes or not found.certain
    assert all(0 <= start < end <= len(text) for start, end in found.spans)
