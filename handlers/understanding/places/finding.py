"""What places a message is about."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from handlers.understanding.places.guesses import with_guesses
from handlers.understanding.places.letters import Letters, letters_of
from handlers.understanding.places.mentions import Mention, has_only_names, mentions_in, word_before
from handlers.understanding.places.names import Codes
from handlers.understanding.places.postcodes import districts_of, postcode_in
from handlers.understanding.places.resolving import is_abroad, resolve
from handlers.understanding.places.tokens import READ_LENIENTLY, Token, tokens_of
from handlers.understanding.places.vocabulary import STRONG, WEAK
from handlers.understanding.writing import MOST_REMEMBERED
from storage import places

# A longer message is a story or an attack; nobody is asked where in it she lives.
MOST_LETTERS = 500

# Village, subdistrict, district and province have some eighty letters; most messages with more are no address.
_LONGEST_ADDRESS = 80

_CODE = re.compile(r"(?:[0-9]{2}){2,4}|th[0-9]{2}")
_DENIED = re.compile(r"ไม่ได้อยู่|ไม่อยู่|ไม่ใช่|บ่ได้อยู่|บ่แม่น|(?<![a-z])not (?:in|from|at) ", re.IGNORECASE)
_OTHER_PLACE = re.compile(
    r"แต่อยู่|แต่|อยู่|เป็น|แม่น(?!้)|[, ]\s*(?:but |i am |i live )?(?:in |from |at )|(?<=\S) (?=\S)", re.IGNORECASE
)
_SPACES = re.compile(r"\s+")


@dataclass(frozen=True, kw_only=True, slots=True)
class PlacesFound:
    """What was found in a message.

    `codes` are the places it can mean, the best first; `certain` tells that the first may be acted on without asking.
    `spans` are the stretches of the text that name it, `rest` is the text without them and without the words that led
    to them (ที่, อำเภอ, in), for readers of what else was said. `is_spelled` tells that every name is written as it is
    spelt. `why` tells in a few words how it was read.
    """

    codes: Codes = ()
    certain: bool = False
    spans: tuple[tuple[int, int], ...] = ()
    rest: str = ""
    is_spelled: bool = False
    why: str = "names no place"


@lru_cache(maxsize=MOST_REMEMBERED)
def places_in(text: str) -> PlacesFound:
    """The places that `text` names, as people type them; never raises, takes milliseconds.

    A number of two digits is no place here: citizens count people with it, officers know codes.

    >>> places_in("ที่แม่สายฝนตกหนักมากเลย").codes[0]
    '5709'
    >>> places_in("rubber price in Trang please").rest
    'rubber price please'
    >>> places_in("แม่สาย ภูเก็ต").why
    'contradictory: the places do not lie in one another'
    """
    if len(text) > MOST_LETTERS:
        return PlacesFound(rest=text, why=f"longer than {MOST_LETTERS} letters")
    if (meant := _without_denied(text)) != text:
        return places_in(meant)
    letters = letters_of(text)
    if _CODE.fullmatch(letters.text):
        return _by_code(text)
    tokens, mentions = _read(letters)
    postcode = postcode_in(tokens, mentions)
    districts = districts_of(tokens[postcode].text) if postcode is not None else ()
    if not (mentions or districts):
        return PlacesFound(rest=text)
    if is_abroad(tokens, mentions):
        return PlacesFound(rest=text, why="a place abroad is named beside it")
    village = next((token.village for token in tokens if token.village), 0)
    found = resolve(tokens, mentions, village, districts)
    taken = [tokens[at] for at in sorted(_tokens_taken(tokens, mentions, postcode))]
    return PlacesFound(
        codes=found.codes,
        certain=found.certain and not _is_unread(tokens, mentions),
        spans=tuple(letters.span(tokens[each.first].start, tokens[each.last].end) for each in mentions),
        rest=_without(text, letters, taken),
        is_spelled=not any(each.is_misspelt or each.is_guess for each in mentions),
        why=found.why,
    )


def _without_denied(text: str) -> str:
    """ไม่ได้อยู่เชียงใหม่ อยู่ลำพูน names Lamphun: what is denied is left out where another place is named after it."""
    if (denied := _DENIED.search(text)) is None:
        return text
    after = text[denied.end() :]
    beyond = _OTHER_PLACE.search(after)
    return (
        text[: denied.start()] + after[beyond.start() :]
        if beyond and places_in(after[beyond.start() :]).codes
        else text
    )


def _read(letters: Letters) -> tuple[tuple[Token, ...], tuple[Mention, ...]]:
    tokens = tokens_of(letters)
    mentions = mentions_in(tokens)
    if not mentions and len(letters.text) <= _LONGEST_ADDRESS:
        heard = tokens_of(letters, cost_of_a_sound=READ_LENIENTLY)
        named = mentions_in(heard)
        # One name that is made of ordinary words may be just these words; two that belong together are no chance.
        if len(named) > 1 and has_only_names(heard, named):
            return heard, named
    return tokens, with_guesses(tokens, mentions, letters.gaps)


def _by_code(text: str) -> PlacesFound:
    codes = tuple(each.code for each in places.find(text))
    if not codes:
        return PlacesFound(rest=text, why="no place has this code")
    return PlacesFound(codes=codes, certain=True, spans=((0, len(text)),), why="a code")


def _tokens_taken(tokens: Sequence[Token], mentions: Sequence[Mention], postcode: int | None) -> set[int]:
    """The tokens that say where: the names, what stands around them, villages and the postcode."""
    taken = {at for each in mentions for at in range(each.first, each.last + 1)}
    taken |= {at for at, token in enumerate(tokens) if token.village}
    if postcode is not None:
        taken.add(postcode)
    for at in sorted(taken):
        before = word_before(tokens, at)
        if before >= 0 and tokens[before].roles & {STRONG, WEAK}:
            taken.add(before)
    return taken | {at + 1 for at in taken if at + 1 < len(tokens) and tokens[at + 1].is_mark}


def _is_unread(tokens: Sequence[Token], mentions: Sequence[Mention]) -> bool:
    """Whether a smaller place may be named that nobody could read: letters without meaning, อำเภอ and no name."""
    named = {at for each in mentions for at in range(each.first, each.last + 1)}
    beside = {at for each in mentions for at in (each.first - 1, each.last + 1)} - named
    return any(
        (at in beside and not token.is_word) or (token.before and at not in named)
        for at, token in enumerate(tokens)
    )


def _without(text: str, letters: Letters, taken: Sequence[Token]) -> str:
    rest, end = "", 0
    for token in taken:
        start, after = letters.span(token.start, token.end)
        rest += text[end:start] + " "
        end = after
    return _SPACES.sub(" ", rest + text[end:]).strip()
