import itertools
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage import places
from storage.places import Place, UnknownPlace, find

LISTED = [
    each
    for province in places.provinces()
    for district in places.children(province.code)
    for each in (province, district, *places.children(district.code))
]
CODES = sorted({each.code for each in LISTED})

listed_codes = st.sampled_from(CODES)
village_codes = st.builds(
    lambda code, number: f"{code}{number:02}",
    st.sampled_from([code for code in CODES if len(code) == 6]),
    st.integers(1, 99),
)
codes = listed_codes | village_codes
# Areas that nest, which codes drawn from the whole country hardly ever do.
nested_codes = st.tuples(village_codes, st.sampled_from([2, 4, 6, 8])).map(lambda drawn: drawn[0][: drawn[1]])
areas = st.lists(codes | nested_codes | st.sampled_from(["57", "5709", "570906", "57090603"]), max_size=12)


def found(text: str) -> list[str]:
    return [each.code for each in find(text)]


def test_the_register_has_the_whole_country() -> None:
    by_level = {level: sum(len(code) == digits for code in CODES) for level, digits in
                (("province", 2), ("district", 4), ("subdistrict", 6))}  # fmt: skip
    assert by_level["province"] == 77
    assert by_level["district"] >= 928
    assert by_level["subdistrict"] >= 7_436


def test_a_place_has_its_names_without_the_word_for_its_level() -> None:
    assert places.place("5709") == Place(
        code="5709", level="district", name_th="แม่สาย", name_en="Mae Sai", parent="57"
    )
    bangkok_district = places.place("1001")
    assert bangkok_district is not None
    assert bangkok_district.name_th == "พระนคร"


def test_a_village_is_a_number_in_a_listed_subdistrict() -> None:
    assert places.place("57090603") == Place(
        code="57090603", level="village", name_th="หมู่ 3", name_en="Village 3", parent="570906"
    )
    assert places.place("57090699") is not None
    assert places.place("57090600") is None
    assert places.place("57099903") is None


@pytest.mark.parametrize(
    "code", ["", "5", "99", "5799", "570", "579999", "5709060", "570906031", "๕๗", "57 ", "5709060x", "-1"]
)
def test_what_is_no_code_is_no_place(code: str) -> None:
    assert places.place(code) is None
    for ask in (
        places.ancestors,
        places.children,
        places.require_place,
        lambda each: places.simplify([each]),
    ):
        with pytest.raises(UnknownPlace, match="is not the code of a place") as raised:
            ask(code)
        assert raised.value.code == code
    assert not places.contains(code, "570906")


@given(codes)
def test_contains_is_reflexive(code: str) -> None:
    assert places.contains(code, code)


@given(st.tuples(codes, codes) | st.tuples(nested_codes, nested_codes))
def test_contains_is_antisymmetric(pair: tuple[str, str]) -> None:
    one, other = pair
    if places.contains(one, other) and places.contains(other, one):
        assert one == other


@given(village_codes)
def test_contains_is_transitive_and_agrees_with_ancestors(village: str) -> None:
    chain = (village, *places.ancestors(village))
    assert [len(code) for code in chain] == [8, 6, 4, 2]
    for inner, outer in itertools.combinations(chain, 2):
        assert places.contains(outer, inner)
        assert not places.contains(inner, outer)


@given(codes, codes)
def test_a_place_contains_exactly_itself_and_those_it_is_an_ancestor_of(outer: str, inner: str) -> None:
    assert places.contains(outer, inner) == (outer in (inner, *places.ancestors(inner)))


@given(listed_codes)
def test_children_name_their_parent(code: str) -> None:
    for child in places.children(code):
        assert child.parent == code
        assert places.ancestors(child.code)[0] == code


def test_villages_are_not_listed_as_children() -> None:
    assert places.children("570906") == ()
    assert "5709" in [child.code for child in places.children("57")]


@given(areas)
def test_simplify_is_idempotent_and_sorted(area: list[str]) -> None:
    simple = places.simplify(area)
    assert places.simplify(simple) == simple
    assert list(simple) == sorted(set(simple))


@given(areas, codes | nested_codes)
def test_simplify_covers_the_same_places(area: list[str], somewhere: str) -> None:
    simple = places.simplify(area)
    assert set(simple) <= set(area)
    for code in (*area, somewhere):
        before = any(places.contains(outer, code) for outer in area)
        assert before == any(places.contains(outer, code) for outer in simple)


@given(areas)
def test_simplify_leaves_no_place_inside_another(area: list[str]) -> None:
    simple = places.simplify(area)
    assert not any(places.contains(*pair) for pair in itertools.permutations(simple, 2))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("57", ["57"]),
        ("๕๗๐๙", ["5709"]),
        ("57090603", ["57090603"]),
        ("TH-50", ["50"]),
        ("th-10", ["10"]),
        ("TH-99", []),
        ("TH-5001", []),
        ("จังหวัดเชียงใหม่", ["50"]),
        ("จ.เชียงใหม่", ["50"]),
        ("จ. เชียงใหม่", ["50"]),
        ("เชียงใหม่", ["50", "450802"]),
        ("อ.แม่สาย", ["5709"]),
        ("อำเภอแม่สาย", ["5709"]),
        ("แม่สาย", ["5709", "570901"]),
        ("ต.สุเทพ", ["500108"]),
        ("ตำบล สุเทพ", ["500108"]),
        ("กรุงเทพมหานคร", ["10"]),
        ("กทม", ["10"]),
        ("กทม.", ["10"]),
        ("กรุงเทพฯ", ["10"]),
        ("เขตพระนคร", ["1001"]),
        ("แขวงพระบรมมหาราชวัง", ["100101"]),
        ("Mae Sai District", ["5709"]),
        ("wiang phang kham subdistrict", ["570906"]),
        ("Amphoe Mae Sai", ["5709"]),
        ("CHIANG RAI PROVINCE", ["57"]),
        ("changwat chiangrai", ["57"]),
        ("Khet Phra Nakhon", ["1001"]),
        ("ต.สุเทพ อ.เมืองเชียงใหม่", ["500108"]),
        ("สุเทพ เชียงใหม่", ["500108"]),
        ("แม่สาย เชียงราย", ["5709", "570901"]),
        ("แม่สาย เชียงใหม่", []),
        ("ตำบลเวียงพางคำอำเภอแม่สายจังหวัดเชียงราย", ["570906"]),
        ("ม.3 ต.เวียงพางคำ อ.แม่สาย", ["57090603"]),
        ("หมู่ที่ ๓ ต.เวียงพางคำ", ["57090603"]),
        ("หมู่ 03 เวียงพางคำ เชียงราย", ["57090603"]),
        ("moo 12, Wiang Phang Kham", ["57090612"]),
        ("ม.3 แม่สาย", ["57090103"]),
        ("ม.3 อ.แม่สาย", []),
        ("ม.3 จ.เชียงราย", []),
        ("ม.0 ต.เวียงพางคำ", []),
        ("ม.100 ต.เวียงพางคำ", []),
        ("อ.เมือง จ.เชียงราย", ["5701"]),
        ("เมือง เชียงราย", ["5701"]),
        ("Mueang, Chiang Rai", ["5701"]),
        ("ต.จ.ป.ร. อ.กระบุรี", ["850406"]),
        ("ปอภาร", ["450109"]),
        ("ปอพาน", ["440706", "450109"]),
        ("สุไหงโกลก", ["9610", "961001"]),
        ("แปดริ้ว", []),
        ("แม่ส", []),
        ("อ.สุเทพ", []),
        ("", []),
        ("  ", []),
        (",", []),
        ("ก" * 10_000, []),
    ],
)
def test_find(text: str, expected: list[str]) -> None:
    assert found(text) == expected


def test_find_puts_the_widest_level_first_then_the_lowest_code() -> None:
    for text in ("เมือง", "แม่สาย", "Ban Mai", "Bang Sai"):
        several = found(text)
        assert len(several) > 1
        assert several == sorted(several, key=lambda code: (len(code), code))


@pytest.mark.parametrize(
    "spelling",
    [
        "เวียงพางค\u0e4d\u0e32",  # sara am in two parts, as some keyboards type it
        "เวียง\u200bพาง\u200bคำ",  # zero-width spaces of Thai web pages
        "\ufeffเวียงพางคำ\u200e",
        " เวียง พางคำ ",
    ],
)
def test_spellings_that_look_the_same_are_the_same(spelling: str) -> None:
    assert found(f"ต.{spelling}") == ["570906"]


@pytest.mark.parametrize("language", ["th", "en", "my"])
def test_every_place_is_found_by_its_full_and_its_short_name(language: str) -> None:
    for code in CODES:
        assert code in found(places.full_name(code, language))
        assert code in found(places.short_name(code, language))


def test_a_thai_full_name_means_one_place_only() -> None:
    for code in CODES:
        assert found(places.full_name(code, "th")) == [code]


@pytest.mark.parametrize("language", ["th", "en"])
@given(village=village_codes)
def test_every_village_is_found_by_its_names(language: str, village: str) -> None:
    assert village in found(places.full_name(village, language))
    assert village in found(places.short_name(village, language))


@given(codes)
def test_every_place_is_found_by_its_code(code: str) -> None:
    assert found(code) == [code]


@given(st.text(alphabet=st.characters(codec="utf-8") | st.sampled_from("แม่สายเชียงรายจอตม.,3 "), max_size=60))
def test_find_answers_any_text(text: str) -> None:
    for each in find(text):
        assert places.place(each.code) == each


@pytest.mark.parametrize(
    ("code", "thai", "english"),
    [
        ("57", "จ.เชียงราย", "Chiang Rai"),
        ("5709", "อ.แม่สาย จ.เชียงราย", "Mae Sai, Chiang Rai"),
        ("57090603", "ม.3 ต.เวียงพางคำ อ.แม่สาย จ.เชียงราย", "Village 3, Wiang Phang Kham, Mae Sai, Chiang Rai"),
        ("10", "กรุงเทพมหานคร", "Bangkok"),
        (
            "100101",
            "แขวงพระบรมมหาราชวัง เขตพระนคร กรุงเทพมหานคร",
            "Phra Borom Maha Ratchawang, Phra Nakhon, Bangkok",
        ),
    ],
)
def test_full_name(code: str, thai: str, english: str) -> None:
    assert places.full_name(code, "th") == thai
    assert places.full_name(code, "en") == english


@pytest.mark.parametrize(
    ("code", "thai", "english"),
    [
        ("57", "จ.เชียงราย", "Chiang Rai Province"),
        ("5709", "อ.แม่สาย", "Mae Sai District"),
        ("570906", "ต.เวียงพางคำ", "Wiang Phang Kham Subdistrict"),
        ("57090603", "ม.3 ต.เวียงพางคำ", "Village 3, Wiang Phang Kham"),
        ("10", "กรุงเทพมหานคร", "Bangkok"),
        ("1001", "เขตพระนคร", "Phra Nakhon District"),
        ("100101", "แขวงพระบรมมหาราชวัง", "Phra Borom Maha Ratchawang Subdistrict"),
    ],
)
def test_short_name(code: str, thai: str, english: str) -> None:
    assert places.short_name(code, "th") == thai
    assert places.short_name(code, "en") == english


def test_nothing_is_read_before_it_is_needed() -> None:
    asked = (
        "from storage import places; places.contains('57', '5709');"
        "raise SystemExit(places._register.cache_info().currsize)"
    )
    assert subprocess.run([sys.executable, "-c", asked], check=False).returncode == 0
