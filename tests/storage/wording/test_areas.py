import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage import places
from storage.wording.areas import area_in_words
from storage.wording.lengths import units

PROVINCES = [province.code for province in places.provinces()]
DISTRICTS = [district.code for province in PROVINCES for district in places.children(province)]
SUBDISTRICTS = [subdistrict.code for district in DISTRICTS for subdistrict in places.children(district)]
CHIANG_RAI = [district.code for district in places.children("57")]

villages = st.builds(
    lambda code, number: f"{code}{number:02}", st.sampled_from(SUBDISTRICTS), st.integers(1, 99)
)
anywhere = st.sampled_from(PROVINCES) | st.sampled_from(DISTRICTS) | st.sampled_from(SUBDISTRICTS) | villages
of_one_district = st.sampled_from(DISTRICTS).flatmap(
    lambda district: st.lists(
        st.sampled_from([child.code for child in places.children(district)]), min_size=1, max_size=12
    )
)
of_one_subdistrict = st.builds(
    lambda code, numbers: [f"{code}{number:02}" for number in numbers],
    st.sampled_from(SUBDISTRICTS),
    st.lists(st.integers(1, 99), min_size=1, max_size=12),
)
areas = st.lists(anywhere, min_size=1, max_size=12) | of_one_district | of_one_subdistrict


@pytest.mark.parametrize(
    ("codes", "thai", "english"),
    [
        (["57"], "จ.เชียงราย", "Chiang Rai Province"),
        (["10"], "กรุงเทพมหานคร", "Bangkok"),
        (["5709"], "อ.แม่สาย", "Mae Sai District"),
        (["570906"], "ต.เวียงพางคำ อ.แม่สาย", "Wiang Phang Kham, Mae Sai"),
        (["57090603"], "ม.3 ต.เวียงพางคำ อ.แม่สาย", "Village 3, Wiang Phang Kham, Mae Sai"),
        (
            ["57090603", "57090605"],
            "ม.3 ม.5 ต.เวียงพางคำ อ.แม่สาย",
            "Village 3 and Village 5 in Wiang Phang Kham, Mae Sai",
        ),
        (["5709", "5707"], "อ.แม่จัน อ.แม่สาย", "Mae Chan District and Mae Sai District"),
        (["5709", "5709", "570906"], "อ.แม่สาย", "Mae Sai District"),
        (
            ["57", "50", "56", "58"],
            "จ.เชียงใหม่ จ.พะเยา จ.เชียงราย และอีก 1 จังหวัด",
            "Chiang Mai, Phayao, Chiang Rai and 1 more province",
        ),
        (
            ["1001", "1002", "1003", "1004", "1005"],
            "เขตพระนคร เขตดุสิต เขตหนองจอก และอีก 2 เขต",
            "Phra Nakhon, Dusit, Nong Chok and 2 more districts",
        ),
        (["58", "5709"], "อ.แม่สาย และ จ.แม่ฮ่องสอน", "Mae Sai District and Mae Hong Son Province"),
        (
            ["58", "5709", "560101", "54"],
            "จ.แพร่ และ ต.เวียง และ อ.แม่สาย และอีก 1 จังหวัด",
            "Phrae Province and Wiang Subdistrict and Mae Sai District and 1 more province",
        ),
        (
            ["570902", "570906", "570908", "570909"],
            "ต.ห้วยไคร้ ต.เวียงพางคำ ต.บ้านด้าย และอีก 1 ตำบล อ.แม่สาย",
            "Huai Khrai, Wiang Phang Kham, Ban Dai and 1 more subdistrict in Mae Sai",
        ),
    ],
)
def test_area_in_words(codes: list[str], thai: str, english: str) -> None:
    assert area_in_words(codes, "th") == thai
    assert area_in_words(codes, "en") == english


def test_a_name_that_recurs_is_followed_by_what_lies_around() -> None:
    recurring = [code for code in DISTRICTS if places.own_name(code, "th") == "อ.เฉลิมพระเกียรติ"]
    assert len(recurring) > 1
    for code in recurring:
        assert area_in_words([code], "th") == f"อ.เฉลิมพระเกียรติ {places.short_name(code[:2], 'th')}"


def test_subdistricts_of_several_districts_are_followed_by_their_province() -> None:
    assert area_in_words(["570906", "570101"], "th") == "ต.เวียง ต.เวียงพางคำ จ.เชียงราย"


def test_places_with_nothing_around_them_all_stand_alone() -> None:
    assert area_in_words(["570906", "500108"], "th") == "ต.สุเทพ ต.เวียงพางคำ"
    assert area_in_words(["57090603", "50010801"], "th") == "ม.1 ต.สุเทพ และ ม.3 ต.เวียงพางคำ"


def test_the_readers_own_place_comes_first() -> None:
    assert area_in_words(CHIANG_RAI, "th", near="570906").startswith("อ.แม่สาย ")
    assert area_in_words(CHIANG_RAI, "en", near="570906").startswith("Mae Sai, ")
    rest = len(CHIANG_RAI) - 3
    assert area_in_words(CHIANG_RAI, "th", near="570906").endswith(f" และอีก {rest} อำเภอ")


def test_places_in_the_readers_own_come_first() -> None:
    assert area_in_words(["1001", "5001", "5709"], "th", near="57").startswith("อ.แม่สาย ")


def test_after_the_readers_own_come_the_closest_by_register() -> None:
    assert (
        area_in_words(["1001", "5001", "5707", "5709"], "th", near="570901")
        == "อ.แม่สาย อ.แม่จัน เขตพระนคร และอีก 1 อำเภอ"
    )


def test_a_whole_country_by_districts_is_counted_with_commas() -> None:
    assert area_in_words(SUBDISTRICTS, "th", near="500108").startswith("ต.สุเทพ ")
    assert area_in_words(SUBDISTRICTS, "en", most=1).endswith(f"and {len(SUBDISTRICTS) - 1:,} more places")
    assert area_in_words([*PROVINCES], "th", most=1) == "กรุงเทพมหานคร และอีก 76 จังหวัด"


def test_fewer_names_when_three_are_too_long() -> None:
    long_names = ["1401", "3001", "8001", "6001"]
    words = area_in_words(long_names, "th")
    assert words == "อ.พระนครศรีอยุธยา อ.เมืองนครราชสีมา และอีก 2 อำเภอ"


def test_a_language_without_catalogues_gets_thai_throughout() -> None:
    assert area_in_words(CHIANG_RAI, "my") == area_in_words(CHIANG_RAI, "th")


def test_an_area_of_nothing_or_of_unknown_places_is_refused() -> None:
    with pytest.raises(ValueError, match="empty area"):
        area_in_words([], "th")
    with pytest.raises(places.UnknownPlace):
        area_in_words(["57", "9999"], "th")
    with pytest.raises(ValueError, match="at least one"):
        area_in_words(["57"], "th", most=0)


@given(areas, st.sampled_from(["th", "en", "my"]), st.none() | anywhere, st.integers(1, 5))
def test_never_too_long_and_never_more_names_than_asked_for(
    codes: list[str], language: str, near: str | None, most: int
) -> None:
    words = area_in_words(codes, language, near=near, most=most)
    assert 0 < units(words) <= (100 if language == "en" else 60)
    assert words == " ".join(words.split())
    assert not set("{}") & set(words)


@pytest.mark.parametrize("language", ["th", "en"])
def test_every_place_alone_is_named_in_full_and_found_again(language: str) -> None:
    for code in (*PROVINCES, *DISTRICTS, *SUBDISTRICTS):
        words = area_in_words([code], language)
        assert code in [found.code for found in places.find(words)]


@given(areas, anywhere)
def test_the_order_of_codes_does_not_matter(codes: list[str], near: str) -> None:
    assert area_in_words(reversed(codes), "th", near=near) == area_in_words(codes, "th", near=near)
