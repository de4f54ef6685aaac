"""Segments: counted as the network counts, cut where no letter is hurt."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.text.segments import MOST_SEGMENTS_A_REQUEST, parts, price_satang, segments, without_links
from bot.text.splitting import clusters
from storage.wording.lengths import units

GSM_LETTERS = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡"
    "ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM_EXTENSION = "\f^{}\\[~]|€"
THAI = "น้ำป่ามาแล้วที่ ต.เวียงพางคำ หนีขึ้นที่สูงเดี๋ยวนี้ อย่าเก็บของ อย่าข้ามน้ำ โทร 1784 "

gsm_texts = st.text(alphabet=GSM_LETTERS + GSM_EXTENSION, max_size=700)
other_texts = st.lists(st.sampled_from([*THAI, "🔴", "👨‍👩‍👧", "é", "a"]), max_size=400).map("".join)


def count_of_gsm(text: str) -> int:
    """An own count, from 3GPP TS 23.038: an escape pair is never parted."""
    sizes = [2 if letter in GSM_EXTENSION else 1 for letter in text]
    if sum(sizes) <= 160:
        return 1 if text else 0
    count, used = 1, 0
    for size in sizes:
        if used + size > 153:
            count, used = count + 1, 0
        used += size
    return count


def count_of_ucs2(text: str) -> int:
    """An own count of 67 units a segment, a surrogate pair never parted."""
    if units(text) <= 70:
        return 1
    count, used = 1, 0
    for letter in text:
        if used + units(letter) > 67:
            count, used = count + 1, 0
        used += units(letter)
    return count


@given(gsm_texts)
def test_gsm_is_counted_in_septets(text: str) -> None:
    counted = segments(text)
    assert counted.encoding == "gsm7"
    assert counted.units == len(text) + sum(letter in GSM_EXTENSION for letter in text)
    assert counted.count == count_of_gsm(text)


@given(other_texts.filter(lambda text: not set(text) <= set(GSM_LETTERS + GSM_EXTENSION)))
def test_all_else_is_counted_in_units(text: str) -> None:
    counted = segments(text)
    assert (counted.encoding, counted.units, counted.count) == ("ucs2", units(text), count_of_ucs2(text))


@pytest.mark.parametrize(
    ("text", "encoding", "size", "count"),
    [
        ("", "gsm7", 0, 0),
        ("a" * 160, "gsm7", 160, 1),
        ("a" * 161, "gsm7", 161, 2),
        ("a" * 306, "gsm7", 306, 2),
        ("a" * 307, "gsm7", 307, 3),
        ("[" * 80, "gsm7", 160, 1),
        ("[" * 81, "gsm7", 162, 2),
        ("ก" * 70, "ucs2", 70, 1),
        ("ก" * 71, "ucs2", 71, 2),
        ("ก" * 134, "ucs2", 134, 2),
        ("ก" * 135, "ucs2", 135, 3),
        ("🔴" * 35, "ucs2", 70, 1),
        ("\x1b", "ucs2", 1, 1),
        ("Flash flood – go", "ucs2", 16, 1),
    ],
)
def test_the_limits(text: str, encoding: str, size: int, count: int) -> None:
    counted = segments(text)
    assert (counted.encoding, counted.units, counted.count) == (encoding, size, count)


@given(st.one_of(gsm_texts, other_texts))
def test_parts_are_the_text_and_cut_no_cluster(text: str) -> None:
    cut = parts(text)
    assert "".join(cut) == text
    if len(cut) > 1:
        whole = segments(text).encoding
        assert all(part_size(part, whole) <= (153 if whole == "gsm7" else 67) for part in cut)
        assert [cluster for part in cut for cluster in clusters(part)] == list(clusters(text))


def part_size(part: str, encoding: str) -> int:
    return units(part) if encoding == "ucs2" else segments(part).units


@given(st.one_of(gsm_texts, other_texts))
def test_a_text_goes_whole_only_where_the_network_cuts_between_clusters(text: str) -> None:
    counted = segments(text)
    if len(parts(text)) != 1 or counted.count == 1:
        return
    assert counted.count <= MOST_SEGMENTS_A_REQUEST
    ends, size = set(), 0
    for cluster in clusters(text):
        size += part_size(cluster, counted.encoding)
        ends.add(size)
    step = 153 if counted.encoding == "gsm7" else 67
    assert all(cut in ends for cut in range(step, counted.units, step))


def test_safe_boundaries_leave_the_joining_to_the_network() -> None:
    assert parts("ก" * 100) == ("ก" * 100,)


def test_an_unsafe_boundary_makes_own_parts() -> None:
    text = "ก" * 66 + "น้ำ" + "ก" * 10
    assert parts(text) == ("ก" * 66, "น้ำ" + "ก" * 10)


def test_parts_end_at_words_where_that_costs_no_segment() -> None:
    text = "ปภ. น้ำป่ามาแล้วที่ ต.เวียงพางคำ แรงจนพัดคนและรถได้ หนีขึ้นที่สูงเดี๋ยวนี้ อย่าเก็บของ อย่าข้ามน้ำ"
    first, second = parts(text)
    assert first.endswith(" ")
    assert segments(first).count == segments(second).count == 1


def test_what_kannel_would_cut_off_is_cut_here() -> None:
    assert len(parts("ก" * 67 * 10)) == 1
    assert len(parts("ก" * 67 * 10 + "ก")) == 11


@pytest.mark.parametrize("text", ["ก" * 67 * 256, "ก" + "้" * 200])
def test_what_no_phone_can_show_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"255|fit into"):
        parts(text)


def test_the_price() -> None:
    assert price_satang(3, 45) == 135


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ดูที่ https://www.chiangrai.go.th/x?y=1 หรือโทร 1784", "ดูที่ หรือโทร 1784"),
        ("www.disaster.go.th โทร 1784", "โทร 1784"),
        ("ถามที่ line.me/R/ti/p/@krajai ได้", "ถามที่ ได้"),
        ("Call 1784 (https://x.co/a).", "Call 1784."),
        ("https://ไทย.ไทย ดูเลย", "ดูเลย"),
        ("12.30 น. ต.สุเทพ 61.20 บาท a@b.go.th", "12.30 น. ต.สุเทพ 61.20 บาท a@b.go.th"),
        ("two  spaces stay", "two  spaces stay"),
        ("http://a.th", ""),
        ("ดูhttps://a.th/bต่อ", "ดูต่อ"),
    ],
)
def test_links_go(text: str, expected: str) -> None:
    assert without_links(text) == expected


@given(st.text(max_size=200))
def test_no_scheme_survives(text: str) -> None:
    assert "https://a" not in without_links(text + " https://a.go.th/" + text)
