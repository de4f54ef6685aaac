"""Farm products as people call them. The table is `knowledge/products.toml`."""

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from handlers.understanding.amounts import price_words
from handlers.understanding.writing import sounding, spaced

_LATIN = re.compile(r"[a-z ]+")


@dataclass(frozen=True, kw_only=True, slots=True)
class Product:
    """`unit` is what it is traded in; `kind_of` is the wider product's id, '' when it is none's kind."""

    id: str
    name_th: str
    name_en: str
    unit: str
    kind_of: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Mention:
    """A product in a levelled text, and where its name stands there."""

    id: str
    start: int
    end: int


def product(product_id: str) -> Product:
    """The product of that id. Raises KeyError when there is none."""
    return products()[product_id]


@cache
def products() -> dict[str, Product]:
    """All products by id."""
    return {
        name: Product(
            id=name,
            name_th=entry["th"],
            name_en=entry["en"],
            unit=entry["unit"],
            kind_of=entry.get("kind_of", ""),
        )
        for name, entry in _loaded().items()
    }


def mentioned(key: str) -> Mention | None:
    """The product that a text levelled by `sounding(spaced(…))` names: the longest name, if any.

    A short name counts beside words for prices and numbers, and where nothing else is said.
    """
    found = _first(key, "names")
    if found is None and (short := _first(key, "alone")) is not None:
        packed = key.replace(" ", "")
        whole = short.end - short.start == len(key)
        return short if whole or any(word in packed for word in _price_words()) else None
    return found


def _first(key: str, which: str) -> Mention | None:
    pattern, names = _names(which)
    found = [Mention(id=names[each[0]], start=each.start(), end=each.end()) for each in pattern.finditer(key)]
    return max(found, key=lambda each: (each.end - each.start, -each.start), default=None)


@cache
def _price_words() -> tuple[str, ...]:
    return tuple(map(sounding, price_words()))


@cache
def _loaded() -> dict[str, dict[str, str]]:
    return tomllib.loads((files("knowledge") / "products.toml").read_text(encoding="utf-8"))


@cache
def _names(which: str) -> tuple[re.Pattern[str], dict[str, str]]:
    names = {
        sounding(spaced(name)): product_id
        for product_id, entry in _loaded().items()
        for name in entry.get(which, ())
    }
    longest_first = sorted(names, key=len, reverse=True)
    return re.compile("|".join(_bounded(name) for name in longest_first)), names


def _bounded(name: str) -> str:
    """Latin names are whole words."""
    escaped = re.escape(name)
    return f"(?<![a-z]){escaped}(?![a-z])" if _LATIN.fullmatch(name) else escaped
