"""Where in a message a name may stand that nobody could read, and what it may be."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from handlers.understanding.places.guessing import Guess, guess
from handlers.understanding.places.letters import is_latin
from handlers.understanding.places.mentions import Mention, can_be_one, is_around_places
from handlers.understanding.places.names import Codes
from handlers.understanding.places.tokens import Token
from handlers.understanding.places.vocabulary import FOREIGN, STRONG, vocabulary

_MOST_TOKENS_OF_A_NAME = 6
_MOST_NAMES = 3
_MOST_AFTER_A_WORD = 4
# Each takes up to a millisecond.
_MOST_GUESSES = 12
_SHORTEST_IN_A_SENTENCE = 5
# Ordinary words of fewer letters are never a province that was misspelt, nor a district.
_SHORTEST_PROVINCE, _SHORTEST_DISTRICT = 6, 9
# So many letters may be wrong of a name that is taken without asking.
_LONG_NAME = 9


def with_guesses(
    tokens: Sequence[Token], mentions: Sequence[Mention], gaps: frozenset[int]
) -> tuple[Mention, ...]:
    """The mentions, with what is guessed for words where a place must stand. `gaps` are those of the letters."""
    if any(FOREIGN in token.roles for token in tokens):
        return tuple(mentions)
    known = _with_one_name_for_parts(tokens, mentions, gaps)
    known = _with_names_after_levels(tokens, known)
    known = _with_a_name_inside(tokens, known)
    if not known and (found := _instead_of_everything(tokens) or _after_a_strong_word(tokens)):
        known = (found,)
    return known


def _with_one_name_for_parts(
    tokens: Sequence[Token], mentions: Sequence[Mention], gaps: frozenset[int]
) -> tuple[Mention, ...]:
    """With one name that is nearly written for two that are written as one word and no place together: สุราดธานี."""
    for left, right in pairwise(mentions):
        where = range(left.first, right.last + 1)
        is_one_word = len(where) == 2 and tokens[right.first].start not in gaps
        if is_one_word and not can_be_one(left.codes, right.codes):
            found = guess(_written(tokens, where))
            if found and found.mistakes <= 1:
                return _instead(mentions, [_mention(tokens, where, found)])
    return tuple(mentions)


def _with_names_after_levels(tokens: Sequence[Token], mentions: Sequence[Mention]) -> tuple[Mention, ...]:
    """With what stands after อำเภอ and the like, where no name of that level was read."""
    sure = [each for each in mentions if not each.doubt]
    named = _tokens_of(sure)
    unread = [at for at, token in enumerate(tokens) if token.before and at not in named]
    found: list[Mention] = []
    for at in unread[:_MOST_NAMES]:
        digits = tokens[at].before
        around = tuple(code for each in sure for code in each.codes if len(code) < digits)
        windows = [
            window
            for window in _windows(tokens, at + 1, named)
            if not _is_a_name(tokens, window)
            if around or digits == 2 or not _is_ordinary(tokens, window)
        ]
        if best := _best(tokens, windows, within=around, digits=digits):
            window, guessed = best
            found.append(_mention(tokens, range(at, window.stop), guessed, level=digits))
    return _instead(mentions, found)


def _with_a_name_inside(tokens: Sequence[Token], mentions: Sequence[Mention]) -> tuple[Mention, ...]:
    """With a smaller place in one that was read: แม่สยา เชียงราย."""
    named = _tokens_of(mentions)
    for outer in mentions:
        within = tuple(code for code in outer.codes if len(code) < 6)
        for beside in (range(outer.first), range(outer.last + 1, len(tokens))):
            stretches = [each for each in _stretches(tokens, beside) if not named.issuperset(each)]
            best = _best(tokens, stretches, within=within) if within else None
            if best is None:
                continue
            where, found = best
            is_risky = _is_ordinary(tokens, where) or not named.isdisjoint(where)
            if found.mistakes <= 1 or not is_risky:
                return _instead(mentions, [_mention(tokens, where, found)])
    return tuple(mentions)


def _instead_of_everything(tokens: Sequence[Token]) -> Mention | None:
    """What a message of a few words can mean as a whole."""
    best = _best(tokens, _stretches(tokens, range(len(tokens))))
    if best is None:
        return None
    where, found = best
    if not _is_ordinary(tokens, where):
        return _mention(tokens, where, found)
    written = _written(tokens, where)
    if written in vocabulary().common | vocabulary().very_common or found.mistakes > 1:
        return None
    provinces = tuple(code for code in found.codes if len(code) == 2)
    shortest = _SHORTEST_PROVINCE if provinces else _SHORTEST_DISTRICT
    is_short = len(written) < shortest and not (found.is_heard and len(written) >= _SHORTEST_PROVINCE)
    if found.mistakes and is_short and not (provinces and len(where) > 1):
        return None
    return _mention(tokens, where, replace(found, codes=provinces or found.codes), doubt="ordinary words")


def _after_a_strong_word(tokens: Sequence[Token]) -> Mention | None:
    windows = [
        window
        for at, token in enumerate(tokens)
        if STRONG in token.roles and at + 1 < len(tokens) and not is_around_places(tokens[at + 1])
        for window in _windows(tokens, at + 1, frozenset())
        if len(_written(tokens, window)) >= _SHORTEST_IN_A_SENTENCE
    ]
    best = _best(tokens, windows)
    if best is None or best[1].mistakes > (0 if _is_ordinary(tokens, best[0]) else 1):
        return None
    return _mention(tokens, *best, doubt="in the middle of a message")


def _windows(tokens: Sequence[Token], start: int, named: frozenset[int]) -> Iterator[range]:
    for end in range(start + 1, min(len(tokens), start + _MOST_AFTER_A_WORD) + 1):
        if end - 1 in named or tokens[end - 1].before or tokens[end - 1].is_number:
            return
        yield range(start, end)


def _best(
    tokens: Sequence[Token], windows: Sequence[range], *, within: Codes = (), digits: int = 0
) -> tuple[range, Guess] | None:
    """The stretch that is most like a name, the longest of several; only the first few are looked at."""
    found = [
        (window, guessed)
        for window in windows[:_MOST_GUESSES]
        if (guessed := guess(_written(tokens, window), within=within, digits=digits))
    ]
    return min(found, key=lambda each: (each[1].mistakes, -len(each[0])), default=None)


def _mention(
    tokens: Sequence[Token], where: range, found: Guess, *, level: int = 0, doubt: str = ""
) -> Mention:
    # Districts have like names in many provinces; provinces themselves are few and unlike.
    is_far_off = found.mistakes > 1 and len(_written(tokens, where)) < _LONG_NAME
    is_one_of_many = found.mistakes > 0 and not found.is_helped and len(found.codes[0]) > 2
    return Mention(
        first=where.start,
        last=where.stop - 1,
        codes=found.codes,
        level=level,
        is_guess=True,
        doubt="its spelling is off" if is_far_off or is_one_of_many else doubt,
    )


def _instead(mentions: Sequence[Mention], found: Sequence[Mention]) -> tuple[Mention, ...]:
    """The mentions with those found, which take the place of what stands where they do."""
    taken = _tokens_of(found)
    kept = [each for each in mentions if taken.isdisjoint(range(each.first, each.last + 1))]
    return tuple(sorted((*kept, *found), key=lambda each: each.first))


def _tokens_of(mentions: Sequence[Mention]) -> frozenset[int]:
    return frozenset(at for each in mentions for at in range(each.first, each.last + 1))


def _stretches(tokens: Sequence[Token], where: range) -> list[range]:
    """Where a name can be: all but the words around places at both ends; names end like these, so also with those."""
    start, end = where.start, where.stop
    while start < end and is_around_places(tokens[start]):
        start += 1
    while start < end and is_around_places(tokens[end - 1]):
        end -= 1
    found = dict.fromkeys((range(start, end), range(start, where.stop if start < end else end)))
    return [each for each in found if 0 < len(each) <= _MOST_TOKENS_OF_A_NAME]


def _is_a_name(tokens: Sequence[Token], where: range) -> bool:
    """Whether exactly the name of a place is written, if of another level: it is not misspelt."""
    return len(where) == 1 and bool(tokens[where.start].codes) and not tokens[where.start].by_sound


def _is_ordinary(tokens: Sequence[Token], where: range) -> bool:
    return all(tokens[at].is_word and not is_latin(tokens[at].text[0]) for at in where)


def _written(tokens: Sequence[Token], where: range) -> str:
    return "".join(tokens[at].text for at in where)
