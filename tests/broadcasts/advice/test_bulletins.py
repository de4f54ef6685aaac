"""Officers' own words: shown before, refused where they cannot be, released in the routine class."""

from datetime import timedelta

import pytest

from broadcasts.advice.bulletins import BulletinRefused, bulletin, preview, send
from storage.broadcasts import bubbles_for
from storage.database import Database
from storage.quota import note_quota
from storage.wording.dates import BANGKOK
from tests.broadcasts.advice.scene import MORNING, farmer
from tests.builders import account

WORDS = {"th": "น้ำจะเข้านาคืนนี้ เปิดทางน้ำก่อนค่ำ", "en": "Water will enter the fields tonight. Open the drains"}
WHO = {"th": "เกษตรอำเภอแม่สาย", "en": "Mae Sai Agriculture Office"}
UNTIL = MORNING + timedelta(days=1)


def test_it_reaches_those_who_grow_it_there(database: Database) -> None:
    with database.write() as session:
        farmer(session, "rice", "rice")
        farmer(session, "jasmine", "rice_jasmine", place="570906")
        farmer(session, "durian", "durian")
        farmer(session, "elsewhere", "rice", place="9011")
        planned = bulletin("rice", ["5709"], WORDS, UNTIL, MORNING)
        shown = preview(session, planned, MORNING, WHO, BANGKOK)
        assert shown.audience == {"local": 2}
        everybody = bulletin("", ["5709"], WORDS, UNTIL, MORNING)
        assert preview(session, everybody, MORNING, WHO, BANGKOK).audience == {"local": 3}
        broadcast = send(session, planned, MORNING, WHO, BANGKOK, by="สมศรี")
        assert (broadcast.priority, broadcast.expires_at, broadcast.released_by) == ("routine", UNTIL, "สมศรี")
        (bubble,) = bubbles_for(broadcast, "th", "")
        assert bubble.text == (
            "คำแนะนำข้าว\nเกษตรอำเภอแม่สาย 21 พ.ย. 2569 6.30 น.\n"
            "น้ำจะเข้านาคืนนี้ เปิดทางน้ำก่อนค่ำ\nใช้ได้ถึง 22 พ.ย. 2569 6.30 น."
        )


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"crop": "teak"}, "no such crop"),
        ({"places": []}, "name at least one"),
        ({"places": ["99"]}, "'99' is not the code"),
        ({"words": {"th": "x", "en": " "}}, "no words in 'en'"),
        ({"until": MORNING}, "has passed"),
        ({"until": MORNING + timedelta(days=20)}, "more than 14 days"),
    ],
)
def test_what_cannot_be_sent_is_refused_with_the_mend(change: dict[str, object], says: str) -> None:
    given: dict[str, object] = {"crop": "rice", "places": ["5709"], "words": WORDS, "until": UNTIL, **change}
    with pytest.raises(BulletinRefused, match=says):
        bulletin(given["crop"], given["places"], given["words"], given["until"], MORNING)  # type: ignore[arg-type]


def test_what_is_too_long_is_refused_by_form(sqlite_database: Database) -> None:
    with sqlite_database.write() as session:
        planned = bulletin("rice", ["5709"], {**WORDS, "th": "น้ำ" * 50}, UNTIL, MORNING)
        with pytest.raises(
            BulletinRefused, match=r"--th is too long for (chat|sms): shorten it by \d+ letters"
        ):
            preview(session, planned, MORNING, WHO, BANGKOK)


def test_the_reserve_for_emergencies_stops_it(sqlite_database: Database) -> None:
    with sqlite_database.write() as session:
        line = account(session, "line")
        farmer(session, "line", "rice", account_id=line)
        note_quota(session, line, limit=500, used=499, at=MORNING)
        planned = bulletin("rice", ["5709"], WORDS, UNTIL, MORNING)
        assert "kept for emergencies" in preview(session, planned, MORNING, WHO, BANGKOK).obstacle
        with pytest.raises(BulletinRefused, match="kept for emergencies"):
            send(session, planned, MORNING, WHO, BANGKOK, by="tester")
        note_quota(session, line, limit=500, used=497, at=MORNING)
        send(session, planned, MORNING, WHO, BANGKOK, by="tester")
        with pytest.raises(BulletinRefused, match="498 are used"):
            send(session, planned, MORNING, WHO, BANGKOK, by="tester")
