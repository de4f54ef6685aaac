"""Which places of the register an info block's areas are.

Codes count first. The names in ``areaDesc`` are read only where an area's codes give no place, since
a name can mean several places and a code cannot; nothing is guessed. Polygons and circles are asked
last, and only of a caller who has boundaries (`broadcasts.alerts.cap_shapes`).
"""

import re
from collections.abc import Callable, Iterable
from functools import lru_cache

from broadcasts.alerts.cap_model import CapArea, CapInfo, Geocode
from storage import places

POLYGON_WITHOUT_CODE = "polygon without code"

# Lists whose codes are DOPA's, by their names without spaces, marks and case. TIS 1099 and ISO 3166-2
# number the provinces as DOPA does; p-codes are the same digits after TH.
_ISO = re.compile(r"TH-?([0-9]{2})")
_DOPA = re.compile(r"(?:TH-?)?((?:[0-9]{2}){1,4})")
_CODE_LISTS = {
    **dict.fromkeys(("iso31662", "iso3166"), _ISO),
    **dict.fromkeys(("dopa", "dopacode", "tis1099", "tis10992548", "ccaatt", "ccaattmm"), _DOPA),
    **dict.fromkeys(("geocode", "placecode", "areacode", "provincecode", "districtcode"), _DOPA),
    **dict.fromkeys(("amphoecode", "subdistrictcode", "tamboncode", "villagecode"), _DOPA),
    **dict.fromkeys(("pcode", "adm1pcode", "adm2pcode", "adm3pcode"), _DOPA),
}
_REGION = re.compile(r"R-?[0-9]{1,2}", re.IGNORECASE)
_MARKS = re.compile(r"[\W_]+")
_VALUES = re.compile(r"[\s,;]+")

_BRACKETS = str.maketrans(dict.fromkeys("()[]{}\t\r\n", " "))
# "And" stands between two names without a space; one subdistrict bears it as its name.
_AND = re.compile(r"(?<!ต\.)(?<!ตำบล)และ|\band\b", re.IGNORECASE)
_WORD = re.compile(r"[^\s,;/]+")
_EXCEPT = re.compile(r"ยกเว้น|เว้นแต่|\bexcept|\bexcluding", re.IGNORECASE)
# Without one of these a name is that of a province or district: an alert lists no bare subdistricts,
# and many of these are named like a province.
_SMALL_PLACE = re.compile(
    r"ตำบล|ต\.|แขวง|หมู่|(?<!\w)ม\.|tambon|khwaeng|subdistrict|village|\bmoo\b", re.IGNORECASE
)

# Village, subdistrict, district and province, in Thai or English, are rarely longer.
_MOST_WORDS_OF_A_NAME = 6
# All 77 provinces and their regions fit several times; reading words takes a millisecond each.
_MOST_WORDS = 400


def _no_places(_: CapArea) -> tuple[str, ...]:
    return ()


def places_of(
    info: CapInfo, by_shape: Callable[[CapArea], tuple[str, ...]] = _no_places
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The codes of the places, in the fewest codes and sorted, and what was not understood.

    `by_shape` tells the places of an area that has only polygons and circles.
    """
    codes: list[str] = []
    not_understood: list[str] = []
    words_left = _MOST_WORDS
    for area in info.areas:
        found = _places_by_code(area.geocodes, not_understood.append)
        if not found:
            words_left -= len(_WORD.findall(area.description))
            found = _places_by_name(area.description, words_left >= 0, not_understood.append)
        if not found and (area.polygons or area.circles):
            found = list(by_shape(area))
            if not found:
                not_understood.append(POLYGON_WITHOUT_CODE)
        codes += found
    return places.simplify(codes), tuple(dict.fromkeys(not_understood))


def _places_by_code(geocodes: Iterable[Geocode], report: Callable[[str], None]) -> list[str]:
    found: list[str] = []
    for geocode in geocodes:
        pattern = _CODE_LISTS.get(_MARKS.sub("", geocode.value_name).casefold())
        for value in filter(None, _VALUES.split(geocode.value)):
            written = pattern.fullmatch(value.upper()) if pattern else None
            if written and places.place(written[1]):
                found.append(written[1])
            elif _REGION.fullmatch(value):
                report(f"{geocode.value_name} {value} (a region)")
            else:
                report(f"{geocode.value_name} {value}")
    return found


def _places_by_name(description: str, is_read: bool, report: Callable[[str], None]) -> list[str]:
    text = _AND.sub(" ", description.translate(_BRACKETS)).strip()
    if not text:
        return []
    if not is_read or _EXCEPT.search(text):
        report(_shortened(text))
        return []
    found: list[tuple[str, str]] = []
    unknown: list[str] = []
    words = list(_WORD.finditer(text))
    at = 0
    while at < len(words):
        length, candidates = _longest_name(text, words[at:])
        if length and unknown:
            report(_shortened(" ".join(unknown)))
            unknown = []
        if len(candidates) == 1:
            found.append((candidates[0], text[words[at].start() : words[at + length - 1].end()]))
        elif candidates:
            report(f"{text[words[at].start() : words[at + length - 1].end()]} (several places)")
        else:
            unknown.append(words[at][0])
        at += max(length, 1)
    if unknown:
        report(_shortened(" ".join(unknown)))
    return _without_headings(found, report)


def _longest_name(text: str, words: list[re.Match[str]]) -> tuple[int, tuple[str, ...]]:
    """How many of the words are one name or address, and the places it can mean; (0, ()) when none."""
    if not any(letter.isalpha() for letter in words[0][0]):
        # A number alone would be read as a code: "30 km from the coast" is not province 30.
        return 0, ()
    for length in range(min(len(words), _MOST_WORDS_OF_A_NAME), 0, -1):
        candidates = _candidates(text[words[0].start() : words[length - 1].end()])
        if candidates:
            return length, candidates
    return 0, ()


@lru_cache(maxsize=2_048)
def _candidates(name: str) -> tuple[str, ...]:
    codes = tuple(found.code for found in places.find(name))
    if _SMALL_PLACE.search(name):
        return codes
    wide = tuple(code for code in codes if len(code) <= 4)
    # Beside a province's name its namesakes are never meant; a district's may be, so it counts alone
    # only when they lie in it.
    if len(wide) == 1 and (len(wide[0]) == 2 or all(places.contains(wide[0], code) for code in codes)):
        return wide
    return codes if wide else ()


def _without_headings(found: list[tuple[str, str]], report: Callable[[str], None]) -> list[str]:
    """The codes without a place directly before one in it: "Chiang Rai (Mae Sai, Mae Chan)" is two districts."""
    codes: list[str] = []
    for number, (code, name) in enumerate(found):
        following = found[number + 1][0] if number + 1 < len(found) else ""
        if following != code and places.contains(code, following):
            report(f"{name} (read as where {found[number + 1][1]} is)")
        else:
            codes.append(code)
    return codes


def _shortened(text: str) -> str:
    return text if len(text) <= 80 else text[:79] + "…"
