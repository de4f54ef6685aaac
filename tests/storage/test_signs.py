"""Signs that machines obey: none is left, all else stays as it was written."""

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from storage.signs import OBEYED, shown, without_controls

texts = st.text(st.characters())
_TURNING = frozenset({"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"})


def is_obeyed(letter: str) -> bool:
    if letter in "\t\n":
        return False
    return unicodedata.category(letter) in ("Cc", "Zl", "Zp", "Cs") or (
        unicodedata.bidirectional(letter) in _TURNING
    )


def test_each_of_them_is_known_and_nothing_else_is() -> None:
    assert [code for code in range(0x110000) if bool(OBEYED.match(chr(code))) != is_obeyed(chr(code))] == []


@given(text=texts)
def test_none_is_left_and_doing_it_twice_changes_nothing(text: str) -> None:
    for clean in (without_controls(text), shown(text)):
        assert not OBEYED.search(clean)
        assert without_controls(clean) == shown(clean) == clean


@given(text=texts.filter(lambda text: not OBEYED.search(text)))
def test_all_else_stays(text: str) -> None:
    assert without_controls(text) == shown(text) == text


def test_thai_and_joined_emoji_stay_and_lines_stay_apart() -> None:
    said = "น้ำท่วม 👩\u200d👧\u200e ม.3\tหนึ่ง\nสอง"
    assert without_controls(said) == said
    assert without_controls("หนึ่ง\r\nสอง\rสาม\x85สี่\u2028ห้า") == "หนึ่ง\nสอง\nสาม\nสี่\nห้า"
