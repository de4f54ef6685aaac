"""The words by which a cry for help is heard, compiled: `knowledge/understanding/rescue.toml` and `dangers.toml`."""

import re
import tomllib
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

from handlers.understanding.borders import Phrases
from handlers.understanding.burmese import burmese_key
from handlers.understanding.first_letters import AnyOf
from handlers.understanding.likeness import Sentences
from handlers.understanding.patterns import Patterns, any_of
from handlers.understanding.slips import Slips, is_near
from handlers.understanding.writing import MOST_REMEMBERED, latin, soft, sounding, spaced, strict
from storage.place_reading import same_to_the_eye

# Without its tone mark ไหม้ (burns) reads as a question.
_BURNS, _BURNS_SIGN = "ไหม้", "\ue006"
# ใหม่ (new) is neither.
_NEW, _NEW_SIGN = "ใหม่", "ใหม\ue007"
_UNMARKED_FIRE = re.compile("(?<=ไฟ)ไหม|(?<=เพลิง)ไหม|ไหม(?=แล้?ว|หมด|ลาม|บาน)")
# A Thai letter that carries one of these is another syllable: ช่วยที is a cry, ช่วยที่ is not.
_ENDS_A_SYLLABLE = "(?![\u0e31\u0e34-\u0e3a\u0e47-\u0e4e])"
# Before ไหม: "can you", "will anybody help" ask for something, they do not ask whether.
_NO_REQUEST = "(?<!ได)(?<!ชวย)(?<!มา)(?<!รับ)(?<!อยุ)"
_ASKING = ("after_9",)
_TELLING = ("before_8", "before_30", "after_99", "told_after_9", "told_after_99")
_CLASS_OF = {"น้ำ": "water", "ไม่": "not"}
_VOWEL = re.compile("([\u0e31\u0e34\u0e36\u0e38])")
_LEAST_WITHOUT_VOWELS = 5
_LEAST_SLIPPING = 8
_LEAST_UNMARKED = 5
_LEAST_SPELLED = 4


def key(text: str) -> str:
    """A text, or a phrase of the lists, levelled for the search for Thai cries."""
    burning = soft(same_to_the_eye(text).replace(_BURNS, _BURNS_SIGN).replace(_NEW, _NEW_SIGN))
    return _UNMARKED_FIRE.sub(_BURNS_SIGN, burning) if "ไหม" in burning else burning


@cache
def loaded() -> dict[str, Any]:
    """The files as one table: lists of the same name are one after the other."""
    joined: dict[str, Any] = {}
    for name in ("rescue", "dangers", "distress", "despair"):
        text = (files("knowledge.understanding") / f"{name}.toml").read_text(encoding="utf-8")
        _join(joined, tomllib.loads(text.replace(_BURNS, _BURNS_SIGN)))
    return joined


def _join(joined: dict[str, Any], more: dict[str, Any]) -> None:
    for name, value in more.items():
        if isinstance(value, dict):
            _join(joined.setdefault(name, {}), value)
        else:
            joined[name] = joined.get(name, []) + value if isinstance(value, list) else value


@cache
def patterns() -> Patterns:
    return Patterns(loaded()["classes"], loaded()["classes_latin"], loaded()["polite"])


@cache
def thai(section: str, name: str) -> Phrases:
    """Finds any of the Thai phrases of a list, in all dialects where a word of theirs has a class."""
    return _any_dialect(loaded()[section][name])


@cache
def in_latin(section: str, name: str) -> AnyOf:
    """Finds any of the phrases of a list in `latin` text."""
    return AnyOf([patterns().latin(each) for each in loaded()[section][name]])


@cache
def words() -> dict[str, tuple[str, ...]]:
    """The lists that are compared as plain words."""
    explicit, calm, around = loaded()["explicit"], loaded()["calm"], loaded()["calm_around"]
    return {
        "whole": tuple({each for word in explicit["whole"] for each in (strict(word), soft(word))}),
        "other": tuple({each for word in explicit["other"] for each in (strict(word), soft(word))}),
        "burmese": tuple(burmese_key(word) for word in explicit["burmese"]),
        "emoji": tuple(explicit["emoji"]),
        # The longest first: what they contain must not be taken out before them.
        "calm_latin": _longest_first({latin(word) for word in (*calm["latin"], *calm["idioms_latin"])}),
        "matter": _longest_first({each for word in calm["matter"] for each in _unmistakable(word)}),
        "matter_latin": tuple(latin(word) for word in calm["matter_latin"]),
        "latin_before": tuple(latin(word) for word in around["latin_before"]),
        "latin_after": tuple(latin(word) for word in around["latin_after"]),
    }


@cache
def calm_words(*, with_mortal: bool) -> AnyOf:
    """What is taken out of a message before it is searched; wishing to die, too, where it is said of a trifle."""
    calm = loaded()["calm"]
    figures = [*calm["figures"], *calm["mild"], *(calm["mortal"] if with_mortal else ())]
    return AnyOf(
        [
            *(_word(_of_all_dialects(each)) for each in figures),
            *(
                f"{re.escape(word)}{_ENDS_A_SYLLABLE}"
                for word in _longest_first({key(word) for word in (*calm["thai"], *calm["idioms"])})
            ),
        ]
    )


@cache
def told_in(name: str) -> Phrases:
    """Finds what a list of `calm` has: `trifles`, `mild`, `mortal`, `numbers` …"""
    return Phrases(_word(_of_all_dialects(each)) for each in loaded()["calm"][name])


@cache
def with_tone_marks() -> re.Pattern[str]:
    spelled = "|".join(re.escape(strict(word)) for word in loaded()["explicit"]["strict"])
    return re.compile(f"(?:{spelled}){_ENDS_A_SYLLABLE}")


@cache
def slipping(section: str, *, known_to_slip: bool) -> Slips:
    """Finds the phrases of a section that have no classes, with letters wrong; or only those that are known to slip."""
    lists = loaded()[section]
    plain = [
        word
        for word in (() if known_to_slip else lists["thai"])
        if not set(word) & set("{~$") and len(key(word)) >= _LEAST_SLIPPING
    ]
    slips = {soft(first): soft(others) for first, others in loaded()["slips"].items()}
    return Slips(sorted({key(word) for word in (*lists["thai_typos"], *plain)}), slips)


@cache
def slipping_latin() -> Slips:
    return Slips([latin(word)[1:] for word in loaded()["explicit"]["latin_typos"]])


@lru_cache(maxsize=MOST_REMEMBERED)
def spelled(word: str) -> str:
    """A Latin word as it is spelled, where one letter of a word that matters is wrong.

    >>> spelled("watter"), spelled("later")
    ('water', 'later')
    """
    lists = loaded()["spelling"]
    if len(word) < _LEAST_SPELLED or word in lists["others"] or not word.isalpha():
        return word
    return next((known for known in lists["known"] if is_near(known, word)), word)


@cache
def without_vowels() -> re.Pattern[str]:
    """Finds the longer phrases although vowels above and below are missing, as in ตดอยู."""
    plain = {
        key(word)
        for section in ("explicit", "situation")
        for word in loaded()[section]["thai"]
        if not set(word) & set("{~$")
    }
    long = sorted(
        (word for word in plain if len(word) >= _LEAST_WITHOUT_VOWELS and len(_VOWEL.findall(word)) > 1),
        key=len,
        reverse=True,
    )
    return any_of(_VOWEL.sub(r"\1?", word) + _ENDS_A_SYLLABLE + "(?!\u0e32)" for word in long)


def keeps_a_vowel(found: str) -> bool:
    """Whether what was found without vowels is more than a row of consonants that other words have, too."""
    return bool(_VOWEL.search(found)) or len(found) > _LEAST_WITHOUT_VOWELS


@cache
def examples() -> Sentences:
    """The whole sentences that are cries, and those that are calm."""
    lists = loaded()["examples"]
    return Sentences(
        (label, sentence, sounding(spaced(sentence.replace(_BURNS_SIGN, _BURNS))))
        for label, name in (("cry", "cries"), ("calm", "calm"))
        for sentence in lists[name]
    )


@cache
def together() -> list[tuple[Phrases, Phrases]]:
    """Pairs of lists: something of each in one message."""
    return [(_any_dialect(pair["one"]), _any_dialect(pair["other"])) for pair in loaded()["together"]]


def _any_dialect(phrases: list[str]) -> Phrases:
    return Phrases(patterns().thai(_of_all_dialects(each)) for each in phrases)


@cache
def dangers() -> re.Pattern[str]:
    """What comes nearer or has happened, of all pairs."""
    return any_of(
        patterns().thai(each) for pair in loaded()["together"] if pair.get("dangers") for each in pair["one"]
    )


@cache
def asked() -> Phrases:
    """Words that ask whether something is so."""
    around = loaded()["calm_around"]
    return Phrases(f"{_NO_REQUEST}(?:{_word(word)})" for name in _ASKING for word in around[name])


@cache
def told() -> Phrases:
    """What is past, feared or about money."""
    around = loaded()["calm_around"]
    return Phrases(_word(word) for name in _TELLING for word in around[name])


@cache
def often() -> Phrases:
    """What happens often, was dreamed or shown, or is praised."""
    return Phrases(_word(word) for word in loaded()["calm"]["often"])


@cache
def around() -> tuple[tuple[str, int, re.Pattern[str]], ...]:
    """What stands beside a predicament that is no cry: where (`before`, `told`, `after`), how near, the words.

    The word itself is the group `word`.
    """
    found = []
    for name, listed in loaded()["calm_around"].items():
        side, _, most = name.rpartition("_")
        any_word = "|".join(map(_word, listed))
        if side == "before":
            found.append((side, int(most), re.compile(f"(?P<word>{any_word}).{{0,{most}}}$")))
        elif side in ("after", "told_after"):
            asks = _NO_REQUEST if name in _ASKING else ""
            found.append((side, int(most), re.compile(f"{asks}(?P<word>{any_word})")))
    return tuple(found)


def _word(written: str) -> str:
    """A word as an expression, and not the beginning of a longer syllable: บ่อย is not in หลบอยู่."""
    return patterns().thai(written) + ("" if written.endswith("$") else _ENDS_A_SYLLABLE)


def _unmistakable(word: str) -> set[str]:
    """How a matter is searched for: หนี้ (debt) without its tone mark would be หนี (to flee)."""
    return {strict(word), key(word)} if len(key(word)) >= _LEAST_UNMARKED else {strict(word)}


def _of_all_dialects(phrase: str) -> str:
    """
    >>> _of_all_dialects("น้ำเข้า"), _of_all_dialects("หายใจไม่ออก")
    ('{water}เข้า', 'หายใจ{not}ออก')
    """
    for word, name in _CLASS_OF.items():
        phrase = phrase.replace(word, f"{{{name}}}")
    return phrase


def _longest_first(listed: set[str]) -> tuple[str, ...]:
    return tuple(sorted(listed, key=len, reverse=True))
