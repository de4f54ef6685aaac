"""How likely a message is a cry, by all its letters together (`weighed.py`), beside what the lists of words hear."""

import math
import re
from functools import cache, lru_cache

from handlers.understanding.weighed import HUNDREDTHS, MOST_LETTERS, key_of, runs_of, weights
from handlers.understanding.writing import MOST_REMEMBERED

SURELY = 0.9
"""From here on a message is a cry whatever the lists say of it."""

PERHAPS = 0.0
"""From here on it may be one: the hotlines stand beside the answer."""

UNDOUBTEDLY = 2.4
"""From here on also where words ask or tell."""

HARDLY = -1.75
"""Below, what the lists took for a cry is only perhaps one."""

AT_THE_END = 1.0
"""From here on what is said last is a cry, whatever was asked, told or thanked for before it."""

PERHAPS_AT_THE_END = 0.4
"""From here on what is said last may be one."""

_LEAST_LETTERS, _MOST_LETTERS = 25, 240
"""Of a message that all its letters may calm: a few words are what the lists say, and of a long one a part calms."""

_LEAST_RUNS = 40
_MOST_RUNS_A_LETTER = 6
_LEAST_KNOWN = 0.25
_STEP = 180
_MOST_PARTS = 8
_MOST_CLAUSES = 12
# Thai, Lao, Khmer and Burmese put a space where a clause ends; Latin letters need a sign, or a word that turns.
_BETWEEN_CLAUSES = re.compile(
    "[,.!?;:…\n]+ *|(?<=[\u0e00-\u17ff]) +| +(?=[\u0e00-\u17ff])| +(?=(?:but|now|tapi|sekarang|bây giờ|nhưng) )"
    "|(?=แต่ตอนนี้|(?<!แต่)ตอนนี้|เดี๋ยวนี้|เมื่อกี้|เมื่อครู่|เมื่อตะกี้|แต่วันนี้|แต่คืนนี้)",
    re.IGNORECASE,
)


@lru_cache(maxsize=MOST_REMEMBERED)
def likely_cry(text: str) -> float | None:
    """Above 0 for what is rather a cry than not; None where too few of its letters are known to say so.

    Of a long message that part counts that is most like a cry.
    """
    key = key_of(text)
    starts = range(0, max(1, len(key) - (MOST_LETTERS - _STEP)), _STEP)[:_MOST_PARTS]
    found = [score for start in starts if (score := _of_part(key[start : start + MOST_LETTERS])) is not None]
    return max(found, default=None)


def is_hardly_one(text: str) -> bool:
    """Whether a message in which words of a cry were found is, as a whole, like what is calm."""
    if not _LEAST_LETTERS <= len(key_of(text)) <= _MOST_LETTERS:
        return False
    likely = likely_cry(text)
    if likely is None or likely >= HARDLY:
        return False
    last = likely_at_the_end(text)
    return last is None or last < PERHAPS


@lru_cache(maxsize=MOST_REMEMBERED)
def likely_at_the_end(text: str) -> float | None:
    """As `likely_cry`, of the end that is most like a cry: of the last clause, the last two, and so on.

    Who asked for something or gave thanks, and only then says what happened, is heard as who says it at once.
    None where there is one clause only, or too few letters are known.
    """
    runs, bias = _table()
    found: set[str] = set()
    total, known, letters = 0, 0, 0
    most = None
    for clause in reversed(_clauses(text)[1:][-_MOST_CLAUSES:]):
        key = key_of(clause)
        letters += len(key)
        if letters > MOST_LETTERS:
            break
        more = runs_of(key) - found
        weighed = [weight for weight in map(runs.get, more) if weight is not None]
        found |= more
        total += sum(weighed)
        known += len(weighed)
        if known >= _LEAST_RUNS and known >= _LEAST_KNOWN * len(found):
            score = bias + total / (HUNDREDTHS * math.sqrt(len(found)))
            most = score if most is None else max(most, score)
    return most


def ends_of(text: str) -> list[str]:
    """The last clause, the last two, and so on, without the whole.

    >>> ends_of("ขอบคุณค่ะ น้ำมาแล้ว อยู่บนหลังคา")
    ['น้ำมาแล้ว อยู่บนหลังคา', 'อยู่บนหลังคา']
    """
    clauses = _clauses(text)
    return [" ".join(clauses[start:]) for start in range(1, len(clauses))]


def _clauses(text: str) -> list[str]:
    return [each for each in _BETWEEN_CLAUSES.split(text) if each]


def words_for(text: str) -> str:
    """The runs of letters that speak most for a cry."""
    return " ".join(weights("cries").because(key_of(text), "cry"))


def _of_part(key: str) -> float | None:
    # Each letter begins a run of each length at most: of fewer letters not enough can be known.
    if len(key) * _MOST_RUNS_A_LETTER < _LEAST_RUNS:
        return None
    runs, bias = _table()
    found = runs_of(key)
    known = [weight for weight in map(runs.get, found) if weight is not None]
    if len(known) < _LEAST_RUNS or len(known) < _LEAST_KNOWN * len(found):
        return None
    return bias + sum(known) / (HUNDREDTHS * math.sqrt(len(found)))


@cache
def _table() -> tuple[dict[str, int], float]:
    """What each run weighs for a cry against what is calm, and what a message of no run does."""
    table = weights("cries")
    cry = table.labels.index("cry")
    return (
        {run: sum(weight for label, weight in pairs if label == cry) for run, pairs in table.runs.items()},
        table.bias[cry],
    )
