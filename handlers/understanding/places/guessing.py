"""Names that are like what was written, for words that are the name of no place."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from rapidfuzz import process
from rapidfuzz.distance import OSA

from handlers.understanding.places.heard_alike import sounding_like
from handlers.understanding.places.letters import is_latin
from handlers.understanding.places.names import Codes, names, sound_of, widest_first

_SHORTEST, _LONGEST = 3, 40


@dataclass(frozen=True, kw_only=True, slots=True)
class Guess:
    """Places with the number of letters that must change for their names to sound like what was written.

    `is_helped` tells that a place around them was known, `is_heard` that all of it is said like the name.
    """

    mistakes: int
    codes: Codes
    is_helped: bool = False
    is_heard: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class _Names:
    """Sounds to be compared with, those of provinces, districts and nicknames apart from those of subdistricts."""

    wide: Sequence[str]
    narrow: Sequence[str]
    codes: Mapping[str, Codes]


def guess(written: str, *, within: Codes = (), digits: int = 0) -> Guess | None:
    """The places whose names are most like `written`, the widest first; None when no name is like it.

    `within` are places that the right one lies in, `digits` the length of its code. Without either only provinces,
    districts and nicknames are guessed: subdistricts are so many that one is like nearly every word.
    """
    sound = sound_of(written)
    if not _SHORTEST <= len(sound) <= _LONGEST:
        return None
    known = _comparable(is_latin(written[0]))
    choices = known.wide if not within and digits in (0, 2, 4) else (*known.wide, *known.narrow)
    most = _most_mistakes(sound, helped=bool(within))
    nearest: dict[int, set[str]] = {}
    for like, mistakes, _ in process.extract(
        sound, choices, scorer=OSA.distance, score_cutoff=most, limit=None
    ):
        # The first letter is rarely wrong, least of all with others.
        if mistakes < most or like[0] == sound[0]:
            fitting = [code for code in known.codes[like] if _fits(code, within, digits)]
            nearest.setdefault(int(mistakes), set()).update(fitting)
    best = min((mistakes for mistakes, codes in nearest.items() if codes), default=most + 1)
    alike = tuple(code for code in sounding_like(written) if _fits(code, within, digits)) if best else ()
    # Before two letters are taken for wrong, or where none is like it: what is said like it, however it is spelled.
    if alike and best > 1:
        return Guess(mistakes=1, codes=alike, is_helped=bool(within), is_heard=True)
    if best > most:
        return None
    codes = nearest[best]
    return Guess(
        mistakes=best,
        codes=widest_first(codes),
        is_helped=bool(within),
        is_heard=not codes.isdisjoint(alike),
    )


def _fits(code: str, within: Codes, digits: int) -> bool:
    if digits and len(code) != digits:
        return False
    return not within or any(code.startswith(outer) and code != outer for outer in within)


def _most_mistakes(sound: str, *, helped: bool) -> int:
    """More letters may be wrong in long names, and where a place around it narrows the choice.

    >>> _most_mistakes("สงคา", helped=False), _most_mistakes("นคอนสิทำมะลาด", helped=False)
    (1, 3)
    """
    return min(3, (len(sound) + (2 if helped else 0)) // 4)


@cache
def _comparable(latin: bool) -> _Names:
    codes = {sound: found for sound, found in names().by_sound.items() if is_latin(sound[0]) == latin}
    wide = {
        sound for sound, found in codes.items() if len(found[0]) < 6 or sound in names().nicknames_by_sound
    }
    return _Names(wide=sorted(wide), narrow=sorted(codes.keys() - wide), codes=codes)
