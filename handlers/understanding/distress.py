"""The widest net for cries: danger to people in a message that asks, tells, thanks and wishes nothing.

The lists of known cries (`cries.py`) hear what they have; whoever is in danger words it in a way nobody listed. What
holds a stem of danger is therefore a cry unless something in the message makes it calm: a question, the past, thanks,
a rumour, a film, money, papers, goods. The stems and the calm words are `knowledge/understanding/distress.toml`.
"""

import re
from collections.abc import Callable, Iterable
from functools import cache

from handlers.understanding import cry_words
from handlers.understanding.borders import Fits, Phrases
from handlers.understanding.burmese import burmese_key
from handlers.understanding.first_letters import AnyOf
from handlers.understanding.writing import soft, strict

_LEAST_BURMESE = 3
"""Of a Burmese stem once it is levelled: two letters are in everything."""

_MOST_LETTERS = 240
"""What is longer tells a story, and has other words by which it is heard."""

_SHORT = 80
"""So many letters at most have somebody and harm near each other."""

# Every stem has a letter of its script.
OF_SCRIPT = {
    "khmer": re.compile("[\u1780-\u17ff]"),
    "lao": re.compile("[\u0e81-\u0eff]"),
    "burmese": re.compile("[\u1000-\u109f]"),
}

# Two letters of Lao that are also written as a letter and a mark.
_LAO_PAIRS = str.maketrans({"ໝ": "ຫມ", "ໜ": "ຫນ", "ຼ": "ລ"})
_ROMAN = (
    ("ph", "p"), ("th", "t"), ("kh", "k"), ("dt", "t"), ("bp", "p"), ("ch", "j"), ("eua", "ua"), ("uea", "ua"),
    ("ue", "u"), ("eu", "u"), ("aew", "ao"), ("aeo", "ao"), ("eow", "eo"), ("iew", "eo"), ("ae", "a"), ("ee", "i"),
    ("oo", "u"), ("ou", "u"), ("ey", "ai"), ("ei", "ai"), ("ay", "ai"), ("y", "i"), ("aw", "o"), ("r", "l"),
    ("ao", "o"),
)  # fmt: skip
_ROMAN_SILENT = re.compile("(?<=[aeiou])[rh](?=[^aeiou]|$)|(?<=[aeiou])h")
_ENDS = re.compile("[dgb]$")
_FINAL = {"d": "t", "g": "k", "b": "p"}
_THANKED = re.compile(
    "(?:terima kasih|cam on|thanks|thank you|thank u|kh?o[pb] ?khun)"
    "(?P<for>(?: [a-z]+){0,3} (?:for|dah|sudah|da|thi|tee))?"
    "(?: [a-z]+){0,2} (?:tolong|bantu|selamatkan|giup|cuu|help|sav|rescu|chu)"
)
_TWICE = re.compile(r"(.)\1")


def danger_in(text: str, key: str, latin_key: str, fits: Fits) -> str | None:
    """The stem of danger in a message that nothing makes calm; None otherwise.

    `key` is the message as `cry_words.key` levels it, calm words taken out, in which `fits` tells where words can
    begin and end; `latin_key` its Latin words, spelled.
    """
    if len(text) > _MOST_LETTERS:
        return None
    return (
        _thai_danger(text, key, fits)
        or _latin_danger(latin_key)
        or _danger_as_written("khmer", text)
        or _danger_as_written("lao", text)
        or _danger_as_written("burmese", text)
    )


def is_told(script: str, text: str) -> bool:
    """Whether a message in Khmer, Lao, Burmese or Latin letters (`script`) tells what is past, shown or of papers.

    A text in Latin letters is given as `writing.latin` levels it.

    >>> is_told("lao", "ປີກາຍນ້ຳຖ້ວມເຮືອນ"), is_told("latin", " tahun lepas rumah terendam ")
    (True, True)
    """
    if script == "latin":
        return _latin("told").search(text) is not None
    return _found(script, "told", _level_of(script)(text)) is not None


def is_thanked(words: str) -> bool:
    """Whether Latin words thank for help that was given.

    >>> is_thanked(" thank you for rescuing us "), is_thanked(" please help us thank you ")
    (True, False)
    """
    found = _THANKED.search(words)
    return found is not None and (found["for"] is not None or is_told("latin", words[found.end() :]))


def by_sound(words: str) -> str:
    """Romanised Thai levelled to how it sounds, for there is no norm of spelling it.

    >>> by_sound("hai jai mai ork") == by_sound("hay chai mai ok"), by_sound("ngoo kat") == by_sound("ngu gad")
    (True, False)
    """
    return " ".join(map(_sound, words.split(" ")))


def _sound(word: str) -> str:
    word = _ROMAN_SILENT.sub("", word)
    for written, sounded in _ROMAN:
        word = word.replace(written, sounded)
    word = _ENDS.sub(lambda found: _FINAL[found[0]], word)
    return _TWICE.sub(r"\1", word)


def _thai_danger(text: str, key: str, fits: Fits) -> str | None:
    found = _thai("thai", "danger").find(key, fits) or _harm_to_somebody(key, fits) or _plight(key, fits)
    if found and not is_calm(text):
        return found[0]
    found = _thai("malay_in_thai", "danger").find(key, fits)
    return found[0] if found and not _thai("malay_in_thai", "calm").find(key) else None


def _harm_to_somebody(key: str, fits: Fits) -> re.Match[str] | None:
    if len(key) > _SHORT or _thai("thai", "somebody").find(key, fits) is None:
        return None
    return _thai("thai", "harm").find(key, fits)


def _plight(key: str, fits: Fits) -> re.Match[str] | None:
    """What threatens and somebody whom it threatens; in few letters also that it is so now or cannot be helped."""
    if _thai("plight", "somebody").find(key, fits) is None or _thai("plight", "calm").find(key):
        return None
    if plain := _thai("plight", "plain").find(key, fits):
        return plain
    return _thai("plight", "threat").find(key, fits) if _thai("plight", "now").find(key, fits) else None


def is_calm(text: str) -> bool:
    """Whether the Thai of a message asks, tells of the past or a rumour, or is of papers, money or goods."""
    marked, unmarked = strict(text), soft(text)
    with_marks, without = _thai_calm()
    return with_marks.search(marked) is not None or without.search(unmarked) is not None


@cache
def _thai_calm() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """With their tone marks, and the longer ones without, too: หนัง and นั่ง, ไหม and ไหม้ are not the same."""
    words = cry_words.loaded()["thai"]["calm"]
    longer = [word for word in words if len(soft(word)) >= _LEAST_UNMARKED]
    return (
        re.compile(f"{_NOT_COMPARED}(?:{_alternatives(strict(word) for word in words)}){_ENDS_A_SYLLABLE}"),
        re.compile(f"{_NOT_COMPARED}(?:{_alternatives(soft(word) for word in longer)}){_ENDS_A_SYLLABLE}"),
    )


_LEAST_UNMARKED = 5
# ไฟไหม (burns) asks nothing, "can you come" asks for help, "more than last year" and "never before" are now.
_NOT_COMPARED = (
    "(?<!ไฟ)(?<!เพลิง)(?<!กว่า)(?<!กวา)(?<!เหมือน)(?<!เหมึอน)(?<!เท่า)(?<!ไม่)(?<!ได้)(?<!ช่วย)(?<!มา)(?<!รับ)"
    "(?<!อยู่)(?<!หายใจ)"
)
_ENDS_A_SYLLABLE = "(?![\u0e31\u0e34-\u0e3a\u0e47-\u0e4e])"


def _alternatives(words: Iterable[str]) -> str:
    return "|".join(map(re.escape, sorted(set(words), key=len, reverse=True)))


@cache
def _thai(section: str, name: str) -> Phrases:
    return cry_words.thai(section, name)


@cache
def _latin(name: str) -> AnyOf:
    return cry_words.in_latin("latin", name)


def _latin_danger(words: str) -> str | None:
    if _latin("calm").search(words) or _latin("told").search(words):
        return None
    if found := _latin("danger").search(words):
        return found[0]
    sounded = f" {by_sound(words.strip())} "
    return next((each for each in _roman() if each in sounded), None)


@cache
def _roman() -> tuple[str, ...]:
    return tuple({f" {by_sound(each)} " for each in cry_words.loaded()["latin"]["roman"]})


def _danger_as_written(script: str, text: str) -> str | None:
    if not OF_SCRIPT[script].search(text):
        return None
    levelled = _level_of(script)(text)
    found = _found(script, "danger", levelled)
    return found if found and not any(_found(script, name, levelled) for name in ("told", "calm")) else None


def _level_of(script: str) -> Callable[[str], str]:
    return burmese_key if script == "burmese" else _lao_levelled


def _found(script: str, name: str, levelled: str) -> str | None:
    anywhere, at_end = _listed(script, name)
    if any(levelled.endswith(word) for word in at_end):
        return levelled
    return next((word for word in anywhere if word in levelled), None)


@cache
def _listed(script: str, name: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    level = _level_of(script)
    least = _LEAST_BURMESE if script == "burmese" else 1
    words = cry_words.loaded()[script][name]
    return (
        tuple(key for word in words if not word.endswith("$") and len(key := level(word)) >= least),
        tuple(level(word.removesuffix("$")) for word in words if word.endswith("$")),
    )


def _lao_levelled(text: str) -> str:
    return soft(text.translate(_LAO_PAIRS))
