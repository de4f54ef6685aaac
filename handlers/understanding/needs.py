"""What a rescuer must know of those who cry for help, by their words: who cannot walk, who is a child, how many."""

import re
import tomllib
from functools import cache
from importlib.resources import files

from handlers.understanding.patterns import any_of
from handlers.understanding.writing import latin, soft
from storage.place_reading import same_to_the_eye

MOST_PEOPLE = 500
"""A larger number is a house number or a telephone number."""

_DIGITS = str.maketrans("๐๑๒๓๔๕๖๗๘๙", "0123456789")
_PEOPLE = re.compile(r"(?<![\d/.])(\d{1,3})\s*(?:คน|ชีวิต|people\b|persons?\b|of us\b)", re.IGNORECASE)


def needs_of(words: str) -> tuple[str, ...]:
    """Keys of knowledge/understanding/needs.toml that the words speak of.

    >>> needs_of("ยายตดเตียง อยู่กับเด็ก 2 คน")
    ('elderly', 'child')
    >>> needs_of("ติดอยู่ชั้นสอง ยายติดเตียง")
    ('bedridden', 'elderly')
    >>> needs_of("two kids and a wheelchair")
    ('child', 'disabled')
    """
    thai, others = soft(words), latin(words)
    return tuple(
        key
        for key, (in_thai, in_latin) in _words().items()
        if in_thai.search(thai) or in_latin.search(others)
    )


def people_in(words: str) -> int | None:
    """How many people the words speak of, the largest number that is said.

    >>> people_in("ติดอยู่ ๔ คน เด็ก 2 คน")
    4
    >>> people_in("บ้านเลขที่ 12/3") is None
    True
    """
    said = [int(each) for each in _PEOPLE.findall(same_to_the_eye(words).translate(_DIGITS))]
    return max((each for each in said if 0 < each <= MOST_PEOPLE), default=None)


@cache
def _words() -> dict[str, tuple[re.Pattern[str], re.Pattern[str]]]:
    found = tomllib.loads((files("knowledge.understanding") / "needs.toml").read_text("utf-8"))
    return {
        key: (
            any_of(re.escape(soft(word)) for word in by_script["thai"]),
            any_of(rf"(?<= ){re.escape(latin(word).strip())}(?= )" for word in by_script["latin"]),
        )
        for key, by_script in found.items()
    }
