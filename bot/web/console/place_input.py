"""Places as an admin types them: one on a line, by name or code."""

from collections.abc import Iterable

from storage import places
from storage.agencies import whole_country

WHOLE_COUNTRY = ("ทั้งประเทศ", "whole country", "th")


class PlaceUnclear(ValueError):
    """A line is no place, or several: `text` is the line, `found` what it could be."""

    def __init__(self, text: str, found: Iterable[places.Place] = ()) -> None:
        super().__init__(text)
        self.text, self.found = text, tuple(found)


def read_places(text: str) -> list[str]:
    """The codes of the places, the fewest that say the same. Raises PlaceUnclear.

    >>> read_places("แม่สาย เชียงราย\\n5707")
    ['5707', '5709']
    """
    codes: list[str] = []
    for line in filter(None, (each.strip() for each in text.splitlines())):
        codes += whole_country() if line.casefold() in WHOLE_COUNTRY else [read_place(line)]
    return list(places.simplify(codes))


def read_place(text: str) -> str:
    """The code of one place: the widest of what the name means, where there is one of that level only."""
    found = places.find(text)
    widest = [each for each in found if len(each.code) == len(found[0].code)]
    if len(widest) != 1:
        raise PlaceUnclear(text, widest)
    return widest[0].code


def in_lines(codes: Iterable[str], language: str) -> str:
    """Codes as they can be read and typed again, one on a line; every province is the whole country."""
    codes = list(codes)
    if sorted(codes) == sorted(whole_country()):
        return WHOLE_COUNTRY[0 if language == "th" else 1]
    return "\n".join(_readable(code, language) for code in codes)


def _readable(code: str, language: str) -> str:
    name = places.full_name(code, language)
    try:
        return name if read_place(name) == code else code
    except PlaceUnclear:
        return code
