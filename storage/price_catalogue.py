"""Products whose prices are known, and what sources call them: `knowledge/products.toml` and `price_sources.toml`."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any

from storage.price_units import Unit

MOST_LABEL_UNITS = 20


class Stage(StrEnum):
    """Where in trade a price is paid; farmers care for the first most."""

    FARM_GATE = "farm_gate"
    WHOLESALE = "wholesale"
    RETAIL = "retail"


@dataclass(frozen=True, kw_only=True)
class Product:
    """`unit` is what it is traded in; `kinds` are the ids of its kinds, none for most.

    `plausible` are bounds in satang of `unit`: a price outside of them waits for a person.
    """

    id: str
    names: Mapping[str, str]
    short_names: Mapping[str, str]
    buyers: Mapping[str, str]
    unit: Unit
    kinds: tuple[str, ...]
    plausible: tuple[int, int] | None

    def name(self, language: str) -> str:
        """As it is said in a line of prices."""
        return self.names.get(language) or self.names["th"]

    def short_name(self, language: str) -> str:
        """As it is said in a title."""
        return self.short_names.get(language) or self.name(language)

    def label(self, language: str) -> str:
        """As it stands on a button, of at most 20 units: without what is in brackets where that is too long."""
        name = self.short_name(language)
        name = name if len(name) <= MOST_LABEL_UNITS else name.split(" (")[0]
        return name[:1].upper() + name[1:]

    def buyer(self, language: str) -> str:
        """Whom to ask before selling; '' where nothing better than a buyer is known."""
        return self.buyers.get(language, "")


@dataclass(frozen=True, kw_only=True)
class MocSeries:
    """A series of the Ministry of Commerce: its code, and what the answer's name must hold.

    `unverified` while nobody has seen an answer under that code.
    """

    code: str
    product: str
    stage: Stage
    unit: Unit
    grade: str
    expects: tuple[str, ...]
    unverified: bool = False


@cache
def products() -> dict[str, Product]:
    """All products by id."""
    known, extra = _file("products.toml"), _sources()["products"]
    kinds: dict[str, list[str]] = {}
    for name, entry in known.items():
        if wider := entry.get("kind_of"):
            kinds.setdefault(wider, []).append(name)
    return {
        name: _product(name, entry, extra.get(name, {}), tuple(kinds.get(name, ())))
        for name, entry in known.items()
    }


@cache
def moc_series() -> dict[str, MocSeries]:
    """The series of the Ministry of Commerce by code."""
    return {
        code: MocSeries(
            code=code,
            product=entry["product"],
            stage=Stage(entry["stage"]),
            unit=Unit(entry["unit"]),
            grade=entry.get("grade", ""),
            expects=tuple(entry["expects"]),
            unverified=entry.get("unverified", False),
        )
        for code, entry in _sources()["moc"].items()
    }


def nabc_product(name: str) -> tuple[str, str] | None:
    """The product that a name of the Office of Agricultural Economics means, and the grade it says; None for others.

    >>> nabc_product("กุ้งขาวแวนนาไม ขนาด 70 ตัว/กก.")
    ('shrimp', 'แวนนาไม ขนาด 70 ตัว/กก.')
    """
    spoken = " ".join(name.split())
    for entry in _sources()["nabc"]:
        for word in entry["words"]:
            if word in spoken:
                return entry["product"], " ".join(spoken.replace(word, " ", 1).split())
    return None


def source_name(source: str, language: str) -> str:
    """Who says a price."""
    names = _sources()["sources"].get(source, {})
    return str(names.get(language) or names.get("th") or source)


def unit_written(text: str) -> Unit | None:
    """The unit that a source writes; None when it is none of the list.

    >>> unit_written("บาท / 100 กก.").value
    'baht_per_100kg'
    """
    return _units().get(re.sub(r"\s+", "", text))


def with_kinds(product_id: str) -> tuple[str, ...]:
    """The product and its kinds."""
    found = products().get(product_id)
    return (product_id, *found.kinds) if found else (product_id,)


def _product(
    name: str, entry: Mapping[str, Any], extra: Mapping[str, Any], kinds: tuple[str, ...]
) -> Product:
    bounds = extra.get("plausible")
    unit = unit_written(entry["unit"])
    if unit is None:
        raise ValueError(
            f"products.toml: {name}: {entry['unit']!r} is none of the units of price_sources.toml"
        )
    return Product(
        id=name,
        names={"th": entry["th"], "en": entry["en"]},
        short_names={"th": extra.get("short_th", ""), "en": extra.get("short_en", "")},
        buyers={
            language: extra[f"buyer_{language}"] for language in ("th", "en") if f"buyer_{language}" in extra
        },
        unit=unit,
        kinds=kinds,
        plausible=(round(bounds[0] * 100), round(bounds[1] * 100)) if bounds else None,
    )


@cache
def _units() -> dict[str, Unit]:
    return {written: Unit(name) for name, ways in _sources()["units"].items() for written in ways}


@cache
def _sources() -> dict[str, Any]:
    return _file("price_sources.toml")


def _file(name: str) -> dict[str, Any]:
    return tomllib.loads((files("knowledge") / name).read_text(encoding="utf-8"))
