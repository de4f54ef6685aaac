"""The articles about government services: `knowledge/services/<slug>.toml`, and those of the installation's own folder.

An article of the own folder replaces the one of the same slug. Each has, in Thai and in English, a title, a short
answer and four facets that people ask about next; a facet that nobody has confirmed says "ask", and the reader is sent
to the office. `article_faults` tells what is wrong with a file.
"""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

LANGUAGES = ("th", "en")

ASK = "ask"
"""Stands for a facet that only the office knows."""


class Facet(StrEnum):
    """What people ask next about a service."""

    FEE = "fee"
    DOCUMENTS = "documents"
    WHERE = "where"
    TIME = "time"
    STEPS = "steps"


class ArticleBroken(ValueError):
    """A file of an article cannot be used; the message names the file and the mend."""


@dataclass(frozen=True, kw_only=True)
class ArticleWords:
    """An article in one language. `label` fits a button; `facets` lacks what only the office knows."""

    title: str
    label: str
    office: str
    answer: str
    source: str
    facets: Mapping[Facet, str]


@dataclass(frozen=True, kw_only=True, eq=False)
class Article:
    """A service, by its slug. `checked_on` is None until an officer has confirmed every fact against its source."""

    slug: str
    words: Mapping[str, ArticleWords]
    synonyms: tuple[str, ...]
    address: str
    phone: str
    checked_on: date | None

    def in_language(self, language: str) -> ArticleWords:
        return self.words.get(language, self.words["th"])


_overlay: Path | None = None


def use_overlay(folder: Path | None) -> None:
    """Take articles of this folder, too, from now on; its articles win. Raises ArticleBroken for one that is no use."""
    global _overlay  # noqa: PLW0603 - one installation has one folder, named once when its process starts
    if folder is None and _overlay is None:
        return  # ours are read by whoever looks one up: most commands never do
    _read_all(folder)  # a folder that is no use changes nothing
    _overlay = folder
    articles.cache_clear()


@cache
def articles() -> Mapping[str, Article]:
    """All articles by slug, those of the own folder in place of ours. Raises ArticleBroken."""
    return _read_all(_overlay)


def article(slug: str) -> Article | None:
    return articles().get(slug)


def sources(overlay: Path | None = None) -> dict[str, Traversable]:
    """The file of each slug. Raises ArticleBroken when the own folder is none."""
    if overlay is not None and not overlay.is_dir():
        raise ArticleBroken(f"{overlay} is no folder: make it, or name another for your own articles")
    folders: list[Traversable] = [files("knowledge") / "services"]
    folders += [] if overlay is None else [overlay]
    found = {each.name.removesuffix(".toml"): each for folder in folders for each in _files(folder)}
    return dict(sorted(found.items()))


def read_raw(source: Traversable) -> dict[str, Any]:
    """What a file holds. Raises ArticleBroken."""
    try:
        return tomllib.loads(source.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as fault:
        raise ArticleBroken(f"{source.name}: cannot be read as TOML: {fault}") from fault


def _read_all(overlay: Path | None) -> Mapping[str, Article]:
    return {slug: _read(source) for slug, source in sources(overlay).items()}


def _files(folder: Traversable) -> Iterator[Traversable]:
    return (each for each in folder.iterdir() if each.name.endswith(".toml"))


def _read(source: Traversable) -> Article:
    raw = read_raw(source)
    try:
        return Article(
            slug=source.name.removesuffix(".toml"),
            words={language: _words(raw, language) for language in LANGUAGES},
            synonyms=tuple(text for texts in raw["synonyms"].values() for text in texts),
            address=raw["source"].get("address", ""),
            phone=raw.get("phone", ""),
            checked_on=None if raw.get("unverified", False) else raw["checked_on"],
        )
    except (KeyError, TypeError, AttributeError) as fault:
        raise ArticleBroken(
            f"{source.name}: lacks or mistakes {fault}; see: krajai knowledge lint"
        ) from fault


def _words(raw: dict[str, Any], language: str) -> ArticleWords:
    own = raw[language]
    told = {facet: own[facet] for facet in Facet if own[facet] != ASK}
    return ArticleWords(
        title=own["title"],
        label=own["label"],
        office=own["office"],
        answer=own["answer"],
        source=raw["source"][f"name_{language}"],
        facets={facet: text if isinstance(text, str) else _numbered(text) for facet, text in told.items()},
    )


def _numbered(steps: list[str]) -> str:
    return "\n".join(f"{number}. {step}" for number, step in enumerate(steps, 1))
