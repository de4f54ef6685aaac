"""Splitting: a text that is too long for one message becomes parts that each read well.

What must never be cut is decided by letters alone (`clusters`); where a cut reads best is a preference, from the end
of a line down to the gap between two Thai words, which newmm of pythainlp finds.
"""

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Callable, Sequence
from enum import IntEnum
from itertools import accumulate, pairwise

from pythainlp.tokenize import word_tokenize

from storage.wording.lengths import units


class _Break(IntEnum):
    """How good it is to cut at a position."""

    NEVER = 0
    LAST_RESORT = 1
    """Between clusters, but inside a number, a name, a word or a run of spaces."""

    CLUSTERS = 2
    WORDS = 3
    CLAUSE = 4
    SENTENCE = 5
    LINE = 6


_FLAG = re.compile("[\U0001f1e6-\U0001f1ff]{2}")
"""A flag is a pair of regional letters."""

_LEADING = frozenset("เแโใไເແໂໃໄ")
"""Vowels of Thai and Lao that are written before the consonant they are spoken after."""

_FOLLOWING = frozenset("ะาำๅๆฯະາຳຽໆຯ") | frozenset("\u200c\u200d")
_JOINER = "\u200d"
_VIRAMA_CLASS = 9

_SENTENCE_ENDS = frozenset(".!?…။។。！？")
_NO_BREAK_SPACES = frozenset("\u00a0\u202f\u2007")
_WIDTHLESS_SPACE = "\u200b"

_THAI = re.compile(r"[\u0e01-\u0e5b]")
_THAI_WORD = r"[\u0e01-\u0e4e]"

_UNITS = r"%|น\.|บาท|กม\.|ซม\.|มม\.|กก\."

_KEPT_TOGETHER = re.compile(
    "|".join(
        [
            r"https?://\S+",
            # ต.เวียงพางคำ, ม.3, ตำบลสุเทพ: how far the name goes nobody tells, 24 letters are enough for each
            rf"(?<!{_THAI_WORD})(?:[จอตม]\. ?|จังหวัด|อำเภอ|ตำบล|แขวง|เขต)(?:\d+|{_THAI_WORD}{{1,24}})",
            # 21 พ.ย. 2569
            rf"\d{{1,2}} (?:{_THAI_WORD}{{1,3}}\.)+ ?\d{{2,4}}",
            # โทร 053-731-234, 12.30-16.00 น., 1,200 บาท
            rf"(?:(?:โทร|[Cc]all) ?)?\+?\d+(?:(?:[.,:/ ]| ?[-–] ?)\d+)*(?: ?(?:{_UNITS}))?",
            # พ.ย., รพ.สต.
            rf"(?<!{_THAI_WORD})(?:{_THAI_WORD}{{1,3}}\.)+",
            # words of alphabets that put spaces between them
            r"[A-Za-z\u00c0-\u0dff\u1e00-\u1fff]+(?:['’_-][A-Za-z\u00c0-\u0dff\u1e00-\u1fff]+)*",
        ]
    )
)
_REPETITION = re.compile(r"\S\s+(?=[ๆฯ])|ฯ(?=ลฯ)")
"""Where ๆ belongs to the word before it across a space, and ฯลฯ."""

_WORDS_LOOK_BACK = 200
_WORDS_LOOK_AHEAD = 60


def split_text(text: str, limit: int, measure: Callable[[str], int] = units) -> tuple[str, ...]:
    """Parts whose concatenation is the text exactly, each measuring at most `limit`; nothing for an empty text.

    `measure` must not shrink when a text grows. A part ends at the end of a line, else of a sentence, a clause, a
    Thai word, as long as it stays at least half as long as it could be; never inside a cluster. White space stays at
    the end of its part, and where there is much of it a part may be nothing else.

    Raises ValueError when one cluster alone measures more than the limit.

    >>> split_text("ขึ้นที่สูงเดี๋ยวนี้ โทร 1784", 20)
    ('ขึ้นที่สูงเดี๋ยวนี้ ', 'โทร 1784')
    """
    if limit < 1:
        raise ValueError(f"a part may measure {limit}: at least 1 is needed")
    breaks = _breaks(text)
    allowed = [position for position, how in enumerate(breaks) if how]
    parts: list[str] = []
    start = 0
    while start < len(text):
        end = _furthest(text, start, allowed, limit, measure)
        if end < len(text):
            end = _best(text, start, end, breaks)
        parts.append(text[start:end])
        start = end
    return tuple(parts)


def load_words() -> None:
    """Load the dictionary of Thai words, which takes about a second, before the first long text needs it."""
    word_tokenize("คำ")


def clusters(text: str) -> tuple[str, ...]:
    """The pieces of a text that are never cut: a letter with its vowels and tone marks, an emoji with its joiners.

    Extended grapheme clusters (Unicode Standard Annex 29) for the scripts that Krajai meets, and beyond them for
    Thai and Lao what a reader needs together: a leading vowel with its consonant, ะ า ๆ ฯ with what is before them.

    >>> clusters("น้ำเค็ม")
    ('น้ำ', 'เค็', 'ม')
    """
    flags = _inside_flags(text)
    cuts = [0, *(at for at in range(1, len(text)) if at not in flags and not _binds(text, at)), len(text)]
    return tuple(text[start:end] for start, end in pairwise(cuts) if end > start)


def _furthest(
    text: str, start: int, allowed: Sequence[int], limit: int, measure: Callable[[str], int]
) -> int:
    """The last allowed position up to which a part from `start` keeps the limit."""

    def fits(index: int) -> bool:
        return measure(text[start : allowed[index]]) <= limit

    first = bisect_right(allowed, start)
    if not fits(first):
        size = measure(text[start : allowed[first]])
        raise ValueError(f"the letters at position {start} measure {size} together and fit into no {limit}")
    low, step = first, 1
    while (high := low + step) < len(allowed) and fits(high):
        low, step = high, step * 2
    high = min(high, len(allowed))
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    return allowed[low]


def _best(text: str, start: int, end: int, breaks: Sequence[_Break]) -> int:
    """Where to cut at `end` or before it: the best kind of break that wastes less than half of the part."""
    half = start + (end - start + 1) // 2

    def cut(lowest: int, kind: _Break, gaps: frozenset[int] = frozenset()) -> int:
        found = next((at for at in range(end, lowest - 1, -1) if breaks[at] >= kind or at in gaps), start)
        return found if text[start:found].strip() else 0

    gaps = _thai_word_gaps(text, start, end, breaks)
    return (
        cut(half, _Break.LINE)
        or cut(half, _Break.SENTENCE)
        or cut(half, _Break.CLAUSE)
        or cut(half, _Break.WORDS, gaps)
        or cut(start + 1, _Break.WORDS, gaps)
        or cut(start + 1, _Break.CLUSTERS)
        or end
    )


def _thai_word_gaps(text: str, start: int, end: int, breaks: Sequence[_Break]) -> frozenset[int]:
    """Where Thai words meet shortly before `end`. A dictionary's opinion: preferred, not relied upon."""
    lowest = max(start, end - _WORDS_LOOK_BACK)
    begin = next((at for at in range(end - 1, lowest, -1) if breaks[at] >= _Break.CLAUSE), lowest)
    window = text[begin : end + _WORDS_LOOK_AHEAD]
    if not _THAI.search(window):
        return frozenset()
    gaps = accumulate(map(len, word_tokenize(window)), initial=begin)
    return frozenset(at for at in gaps if begin < at <= end and breaks[at] is _Break.CLUSTERS)


def _breaks(text: str) -> list[_Break]:
    """For each position from 0 to the end, how good it is to cut there; 0 itself is no cut, the end always is one."""
    found = [_Break.NEVER, *(_break(text, at) for at in range(1, len(text))), _Break.LINE]
    for pattern in (_KEPT_TOGETHER, _REPETITION):
        for match in pattern.finditer(text):
            last = match.end() + (pattern is _REPETITION)
            for position in range(match.start() + 1, min(last, len(text))):
                found[position] = min(found[position], _Break.LAST_RESORT)
    for position in _inside_flags(text):
        found[position] = _Break.NEVER
    return found if text else []


def _inside_flags(text: str) -> frozenset[int]:
    return frozenset(match.start() + 1 for match in _FLAG.finditer(text))


def _break(text: str, at: int) -> _Break:
    if _binds(text, at):
        return _Break.NEVER
    before, after = text[at - 1], text[at]
    if _is_space(before):
        return _Break.LAST_RESORT if _is_space(after) else _after_spaces(text, at)
    if before in _NO_BREAK_SPACES or after in _NO_BREAK_SPACES:
        return _Break.LAST_RESORT
    if before in "([{“‘«" or after in ")]}”’»,;:.!?%":
        return _Break.LAST_RESORT
    return _Break.CLUSTERS


def _after_spaces(text: str, at: int) -> _Break:
    """The kind of break after the run of white space that ends at a position."""
    begin = at
    while begin and _is_space(text[begin - 1]):
        begin -= 1
    if any(letter in "\n\r\u2028\u2029" for letter in text[begin:at]):
        return _Break.LINE
    if begin == 0 or text[begin:at] == _WIDTHLESS_SPACE:
        return _Break.WORDS
    if text[begin - 1] in _SENTENCE_ENDS and not (text[at].isdigit() or _THAI.match(text, max(begin - 2, 0))):
        return _Break.SENTENCE  # a full stop after a Thai letter only shortens a word
    # A space beside a digit mostly belongs to a date, a time or an amount.
    return _Break.WORDS if text[begin - 1].isdigit() or text[at].isdigit() else _Break.CLAUSE


def _is_space(letter: str) -> bool:
    return letter == _WIDTHLESS_SPACE or (letter.isspace() and letter not in _NO_BREAK_SPACES)


def _binds(text: str, at: int) -> bool:
    """Whether the letters on both sides of a position belong to one cluster."""
    before, after = text[at - 1], text[at]
    if after < "\u0300":
        # The common case, and the only one in which a joiner or leading vowel before it could still bind.
        return before in _LEADING or before == _JOINER or (before == "\r" and after == "\n")
    return (
        after in _FOLLOWING
        or unicodedata.category(after)[0] == "M"
        or "\U0001f3fb" <= after <= "\U0001f3ff"  # skin tones
        or "\U000e0020" <= after <= "\U000e007f"  # tags of flags
        or "\u1160" <= after <= "\u11ff"  # Korean letters that complete a syllable
        or before in _LEADING
        or before == _JOINER
        or unicodedata.combining(before) == _VIRAMA_CLASS
        or ("\ud800" <= before <= "\udbff" and "\udc00" <= after <= "\udfff")
    )
