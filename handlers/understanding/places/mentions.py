"""Which of the names in a message are meant as places.

Many names are ordinary words (ลอง, ตาก, ตลาด, long), so inside a message a name counts only with a reason: it is
nothing but a place's name, a word that leads to a place or tells its level stands before it, a place around it stands
beside it, or the message has nothing else.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from handlers.understanding.places.letters import is_latin
from handlers.understanding.places.names import Codes, names, sound_of
from handlers.understanding.places.tokens import Token
from handlers.understanding.places.vocabulary import CARRIER, POSTCODE, STRONG, WEAK, vocabulary

# A Latin word shorter than these is likelier an English word than a district, or a province or nickname.
_SHORTEST_LATIN_DISTRICT, _SHORTEST_LATIN_PROVINCE = 6, 4
_SHORTEST_THAI_ALONE = 3
_SHORTEST_BY_SOUND = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class Mention:
    """A name meant as a place: tokens `first` to `last`, with the words for its level around it.

    `nickname` is the place that it is known to mean first. `is_misspelt` tells that it only sounds like what is
    written, `is_guess` not even that; `doubt` says why nothing may be taken as certain, "" when nothing is against it.
    """

    first: int
    last: int
    codes: Codes
    nickname: str | None = None
    level: int = 0
    is_misspelt: bool = False
    is_guess: bool = False
    doubt: str = ""


def mentions_in(tokens: Sequence[Token]) -> tuple[Mention, ...]:
    """The places that are meant, in their order."""
    candidates = [_mention(tokens, at) for at, token in enumerate(tokens) if token.codes]
    # ไป and มา lead to a place, but a message has more to say with them: ไปตลาดมา.
    if has_only_names(tokens, candidates) and not any(WEAK in token.roles for token in tokens):
        return tuple(candidates)
    meant = [each for each in candidates if _counts_alone(tokens, each)]
    others = [each for each in candidates if each not in meant]
    # A place beside one that counts, and around it or in it, counts as well; and so on from that one.
    while found := [each for each in others if any(_belong(tokens, each, known) for known in meant)]:
        meant += found
        others = [each for each in others if each not in found]
    return tuple(sorted(meant, key=lambda each: each.first))


def has_only_names(tokens: Sequence[Token], mentions: Sequence[Mention]) -> bool:
    """Whether the message has nothing but these names, the words around places, and numbers."""
    named = {at for each in mentions for at in range(each.first, each.last + 1)}
    return all(at in named or is_around_places(token) for at, token in enumerate(tokens))


def is_around_places(token: Token) -> bool:
    """Whether a word says nothing of its own beside a place."""
    return bool(
        token.is_mark or token.is_number or token.village or token.before or token.after
        or token.roles & {CARRIER, STRONG, WEAK, POSTCODE}
    )  # fmt: skip


def word_before(tokens: Sequence[Token], at: int) -> int:
    """The token before this one that is no mere mark; -1 when there is none."""
    at -= 1
    while at >= 0 and tokens[at].is_mark:
        at -= 1
    return at


def word_after(tokens: Sequence[Token], at: int) -> int:
    """The token after this one that is no mere mark; as many as there are when there is none."""
    at += 1
    while at < len(tokens) and tokens[at].is_mark:
        at += 1
    return at


def of_level(codes: Codes, digits: int) -> Codes:
    return tuple(code for code in codes if len(code) == digits)


def can_be_one(codes: Codes, others: Codes) -> bool:
    """Whether a place of the first lies in one of the others, or the other way round."""
    return any(one.startswith(other) or other.startswith(one) for one in codes for other in others)


def _mention(tokens: Sequence[Token], at: int) -> Mention:
    token = tokens[at]
    nickname = names().nicknames.get(token.text)
    if nickname is None and token.by_sound:
        nickname = names().nicknames_by_sound.get(sound_of(token.text))
    before, after = word_before(tokens, at), word_after(tokens, at)
    first = last = at
    level = 0
    if before >= 0 and tokens[before].before:
        first, level = before, tokens[before].before
    elif after < len(tokens) and tokens[after].after and is_latin(token.text[0]):
        last, level = after, tokens[after].after
    mention = Mention(
        first=first, last=last, codes=token.codes, nickname=nickname, is_misspelt=token.by_sound, level=level
    )
    if not level:
        return mention
    if fitting := of_level(token.codes, level):
        fits = nickname is not None and len(nickname) == level
        return replace(mention, codes=fitting, nickname=nickname if fits else None)
    return replace(mention, nickname=None, doubt="written with the word for another level")


def _counts_alone(tokens: Sequence[Token], mention: Mention) -> bool:
    if mention.level:
        return True
    token, words = tokens[mention.first], vocabulary()
    is_small = mention.nickname is None and len(mention.codes[0]) == 6
    if token.text in words.very_common or (is_small and token.by_sound):
        return False
    before = word_before(tokens, mention.first)
    roles = tokens[before].roles if before >= 0 else frozenset()
    if STRONG in roles:
        return True
    if token.text in words.common:
        return False
    if token.by_sound and not is_latin(token.text[0]) and len(token.text) < _SHORTEST_BY_SOUND:
        return WEAK in roles
    if is_small:
        return WEAK in roles and token.text not in words.ordinary
    shortest = _SHORTEST_THAI_ALONE
    if is_latin(token.text[0]):
        is_known = mention.nickname is not None or len(mention.codes[0]) == 2
        shortest = _SHORTEST_LATIN_PROVINCE if is_known else _SHORTEST_LATIN_DISTRICT
    return len(token.text) >= shortest or WEAK in roles


def _belong(tokens: Sequence[Token], one: Mention, other: Mention) -> bool:
    """Whether two names stand side by side and one of their places lies in the other."""
    left, right = (one, other) if one.first < other.first else (other, one)
    return word_after(tokens, left.last) == right.first and can_be_one(one.codes, other.codes)
