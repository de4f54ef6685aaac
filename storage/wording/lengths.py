"""How long a text is, and making a text of others shorter without cutting a word's meaning in two."""

import re
import unicodedata
from itertools import accumulate

from pythainlp.tokenize import word_tokenize

from storage.signs import without_controls

_THAI = re.compile(r"[\u0e01-\u0e5b]")
# A Thai clause ends at a space or a line break; a space beside a digit belongs to a date, time or amount, and
# the repetition mark belongs to the word before it.
_THAI_CLAUSE_END = re.compile(r"\n|(?<!\d) (?!\d|ๆ)")
_SENTENCE_END = re.compile(r"\n|(?<=[.!?]) ")
_WORD_END = re.compile(r"[ \n]")
_LEADING_VOWELS = frozenset("เแโใไ")
_JOINER = "\u200d"
_FOLLOWING = frozenset(f"ะาำๅๆฯ{_JOINER}")


def units(text: str) -> int:
    """UTF-16 code units, which LINE, Telegram and SMS in UCS-2 count.

    >>> units("🔴 ภัย")
    6
    """
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def tidy(text: str) -> str:
    """The text with single spaces, no empty lines, nothing at its ends, and no signs that machines obey."""
    lines = (" ".join(line.split()) for line in without_controls(text).splitlines())
    return "\n".join(line for line in lines if line)


def whole_clauses(text: str, limit_units: int) -> str:
    """The first whole clauses (Thai) or sentences (other languages) that fit into the limit, tidied.

    Nothing when the first one alone is too long.

    >>> whole_clauses("Move up.  Do not wait. Call 1784.", 22)
    'Move up. Do not wait.'
    """
    text = tidy(text)
    return _up_to(text, _THAI_CLAUSE_END if _THAI.search(text) else _SENTENCE_END, limit_units)


def shorten(text: str, limit_units: int) -> str:
    """As `whole_clauses`, but never nothing: a first clause that alone is too long is cut.

    The cut is between words where they can be told, and in Thai never before a tone mark or a vowel sign, nor
    after a leading vowel. Only a limit too small for one letter gives an empty text.
    """
    text = tidy(text)
    return whole_clauses(text, limit_units) or _up_to(text, _WORD_END, limit_units) or _cut(text, limit_units)


def _up_to(text: str, ends: re.Pattern[str], limit_units: int) -> str:
    if units(text) <= limit_units:
        return text
    starts = (found.start() for found in ends.finditer(text))
    return text[: max((start for start in starts if units(text[:start]) <= limit_units), default=0)]


def _cut(text: str, limit_units: int) -> str:
    end = min(len(text), max(limit_units, 0))
    while end and (units(text[:end]) > limit_units or not _may_cut(text, end)):
        end -= 1
    # Where Thai words end is a dictionary's opinion: good enough to prefer, not to rely on.
    word_ends = accumulate(map(len, word_tokenize(text[: 2 * end])))
    return text[: max((stop for stop in word_ends if stop <= end and _may_cut(text, stop)), default=end)]


def _may_cut(text: str, position: int) -> bool:
    before, after = text[position - 1], text[position]
    marked = after in _FOLLOWING or unicodedata.category(after).startswith("M")
    return not (marked or before in _LEADING_VOWELS or before == _JOINER)
