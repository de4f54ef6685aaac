"""The rules of the voice, checked over every sentence that citizens read."""

import re
from functools import cache

import pytest
from pythainlp.tokenize import word_tokenize

from storage.wording import LANGUAGES
from storage.wording.catalogue import _sentences, fills_of, say
from storage.wording.lengths import units
from storage.wording.warnings import LEVELS
from tests.shared_files import shared

SENTENCES = [(language, key, text) for language in LANGUAGES for key, text in _sentences(language).items()]
THAI = [(key, text) for language, key, text in SENTENCES if language == "th"]
ENGLISH = [(key, text) for language, key, text in SENTENCES if language == "en"]

EMOJI = re.compile(r"[\u2600-\u27bf\u2b00-\u2bff\U0001f000-\U0001faff]")
ALLOWED_EMOJI = frozenset("🟡🟠🔴⚪✅")

POLITE_AND_PERSONAL = {
    "ครับ", "ค่ะ", "คะ", "จ้ะ", "จ้า", "นะ", "ผม", "ดิฉัน", "แอดมิน", "ลุง", "ป้า", "น้อง", "ท่าน", "หรือไม่", "โปรด", "กรุณา",
}  # fmt: skip
# What officials write and citizens do not say; only words that mean nothing else.
OFFICIAL = [
    "อุทกภัย",
    "วาตภัย",
    "อัคคีภัย",
    "มวลน้ำ",
    "น้ำก้อนใหญ่",
    "พื้นที่ลุ่มต่ำ",
    "ลาดเชิงเขา",
    "กลุ่มเปราะบาง",
    "ศูนย์พักพิง",
    "ขนย้ายสิ่งของ",
    "ผู้ประสบภัย",
    "ดำเนินการ",
    "อยู่ระหว่างพิจารณา",
    "ยุติเรื่อง",
    "ตามลำดับชั้น",
    "ยื่นคำร้อง",
    "มีความประสงค์",
    "พิกัด",
    "ประชาสัมพันธ์",
    "อันเนื่องมาจาก",
    "อนึ่ง",
    "ทั้งนี้",
    "จึงเรียนมาเพื่อทราบ",
    "ติดตามสถานการณ์",
    "หน่วยงานที่เกี่ยวข้อง",
    "วันทำการ",
    "เอกสารประกอบ",
    "รับรองสำเนาถูกต้อง",
    "ชำระ",
    "ปรับตัวสูงขึ้น",
    "ฝนทิ้งช่วง",
    "ขอความร่วมมือ",
    "ยืนยันการทำรายการ",
    "เรียบร้อยแล้ว",
    "คำสั่งไม่ถูกต้อง",
    "ไม่พบข้อมูล",
    "ไม่สามารถ",
    "ขออภัย",
    "ข้อผิดพลาด",
    "ฝ่าฝืน",
    "คนชรา",
    "ต่างด้าว",
    "รากหญ้า",
    "ตื่นตระหนก",
    "ติดตามข่าว",
]
CAPITALS = {
    "LINE",
    "OK",
    "OTP",
    "PM",
    "SMS",
    "ID",
    "JOIN",
    "STOP",
    "EGAT",
    "GISTDA",
    "JPEG",
    "PNG",
    "QR",
    "CAP",
    "CSV",
}
WITHOUT_EMOJI = {"buttons", "not_understood", "trouble", "body", "help"}


@cache
def _words(text: str) -> frozenset[str]:
    return frozenset(word_tokenize(re.sub(r"\{[a-z_]+\}", " ", text), keep_whitespace=False))


def _broken(faults: dict[str, list[str]]) -> dict[str, list[str]]:
    """The sentences with a fault, so that a failing test names them all."""
    return {key: found for key, found in faults.items() if found}


def test_thai_is_plain_and_of_no_person() -> None:
    def faults(text: str) -> list[str]:
        found = sorted(POLITE_AND_PERSONAL & _words(text)) + [word for word in OFFICIAL if word in text]
        found += re.findall("[๐-๙]", text)
        # A Thai sentence has no full stop.
        return found + [match[0] for match in re.finditer(r"[ก-๛]{5,}\.(\s|$)", text)]

    assert _broken({key: faults(text) for key, text in THAI}) == {}


def test_no_links_shouting_or_decoration() -> None:
    def faults(key: str, text: str) -> list[str]:
        found = re.findall(r"https?:|www\.|\.go\.th|[!…]|\.\.|\?\?", text)
        emoji = EMOJI.findall(text)
        in_place = (
            len(emoji) <= 1
            and all(each in ALLOWED_EMOJI and text.startswith(each) for each in emoji)
            and not (emoji and (".sms" in key or key.split(".")[0] in WITHOUT_EMOJI))
        )
        return found + ([] if in_place else emoji)

    assert _broken({f"{language} {key}": faults(key, text) for language, key, text in SENTENCES}) == {}


def test_english_does_not_shout() -> None:
    capitals = {
        key: sorted(set(re.findall(r"\b[A-Z]{2,}\b", text)) - CAPITALS)
        for key, text in ENGLISH
        if not key.startswith("issuer.")
    }
    assert _broken(capitals) == {}


@pytest.mark.parametrize("language", LANGUAGES)
def test_lengths_of_buttons_titles_and_bubbles(language: str) -> None:
    sentences = _sentences(language)
    labels = {key: text for key, text in sentences.items() if key.startswith("buttons.")}
    assert {key: units(text) for key, text in labels.items() if units(text) > 20} == {}
    assert units(sentences["menu.title"]) <= 14
    bubbles = {
        key: units(text)
        for key, text in sentences.items()
        if key.split(".")[0] not in {"body", "frame", "cancel", "simulator"} and ".sms" not in key
    }
    assert {key: length for key, length in bubbles.items() if length > 200} == {}


@pytest.mark.parametrize("language", LANGUAGES)
def test_lengths_of_sms_answers(language: str) -> None:
    longest = {"agency": "x" * 12, "place": "x" * 12, "time": "x" * 8, "name": "x" * 8, "choices": "x" * 60}
    limit = 134 if language == "th" else 160
    for key in _sentences(language):
        if key in {"menu.sms", "stop.sms"} or key.startswith(("first_contact.sms.", "rescue.sms.")):
            fills = {name: longest[name] for name in fills_of(language, key)}
            assert units(say(language, key, **fills)) <= limit, key


def test_labels_of_one_language_differ() -> None:
    for language in LANGUAGES:
        for choice in (("safe", "need_help", "safe_now", "worse"), ("keep_warnings", "stop_everything")):
            labels = [say(language, f"buttons.{name}") for name in choice]
            assert len(set(labels)) == len(labels)


@pytest.mark.shared
def test_bodies_are_those_of_the_voice() -> None:
    bodies = {
        text
        for key, text in [*THAI, *ENGLISH]
        if key.startswith("body.") and not key.endswith((".plain", ".expected"))
    }
    rows = [_cells(line) for line in shared("voice.md").read_text("utf-8").splitlines()]
    hazards = [row for row in rows if len(row) == 4 and row[1] in LEVELS and row[2] not in LEVELS]
    twins = [row[1:] for row in rows if len(row) == 4 and row[0].endswith((", LINE", ", SMS"))]
    literal = [text for row in hazards for text in row[2:]] + [text for row in twins for text in row]
    assert len(literal) == 16 * 3 * 2 + 4 * 2 * 3
    assert [text for text in literal if text not in bodies] == []


def _cells(line: str) -> list[str]:
    return [cell.strip().replace("⏎", "\n") for cell in line.strip("|").split("|")]


@pytest.mark.shared
@pytest.mark.parametrize(
    "key",
    [
        "about.privacy",
        "first_contact.greeting",
        "link.greeting",
        "rescue.safe",
        "rescue.no_team",
        "rescue.advice_water",
        "rescue.still_there",
        "rescue.team",
        "stop.done",
        "sticker.after_warning",
        "sticker.hello",
        "photo.received",
        "photo.not_arrived",
        "menu.sms",
        "first_contact.sms.ready",
        "not_understood.insult",
        "warnings_near_me.expired",
        "rescue.sms.sent",
    ],
)
def test_set_phrases_are_those_of_the_voice(key: str) -> None:
    """The voice fills its examples in, so its text may have any words where the catalogue has a fill."""
    voice = shared("voice.md").read_text("utf-8").replace("⏎", "\n")
    pattern = re.sub(r"\\\{[a-z_]+\\\}", r"[^\\n]{1,40}?", re.escape(_sentences("th")[key]))
    assert re.search(pattern, voice), key
