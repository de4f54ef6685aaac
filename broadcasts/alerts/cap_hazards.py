"""Which of Krajai's hazards an info block is about, from reviewed tables of codes and words.

Codes come before words, since they mean one thing. Words that can mean several hazards (fire,
explosion, monsoon) are in no table: a person then chooses.
"""

import re
from collections.abc import Iterator

from broadcasts.alerts.cap_model import CapInfo
from storage.place_reading import same_to_the_eye

# The deadlier hazard first: an alert that names several is about the first of these. Rain, storm and
# waves come in the order in which they concern the people of a province rather than its boats.
HAZARDS = (
    "tsunami",
    "dam_release",
    "flash_flood",
    "landslide",
    "earthquake",
    "chemical_leak",
    "armed_violence",
    "wildfire",
    "flood",
    "storm",
    "heavy_rain",
    "high_waves",
    "outbreak",
    "pm25",
    "heat",
    "cold",
    "water_shortage",
)

# United States Code of Federal Regulations, 47 CFR 11.31(e): the event codes of SAME.
_SAME = {
    "tsunami": "TSA TSW",
    "flash_flood": "FFA FFS FFW",
    "earthquake": "EQW",
    "chemical_leak": "HMW",
    "wildfire": "FRW",
    "flood": "CFA CFW FLA FLS FLW",
    "storm": "EWW HLS HUA HUW HWA HWW SMW SVA SVR SVS TOA TOR TRA TRW",
    "high_waves": "SSA SSW",
}

# OASIS Event Terms List for CAP 1.2, Committee Note 01 (2020), as OET:v1.2. The list called OET:v1.0
# has other numbers for the same terms and is therefore not read by number.
_OET_1_2 = {
    "tsunami": "203",
    "dam_release": "052",
    "flash_flood": "079",
    "landslide": "056 119 133",
    "earthquake": "068",
    "armed_violence": "001 028 129 193",
    "chemical_leak": "036 037 197 198",
    "wildfire": "033 086 094 217",
    "flood": "042 067 081 121 140",
    "storm": "051 095 106 122 186 187 194 195 196 201 202 204 215 218",
    "heavy_rain": "159",
    "high_waves": "096 100 101 168 189 191",
    "outbreak": "046 062",
    "pm25": "004 059",
    "heat": "098",
    "cold": "043 044 087 091 220",
    "water_shortage": "063",
}

_CODE_LISTS: dict[str, dict[str, str]] = {
    "same": {code: hazard for hazard, codes in _SAME.items() for code in codes.split()},
    "oet:v1.2": {f"OET-{code}": hazard for hazard, codes in _OET_1_2.items() for code in codes.split()},
}
# The national weather service of the United States writes SAME codes under this name, too.
_CODE_LISTS["nationalweatherservice"] = _CODE_LISTS["same"]

# Regular expressions over text in lower case. English words stand alone unless part of a compound.
_WORDS: dict[str, tuple[str, ...]] = {
    "tsunami": (r"tsunami", "สึนามิ", "คลื่นยักษ์"),
    "dam_release": (
        r"\bdam (?:release|failure|break|burst|discharge)", r"\breservoir release",
        "เขื่อนแตก", "เขื่อนพัง", "เขื่อนทรุด", "(?:ปล่อย|ระบาย|พร่อง)น้ำ(?:จาก|ท้าย|ออกจาก)?(?:เขื่อน|อ่างเก็บน้ำ)",
        "เขื่อน.{0,30}(?:เร่ง|เพิ่มการ)?(?:ปล่อย|ระบาย)น้ำ", "อ่างเก็บน้ำ(?:แตก|พัง)",
    ),
    "flash_flood": (r"\bflash[ -]?flood", "น้ำป่า", "น้ำท่วมฉับพลัน", "น้ำหลาก", "น้ำท่วมเฉียบพลัน"),
    "landslide": (
        r"\b(?:land|mud|rock)[ -]?slides?\b", r"\bdebris flow", "ดินถล่ม", "โคลนถล่ม", "ดินสไลด์", "หินถล่ม",
    ),
    "earthquake": (r"\bearth[ -]?quake", r"\baftershock", r"\bseismic", "แผ่นดินไหว", "อาฟเตอร์ช็อก"),
    "armed_violence": (
        r"\bactive shooter", r"\bshooting\b", r"\bgunman\b", r"\bterroris[tm]",
        r"\bbomb(?:ing|s)?\b(?! cyclone)",
        r"\barmed (?:attack|clash|conflict|violence)", "กราดยิง", "เหตุยิง", "ยิงปะทะ", "เหตุปะทะ", "ลอบวางระเบิด",
        "วางระเบิด", "คาร์บอมบ์", "ก่อการร้าย", "ก่อความไม่สงบ",
    ),
    "chemical_leak": (
        r"\bchemical", r"\bhazardous material", r"\bhazmat\b", r"\btoxic (?:gas|plume|spill|cloud)",
        r"\bgas leak", "สารเคมี", "สารพิษรั่ว", "(?:ก๊าซ|แก๊ส)(?:พิษ)?รั่ว", "วัตถุอันตรายรั่ว",
    ),
    "wildfire": (
        r"\bwild[ -]?(?:land )?fire", r"\b(?:forest|bush|grass)[ -]?fire", r"\bred flag\b",
        r"\bfire weather\b", "ไฟป่า", "ไฟไหม้ป่า",
    ),
    "flood": (
        r"\bflood", r"\binundation", r"\boverflow", "น้ำท่วม", "อุทกภัย", "น้ำล้น", "น้ำเอ่อล้น", "น้ำทะเลหนุน",
    ),
    "storm": (
        r"(?<!solar )(?<!geomagnetic )(?<!snow)(?<!ice )(?<!sand)(?<!dust )storm(?! surge)", r"\bcyclone",
        r"\btyphoon", r"\bhurricane", r"\btornado", r"\bsquall", r"\bhail\b", r"\blightning\b",
        r"\b(?:strong|high|damaging|extreme|severe) winds?\b", r"\bgales?\b", r"\btropical depression",
        "พายุ(?!ซัดฝั่ง|ซัดชายฝั่ง)", "ไต้ฝุ่น", "ไซโคลน", "ดีเปรสชัน", "ลมกระโชก", "ลมงวง", "ลูกเห็บ", "วาตภัย",
        "ฝนฟ้าคะนอง", "ฟ้าผ่า", "(?<!คลื่น)ลมแรง",
    ),
    "heavy_rain": (
        r"\b(?:heavy|torrential|excessive|extreme|intense|persistent) (?:rain|shower|precipitation)",
        r"(?<!freezing )\brain(?:fall|s)?\b", "ฝนตกหนัก", "ฝนหนัก", "ฝนตกสะสม", "ฝนตกต่อเนื่อง",
    ),
    "high_waves": (
        r"\b(?:high|rough|hazardous|heavy) (?:waves?|seas?|surf)\b",
        r"\b(?:storm surge|rip current|small craft)",
        r"\b(?:swell|rogue wave)s?\b", "คลื่นลม", "คลื่นสูง", "คลื่นใหญ่", "คลื่นแรง", "คลื่นซัด", "ซัดชายฝั่ง", "ซัดฝั่ง",
    ),
    "outbreak": (
        r"\b(?:out ?break|epidemic|pandemic)", r"\b(?:contagious|infectious) disease", r"\bdengue",
        r"\b(?:avian|bird) (?:flu|influenza)", "โรคระบาด", "โรคติดต่อ", "โรคไข้เลือดออก", "ไข้เลือดออก", "ไข้หวัดนก",
        "อหิวาต์",
    ),
    "pm25": (
        r"\bpm ?2\.5", r"\bair (?:quality|pollution)", r"\bhaze\b", r"\bsmog\b", r"\bdense smoke", "ฝุ่นละออง",
        "ฝุ่นพิษ", "ฝุ่นควัน", "หมอกควัน", "คุณภาพอากาศ", "มลพิษทางอากาศ", "ฝุ่น pm",
    ),
    "heat": (
        r"\b(?:extreme|excessive|dangerous) (?:heat|temperature)", r"\bheat ?wave",
        r"\bheat (?:advisory|index|warning)",
        r"\b(?:very )?hot weather", "ร้อนจัด", "คลื่นความร้อน", "ดัชนีความร้อน", "อากาศร้อน", "ฮีทสโตรก",
    ),
    "cold": (
        r"\b(?:extreme|severe) cold", r"\bcold (?:wave|spell|weather|surge)", r"\bwind chill", r"\bfrost\b",
        "หนาวจัด", "อากาศหนาว", "ภัยหนาว", "คลื่นความเย็น", "น้ำค้างแข็ง",
    ),
    "water_shortage": (
        r"\bdrought", r"\bwater (?:shortage|scarcity|outage)", "ภัยแล้ง", "ขาดแคลนน้ำ", "ฝนทิ้งช่วง",
        "น้ำประปาไม่ไหล", "น้ำไม่ไหล", "หยุดจ่ายน้ำ",
    ),
}  # fmt: skip

_PATTERNS = tuple((hazard, re.compile("|".join(_WORDS[hazard]))) for hazard in HAZARDS)
# What an event or a headline says, it says in its first words.
_MOST_LETTERS = 500
_WORD_STARTS = re.compile(r"(?<=[a-z])(?=[A-Z])|[_\-]+")


def hazard_of(info: CapInfo) -> str | None:
    """The hazard, one of HAZARDS; None when neither codes, event nor headline name one.

    The description is not read: it tells of side effects, too ("heavy rain, waves of 2 metres").
    """
    codes = [(named.value_name.casefold(), named.value) for named in info.event_codes]
    for value_name, value in codes:
        hazard = _CODE_LISTS.get(value_name, {}).get(value.upper())
        if hazard:
            return hazard
    return next(_hazards_in(_texts(info)), None)


def _texts(info: CapInfo) -> Iterator[str]:
    yield info.event
    # Many lists have words for codes: bushFire, flash-flood.
    for named in info.event_codes:
        yield _WORD_STARTS.sub(" ", named.value)
    yield info.headline or ""


def _hazards_in(texts: Iterator[str]) -> Iterator[str]:
    for text in texts:
        plain = same_to_the_eye(" ".join(text[:_MOST_LETTERS].split()))
        for hazard, pattern in _PATTERNS:
            if pattern.search(plain):
                yield hazard
