"""Names spelled as they are said."""

from handlers.understanding.places import places_in
from handlers.understanding.places.heard_alike import heard_as, sounding_like

SAID = {
    "เพดบุรี": "76", "เพชบูน": "67", "สีสะเกด": "33", "สมุดสาคร": "74", "กำแพงเพด": "62", "นคอนปถม": "73",
    "พิดสะนุโลก": "65", "อุดรทานี": "41", "พระปะแดง": "1104", "สีสัดนาลัย": "6405", "ทองผาภูม": "7107",
}  # fmt: skip


def test_a_province_or_district_is_known_by_what_is_said() -> None:
    assert {said: places_in(said).codes[:1] for said in SAID} == {
        said: (code,) for said, code in SAID.items()
    }


def test_no_province_sounds_like_another() -> None:
    assert all(
        sum(len(code) == 2 for code in sounding_like(said)) <= 1 for said in (*SAID, "ชลบุรี", "สระบุรี", "ลพบุรี")
    )


def test_a_district_is_asked_about() -> None:
    assert not places_in("ทองผาภูม").certain


def test_what_is_short_or_latin_sounds_like_nothing() -> None:
    assert heard_as("ตา") == ""
    assert sounding_like("trang") == ()


def test_other_words_stay_words() -> None:
    for said in ("กินข้าวหรือยัง", "สวัสดีจ้า", "ขอบใจหลาย", "ราคาเท่าไร", "เพชรสวย", "สีสวย"):
        assert places_in(said).codes == (), said
