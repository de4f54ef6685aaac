"""From names to places: which of the places that bear them can be meant together."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from handlers.understanding.places.mentions import Mention, can_be_one, word_after
from handlers.understanding.places.names import Codes, widest_first
from handlers.understanding.places.tokens import Token
from handlers.understanding.places.vocabulary import FOREIGN


@dataclass(frozen=True, kw_only=True, slots=True)
class Resolved:
    """The places, the best first; `certain` when the first alone can be meant."""

    codes: Codes
    certain: bool
    why: str


def resolve(tokens: Sequence[Token], mentions: Sequence[Mention], village: int, districts: Codes) -> Resolved:
    """The places that all the mentions can mean together.

    `village` is a village's number, 0 for none; `districts` are those of a postcode. Names that cannot be one place
    are a contradiction where they stand side by side, a list of several places elsewhere.
    """
    groups = _groups(mentions)
    if len(groups) > 1:
        return _several(tokens, groups, mentions)
    codes = _in_one_of(districts, groups[0]) if groups and districts else groups[0] if groups else districts
    if not codes:
        return Resolved(codes=(), certain=False, why="contradictory: the postcode is of another place")
    named = _nickname(codes, mentions)
    ordered = _best_first(codes, named)
    # Where a province or district is meant first, only a subdistrict of its name in it can have the village.
    villages = tuple(f"{code}{village:02}" for code in ordered if len(code) == 6 and _may_hold(code, ordered))
    if village and villages:
        certain = len(villages) == len(ordered) == 1
        return Resolved(codes=villages, certain=certain, why="a village's number and its subdistrict")
    doubt = next((each.doubt for each in mentions if each.doubt), "")
    certain = not doubt and _is_certain(ordered, named)
    reason = doubt or ("can be one place only" if certain else "several places bear the name")
    return Resolved(codes=ordered, certain=certain, why=f"{_spelling(mentions)}; {reason}")


def _may_hold(subdistrict: str, ordered: Codes) -> bool:
    return len(ordered[0]) == 6 or subdistrict.startswith(ordered[0])


def _groups(mentions: Sequence[Mention]) -> list[Codes]:
    """Mentions that can be one place, together; each group as the smallest places it can mean."""
    groups: list[Codes] = []
    for mention in mentions:
        if groups and (joined := _together(groups[-1], mention.codes)):
            groups[-1] = joined
        else:
            groups.append(mention.codes)
    return groups


def _in_one_of(districts: Codes, codes: Codes) -> Codes:
    """The places that lie in one of the districts, and those of the districts that lie in one of the places."""
    return tuple(dict.fromkeys(
        code if code.startswith(district) else district
        for code in codes
        for district in districts
        if code.startswith(district) or district.startswith(code)
    ))  # fmt: skip


def _together(smallest: Codes, codes: Codes) -> Codes:
    """The smaller ones of all pairs of which one lies in the other."""
    # A place beside one around it is meant to be in it; the same place twice only where no other pair is.
    inside = {
        max(one, other, key=len)
        for one in smallest
        for other in codes
        if one != other and (one.startswith(other) or other.startswith(one))
    }
    return widest_first(inside or set(smallest) & set(codes))


def _several(tokens: Sequence[Token], groups: Sequence[Codes], mentions: Sequence[Mention]) -> Resolved:
    side_by_side = any(
        word_after(tokens, left.last) == right.first
        for left, right in pairwise(mentions)
        if not can_be_one(left.codes, right.codes)
    )
    if side_by_side and len({len(codes[0]) for codes in groups}) > 1:
        return Resolved(codes=(), certain=False, why="contradictory: the places do not lie in one another")
    first = [codes[0] for codes in groups]
    rest = [code for codes in groups for code in codes[1:]]
    return Resolved(
        codes=tuple(dict.fromkeys((*first, *rest))), certain=False, why="several places are named"
    )


def _nickname(codes: Codes, mentions: Sequence[Mention]) -> str | None:
    """What a nickname means first, when it is among the places left."""
    return next((each.nickname for each in mentions if each.nickname in codes), None)


def _best_first(codes: Codes, named: str | None) -> Codes:
    return codes if named is None else (named, *(code for code in codes if code != named))


def _is_certain(ordered: Codes, named: str | None) -> bool:
    """When the first is what a nickname means, when all others lie in it, or when it is the only province."""
    first = ordered[0]
    if named == first or all(code.startswith(first) for code in ordered):
        return True
    return len(first) == 2 and not any(len(code) == 2 for code in ordered[1:])


def _spelling(mentions: Sequence[Mention]) -> str:
    if any(each.is_guess for each in mentions):
        return "a name like it"
    return "a name that sounds like it" if any(each.is_misspelt for each in mentions) else "a name"


def is_abroad(tokens: Sequence[Token], mentions: Sequence[Mention]) -> bool:
    """Whether a foreign place stands directly after a name, as in บ่อแก้ว ลาว."""
    return any(
        after < len(tokens) and FOREIGN in tokens[after].roles
        for after in (word_after(tokens, each.last) for each in mentions)
    )
