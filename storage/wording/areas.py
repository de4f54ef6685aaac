"""An area, which is a list of places, in the words a citizen reads."""

from collections.abc import Iterable, Sequence

from storage import places
from storage.wording.catalogue import LANGUAGES, say
from storage.wording.lengths import units

# The widest that the frames of warnings leave for an area, in UTF-16 units; Latin letters cost less.
_LONGEST_UNITS = {"th": 60}
_LONGEST_UNITS_ELSEWHERE = 100

_REST_BY_LEVEL: dict[places.Level, str] = {
    "province": "areas.more_provinces",
    "district": "areas.more_districts",
    "subdistrict": "areas.more_subdistricts",
    "village": "areas.more_villages",
}
_REST_IN_BANGKOK: dict[places.Level, str] = {
    "district": "areas.more_khets",
    "subdistrict": "areas.more_khwaengs",
}
_REST_MIXED = "areas.more_places"


def area_in_words(codes: Iterable[str], language: str, *, near: str | None = None, most: int = 3) -> str:
    """At most ``most`` names, then how many places there are beside them.

    Places that the reader's own place ``near`` lies in, or that lie in it, come first, then those
    closest to it by register. Subdistricts and villages, whose names recur all over the country, are
    followed by what lies around them all, so are districts that share their name with another.
    The result has at most 60 UTF-16 units in Thai, 100 elsewhere; fewer places are named then. A
    language without catalogues gets Thai, as everywhere. Raises UnknownPlace, and ValueError for
    an empty area, which must never reach a citizen.

    >>> area_in_words(["5709", "5707", "5708", "5705"], "en", near="570906")
    'Mae Sai, Phan, Mae Chan and 1 more district'
    """
    area = places.simplify(codes)
    if not area:
        raise ValueError("an empty area has no words")
    if most < 1:
        raise ValueError(f"at least one place must be named, not {most}")
    spoken = language if language in LANGUAGES else LANGUAGES[0]
    longest = _LONGEST_UNITS.get(spoken, _LONGEST_UNITS_ELSEWHERE)
    ordered = sorted(area, key=lambda code: _nearness(code, near))
    around = _around(ordered)
    tries = [(count, around) for count in range(min(most, len(ordered)), 0, -1)]
    # What lies around goes last of all: without it a name may mean another place.
    tries.append((1, ""))
    sentence = ""
    for count, containing in tries:
        sentence = _sentence(ordered[:count], ordered[count:], containing, spoken)
        if units(sentence) <= longest:
            break
    return sentence


def _nearness(code: str, near: str | None) -> tuple[bool, int, str]:
    if near is None:
        return True, 0, code
    related = places.contains(code, near) or places.contains(near, code)
    return not related, -len(_shared(code, near)), code


def _shared(one: str, other: str) -> str:
    """The code of the smallest place around both; empty when there is none."""
    length = min(len(one), len(other))
    while one[:length] != other[:length]:
        length -= 2
    return one[:length]


def _around(area: Sequence[str]) -> str:
    """The place to name after those of an area; empty when their own names say enough."""
    containing = area[0][:-2]
    for code in area:
        containing = _shared(containing, code[:-2])
    return containing if containing and any(_recurs(code) for code in area) else ""


def _recurs(code: str) -> bool:
    return len(code) > 4 or len(places.find(places.own_name(code, "th"))) > 1


def _sentence(named: Sequence[str], rest: Sequence[str], containing: str, language: str) -> str:
    alike = len({len(code) for code in (*named, *rest)}) == 1
    # A village's number means nothing without its subdistrict.
    numbers_apart = len(named[0]) == 8 and len(containing) != 6
    # A name needs no word for its level where the rest or what lies around says it.
    brief = alike and not numbers_apart and bool(containing or rest)
    # Small before large, side by side, would read as one address.
    apart = not alike or numbers_apart
    names = [(places.own_name if brief else places.short_name)(code, language) for code in named]
    sentence = names[0]
    for name in names[1:-1]:
        sentence = say(language, "areas.apart" if apart else "areas.next", names=sentence, name=name)
    if len(names) > 1:
        key = "areas.apart" if apart else "areas.next" if rest else "areas.last"
        sentence = say(language, key, names=sentence, name=names[-1])
    if rest:
        sentence = say(language, "areas.with_rest", names=sentence, rest=_rest(rest, language))
    key = "areas.within" if len(named) + len(rest) == 1 else "areas.all_within"
    while containing:
        sentence = say(language, key, names=sentence, around=places.own_name(containing, language))
        key = "areas.within"
        containing = containing[:4] if len(containing) == 6 else ""
    return sentence


def _rest(rest: Sequence[str], language: str) -> str:
    keys = {_rest_key(code) for code in rest}
    key = keys.pop() if len(keys) == 1 else _REST_MIXED
    return say(language, key if len(rest) > 1 else f"{key}_one", count=f"{len(rest):,}")


def _rest_key(code: str) -> str:
    level = places.require_place(code).level
    if places.contains(places.BANGKOK, code) and level in _REST_IN_BANGKOK:
        return _REST_IN_BANGKOK[level]
    return _REST_BY_LEVEL[level]
