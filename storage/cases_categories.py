"""What citizens complain about, as `knowledge/case_categories.toml` lists it, and how soon an answer is due."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from storage.cases import CaseKind

OTHER = "other"


@dataclass(frozen=True, kw_only=True)
class Category:
    """A category, or a kind of case that has none. `days` are working days until an answer is due."""

    id: str
    name_th: str
    name_en: str
    days: int
    confidential: bool = False
    strong: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    weak: tuple[str, ...] = ()

    def name(self, language: str) -> str:
        return self.name_en if language == "en" else self.name_th


@cache
def categories() -> Mapping[str, Category]:
    """All categories of complaints by id, in the order of the file; the last is "other"."""
    return {name: _category(name, row) for name, row in _loaded()["categories"].items()}


def category(case_category: str) -> Category:
    """A category by id; one that the file no longer has is "other"."""
    return categories().get(case_category) or categories()[OTHER]


def about(kind: str, case_category: str = "") -> Category:
    """What a case is about: its category, or its kind where kinds have no categories."""
    return category(case_category) if kind == CaseKind.COMPLAINT else _kinds()[kind]


@cache
def groups() -> Mapping[str, tuple[str, ...]]:
    """The first choices of the dialog, and the categories behind each."""
    return {name: tuple(ids) for name, ids in _loaded()["groups"].items()}


@cache
def danger_words() -> Mapping[str, tuple[str, ...]]:
    """Words beside which a hotline is said first, by list: hurt, crime, not_hurt."""
    return {name: tuple(words) for name, words in _loaded()["danger"].items()}


@cache
def _kinds() -> Mapping[str, Category]:
    return {name: _category(name, row) for name, row in _loaded()["kinds"].items()}


def _category(name: str, row: Mapping[str, Any]) -> Category:
    return Category(
        id=name,
        name_th=row["th"],
        name_en=row["en"],
        days=row["days"],
        confidential=row.get("confidential", False),
        strong=tuple(row.get("strong", ())),
        words=tuple(row.get("words", ())),
        weak=tuple(row.get("weak", ())),
    )


@cache
def _loaded() -> dict[str, Any]:
    return tomllib.loads((files("knowledge") / "case_categories.toml").read_text(encoding="utf-8"))
