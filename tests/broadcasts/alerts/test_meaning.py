from datetime import UTC, datetime, timedelta

import pytest

from broadcasts.alerts.cap import read_cap, read_references
from broadcasts.alerts.meaning import (
    HAZARDS,
    Level,
    hazard_of,
    info_for,
    infos_for,
    language_of,
    level_of,
    places_of,
    references_match,
)
from tests.broadcasts.alerts.cap_texts import DATA, alert_xml, area_xml, info_xml, read_info, read_one

SENT_AT = datetime(2026, 9, 25, 9, 34, tzinfo=UTC)


def places_named(description: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return places_of(read_info(area_xml(description)))


def test_the_real_alert_means_rain_over_27_provinces() -> None:
    (alert,) = read_cap((DATA / "tmd_alert.xml").read_bytes())
    info = info_for(alert, "th")
    assert info is not None
    assert (hazard_of(info), level_of(info)) == ("heavy_rain", "warning")
    codes, not_understood = places_of(info)
    assert len(codes) == 27
    assert {"15", "50", "86"} < set(codes)
    assert not_understood == ()


def test_an_update_and_a_cancel_refer_to_the_alert_however_they_write_it() -> None:
    (alert,), (update,), (cancel,) = (
        read_cap((DATA / f"tmd_{kind}.xml").read_bytes()) for kind in ("alert", "update", "cancel")
    )
    for later, earlier in ((update, alert), (cancel, alert), (cancel, update)):
        matching = [
            reference
            for reference in later.references
            if references_match(reference, earlier.identifier, earlier.sender, earlier.sent)
        ]
        assert len(matching) == 1


@pytest.mark.parametrize(
    ("event", "hazard"),
    [
        ("Flash Flood Warning", "flash_flood"),
        ("น้ำท่วมฉับพลันและน้ำป่าไหลหลาก", "flash_flood"),
        ("นํ้าป่าไหลหลาก", "flash_flood"),
        ("FLOOD WATCH", "flood"),
        ("น้ำท่วมขัง", "flood"),
        ("น้ำล้นตลิ่ง", "flood"),
        ("Dam release", "dam_release"),
        ("เขื่อนเจ้าพระยาเพิ่มการระบายน้ำ", "dam_release"),
        ("Severe Thunderstorm", "storm"),
        ("พายุฤดูร้อน", "storm"),
        ("พายุไต้ฝุ่นยางิ", "storm"),
        ("Landslide", "landslide"),
        ("ดินโคลนถล่ม", "landslide"),
        ("คลื่นลมแรง", "high_waves"),
        ("Storm Surge Warning", "high_waves"),
        ("คลื่นพายุซัดฝั่ง", "high_waves"),
        ("Earthquake", "earthquake"),
        ("แผ่นดินไหว", "earthquake"),
        ("Tsunami Warning", "tsunami"),
        ("แผ่นดินไหวในทะเล อาจเกิดสึนามิ", "tsunami"),
        ("Bush Fire", "wildfire"),
        ("Wildfire", "wildfire"),
        ("ไฟป่า", "wildfire"),
        ("PM2.5", "pm25"),
        ("ฝุ่น PM 2.5 เกินมาตรฐาน", "pm25"),
        ("Air Quality Alert", "pm25"),
        ("หมอกควัน", "pm25"),
        ("Extreme heat", "heat"),
        ("อากาศร้อนจัด", "heat"),
        ("คลื่นความร้อน", "heat"),
        ("Cold wave", "cold"),
        ("อากาศหนาวจัด", "cold"),
        ("Drought", "water_shortage"),
        ("ภัยแล้ง", "water_shortage"),
        ("Chemical leak", "chemical_leak"),
        ("สารเคมีรั่วไหล", "chemical_leak"),
        ("Dengue outbreak", "outbreak"),
        ("โรคไข้เลือดออกระบาด", "outbreak"),
        ("Active shooter", "armed_violence"),
        ("เหตุกราดยิง", "armed_violence"),
        ("Heavy Rain", "heavy_rain"),
        ("ฝนตกหนักมาก", "heavy_rain"),
        ("Fire", None),
        ("เหตุระเบิด", None),
        ("Geomagnetic storm", None),
        ("Freezing rain", None),
        ("Child Abduction", None),
        ("", None),
    ],
)
def test_hazards_are_told_from_the_event_in_both_languages(event: str, hazard: str | None) -> None:
    assert hazard is None or hazard in HAZARDS
    assert hazard_of(read_info(event=event)) == hazard


@pytest.mark.parametrize(
    ("value_name", "value", "hazard"),
    [
        ("SAME", "FFW", "flash_flood"),
        ("SAME", "tsw", "tsunami"),
        ("SAME", "SPS", None),
        ("OET:v1.2", "OET-203", "tsunami"),
        ("OET:v1.2", "OET-081", "flood"),
        ("OET:v1.2", "OET-182", None),
        ("OET:v1.0", "OET-203", None),
        ("profile:CAP-CP:Event:0.4", "forestFire", "wildfire"),
        ("list", "flash-flood", "flash_flood"),
    ],
)
def test_event_codes_say_more_than_a_vague_event(value_name: str, value: str, hazard: str | None) -> None:
    code = f"<eventCode><valueName>{value_name}</valueName><value>{value}</value></eventCode>"
    assert hazard_of(read_info(code, event="Notice")) == hazard


def test_codes_come_before_the_event_and_the_event_before_the_headline() -> None:
    code = "<eventCode><valueName>SAME</valueName><value>FLW</value></eventCode>"
    assert hazard_of(read_info(code, event="Heavy Rain", headline="พายุ")) == "flood"
    assert hazard_of(read_info(event="Heavy Rain", headline="พายุ")) == "heavy_rain"
    assert hazard_of(read_info(event="Notice", headline="พายุ")) == "storm"
    assert hazard_of(read_info(event="Notice", description="พายุ")) is None


@pytest.mark.parametrize(
    ("severity", "urgency", "certainty", "level"),
    [
        ("Extreme", "Immediate", "Observed", "emergency"),
        ("Extreme", "Immediate", "Likely", "emergency"),
        ("Extreme", "Immediate", "Possible", "watch"),
        ("Extreme", "Expected", "Observed", "warning"),
        ("Severe", "Immediate", "Observed", "warning"),
        ("Severe", "Expected", "Likely", "warning"),
        ("Severe", "Future", "Likely", "watch"),
        ("Moderate", "Immediate", "Observed", "watch"),
        ("Unknown", "Unknown", "Unknown", "watch"),
        ("Extreme", "Immediate", "Unlikely", None),
        ("Extreme", "Past", "Observed", None),
    ],
)
def test_levels(severity: str, urgency: str, certainty: str, level: Level | None) -> None:
    assert level_of(read_info(severity=severity, urgency=urgency, certainty=certainty)) == level


@pytest.mark.parametrize(
    ("tag", "headline", "language"),
    [
        ("th-TH", "ฝนตกหนัก", "th"),
        ("th", "ฝนตกหนัก", "th"),
        ("en-US", "Heavy rain", "en"),
        ("en_US", "Heavy rain", "en"),
        (None, "Heavy rain", "en"),
        (None, "ฝนตกหนัก", "th"),
        ("en-US", "ฝนตกหนักใน Chiang Mai มีน้ำท่วม", "th"),
        ("th-TH", "Heavy rain", "en"),
        ("en", "Heavy rain in Chiang Mai (เชียงใหม่)", "en"),
        ("my", "မိုး", "my"),
        ("fr-CA", "Pluie", "fr"),
    ],
)
def test_the_letters_decide_between_thai_and_english(tag: str | None, headline: str, language: str) -> None:
    assert language_of(read_info(language=tag, headline=headline)) == language


def test_the_info_block_of_a_language_is_picked() -> None:
    alert = read_one(
        alert_xml(
            info_xml(headline="ฝน")
            + info_xml(language="en-US", headline="Rain", areaDesc=None)
            + info_xml(language="en-GB", headline="Drizzle")
        )
    )
    thai, american, british = alert.infos
    assert info_for(alert, "th") is thai
    assert info_for(alert, "th-TH") is thai
    assert info_for(alert, "en") is american
    assert info_for(alert, "en-GB") is british
    assert info_for(alert, "my") is None
    assert infos_for(alert, "en") == (american, british)


@pytest.mark.parametrize(
    ("geocodes", "codes", "not_understood"),
    [
        ([("ISO3166-2", "TH-50")], ("50",), ()),
        ([("ISO 3166-2", "TH-58"), ("iso3166-2", "th-50")], ("50", "58"), ()),
        ([("ISO3166-2", "TH-50 TH-51,TH-52;TH-50")], ("50", "51", "52"), ()),
        ([("ISO3166-2", "TH-50"), ("ISO3166-2", "R-01")], ("50",), ("ISO3166-2 R-01 (a region)",)),
        ([("ISO3166-2", "TH-99")], (), ("ISO3166-2 TH-99",)),
        ([("ISO3166-2", "LA-VT")], (), ("ISO3166-2 LA-VT",)),
        ([("DOPA", "5001"), ("TIS1099", "500103"), ("geocode", "58")], ("5001", "58"), ()),
        ([("geocode", "50010304")], ("50010304",), ()),
        ([("P-Code", "TH5709")], ("5709",), ()),
        ([("geocode", "5099"), ("geocode", "501")], (), ("geocode 5099", "geocode 501")),
        # These six digits are a Thai subdistrict's, too, but not in this list.
        ([("FIPS6", "500103")], (), ("FIPS6 500103",)),
    ],
)
def test_places_by_code(
    geocodes: list[tuple[str, str]], codes: tuple[str, ...], not_understood: tuple[str, ...]
) -> None:
    assert places_of(read_info(area_xml("", *geocodes))) == (codes, not_understood)


@pytest.mark.parametrize(
    ("description", "codes", "not_understood"),
    [
        ("เชียงใหม่ ลำพูน ลำปาง", ("50", "51", "52"), ()),
        ("จังหวัดเชียงใหม่, จ.ลำพูน; ตาก", ("50", "51", "63"), ()),
        ("จังหวัดเชียงรายและจังหวัดพะเยา", ("56", "57"), ()),
        ("Chiang Mai Lamphun Mae Hong Son", ("50", "51", "58"), ()),
        ("Chiang Rai and Nan", ("55", "57"), ()),
        ("ลำพูน สุราษฎร์ธานี", ("51", "84"), ()),
        ("อ.แม่สาย จ.เชียงราย", ("5709",), ()),
        ("อ.แม่จัน อ.แม่สาย จ.เชียงราย", ("5707", "5709"), ()),
        ("Mae Sai, Chiang Rai", ("5709",), ()),
        ("ต.เวียงพางคำ อ.แม่สาย จ.เชียงราย", ("570906",), ()),
        (
            "จังหวัดเชียงราย (อำเภอแม่สาย อำเภอแม่จัน)",
            ("5707", "5709"),
            ("จังหวัดเชียงราย (read as where อำเภอแม่สาย is)",),
        ),
        ("ภาคเหนือ เชียงใหม่", ("50",), ("ภาคเหนือ",)),
        ("ภาคเหนือ ตอนบน", (), ("ภาคเหนือ ตอนบน",)),
        ("อำเภอเมือง", (), ("อำเภอเมือง (several places)",)),
        ("พระนครศรีอยุธยา", (), ("พระนครศรีอยุธยา (several places)",)),
        ("หนองบัว", (), ("หนองบัว (several places)",)),
        ("อ.หนองบัว", ("6004",), ()),
        ("หนองบัว นครสวรรค์", ("6004",), ()),
        ("แม่สาย", ("5709",), ()),
        ("ภาคเหนือ ยกเว้น เชียงใหม่", (), ("ภาคเหนือ ยกเว้น เชียงใหม่",)),
        ("30 km", (), ("30 km",)),
        ("50", (), ("50",)),
        ("เชียงใหม", (), ("เชียงใหม",)),
        ("", (), ()),
    ],
)
def test_places_by_name_when_no_code_gives_any(
    description: str, codes: tuple[str, ...], not_understood: tuple[str, ...]
) -> None:
    assert places_named(description) == (codes, not_understood)


def test_names_are_not_read_beside_codes() -> None:
    assert places_of(read_info(area_xml("เชียงราย", ("ISO3166-2", "TH-50")))) == (("50",), ())


def test_names_are_read_where_the_codes_give_nothing() -> None:
    codes, not_understood = places_of(
        read_info(area_xml("เชียงราย", ("ISO3166-2", "R-01")) + area_xml("", ("ISO3166-2", "TH-50")))
    )
    assert (codes, not_understood) == (("50", "57"), ("ISO3166-2 R-01 (a region)",))


@pytest.mark.parametrize("shape", ["<polygon>18,98 19,98 19,99 18,98</polygon>", "<circle>18,98 5</circle>"])
def test_shapes_alone_give_no_places_and_say_so(shape: str) -> None:
    assert places_of(read_info(area_xml("", inside=shape))) == ((), ("polygon without code",))
    assert places_of(read_info(area_xml("น่าน", inside=shape))) == (("55",), ())


def test_very_long_descriptions_are_reported_rather_than_read() -> None:
    codes, not_understood = places_named("เชียงใหม่ " * 401)
    assert codes == ()
    assert len(not_understood) == 1
    assert len(not_understood[0]) == 80


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        ("TMD,TMD20260925163420_2,2026-09-25T16:34:00+07:00", True),
        ("tmd,TMD20260925163420_2,2026-09-25T09:34:20Z", True),
        ("TMD,TMD20260925163420_2,2026-09-25T16:34:00Z", True),
        ("TMD,TMD20260925163420_2,2026-09-25T09:34:00+07:00", True),
        ("TMD,TMD20260925163420_2,2026-09-25T16:36:00+07:00", False),
        ("EGAT,TMD20260925163420_2,2026-09-25T16:34:00+07:00", False),
        ("TMD,TMD20260925163420_3,2026-09-25T16:34:00+07:00", False),
        ("TMD20260925163420_2", True),
        ("TMD20260925163420_2,2026-09-25T16:34:00+07:00", True),
        ("TMD20260925163420", False),
        ("CAPTMD20260925163420_2.xml", True),
        ("https://www.tmd.go.th/uploads/CAP/CAPTMD20260925163420_2.xml", True),
        ("TMD,CAPTMD20260925163420_2.xml,2026-09-25T16:34:00+07:00", True),
        ("20260925163420_2.cap", True),
        ("CAPTMD20260925163420_3.xml", False),
        ("CAPEGAT20260925163420_2.xml", False),
        ("_2.xml", False),
        (".xml", False),
    ],
)
def test_references_match_the_one_message_they_mean(text: str, matches: bool) -> None:
    (reference,) = read_references(text)
    assert references_match(reference, "TMD20260925163420_2", "TMD", SENT_AT) is matches


def test_a_reference_by_file_needs_the_same_digits() -> None:
    (reference,) = read_references("warning7.xml")
    assert not references_match(reference, "notice7", "TMD", SENT_AT)
    assert references_match(reference, "WARNING7", "TMD", SENT_AT + timedelta(days=1))
