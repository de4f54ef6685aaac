"""Cuts a message into names of places and other words.

Thai is written without spaces, so every way to cut a message is weighed: the fewest words win, names before ordinary
words, ordinary words before names that only sound like what is written, and all before letters that are no word.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from handlers.understanding.places.letters import Letters, is_latin
from handlers.understanding.places.names import Codes, names
from handlers.understanding.places.sounds import sound_of_latin, sound_of_thai
from handlers.understanding.places.vocabulary import vocabulary

_LATIN = re.compile("[a-z]+")

_MOST_WORDS_OF_A_LATIN_NAME = 6
_SHORTEST_SOUND = 3
_SHORTEST_GLUED, _LONGEST_GLUED = 3, 40

_COST_OF_A_NAME = 0.9
_COST_OF_A_ROLE = 0.8
_COST_OF_A_WORD = 1.0
# What a name costs that only sounds like what is written: more than two ordinary words (เขาขอ) for a strict reader.
READ_STRICTLY, READ_LENIENTLY = 2.1, 1.5
# No list has the words of other languages, so each may as well be a name that is misspelt.
_COST_OF_A_LATIN_SOUND = 1.5
_COST_OF_A_LATIN_WORD = 2.0
_COST_OF_NO_WORD = 1.6
_COST_OF_A_NUMBER = 0.5
_COST_OF_A_MARK = 0.1
_COST_OF_A_GAP = 0.4


@dataclass(frozen=True, kw_only=True, slots=True)
class Token:
    """A stretch of letters and what it may be.

    `codes` are the places that it can name; `by_sound` that it is not spelt like that. `before` and `after` are the
    digits of the codes of the kind of place that the word stands before or after. `number` is a village's, `is_word`
    is False for letters that no list has.
    """

    start: int
    end: int
    text: str
    roles: frozenset[str] = frozenset()
    codes: Codes = ()
    by_sound: bool = False
    before: int = 0
    after: int = 0
    village: int = 0
    is_number: bool = False
    is_mark: bool = False
    is_word: bool = True


class _Reader:
    """A message with all that is looked up of it again and again."""

    def __init__(self, letters: Letters, cost_of_a_sound: float) -> None:
        self.letters = letters
        self.cost_of_a_sound = cost_of_a_sound
        self.ends = [at for at in range(1, len(letters.text) + 1) if letters.may_part(at)]
        self.gaps, self.breaks = sorted(letters.gaps), sorted(letters.breaks)
        self.sound, self.heard_from = sound_of_thai(letters.text)
        self.heard_at = {at: heard for heard, at in reversed(tuple(enumerate(self.heard_from)))}
        self.latin_words = _latin_words(letters)
        self.glued: dict[int, int] = {}

    def ends_of_words(self, start: int, most: int) -> Iterator[int]:
        """Where a word that begins here can end, at most so many letters on and before the next break."""
        last = min(start + most, self.next_break(start))
        for number in range(bisect_right(self.ends, start), len(self.ends)):
            if self.ends[number] > last:
                return
            yield self.ends[number]

    def next_break(self, start: int) -> int:
        return self.breaks[bisect_right(self.breaks, start)]

    def next_gap(self, start: int) -> int:
        return self.gaps[bisect_right(self.gaps, start)]


def tokens_of(letters: Letters, *, cost_of_a_sound: float = READ_STRICTLY) -> tuple[Token, ...]:
    """The message cut into tokens that cover all of its letters.

    READ_LENIENTLY hears names also where ordinary words are written, in messages that should name a place.
    """
    length = len(letters.text)
    reader = _Reader(letters, cost_of_a_sound)
    costs = [0.0, *[float("inf")] * length]
    last: list[Token | None] = [None] * (length + 1)
    for start in range(length):
        if costs[start] == float("inf"):
            continue
        for token, cost in _candidates(reader, start):
            if costs[start] + cost < costs[token.end]:
                costs[token.end], last[token.end] = costs[start] + cost, token
    found: list[Token] = []
    at = length
    while (token_before := last[at]) is not None:
        found.append(token_before)
        at = token_before.start
    return tuple(reversed(found))


def _latin_words(letters: Letters) -> dict[int, int]:
    """Where each word in Latin letters begins, and where it ends."""
    text, words = letters.text, dict[int, int]()
    for run in _LATIN.finditer(text):
        inside = [gap for gap in letters.gaps if run.start() < gap < run.end()]
        words |= pairwise(sorted((run.start(), *inside, run.end())))
    return words


def _candidates(reader: _Reader, start: int) -> Iterator[tuple[Token, float]]:
    text = reader.letters.text
    letter = text[start]
    if village := _village(reader, start):
        yield village, _COST_OF_A_NUMBER
    if start in reader.glued:
        yield _name(reader, start, reader.glued[start]), _COST_OF_A_NAME
    if letter.isascii() and letter.isdigit():
        yield _number(reader, start), _COST_OF_A_NUMBER
    elif is_latin(letter):
        yield from _latin(reader, start)
    elif letter in ".ฯ":
        yield Token(start=start, end=start + 1, text=letter, is_mark=True), _COST_OF_A_MARK
    else:
        yield from _thai(reader, start)
        yield from _thai_by_sound(reader, start)
        yield _no_word(reader, start), _COST_OF_NO_WORD


def _village(reader: _Reader, start: int) -> Token | None:
    text, letters = reader.letters.text, reader.letters
    if not letters.may_part(start):
        return None
    for word in vocabulary().village_before:
        end = start + len(word)
        if not text.startswith(word, start) or (len(word) == 1 and start not in letters.gaps):
            continue
        first = end
        while end < len(text) and text[end].isascii() and text[end].isdigit() and end not in letters.breaks:
            end += 1
        if 1 <= end - first <= 2 and (number := int(text[first:end])):
            return Token(start=start, end=end, text=text[start:end], village=number)
    return None


def _number(reader: _Reader, start: int) -> Token:
    text, gaps = reader.letters.text, reader.letters.gaps
    end = start + 1
    while end < len(text) and text[end].isascii() and text[end].isdigit() and end not in gaps:
        end += 1
    return Token(start=start, end=end, text=text[start:end], is_number=True)


def _latin(reader: _Reader, start: int) -> Iterator[tuple[Token, float]]:
    text, letters = reader.letters.text, reader.letters
    end = reader.latin_words.get(start)
    if end is None:
        return
    yield Token(start=start, end=end, text=text[start:end]), _COST_OF_A_LATIN_WORD
    if split := _where_glued(text[start:end]):
        reader.glued[start + split] = end
        yield _name(reader, start, start + split), _COST_OF_A_NAME
    for _ in range(_MOST_WORDS_OF_A_LATIN_NAME):
        written = text[start:end]
        yield from _with_a_role(reader, start, end)
        if written in names().by_letters:
            yield _name(reader, start, end), _COST_OF_A_NAME
        elif _SHORTEST_SOUND < end - start <= _LONGEST_GLUED and sound_of_latin(written) in names().by_sound:
            yield _name(reader, start, end), _COST_OF_A_LATIN_SOUND
        if end not in reader.latin_words or end in letters.breaks:
            return
        end = reader.latin_words[end]


def _where_glued(word: str) -> int:
    """After how many letters a word that is no name is to be cut so that it is two, one inside the other; else 0."""
    if len(word) > _LONGEST_GLUED or _codes(word):
        return 0
    for split in range(_SHORTEST_GLUED, len(word) - _SHORTEST_GLUED + 1):
        before, behind = _codes(word[:split]), _codes(word[split:])
        if any(one != other and one.startswith(other) for one in before for other in behind):
            return split
    return 0


def _codes(written: str) -> Codes:
    return names().by_letters.get(written) or names().by_sound.get(sound_of_latin(written), ())


def _thai(reader: _Reader, start: int) -> Iterator[tuple[Token, float]]:
    text, known, ordinary = reader.letters.text, names(), vocabulary().ordinary
    gap = reader.next_gap(start)
    for end in reader.ends_of_words(start, known.longest):
        written = text[start:end]
        if written in known.by_letters:
            yield _name(reader, start, end), _COST_OF_A_NAME + _COST_OF_A_GAP * (gap < end)
        if end <= gap:
            yield from _with_a_role(reader, start, end)
            if written in ordinary:
                yield Token(start=start, end=end, text=written), _COST_OF_A_WORD


def _with_a_role(reader: _Reader, start: int, end: int) -> Iterator[tuple[Token, float]]:
    written, words = reader.letters.text[start:end], vocabulary()
    if written not in words.around:
        return
    roles = words.roles.get(written, frozenset())
    before, after = words.level_before.get(written, 0), words.level_after.get(written, 0)
    if len(written) == 1 and before and start not in reader.letters.gaps:
        before = 0
    if roles or before or after:
        token = Token(start=start, end=end, text=written, roles=roles, before=before, after=after)
        yield token, _COST_OF_A_ROLE


def _thai_by_sound(reader: _Reader, start: int) -> Iterator[tuple[Token, float]]:
    text, sound, by_sound = reader.letters.text, reader.sound, names().by_sound
    first = reader.heard_at.get(start)
    if first is None:
        return
    gap = reader.next_gap(start)
    # Signs that are not heard make a word longer than its sound.
    for end in reader.ends_of_words(start, 2 * names().longest):
        last = bisect_left(reader.heard_from, end)
        codes = by_sound.get(sound[first:last]) if last - first >= _SHORTEST_SOUND else None
        if codes:
            token = Token(start=start, end=end, text=text[start:end], codes=codes, by_sound=True)
            yield token, reader.cost_of_a_sound + _COST_OF_A_GAP * (gap < end)


def _name(reader: _Reader, start: int, end: int) -> Token:
    written = reader.letters.text[start:end]
    by_sound = written not in names().by_letters
    return Token(
        start=start, end=end, text=written, codes=_codes(written), by_sound=by_sound, roles=_roles(written)
    )


def _roles(written: str) -> frozenset[str]:
    return vocabulary().roles.get(written, frozenset())


def _no_word(reader: _Reader, start: int) -> Token:
    letters = reader.letters
    end = start + 1
    while not letters.may_part(end):
        end += 1
    return Token(start=start, end=end, text=letters.text[start:end], is_word=False)
