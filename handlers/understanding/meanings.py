"""How much a message speaks for each intent: by phrases and by likeness to whole sentences.

The tables are `knowledge/understanding/intents.toml`.
"""

import re
import tomllib
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

from handlers.understanding.likeness import Sentences
from handlers.understanding.patterns import Patterns
from handlers.understanding.slots import AMOUNT, PLACE, PRODUCT, TICKET
from handlers.understanding.weighed import weights
from handlers.understanding.writing import latin, soft, sounding, spaced

_NOT_INTENTS = ("common", "classes", "classes_latin")
_SIGNS = {"place": PLACE, "product": PRODUCT, "amount": AMOUNT, "ticket": TICKET}
# The first phrase of a kind counts in full, further ones a little.
_FIRST = {"strong": 3.0, "some": 1.5, "against": -3.0}
_FURTHER = {"strong": 0.8, "some": 0.4, "against": -0.5}
_MOST_FURTHER = 3
_LIKE = 6.0
"""What a message that is the same as an example counts."""

MOST_BY_LETTERS = 6.0
"""What a message counts whose runs of letters leave no doubt."""

_WORTH_SAYING = 0.1


@dataclass(kw_only=True, slots=True)
class Speaks:
    """How much a message speaks for an intent, by phrases and sentences (`score`) and by letters; what of it does."""

    score: float = 0.0
    letters: float = 0.0
    because: list[str] = field(default_factory=list)

    @property
    def total(self) -> float:
        return self.score + self.letters


def speaks_for(key: str) -> dict[str, Speaks]:
    """Every intent's score for a message that `handlers.understanding.slots.read` levelled."""
    scores = {name: Speaks() for name in _phrases()}
    packed, words = key.replace(" ", ""), _latin_of(key)
    for name, kinds in _phrases().items():
        for kind, pattern in kinds.items():
            found = sorted({_shown(each[0]) for text in (packed, words) for each in pattern.finditer(text)})
            if found:
                worth = _FIRST[kind] + _FURTHER[kind] * min(len(found) - 1, _MOST_FURTHER)
                scores[name].score += worth
                scores[name].because.append(f"{kind} {worth:+.1f}: {', '.join(found)}")
    seen: set[str] = set()
    for like in _sentences().like(key):
        if like.label not in seen:
            seen.add(like.label)
            worth = _LIKE * like.likeness
            scores[like.label].score += worth
            scores[like.label].because.append(f"like {worth:+.1f}: {like.sentence}")
    for name, likely in weights("intents").likely(key).items():
        speaks = scores.setdefault(name, Speaks())
        speaks.letters = MOST_BY_LETTERS * likely
        if likely >= _WORTH_SAYING:
            runs = ", ".join(map(_shown, weights("intents").because(key, name)))
            speaks.because.append(f"letters {MOST_BY_LETTERS * likely:+.1f}: {runs}")
    return scores


def asks(key: str) -> bool:
    """Whether a levelled message asks something."""
    return bool(_questions().search(key.replace(" ", "")) or _questions().search(_latin_of(key)))


def names_prices(key: str) -> bool:
    """Whether a levelled message speaks of prices."""
    packed, words = key.replace(" ", ""), _latin_of(key)
    return any(word in packed or f" {word} " in words for word in _price_words())


def _latin_of(key: str) -> str:
    for name, sign in _SIGNS.items():
        key = key.replace(sign, f" x{name} ")
    return latin(key)


def _shown(found: str) -> str:
    for name, sign in _SIGNS.items():
        found = found.replace(sign, f"{{{name}}}")
    return found.strip()


@cache
def _loaded() -> dict[str, dict[str, Any]]:
    return tomllib.loads((files("knowledge.understanding") / "intents.toml").read_text(encoding="utf-8"))


@cache
def _questions() -> re.Pattern[str]:
    return _one_of(_loaded()["common"]["question"], _patterns())


@cache
def _price_words() -> tuple[str, ...]:
    return tuple(sounding(soft(word)) for word in _loaded()["common"]["price"])


@cache
def _patterns() -> Patterns:
    loaded = _loaded()
    slots = {name: [sign] for name, sign in _SIGNS.items()}
    return Patterns({**loaded["classes"], **slots}, loaded["classes_latin"], loaded["common"]["polite"])


@cache
def _phrases() -> dict[str, dict[str, re.Pattern[str]]]:
    loaded = _loaded()
    return {
        name: {kind: _one_of(phrases[kind], _patterns()) for kind in _FIRST if phrases.get(kind)}
        for name, phrases in loaded.items()
        if name not in _NOT_INTENTS
    }


def _one_of(phrases: list[str], patterns: Patterns) -> re.Pattern[str]:
    # Looked ahead, so that phrases may overlap. In this module ร and ล are the same.
    each = [sounding(patterns.either(phrase)) for phrase in sorted(phrases, key=len, reverse=True)]
    return re.compile("|".join(f"(?:{one})" for one in each))


@cache
def _sentences() -> Sentences:
    return Sentences(
        (name, sentence, _example_key(sentence))
        for name, phrases in _loaded().items()
        for sentence in phrases.get("examples", ())
    )


def _example_key(sentence: str) -> str:
    for name, sign in _SIGNS.items():
        sentence = sentence.replace(f"{{{name}}}", sign)
    return sounding(spaced(sentence))
