"""Splitting: nothing lost, limits kept, and no letter torn from its marks."""

import unicodedata
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.text.splitting import clusters, split_text
from storage.wording.lengths import units

WARNING = (
    "🔴 อันตราย ทำเดี๋ยวนี้\nปภ.จังหวัดเชียงราย 21 พ.ย. 2569 19.40 น.\n"
    "น้ำป่ามาแล้วที่ ต.เวียงพางคำ อ.แม่สาย แรงจนพัดคนและรถได้\n"
    "หนีขึ้นที่สูงเดี๋ยวนี้ อย่ารอเก็บของ อย่าข้ามน้ำไม่ว่าเดินหรือขับรถ เรียกเพื่อนบ้านไปด้วย\n"
    "เจ็บป่วยโทร 1669 ต้องการให้ช่วยกดปุ่มหรือโทร 053-731-234"
)
FAMILY = "👨‍👩‍👧‍👦"

# What a text must never begin or end with after a cut, told letter by letter and not by the code under test.
NEVER_FIRST = set("่้๊๋์็ํัิีึืฺุูะาำๅๆฯ")
NEVER_LAST = set("เแโใไ") | {"\u200d"}

pieces = st.sampled_from(
    [
        *(
            "น้ำ",
            "เดี๋ยวนี้",
            "ต่าง ๆ",
            "ฯลฯ",
            "เกาะ",
            "ไหม",
            "กรุงเทพฯ",
            "ป๊ะ",
            "พิสูจน์",
            "ก็",
            " ",
            "  ",
            "\n",
            "\r\n",
        ),
        *("1669", "12.30 น.", "053-731-234", "ต.เวียงพางคำ", "ม.3", "hello", "café", "cafe\u0301", ". ", "!"),
        *(
            "🔴",
            FAMILY,
            "👍🏽",
            "🇹🇭",
            "1️⃣",
            "ကယ်ပါ",
            "ဗုဒ္ဓ",
            "ជួយផង",
            "ຊ່ວຍແດ່",
            "cứu với",
            "\u200b",
            "\u00a0",
            "한국",
        ),
    ]
)
texts = st.lists(pieces, max_size=40).map("".join) | st.text(max_size=80)
limits = st.integers(min_value=1, max_value=80)


@given(texts, limits)
def test_the_parts_are_the_text_and_keep_the_limit(text: str, limit: int) -> None:
    longest = max((units(cluster) for cluster in clusters(text)), default=0)
    if longest > limit:
        with pytest.raises(ValueError, match="fit into no"):
            split_text(text, limit)
        return
    parts = split_text(text, limit)
    assert "".join(parts) == text
    assert all(0 < units(part) <= limit for part in parts)


@given(texts, st.integers(min_value=25, max_value=80))
def test_no_part_begins_or_ends_inside_a_cluster(text: str, limit: int) -> None:
    try:
        parts = split_text(text, limit)
    except ValueError:
        assert any(units(cluster) > limit for cluster in clusters(text))
        return
    for before, after in pairwise(parts):
        assert after[0] not in NEVER_FIRST
        assert not unicodedata.category(after[0]).startswith("M")
        assert before[-1] not in NEVER_LAST
        assert not (before[-1] == "\r" and after[0] == "\n")
        assert not ("\ud800" <= before[-1] <= "\udbff" and "\udc00" <= after[0] <= "\udfff")
        assert unicodedata.combining(before[-1]) != 9


@given(texts)
def test_clusters_are_the_text(text: str) -> None:
    assert "".join(clusters(text)) == text
    assert all(clusters(text))


@given(st.lists(st.sampled_from([FAMILY, "👍🏽", "🇹🇭", "1️⃣", "🏴󠁧󠁢󠁷󠁬󠁳󠁿"]), min_size=1, max_size=12))
def test_emoji_sequences_stay_whole(emoji: list[str]) -> None:
    assert clusters("".join(emoji)) == tuple(emoji)
    assert "".join(split_text("".join(emoji), 14)) == "".join(emoji)
    for part in split_text("".join(emoji), 14):
        assert all(cluster in emoji for cluster in clusters(part))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("น้ำเค็ม", ["น้ำ", "เค็", "ม"]),
        ("ต่าง ๆ", ["ต่า", "ง", " ๆ"]),
        ("เกาะ", ["เกาะ"]),
        ("สัตว์", ["สั", "ต", "ว์"]),
        ("ဗုဒ္ဓ", ["ဗု", "ဒ္ဓ"]),
        ("ខ្មែរ", ["ខ្មែ", "រ"]),
        ("ແດ່", ["ແດ່"]),
        ("e\u0301a", ["e\u0301", "a"]),
        ("🇹🇭🇹🇭🇹", ["🇹🇭", "🇹🇭", "🇹"]),
    ],
)
def test_clusters_by_example(text: str, expected: list[str]) -> None:
    assert clusters(text) == tuple(expected)


@pytest.mark.parametrize("limit", range(15, 120))
def test_a_warning_keeps_its_numbers_and_places(limit: int) -> None:
    parts = split_text(WARNING, limit)
    for whole in ("ต.เวียงพางคำ", "อ.แม่สาย", "1669", "053-731-234", "19.40 น.", "พ.ย.", "🔴"):
        assert any(whole in part for part in parts), (limit, whole, parts)


def test_the_end_of_a_line_is_preferred() -> None:
    assert split_text("หนึ่ง สอง\nสาม สี่", 15) == ("หนึ่ง สอง\n", "สาม สี่")


def test_then_the_end_of_a_sentence() -> None:
    assert split_text("Leave now. Do not wait here", 20) == ("Leave now. ", "Do not wait here")


def test_a_full_stop_after_a_thai_letter_ends_no_sentence() -> None:
    assert split_text("ถามที่ อบต. แม่สาย ได้เลย", 20) == ("ถามที่ อบต. แม่สาย ", "ได้เลย")


def test_then_a_space() -> None:
    assert split_text("ขึ้นที่สูง อย่าข้ามน้ำเดี๋ยวนี้", 20) == ("ขึ้นที่สูง ", "อย่าข้ามน้ำเดี๋ยวนี้")


def test_then_between_thai_words() -> None:
    parts = split_text("น้ำป่ามาแล้วที่หมู่บ้านแรงจนพัดคนและรถได้", 30)
    assert parts == ("น้ำป่ามาแล้วที่หมู่บ้านแรงจน", "พัดคนและรถได้")


def test_a_break_that_wastes_most_of_a_part_is_not_preferred() -> None:
    assert split_text("ก\nสวัสดีชาวบ้านทุกคนวันนี้", 20)[0] != "ก\n"


def test_what_is_too_long_for_a_part_is_cut_all_the_same() -> None:
    assert split_text("12345678901234567890", 8) == ("12345678", "90123456", "7890")


def test_any_measure_will_do() -> None:
    parts = split_text("ภัย & <ภัย>", 12, lambda text: len(text.replace("&", "&amp;").replace("<", "&lt;")))
    assert parts == ("ภัย & ", "<ภัย>")


def test_nothing_to_split() -> None:
    assert split_text("", 5) == ()
    assert split_text("สั้น", 5) == ("สั้น",)


@pytest.mark.parametrize(("text", "limit"), [("ที่", 2), (FAMILY, 10), ("เเเเ", 3), ("a", 0)])
def test_a_limit_below_one_cluster_is_an_error(text: str, limit: int) -> None:
    with pytest.raises(ValueError, match=str(limit)):
        split_text(text, limit)
