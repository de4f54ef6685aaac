"""What is wrong with the files of the articles, each fault with its mend (the rules of voice.md 1 and 3.6)."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from handlers.understanding.service_articles import (
    ASK,
    LANGUAGES,
    ArticleBroken,
    Facet,
    read_raw,
    sources,
)
from handlers.understanding.soft_text import soft
from storage.wording.lengths import units

FEWEST_SYNONYMS: Mapping[str, int] = {"th": 8, "en": 5}

_MOST_UNITS: Mapping[str, int] = {
    "title": 60,
    "label": 20,
    "office": 60,
    "answer": 170,
    "documents": 150,
    "fee": 120,
    "time": 120,
    "where": 130,
    "steps": 190,
}
"""So that every bubble stays within 200 units (voice.md 1.1), and a label on its button."""

_MOST_STEPS = 5
_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_MOST_SLUG_LETTERS = 40
_PHONE = re.compile(r"[0-9][0-9-]{2,14}")
_THAI = re.compile(r"[\u0e01-\u0e4f]")
_THAI_DIGITS = re.compile(r"[๐-๙]")
_LINK = re.compile(r"https?:|www\.|\.(?:th|com|org|net)\b", re.IGNORECASE)
_ADDRESS = re.compile(r"https://[a-z0-9.-]+\.[a-z]{2,}(?:/\S*)?")
_SHOUTING = re.compile(r"!!|！")
_WORDS_OF_AN_ARTICLE = ("title", "label", "office", "answer", *Facet)
_KNOWN_KEYS = frozenset({"unverified", "checked_on", "phone", "source", "synonyms", *LANGUAGES})


@dataclass(frozen=True, kw_only=True)
class ArticleFault:
    """A fault: in which file, what is wrong, and how to mend it."""

    file: str
    fault: str


def lint(overlay: Path | None, today: date) -> list[ArticleFault]:
    """The faults of all articles, file by file. Raises ArticleBroken when the own folder is none."""
    found: list[ArticleFault] = []
    raws: dict[str, dict[str, Any]] = {}
    for slug, source in sources(overlay).items():
        try:
            raws[source.name] = raw = read_raw(source)
        except ArticleBroken as broken:
            found.append(ArticleFault(file=source.name, fault=str(broken)))
        else:
            found += [ArticleFault(file=source.name, fault=fault) for fault in faults(slug, raw, today)]
    return found + [ArticleFault(file=name, fault=fault) for name, fault in _shared_synonyms(raws)]


def faults(slug: str, raw: Mapping[str, Any], today: date) -> list[str]:
    """What is wrong with one article."""
    return [
        *_faults_of_slug(slug),
        *(f"{key!r} means nothing here: take it out" for key in raw if key not in _KNOWN_KEYS),
        *_faults_of_source(raw),
        *_faults_of_date(raw, today),
        *_faults_of_phone(raw),
        *(fault for language in LANGUAGES for fault in _faults_of_words(raw, language)),
        *(fault for language in LANGUAGES for fault in _faults_of_synonyms(raw, language)),
    ]


def _faults_of_slug(slug: str) -> Iterator[str]:
    if not _SLUG.fullmatch(slug) or len(slug) > _MOST_SLUG_LETTERS:
        yield f"the file's name is no slug: small letters, digits and hyphens, at most {_MOST_SLUG_LETTERS}"


def _faults_of_source(raw: Mapping[str, Any]) -> Iterator[str]:
    source = raw.get("source")
    if not isinstance(source, dict):
        yield "no [source]: name the law or the agency in name_th and name_en, with its address"
        return
    for key in ("name_th", "name_en"):
        if not _is_text(source.get(key)):
            yield f"source.{key} is missing: name the law or the agency"
    address = source.get("address", "")
    if not isinstance(address, str) or not _ADDRESS.fullmatch(address):
        yield "source.address is no address: write https://..."


def _faults_of_date(raw: Mapping[str, Any], today: date) -> Iterator[str]:
    checked_on = raw.get("checked_on")
    if raw.get("unverified") is True:
        if checked_on is not None:
            yield "both unverified and checked_on: keep the one that is true"
    elif "unverified" in raw and raw["unverified"] is not False:
        yield "unverified is neither true nor false"
    elif type(checked_on) is not date:
        yield "neither unverified = true nor a date in checked_on (as 2026-11-03)"
    elif checked_on > today:
        yield f"checked_on {checked_on} is in the future: give the day on which it was checked"


def _faults_of_phone(raw: Mapping[str, Any]) -> Iterator[str]:
    phone = raw.get("phone", "")
    if phone != "" and not (isinstance(phone, str) and _PHONE.fullmatch(phone)):
        yield 'phone is no telephone number: write it as "1784" or "053-731-234"'


def _faults_of_words(raw: Mapping[str, Any], language: str) -> Iterator[str]:
    own = raw.get(language)
    if not isinstance(own, dict):
        yield f"no [{language}]: an article is complete in both languages"
        return
    for key in own:
        if key not in _WORDS_OF_AN_ARTICLE:
            yield f"{language}.{key} means nothing here: take it out"
    for key in _WORDS_OF_AN_ARTICLE:
        yield from (f"{language}.{key} {fault}" for fault in _faults_of_text(key, own.get(key), language))


def _faults_of_text(key: str, value: Any, language: str) -> Iterator[str]:
    if key == Facet.STEPS and isinstance(value, list) and all(map(_is_text, value)):
        if not 1 <= len(value) <= _MOST_STEPS:
            yield f"has {len(value)} steps: give 1 to {_MOST_STEPS}"
        text = "\n".join(f"{number}. {step}" for number, step in enumerate(value, 1))
    elif _is_text(value):
        text = value
    else:
        yield (
            f'is missing: give it, or "{ASK}" for what only the office knows'
            if key in set(Facet)
            else "is missing: give it"
        )
        return
    if text == ASK and key in set(Facet):
        return
    if units(text) > _MOST_UNITS[key]:
        yield f"has {units(text)} units: shorten it to {_MOST_UNITS[key]}"
    yield from _faults_of_style(text, language)


def _faults_of_style(text: str, language: str) -> Iterator[str]:
    if language == "en" and _THAI.search(text):
        yield "has Thai letters: write it in English"
    if language == "th" and not _THAI.search(text):
        yield "has no Thai letter: write it in Thai"
    if _THAI_DIGITS.search(text):
        yield "has Thai digits: write 1 2 3"
    if _LINK.search(text):
        yield "has a link: links stand in source.address only"
    if _SHOUTING.search(text):
        yield "shouts: take the exclamation marks out"
    for word, say in _plain_words()[language].items():
        if word in text.casefold():
            yield f"says {word!r}: say {say!r}"


def _faults_of_synonyms(raw: Mapping[str, Any], language: str) -> Iterator[str]:
    lists = raw.get("synonyms")
    synonyms = lists.get(language) if isinstance(lists, dict) else None
    if not isinstance(synonyms, list) or not all(map(_is_text, synonyms)):
        yield f"synonyms.{language} is no list of words: give what people type"
        return
    if len(set(synonyms)) < FEWEST_SYNONYMS[language]:
        yield f"synonyms.{language} has {len(set(synonyms))}: give at least {FEWEST_SYNONYMS[language]}"
    for each in synonyms:
        if _LINK.search(each):
            yield f"the synonym {each!r} has a link: take it out"
    for each in sorted({each for each in synonyms if synonyms.count(each) > 1}):
        yield f"the synonym {each!r} stands twice: take one out"


def _shared_synonyms(raws: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    """Synonyms that sound the same in two articles: neither could ever be told from the other by them."""
    first_in: dict[str, str] = {}
    for name, raw in raws.items():
        lists = raw.get("synonyms")
        texts = [text for each in lists.values() for text in each] if isinstance(lists, dict) else []
        for text in texts:
            known = first_in.setdefault(soft(str(text)), name)
            if known != name:
                yield name, f"the synonym {text!r} is one of {known}, too: keep it in one of them"


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


@cache
def _plain_words() -> Mapping[str, Mapping[str, str]]:
    loaded = tomllib.loads((files("knowledge") / "plain_words.toml").read_text(encoding="utf-8"))
    return {language: dict(words) for language, words in loaded.items()}
