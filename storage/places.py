"""The register of Thai administrative places, by their official DOPA codes.

A code says where its place lies: ``50`` is a province, ``5001`` one of its districts, ``500103`` a
subdistrict (tambon) of that, ``50010304`` that subdistrict's village number 4. A place contains
every code that begins with its own. Provinces, districts and subdistricts are listed by the
Department of Provincial Administration (the ``geothai`` package carries the list); villages are
known by number alone, so every number from 1 to 99 of a listed subdistrict is a place.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Literal

import geothai

from storage.place_reading import NameIndex, find_codes

Level = Literal["province", "district", "subdistrict", "village"]

BANGKOK = "10"

_LEVEL_BY_LENGTH: dict[int, Level] = {2: "province", 4: "district", 6: "subdistrict", 8: "village"}

# How a level is named before (Thai) or after (English) a place's own name. Bangkok has no amphoe
# and tambon but khet and khwaeng, and is never called a province.
_PREFIX_TH: dict[Level, str] = {"province": "จ.", "district": "อ.", "subdistrict": "ต.", "village": ""}
_PREFIX_TH_BANGKOK: dict[Level, str] = {
    "province": "",
    "district": "เขต",
    "subdistrict": "แขวง",
    "village": "",
}
_SUFFIX_EN: dict[Level, str] = {
    "province": " Province",
    "district": " District",
    "subdistrict": " Subdistrict",
    "village": "",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """One place. ``name_th`` and ``name_en`` stand without any word for the level."""

    code: str
    level: Level
    name_th: str
    name_en: str
    parent: str | None


class UnknownPlace(LookupError):
    """No place has this code."""

    def __init__(self, code: str) -> None:
        super().__init__(
            f"{code!r} is not the code of a place: a province has 2 digits, a district 4, "
            "a subdistrict 6 and a village 8, as in 50, 5001, 500103, 50010304"
        )
        self.code = code


def place(code: str) -> Place | None:
    """The place with this code, or None when the register does not have it.

    >>> place("5709").name_en
    'Mae Sai'
    >>> place("57090603").name_en
    'Village 3'
    """
    listed = _register().get(code)
    return listed if listed is not None else _village(code)


def require_place(code: str) -> Place:
    """The place with this code; raises UnknownPlace when there is none."""
    found = place(code)
    if found is None:
        raise UnknownPlace(code)
    return found


def contains(outer: str, inner: str) -> bool:
    """Whether the place ``inner`` lies in the place ``outer``; a place contains itself.

    Only the codes are compared, so this is cheap enough for every row of a query; what does not
    have the shape of a code contains nothing.

    >>> contains("57", "570906"), contains("570906", "57"), contains("", "57")
    (True, False, False)
    """
    return _has_code_shape(outer) and _has_code_shape(inner) and inner.startswith(outer)


def ancestors(code: str) -> tuple[str, ...]:
    """The codes of the places around this one, nearest first. Raises UnknownPlace.

    >>> ancestors("570906")
    ('5709', '57')
    """
    require_place(code)
    return tuple(code[:length] for length in range(len(code) - 2, 0, -2))


def provinces() -> tuple[Place, ...]:
    """Every province, by code."""
    return _children()[None]


def children(code: str) -> tuple[Place, ...]:
    """The places of the next level in this one, by code; villages are not listed. Raises UnknownPlace."""
    require_place(code)
    return _children().get(code, ())


def find(text: str) -> tuple[Place, ...]:
    """The places that ``text`` names exactly, the widest level first, then by code; () when none.

    Understood are a code, ``TH-50`` (ISO 3166-2), and a Thai or English name with or without its
    level's word, the places around it after it. Nothing is guessed: spelling must be right.

    >>> [found.code for found in find("แม่สาย เชียงราย")]
    ['5709', '570901']
    >>> [found.code for found in find("Village 3, Wiang Phang Kham, Mae Sai")]
    ['57090603']
    """
    codes = find_codes(text, _name_index())
    found = [known for known in map(place, codes) if known is not None]
    return tuple(sorted(found, key=lambda known: (len(known.code), known.code)))


def full_name(code: str, language: str) -> str:
    """The place and all around it, small to large. Raises UnknownPlace.

    Thai for ``th``, Latin letters for every other language.

    >>> full_name("57090603", "en")
    'Village 3, Wiang Phang Kham, Mae Sai, Chiang Rai'
    """
    separator = " " if language == "th" else ", "
    return separator.join(own_name(each, language) for each in (code, *ancestors(code)))


def own_name(code: str, language: str) -> str:
    """The place as it stands in a full name: Thai with the level's prefix, else bare. Raises UnknownPlace.

    >>> own_name("5709", "en"), own_name("57090603", "en")
    ('Mae Sai', 'Village 3')
    """
    named = require_place(code)
    return _with_prefix(named) if language == "th" else named.name_en


def short_name(code: str, language: str) -> str:
    """The place with its level's word; a village, being a mere number, with its subdistrict too.

    Raises UnknownPlace.

    >>> short_name("5709", "en"), short_name("57090603", "en")
    ('Mae Sai District', 'Village 3, Wiang Phang Kham')
    """
    named = require_place(code)
    if named.level == "village":
        separator = " " if language == "th" else ", "
        return own_name(code, language) + separator + own_name(code[:6], language)
    if language == "th" or code == BANGKOK:
        return own_name(code, language)
    return named.name_en + _SUFFIX_EN[named.level]


def simplify(codes: Iterable[str]) -> tuple[str, ...]:
    """The same area in the fewest of its codes, sorted: none twice, none inside another.

    Raises UnknownPlace for a code that is no place, so that a mistyped area is never narrowed
    silently.

    >>> simplify(["570906", "57", "5001", "57"])
    ('5001', '57')
    """
    kept: list[str] = []
    # A place sorts directly before everything it contains.
    for code in sorted(set(codes)):
        require_place(code)
        if not kept or not code.startswith(kept[-1]):
            kept.append(code)
    return tuple(kept)


def _has_code_shape(text: str) -> bool:
    return len(text) in _LEVEL_BY_LENGTH and text.isascii() and text.isdigit()


def _with_prefix(named: Place) -> str:
    if named.level == "village":
        return f"ม.{int(named.code[6:])}"
    prefixes = _PREFIX_TH_BANGKOK if named.code.startswith(BANGKOK) else _PREFIX_TH
    return prefixes[named.level] + named.name_th


def _village(code: str) -> Place | None:
    if len(code) != 8 or not _has_code_shape(code) or code[6:] == "00" or code[:6] not in _register():
        return None
    number = int(code[6:])
    return Place(
        code=code, level="village", name_th=f"หมู่ {number}", name_en=f"Village {number}", parent=code[:6]
    )


@cache
def _register() -> dict[str, Place]:
    register: dict[str, Place] = {}
    for province in geothai.provinces():
        _enter(register, province.code, province.name_th, province.name_en)
        for district in geothai.districts(province.code):
            # The list writes Bangkok's districts with their level's word, all others without.
            _enter(register, district.code, district.name_th.removeprefix("เขต"), district.name_en)
            for subdistrict in geothai.subdistricts(district.code):
                _enter(register, subdistrict.code, subdistrict.name_th, subdistrict.name_en)
    return register


def _enter(register: dict[str, Place], code: str, name_th: str, name_en: str) -> None:
    register[code] = Place(
        code=code,
        level=_LEVEL_BY_LENGTH[len(code)],
        name_th=name_th,
        name_en=name_en,
        parent=code[:-2] or None,
    )


@cache
def _children() -> dict[str | None, tuple[Place, ...]]:
    grouped: dict[str | None, list[Place]] = {}
    for listed in _register().values():
        grouped.setdefault(listed.parent, []).append(listed)
    return {parent: tuple(listed) for parent, listed in grouped.items()}


@cache
def _name_index() -> NameIndex:
    register = _register()
    return NameIndex(
        (listed.code, (listed.name_th, listed.name_en, *_daily_names(listed))) for listed in register.values()
    )


def _daily_names(listed: Place) -> tuple[str, ...]:
    """Names that addresses use as a matter of course; towns' nicknames are not for the register."""
    if listed.code == BANGKOK:
        return ("กทม", "กทม.", "กรุงเทพ", "กรุงเทพฯ")
    # A province's capital district is written อ.เมือง, without the province's name.
    if listed.level == "district" and listed.name_th == "เมือง" + _register()[listed.code[:2]].name_th:
        return ("เมือง", "Mueang")
    return ()
