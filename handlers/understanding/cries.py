"""Cries for help in everything that people type.

The words are `knowledge/understanding/rescue.toml` (how people call) and `dangers.toml` (what happens, to whom, and who
cannot flee). Calls count wherever they stand; predicaments (น้ำเข้าบ้าน, on the roof) count unless the words around
them say that they are past, feared, told or asked about. What may be danger and may be a question to an office is a
concern: the question is answered, and the hotlines are said beside it. So are who says that she could die of a queue,
and who asks for the number of an ambulance.
"""

import re
from collections.abc import Callable
from functools import lru_cache

from pythainlp.util import eng_to_thai

from handlers.understanding import cry_words, distress
from handlers.understanding.alarms import Alarm, Heard, concern, cry
from handlers.understanding.borders import anywhere
from handlers.understanding.cry_keys import LAUGHING, Keys
from handlers.understanding.foreign_cries import in_burmese, in_latin, in_other_scripts
from handlers.understanding.likely_cries import (
    AT_THE_END,
    PERHAPS,
    PERHAPS_AT_THE_END,
    SURELY,
    UNDOUBTEDLY,
    is_hardly_one,
    likely_at_the_end,
    likely_cry,
    words_for,
)
from handlers.understanding.named_in_cries import without_names
from handlers.understanding.writing import MOST_REMEMBERED, soft, sounding, spaced
from storage.place_reading import same_to_the_eye

# A sentence that is so alike a known cry, and so much more than any calm one, is a cry.
_ALIKE, _MORE_ALIKE = 0.45, 0.08
_LEAST_LETTERS = 8
_THAI_LETTER = re.compile("[\u0e01-\u0e4e]")
_DOUBLED = re.compile("([\u0e01-\u0e2e])\\1+")
# A bare call says nothing of what for: beside a matter of an office it is a figure of speech.
_BARE_CALL = re.compile("(?:ช|ซ|ส|จ|ข)[วอ]ย|ขอความ|ขอให|ขอรับ|ตองการ| ?h[a-z]*l[a-z]*p| ?tolong| ?sos")
_NOW = re.compile(
    "[Bb]ây giờ|tapi sekarang|ຕອນນີ້|ດຽວນີ້|ឥឡូវ|အခု|เมื่อครู่|เมื่อกี้|เมื่อตะกี้|คราวนี้|"
    "ตอนนี้|มื้อนี้|เดี๋ยวนี้|แต่วันนี้|แต่ปีนี้|แต่คืนนี้|ต๋อนนี้|ขณะนี้|right now|but now|(?<!ตั้ง)แต่(?!ก่อน|ละ|ง|เช้า|หัว|เดิม|ต้น|ไหน)"
)
# Whatever was said before: she sees it herself.
_THIS_VERY_MOMENT = re.compile("ตอนนี้|เดี๋ยวนี้|เห็นกับตา")
# Somebody else's death, and help that came: beside what is told they are told, too.
_TOLD_OF = re.compile("คาตัวตาย|ผุกคอ")
_ARRIVED = re.compile("กุไพมา|รถพยาบานมา|รถกุชิพมา|เรึอมารับ|ชวยชิวิต")
_AT_ONCE = re.compile("ดวน|เดิยวนิ|ตอนนิ|เรวๆ|ฉุกเฉิน$")
# Inside what was found these make it feared or supposed.
_FEARED = re.compile("กลัว(?!มาก|จัง|แลว|ตาย|แฮง|ขนาด)|เกรงวา|นึกวา")
# How ช is said in the north and the northeast, and how it slips.
_IN_DIALECT = str.maketrans("ซฉ", "ชช")
_NEAR_BEFORE = 12
# Signs inside words, where the keys of English have signs and those of Thai have letters.
_THAI_KEYS = re.compile(r"[a-z0-9=][;=\[\]][a-z;]|^=")
_MOST_BY_THE_KEYS = 80


def cry_in(text: str) -> str | None:
    """The words that make `text` a cry for help, levelled for comparing; None when it is none."""
    if _cannot_be_one(text):
        return None
    return found.words if (found := heard(text)) and found.alarm is Alarm.CRY else None


def concern_in(text: str) -> str | None:
    """The words of danger in a text that may be only a question, or told; None for a cry and for all else."""
    return found.words if (found := heard(text)) and found.alarm is Alarm.CONCERN else None


@lru_cache(maxsize=MOST_REMEMBERED)
def heard(text: str) -> Heard | None:
    """The surest of what is heard in `text`, but for what is only in the name of a place.

    Who types nothing but such a name is taken to live there; where all of it are words of danger the hotlines are said.
    """
    found = _heard(text)
    if found is None or (unnamed := without_names(text, _words_heard)) == text:
        return found
    if unnamed:
        return _heard(unnamed)
    return concern(found.words) if found.words == cry_words.key(text) else None


def _words_heard(text: str) -> str:
    found = _heard(text)
    return found.words if found is not None else ""


def _heard(text: str) -> Heard | None:
    """What is heard in `text`, names and all.

    After what is told or asked, what is said of now is heard by itself: "last year it was dry, but now there is water
    inside".
    """
    keys = Keys(text)
    best = _best(keys)
    if best is not None and best.alarm is Alarm.CRY:
        return best
    turns = _NOW if best is not None or keys.is_told else _THIS_VERY_MOMENT
    now = _best(Keys(parts[1])) if len(parts := turns.split(text, 1)) > 1 else None
    if now is not None and (now.alarm is Alarm.CRY or (best is None and keys.is_told)):
        return now
    return best if best is not None else _by_the_keys(text)


def _cannot_be_one(text: str) -> bool:
    """Whether nothing that the lists could hear would be a cry: most messages are read no further, whatever is in them.

    What turns to now, and what may be typed on the wrong keyboard, is heard in full.
    """
    typed = same_to_the_eye(text)
    if not is_hardly_one(typed) or _THIS_VERY_MOMENT.search(text) or _NOW.search(text):
        return False
    return not (text.isascii() and _THAI_KEYS.search(text))


def _by_the_keys(text: str) -> Heard | None:
    """What the same keys write in Thai: in fear nobody looks which language the keyboard is in."""
    if not text.isascii() or len(text) > _MOST_BY_THE_KEYS or not _THAI_KEYS.search(text):
        return None
    found = _best(Keys(eng_to_thai(text)))
    return found if found is not None and found.alarm is Alarm.CRY else None


def _best(keys: Keys) -> Heard | None:
    """What the lists hear, unless all letters together say otherwise."""
    found = _by_lists(keys)
    if found is not None and found.alarm is Alarm.CRY:
        return concern(found.words) if is_hardly_one(keys.typed) else found
    likely, last = _score(likely_cry(keys.weighed)), _score(likely_at_the_end(keys.weighed))
    if likely >= UNDOUBTEDLY or last >= AT_THE_END:
        return cry(words_for(keys.typed))
    if likely >= SURELY and not keys.is_told and not distress.is_calm(keys.typed):
        return cry(words_for(keys.typed))
    may_be = likely >= PERHAPS or last >= PERHAPS_AT_THE_END
    return concern(words_for(keys.typed)) if found is None and may_be else found


def _score(likely: float | None) -> float:
    return float("-inf") if likely is None else likely


def _by_lists(keys: Keys) -> Heard | None:
    best: Heard | None = None
    for search in _SEARCHES:
        found = search(keys)
        if found is not None and (best is None or found.alarm > best.alarm):
            best = found
        if best is not None and best.alarm is Alarm.CRY:
            return best
    return best


def _call(words: str, keys: Keys) -> Heard:
    """A bare call for help in a matter of an office, or with a laugh, is only a concern."""
    is_bare = _BARE_CALL.match(words) is not None and not cry_words.dangers().search(keys.soft)
    is_past = keys.is_told and _TOLD_OF.match(words) is not None
    is_of_an_office = (is_bare or is_past) and keys.is_a_matter
    return concern(words) if LAUGHING.search(keys.typed) or is_of_an_office else cry(words)


def _whole(keys: Keys) -> Heard | None:
    known = cry_words.words()["whole"]
    softened = soft(keys.typed)
    ways = (keys.strict, softened, _DOUBLED.sub(r"\1", softened))
    return next((cry(way) for way in ways if way in known), None)


def _explicit(keys: Keys) -> Heard | None:
    ways = (
        (keys.soft, keys.fits),
        (_DOUBLED.sub(r"\1", keys.soft), anywhere),
        (keys.soft.translate(_IN_DIALECT), keys.fits),
    )
    for text, fits in ways[:1] if keys.is_spelled else ways:
        for found in cry_words.thai("explicit", "thai").all(text, fits):
            if _not_a_longer_word(found[0], keys) and not (keys.is_told and _ARRIVED.match(found[0])):
                return _call(found[0], keys)
    return None


def _not_a_longer_word(found: str, keys: Keys) -> bool:
    """ช่วยที่ reads as ช่วยที once tone marks are dropped; typed with its mark it is another word."""
    return not found.startswith("ชวยที") or "ช่วยที่" not in keys.strict


def _as_typed(keys: Keys) -> Heard | None:
    found = cry_words.with_tone_marks().search(keys.strict)
    return _call(found[0], keys) if found else None


def _misspelt(keys: Keys) -> Heard | None:
    span = cry_words.slipping("explicit", known_to_slip=keys.is_spelled).find(keys.soft)
    if span is None or (keys.is_told and _ARRIVED.match(keys.soft[span[0] :])):
        return None
    return _call(keys.soft[slice(*span)], keys)


def _situation(keys: Keys) -> Heard | None:
    """The first predicament that nothing beside it makes a question or a story."""
    is_urgent = bool(cry_words.thai("calm_around", "urgent").find(keys.soft))
    perhaps = None
    for found, start, end in _predicaments(keys):
        calm = "before" if _FEARED.search(found, 1) else _calm_beside(keys, start, end)
        if keys.is_told or calm == "before" or (calm == "told_after" and not is_urgent):
            if is_urgent and not keys.is_told and not keys.is_a_matter:
                return cry(found)
            continue
        if keys.is_a_matter or (calm is not None and not is_urgent):
            perhaps = perhaps or concern(found)
        else:
            return cry(found)
    return perhaps


def _predicaments(keys: Keys) -> list[tuple[str, int, int]]:
    text = keys.soft
    found = [
        (each[0], each.start(), each.end())
        for each in cry_words.thai("situation", "thai").all(text, keys.fits)
    ]
    if not keys.is_spelled:
        found += [
            (each[0], each.start(), each.end())
            for each in cry_words.without_vowels().finditer(text)
            if cry_words.keeps_a_vowel(each[0])
        ]
    slipping = cry_words.slipping("situation", known_to_slip=keys.is_spelled)
    if (span := slipping.find(text)) is not None:
        found.append((text[slice(*span)], *span))
    return found


def _calm_beside(keys: Keys, start: int, end: int) -> str | None:
    """Where the words stand that make a predicament calm: `before`, `told_after` or `after`; None where none do."""
    sides = [
        side
        for side, most, words in cry_words.around()
        if (
            _stands(words, keys, max(0, start - most - _NEAR_BEFORE), start)
            if side == "before"
            else _stands(words, keys, end, end + most)
        )
    ]
    return min(sides, key=("before", "told_after", "after").index, default=None)


def _stands(words: re.Pattern[str], keys: Keys, start: int, end: int) -> bool:
    """Whether one of the words is there, and is no piece of another."""
    part, at = keys.soft[start:end], 0
    while found := words.search(part, at):
        first, last = found.span("word")
        if keys.fits(start + first, start + last):
            return True
        at = found.start() + 1
    return False


def _together(keys: Keys) -> Heard | None:
    if keys.is_told or cry_words.told().find(keys.soft, keys.fits):
        return None
    for one, other in cry_words.together():
        if (danger := one.find(keys.soft, keys.fits)) and (beside := other.find(keys.soft, keys.fits)):
            words = f"{danger[0]} + {beside[0]}"
            return (
                concern(words)
                if keys.is_a_matter or cry_words.asked().find(keys.soft, keys.fits)
                else cry(words)
            )
    return None


def _distress(keys: Keys) -> Heard | None:
    if keys.is_told or keys.is_a_matter or LAUGHING.search(keys.typed):
        return None
    found = distress.danger_in(keys.typed, keys.soft, keys.latin, keys.fits)
    return cry(found) if found else None


def _alike(keys: Keys) -> Heard | None:
    if len(_THAI_LETTER.findall(keys.soft)) < _LEAST_LETTERS or keys.is_told or keys.is_a_matter:
        return None
    if cry_words.told().find(keys.soft, keys.fits) or any(
        word in keys.latin for word in cry_words.words()["latin_after"]
    ):
        return None
    sounds = sounding(spaced(keys.typed))
    if not cry_words.examples().has_like(sounds, "cry", _ALIKE):
        return None
    best = {"cry": 0.0, "calm": 0.0}
    sentence = ""
    for like in cry_words.examples().like(sounds):
        if like.likeness > best[like.label]:
            best[like.label] = like.likeness
            sentence = like.sentence if like.label == "cry" else sentence
    return cry(sentence) if best["cry"] >= max(_ALIKE, best["calm"] + _MORE_ALIKE) else None


def _by_emoji(keys: Keys) -> Heard | None:
    return next((cry(sign) for sign in cry_words.words()["emoji"] if sign in keys.typed), None)


def _mild(keys: Keys) -> Heard | None:
    """A figure of speech that may be more than one."""
    return concern(keys.mild[0]) if keys.mild else None


def _risk(keys: Keys) -> Heard | None:
    """What an office is told of, and what may hurt whoever comes near."""
    found = (
        None
        if keys.is_told or cry_words.asked().find(keys.soft, keys.fits)
        else cry_words.told_in("risks").find(keys.soft)
    )
    return concern(found[0]) if found else None


def _number(keys: Keys) -> Heard | None:
    """Who asks for the number of those who rescue needs it now, or wants to have it."""
    if keys.asks_a_number:
        return concern(keys.asks_a_number[0])
    found = cry_words.told_in("numbers").find(keys.whole)
    if found is None:
        return None
    is_kept = cry_words.told_in("numbers_kept").find(keys.whole) is not None
    return cry(found[0]) if not is_kept and _AT_ONCE.search(keys.whole) else concern(found[0])


_SEARCHES: tuple[Callable[[Keys], Heard | None], ...] = (
    _whole,
    _explicit,
    _as_typed,
    _misspelt,
    in_latin,
    in_other_scripts,
    in_burmese,
    _by_emoji,
    _situation,
    _together,
    _distress,
    _alike,
    _mild,
    _risk,
    _number,
)
