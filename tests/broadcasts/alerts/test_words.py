"""What an alert says, read as citizens of every province, language and form will."""

from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from broadcasts.alerts.cap_model import MessageType, Status
from broadcasts.alerts.words import words_of_alert
from storage import places
from storage.alerts import Alert
from storage.broadcasts import EVERY_PLACE, Form, variant_name
from storage.replies import Bubble
from storage.wording import LANGUAGES
from storage.wording.warnings import HAZARDS, LEVELS, limit_units, units
from tests.broadcasts.alerts.cap_texts import DATA, alert_xml, area_xml, info_xml, read_one

BANGKOK = ZoneInfo("Asia/Bangkok")
SENT = datetime(2026, 9, 25, 9, 34, tzinfo=UTC)
AT = SENT + timedelta(minutes=26)
CHIANG_MAI, CHIANG_RAI = "50", "57"
FORTY = tuple(each.code for province in (CHIANG_RAI, CHIANG_MAI) for each in places.children(province))[:40]
LONG_NAME = "สำนักงานป้องกันและบรรเทาสาธารณภัยจังหวัดเชียงรายและหน่วยงานภาคี"
MOST_SMS_UNITS = 201
"""Three segments in UCS-2: a text message that does not fit into two costs a third."""
ADVICE = "อยู่ในบ้าน ปิดประตูหน้าต่าง สวมหน้ากาก อย่าขับรถ ดูที่ https://example.go.th/x"


def alert(**changed: Any) -> Alert:
    legal: dict[str, Any] = {
        "id": 1,
        "identifier": "TMD20260925163420_2",
        "sender": "TMD",
        "sent": SENT,
        "status": Status.ACTUAL,
        "msg_type": MessageType.ALERT,
        "hazard": "flash_flood",
        "level": "emergency",
        "headline": "น้ำป่าไหลหลาก",
        "places": ["5709"],
        "effective_at": SENT,
        "expires_at": AT + timedelta(hours=6),
        "origin": "test",
        "cap": b"",
        "imported_at": AT,
    }
    return Alert(**{**legal, **changed})


def words(
    of: Alert, info: str = info_xml(certainty="Observed"), replaced: Alert | None = None, at: datetime = AT
) -> dict[str, dict[str, tuple[Bubble, ...]]]:
    return words_of_alert(of, read_one(alert_xml(info)), replaced, at, BANGKOK)


def text(of: Alert, language: str = "th", variant: str = EVERY_PLACE, **how: Any) -> str:
    (bubble,) = words(of, **how)[language][variant]
    return bubble.text


def test_the_heavy_rain_of_the_meteorological_department() -> None:
    cap = read_one((DATA / "tmd_alert.xml").read_text("utf-8-sig"))
    area = [
        value.value.removeprefix("TH-")
        for info in cap.infos
        for each in info.areas
        for value in each.geocodes
    ]
    rain = alert(
        hazard="heavy_rain",
        level="warning",
        places=area,
        effective_at=cap.infos[0].effective,
        expires_at=cap.infos[0].expires,
    )
    said = words_of_alert(rain, cap, None, AT, BANGKOK)
    assert said["th"][CHIANG_MAI][0].text == (
        "🟠 เตือนภัย\n"
        "กรมอุตุนิยมวิทยา 25 ก.ย. 2569 16.34 น.\n"
        "คาดว่าฝนจะตกหนักที่ จ.เชียงใหม่ และอีก 26 จังหวัด เย็นนี้ 18.01 น. ถึงพรุ่งนี้ "
        "อาจมีน้ำท่วมฉับพลัน น้ำป่า ดินถล่มใกล้เขา\n"
        "ยกของ ย้ายรถและสัตว์ขึ้นที่สูงตอนนี้ ออกห่างริมห้วย อย่าขับรถฝ่าน้ำ\n"
        "ต้องการให้ช่วยโทร 1784 คำเตือนนี้ถึง พรุ่งนี้ 16.34 น."
    )
    assert said["en"][CHIANG_MAI][0].text == (
        "🟠 Warning\n"
        "TMD 25 Sep 2026 16:34\n"
        "Heavy rain is likely in Chiang Mai and 26 more provinces this evening 18:01. "
        "Sudden floods or landslides may follow.\n"
        "Move things, cars and animals up now. Leave stream banks. Do not drive through water.\n"
        "Help: call 1784. This warning lasts until tomorrow 16:34"
    )
    assert set(said["th"]) == {
        variant_name(form, near) for form in Form for near in (EVERY_PLACE, *sorted(area))
    }
    for province in area:
        own = places.short_name(province, "th")
        assert said["th"][province][0].text.splitlines()[2].split("ที่ ")[1].startswith(own)


@pytest.mark.parametrize("hazard", [*HAZARDS, None])
def test_no_warning_is_too_long(hazard: str | None) -> None:
    """Over forty districts, from an issuer with a long name, beginning tonight and ending tomorrow."""
    info = info_xml(
        certainty="Observed", senderName=LONG_NAME, headline=f"{'เถ้าภูเขาไฟ ' * 20}", instruction=ADVICE
    )
    messages = (MessageType.ALERT, MessageType.UPDATE, MessageType.CANCEL)
    for level, message in product(LEVELS, messages):
        long = alert(
            hazard=hazard,
            level=level,
            msg_type=message,
            sender="x@example.go.th",
            places=FORTY,
            effective_at=AT + timedelta(hours=3),
            expires_at=AT + timedelta(hours=30),
        )
        said = words(long, info, replaced=alert(sent=SENT - timedelta(days=1)))
        for language in LANGUAGES:
            for variant, (bubble,) in said[language].items():
                most = MOST_SMS_UNITS if variant.startswith("sms") else limit_units(language, "chat")
                assert units(bubble.text) <= most, (level, message, variant, bubble.text)


def test_forty_districts_name_the_readers_own_province_first() -> None:
    said = words(alert(hazard="flood", places=FORTY))["th"]
    assert "น้ำท่วมเร็วที่ อ.เมืองเชียงราย อ.เวียงชัย อ.เชียงของ และอีก 37 อำเภอ" in said[CHIANG_RAI][0].text
    assert "น้ำท่วมเร็วที่ อ.เมืองเชียงใหม่ อ.จอมทอง อ.แม่แจ่ม และอีก 37 อำเภอ" in said[CHIANG_MAI][0].text


def test_one_place_needs_no_variants() -> None:
    assert set(words(alert())["th"]) == {variant_name(form, EVERY_PLACE) for form in Form}


@pytest.mark.parametrize(
    ("level", "actions", "lasting"),
    [
        ("watch", ["rescue.check", "menu"], False),
        ("warning", ["rescue.check", "menu"], False),
        ("emergency", ["safe", "rescue.now"], True),
    ],
)
@pytest.mark.parametrize("message", [MessageType.ALERT, MessageType.UPDATE])
def test_the_buttons_of_each_level(
    level: str, actions: list[str], lasting: bool, message: MessageType
) -> None:
    (bubble,) = words(alert(level=level, msg_type=message), replaced=alert())["th"][EVERY_PLACE]
    assert [button.action for button in bubble.buttons] == actions
    assert bubble.lasting is lasting


def test_an_exercise_looks_and_reads_like_one() -> None:
    (bubble,) = words(alert(status=Status.EXERCISE))["th"][EVERY_PLACE]
    assert bubble.text.startswith("⚪ ฝึกซ้อม ไม่มีภัยจริง")
    assert bubble.text.endswith("ฝึกซ้อม ไม่มีภัยจริง")
    assert [button.action for button in bubble.buttons] == ["exercise.seen"]


def test_an_update_names_the_message_it_replaces_by_the_clock_of_the_same_day() -> None:
    said = text(alert(msg_type=MessageType.UPDATE), replaced=alert(sent=SENT - timedelta(hours=2)))
    assert "ใช้แทนข้อความเวลา 14.34 น." in said


def test_of_another_day_with_its_date() -> None:
    cancel = alert(msg_type=MessageType.CANCEL, level=None)
    said = text(cancel, replaced=alert(sent=SENT - timedelta(days=1)))
    assert "คำเตือนเวลา 24 ก.ย. 2569 16.34 น. เรื่องน้ำป่าที่ อ.แม่สาย เลิกใช้แล้ว" in said
    assert "ยังเห็นอันตรายอยู่ ให้อยู่ที่ปลอดภัยไว้ก่อน" in said


def test_an_update_of_what_nobody_got_reads_as_an_alert() -> None:
    assert text(alert(msg_type=MessageType.UPDATE)) == text(alert())


def test_an_unknown_hazard_is_said_in_the_issuers_words_without_links() -> None:
    info = info_xml(certainty="Observed", language="th-TH", headline="เถ้าภูเขาไฟปกคลุมพื้นที่", instruction=ADVICE)
    said = text(alert(hazard=None, headline="เถ้าภูเขาไฟปกคลุมพื้นที่"), info=info)
    assert said == (
        "🔴 อันตราย ทำเดี๋ยวนี้\n"
        "กรมอุตุนิยมวิทยา 25 ก.ย. 2569 16.34 น.\n"
        "เถ้าภูเขาไฟปกคลุมพื้นที่\n"
        "อ.แม่สาย ถึงคืนนี้ 23.00 น.\n"
        "อยู่ในบ้าน ปิดประตูหน้าต่าง สวมหน้ากาก อย่าขับรถ ดูที่\n"
        "เจ็บป่วยโทร 1669 ต้องการให้ช่วยกดปุ่มหรือโทร 1784\n"
        "คำเตือนนี้ถึง คืนนี้ 23.00 น."
    )


def test_each_language_has_its_own_block_where_there_is_one() -> None:
    both = info_xml(language="th-TH", event="เถ้าภูเขาไฟ", headline="เถ้าภูเขาไฟ") + info_xml(
        language="en-US", event="Ash", headline="Volcanic ash is falling"
    )
    ash = alert(hazard=None, level="watch")
    assert "เถ้าภูเขาไฟ" in text(ash, info=both)
    assert "Volcanic ash is falling" in text(ash, "en", info=both)


def test_the_gravest_block_is_said() -> None:
    area = area_xml("แม่สาย", ("DOPA", "5709"))
    two = info_xml(area, language="th-TH", event="หมอก", headline="หมอก", severity="Minor") + info_xml(
        area, language="th-TH", event="เถ้าภูเขาไฟ", headline="เถ้าภูเขาไฟ", severity="Extreme"
    )
    assert "เถ้าภูเขาไฟ" in text(alert(hazard=None), info=two)
