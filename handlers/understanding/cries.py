"""Cries for help in everything that people type. The words are `knowledge/understanding/rescue.toml`.

Three kinds: explicit calls count wherever they stand; predicaments (น้ำเข้าบ้าน, on the roof) count unless the words
around them say that they are past, feared, told or asked about; a few words are a cry as the whole message only.
"""

import re
import tomllib
from collections.abc import Callable, Iterator
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

from handlers.understanding.burmese import burmese_key
from handlers.understanding.likeness import Sentences
from handlers.understanding.patterns import Patterns, any_of
from handlers.understanding.writing import MOST_REMEMBERED, latin, soft, sounding, spaced, strict
from storage.place_reading import same_to_the_eye

# A Thai letter that carries one of these is another syllable: ช่วยที is a cry, ช่วยที่ is not.
_FIRE = "ไฟลุก"
# A sentence that is so alike a known cry, and so much more than any calm one, is a cry.
_ALIKE, _MORE_ALIKE = 0.45, 0.08
_LEAST_LETTERS = 8
_THAI_LETTER = re.compile("[\u0e01-\u0e4e]")
_TELLING = ("before_8", "before_30", "after_99")
# Before ไหม: "can you", "will anybody help" ask for something, they do not ask whether.
_NO_REQUEST = "(?<!ได)(?<!ชวย)(?<!มา)(?<!รับ)(?<!อยุ)"
_ENDS_A_SYLLABLE = "(?![\u0e31\u0e34-\u0e3a\u0e47-\u0e4e])"


@lru_cache(maxsize=MOST_REMEMBERED)
def cry_in(text: str) -> str | None:
    """The words that make `text` a cry for help, levelled for comparing; None when it is none."""
    keys = _Keys(text)
    return next((found for search in _SEARCHES if (found := search(keys))), None)


class _Keys:
    """A text as it is searched."""

    def __init__(self, text: str) -> None:
        self.typed = same_to_the_eye(text)
        self.strict = strict(text)
        words = _words()
        # Without its tone mark ไฟไหม้ (on fire) reads as a question.
        self.soft = _thai_calm().sub("\ue000", soft(text)).replace("ไฟไหม", _FIRE).replace("เพลิงไหม", _FIRE)
        self.latin = latin(text)
        for calm in words["calm_latin"]:
            self.latin = self.latin.replace(calm, " | ")
        self.burmese = burmese_key(text)


def _whole(keys: _Keys) -> str | None:
    return next((key for key in (keys.strict, soft(keys.typed)) if key in _words()["whole"]), None)


def _explicit(keys: _Keys) -> str | None:
    found = _thai_explicit().search(keys.soft)
    return found[0] if found and _not_a_longer_word(found[0], keys) else None


def _not_a_longer_word(found: str, keys: _Keys) -> bool:
    """ช่วยที่ reads as ช่วยที once tone marks are dropped; typed with its mark it is another word."""
    return not found.startswith("ชวยที") or "ช่วยที่" not in keys.strict


def _as_typed(keys: _Keys) -> str | None:
    found = _strict().search(keys.strict)
    return found[0] if found else None


def _misspelt(keys: _Keys) -> str | None:
    found = _typos("explicit").search(keys.soft)
    return found[0] if found else None


def _situation(keys: _Keys) -> str | None:
    urgent = bool(_urgent().search(keys.soft))
    for pattern in (_thai_situations(), _typos("situation")):
        for found in pattern.finditer(keys.soft):
            if urgent or not _is_calm(keys.soft, found.start(), found.end()):
                return found[0]
    return None


def _is_calm(text: str, start: int, end: int) -> bool:
    before, after = _calm_around()
    return any(words.search(text[max(0, start - most - 12) : start]) for most, words in before) or any(
        words.search(text[end : end + most]) for most, words in after
    )


def _together(keys: _Keys) -> str | None:
    danger, beside = _dangers().search(keys.soft), _besides().search(keys.soft)
    if danger is None or beside is None or _told().search(keys.soft) or _asked().search(keys.soft):
        return None
    return f"{danger[0]} + {beside[0]}"


def _alike(keys: _Keys) -> str | None:
    if len(_THAI_LETTER.findall(keys.soft)) < _LEAST_LETTERS or _told().search(keys.soft):
        return None
    if any(word in keys.latin for word in _words()["latin_after"]):
        return None
    best = {"cry": 0.0, "calm": 0.0}
    sentence = ""
    for like in _examples().like(sounding(spaced(keys.typed))):
        if like.likeness > best[like.label]:
            best[like.label] = like.likeness
            sentence = like.sentence if like.label == "cry" else sentence
    return sentence if best["cry"] >= max(_ALIKE, best["calm"] + _MORE_ALIKE) else None


def _in_latin(keys: _Keys) -> str | None:
    if found := _latin_explicit().search(keys.latin) or _latin_typos().search(keys.latin):
        return found[0].strip()
    found = _latin_situations().search(keys.latin)
    if found is None:
        return None
    words = _words()
    told = any(word in keys.latin[: found.start() + 1] for word in words["latin_before"])
    past = any(word in keys.latin[found.end() - 1 :] for word in words["latin_after"])
    return None if told or past else found[0].strip()


def _in_other_scripts(keys: _Keys) -> str | None:
    soft_other = keys.soft
    return next((word for word in _words()["other"] if word in soft_other or word in keys.strict), None)


def _in_burmese(keys: _Keys) -> str | None:
    return (
        next((word for word in _words()["burmese"] if word in keys.burmese), None) if keys.burmese else None
    )


def _by_emoji(keys: _Keys) -> str | None:
    return next((sign for sign in _words()["emoji"] if sign in keys.typed), None)


_SEARCHES: tuple[Callable[[_Keys], str | None], ...] = (
    _whole,
    _explicit,
    _as_typed,
    _misspelt,
    _in_latin,
    _in_other_scripts,
    _in_burmese,
    _by_emoji,
    _situation,
    _together,
    _alike,
)


@cache
def _loaded() -> dict[str, Any]:
    return tomllib.loads((files("knowledge.understanding") / "rescue.toml").read_text(encoding="utf-8"))


@cache
def _patterns() -> Patterns:
    loaded = _loaded()
    return Patterns(loaded["classes"], loaded["classes_latin"], loaded["polite"])


@cache
def _words() -> dict[str, tuple[str, ...]]:
    loaded = _loaded()
    explicit, around = loaded["explicit"], loaded["calm_around"]
    return {
        "whole": tuple({key for word in explicit["whole"] for key in (strict(word), soft(word))}),
        "other": tuple({key for word in explicit["other"] for key in (strict(word), soft(word))}),
        "burmese": tuple(burmese_key(word) for word in explicit["burmese"]),
        "emoji": tuple(explicit["emoji"]),
        # The longest first: what they contain must not be taken out before them.
        "calm_latin": tuple(sorted((latin(word) for word in loaded["calm"]["latin"]), key=len, reverse=True)),
        "latin_before": tuple(latin(word) for word in around["latin_before"]),
        "latin_after": tuple(latin(word) for word in around["latin_after"]),
    }


@cache
def _thai_explicit() -> re.Pattern[str]:
    return any_of(_patterns().thai(each) for each in _loaded()["explicit"]["thai"])


@cache
def _strict() -> re.Pattern[str]:
    words = "|".join(re.escape(strict(word)) for word in _loaded()["explicit"]["strict"])
    return re.compile(f"(?:{words}){_ENDS_A_SYLLABLE}")


@cache
def _thai_situations() -> re.Pattern[str]:
    return any_of(_patterns().thai(each) for each in _loaded()["situation"]["thai"])


@cache
def _urgent() -> re.Pattern[str]:
    return any_of(_patterns().thai(each) for each in _loaded()["calm_around"]["urgent"])


@cache
def _thai_calm() -> re.Pattern[str]:
    return any_of(re.escape(soft(word)) for word in sorted(_loaded()["calm"]["thai"], key=len, reverse=True))


@cache
def _examples() -> Sentences:
    loaded = _loaded()["examples"]
    return Sentences(
        (label, sentence, sounding(spaced(sentence)))
        for label, name in (("cry", "cries"), ("calm", "calm"))
        for sentence in loaded[name]
    )


@cache
def _dangers() -> re.Pattern[str]:
    return any_of(_patterns().thai(each) for each in _loaded()["together"]["danger"])


@cache
def _besides() -> re.Pattern[str]:
    return any_of(_patterns().thai(each) for each in _loaded()["together"]["beside"])


@cache
def _asked() -> re.Pattern[str]:
    """Words that ask whether something is so."""
    words = "|".join(_patterns().thai(word) for word in _loaded()["calm_around"]["after_9"])
    return re.compile(f"{_NO_REQUEST}(?:{words})")


@cache
def _told() -> re.Pattern[str]:
    """What is past, feared or asked about."""
    around = _loaded()["calm_around"]
    return any_of(_patterns().thai(word) for name in _TELLING for word in around[name])


@cache
def _calm_around() -> tuple[list[tuple[int, re.Pattern[str]]], list[tuple[int, re.Pattern[str]]]]:
    around = _loaded()["calm_around"]
    before, after = [], []
    for name, words in around.items():
        side, _, most = name.partition("_")
        any_word = "|".join(_patterns().thai(word) for word in words)
        if side == "before":
            before.append((int(most), re.compile(f"(?:{any_word}).{{0,{most}}}$")))
        elif side == "after":
            after.append((int(most), re.compile(f"{_NO_REQUEST}(?:{any_word})")))
    return before, after


@cache
def _latin_explicit() -> re.Pattern[str]:
    return any_of(_patterns().latin(each) for each in _loaded()["explicit"]["latin"])


@cache
def _latin_typos() -> re.Pattern[str]:
    return any_of(
        f"(?<= ){key[0]}(?:{'|'.join(sorted(set(_misspelt_ways(key[1:]))))})(?= )"
        for key in _loaded()["explicit"]["latin_typos"]
    )


@cache
def _latin_situations() -> re.Pattern[str]:
    return any_of(_patterns().latin(each) for each in _loaded()["situation"]["latin"])


@cache
def _typos(kind: str) -> re.Pattern[str]:
    slips = {soft(first): soft(others) for first, others in _loaded()["slips"].items()}
    return any_of(
        f"[{key[0]}{slips.get(key[0], '')}](?:{'|'.join(sorted(set(_misspelt_ways(key[1:]))))})"
        for key in (soft(phrase) for phrase in _loaded()[kind]["thai_typos"])
    )


def _misspelt_ways(key: str) -> Iterator[str]:
    """Patterns of `key` with one letter wrong, missing, doubled in between, or two in the wrong order."""
    for at in range(len(key)):
        first, rest = re.escape(key[:at]), key[at + 1 :]
        yield f"{first}.{re.escape(rest)}"
        yield f"{first}.{re.escape(key[at:])}"
        if rest:
            yield first + re.escape(rest)
            yield first + re.escape(rest[0] + key[at] + rest[1:])
