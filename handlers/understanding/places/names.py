"""Every name a place goes by: the register's, and the nicknames of `knowledge/places/nicknames.toml`."""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from handlers.understanding.places.letters import is_latin, key_of
from handlers.understanding.places.sounds import KARAN, sound_of_latin, sound_of_thai
from storage import places
from storage.places import Place

# What a province's capital district is called without the province's name.
_CAPITAL_TH, _CAPITAL_EN = "เมือง", ("mueang", "muang")
# Its capital district alone bears the province's own name.
_CAPITAL_OF_AYUTTHAYA = "1401"
_IN_BRACKETS = re.compile(r"(.+) \((.+)\)")

Codes = tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Names:
    """The codes by the letters of a name, by its sound, and the one place that a nickname means first.

    `longest` is the most letters of a Thai name.

    Thai and Latin names stand side by side: no letter is of both.
    """

    by_letters: Mapping[str, Codes]
    by_sound: Mapping[str, Codes]
    nicknames: Mapping[str, str]
    nicknames_by_sound: Mapping[str, str]
    longest: int


def sound_of(key: str) -> str:
    """How the letters of a name sound; see `key_of`."""
    return sound_of_latin(key) if is_latin(key[:1]) else sound_of_thai(key)[0]


@cache
def names() -> Names:
    """All names, read once; it takes a few tenths of a second."""
    by_name: dict[str, set[str]] = {}
    for name, code in _all_names():
        by_name.setdefault(name, set()).add(code)
    by_letters: dict[str, set[str]] = {}
    for name, codes in by_name.items():
        by_letters.setdefault(key_of(name), set()).update(codes)
    by_letters.pop("", None)
    by_sound: dict[str, set[str]] = {}
    for key, codes in by_letters.items():
        # โพธิ์ is written โพธิ as well: the mark that silences a letter is left out, the letter is not.
        for spelling in {key, key.replace(KARAN, "")}:
            by_sound.setdefault(sound_of(spelling), set()).update(codes)
    by_sound.pop("", None)
    nicknames = {key_of(name): code for name, code in _nicknames()}
    return Names(
        by_letters=_ordered(by_letters),
        by_sound=_ordered(by_sound),
        nicknames=nicknames,
        nicknames_by_sound={sound_of(key): code for key, code in reversed(nicknames.items())},
        longest=max(len(key) for key in by_letters if not key.isascii()),
    )


def widest_first(codes: Iterable[str]) -> Codes:
    """Provinces before districts before subdistricts, then by code."""
    return tuple(sorted(codes, key=lambda code: (len(code), code)))


def _ordered(grouped: Mapping[str, set[str]]) -> dict[str, Codes]:
    return {key: widest_first(codes) for key, codes in grouped.items()}


def _all_names() -> Iterator[tuple[str, str]]:
    for province in places.provinces():
        yield from _names_of(province)
        for district in places.children(province.code):
            yield from _names_of(district)
            if _is_capital(district, province):
                yield from ((each, district.code) for each in (_CAPITAL_TH, *_CAPITAL_EN))
            for subdistrict in places.children(district.code):
                yield from _names_of(subdistrict)
    for name, code in _nicknames():
        yield name, code
        capital = f"{code}01"
        # เมืองอุบล is the town of อุบล, its capital district.
        if len(code) == 2 and _is_capital(places.require_place(capital), places.require_place(code)):
            before = _CAPITAL_EN if is_latin(name[0]) else (_CAPITAL_TH,)
            yield from ((f"{each} {name}", capital) for each in before if not name.startswith(each))


def _names_of(place: Place) -> Iterator[tuple[str, str]]:
    for name in (place.name_th, place.name_en):
        yield name, place.code
        if "." in name:
            yield name.replace(".", ""), place.code
        if both := _IN_BRACKETS.fullmatch(name):
            yield from ((each, place.code) for each in both.groups())


def _is_capital(district: Place, province: Place) -> bool:
    return district.name_th == _CAPITAL_TH + province.name_th or district.code == _CAPITAL_OF_AYUTTHAYA


@cache
def _nicknames() -> tuple[tuple[str, str], ...]:
    text = (files("knowledge") / "places" / "nicknames.toml").read_text(encoding="utf-8")
    return tuple(
        (name, code)
        for level in tomllib.loads(text).values()
        for code, known in level.items()
        for name in known
    )
