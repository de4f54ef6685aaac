"""The words around places, of `knowledge/places/words.toml`, and the dictionary of ordinary Thai words."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from pythainlp.corpus import thai_words

from handlers.understanding.places.letters import key_of

STRONG, WEAK, CARRIER, JOINING, POSTCODE, FOREIGN = (
    "strong",
    "weak",
    "carrier",
    "joining",
    "postcode",
    "foreign",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Vocabulary:
    """Words by their letters (`key_of`).

    `roles` tells what a word does around a name; `level_before` and `level_after` how many digits the code of the
    place has that it stands before or after; `around` has all of these words. `common` and `very_common` are names
    that are ordinary words too, `otherwise` those that mean something else where nobody asked for a place.
    """

    roles: Mapping[str, frozenset[str]]
    level_before: Mapping[str, int]
    level_after: Mapping[str, int]
    village_before: tuple[str, ...]
    common: frozenset[str]
    very_common: frozenset[str]
    otherwise: frozenset[str]
    ordinary: frozenset[str]
    around: frozenset[str]


@cache
def vocabulary() -> Vocabulary:
    """All of it, read once."""
    text = (files("knowledge") / "places" / "words.toml").read_text(encoding="utf-8")
    lists: dict[str, Any] = tomllib.loads(text)
    roles: dict[str, set[str]] = {}
    for role, words in (
        (STRONG, lists["before"]["strong"]),
        (WEAK, lists["before"]["weak"]),
        (CARRIER, lists["carriers"]["words"]),
        (JOINING, lists["joining"]["words"]),
        (POSTCODE, lists["carriers"]["postcode"]),
        (FOREIGN, lists["foreign"]["names"]),
    ):
        for word in words:
            roles.setdefault(key_of(word), set()).add(role)
    levels = {
        side: {key_of(word): int(digits) for digits, words in lists["levels"][side].items() for word in words}
        for side in ("before", "after")
    }
    return Vocabulary(
        roles={word: frozenset(each) for word, each in roles.items()},
        level_before=levels["before"],
        level_after=levels["after"],
        village_before=tuple(sorted(map(key_of, lists["village"]["before"]), key=len, reverse=True)),
        common=_keys(lists["names"]["common"]),
        very_common=_keys(lists["names"]["very_common"]),
        otherwise=_keys(lists["names"]["otherwise"]),
        around=frozenset((*roles, *levels["before"], *levels["after"])),
        ordinary=frozenset(thai_words()) | _keys(lists["ordinary"]["phrases"]),
    )


def _keys(words: list[str]) -> frozenset[str]:
    return frozenset(map(key_of, words))
