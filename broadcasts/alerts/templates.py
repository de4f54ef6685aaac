"""The situations for which an officer finds words ready (`knowledge/alert_templates`), and an agency's words over them.

Thai and English words are the catalogue's. Other languages have whole texts, each file approved by a named person;
what is not approved is never sent, and nothing is translated by a machine.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from importlib.resources import files
from typing import Any

from sqlmodel import Session

from broadcasts.alerts.own_words import FILLS, MISSING_PERSON, names_in
from storage import template_edits
from storage.template_edits import TemplateEdit
from storage.wording import LANGUAGES, say
from storage.wording.catalogue import fills_of, has
from storage.wording.lengths import units
from storage.wording.warnings import HAZARDS, LEVELS, limit_units

BLANK = ""
"""The template of a draft in words of its own."""

FORMS = ("chat", "sms")
_MISSING_PERSON_FILLS = ("name", "age", "looks")
_ALWAYS_KNOWN = frozenset({"where", "when"})


@dataclass(frozen=True, kw_only=True)
class Template:
    """One situation. `hazard` is None for what has a text of its own; `category` is CAP's."""

    id: str
    hazard: str | None
    name_th: str
    name_en: str
    category: str
    lasts_hours: int
    review_by: date

    def name(self, language: str) -> str:
        return self.name_en if language == "en" else self.name_th

    def fills(self, level: str) -> tuple[str, ...]:
        """The names of what an officer may fill in at a level."""
        if self.hazard is None:
            return _MISSING_PERSON_FILLS
        keys = (f"body.{self.hazard}.{level}.{form}" for form in FORMS)
        found = frozenset().union(*(fills_of(LANGUAGES[0], key) for key in keys if has(LANGUAGES[0], key)))
        return tuple(name for name in FILLS if name in found)

    def is_due(self, today: date) -> bool:
        """Whether its words must be reviewed before they are used again."""
        return today >= self.review_by


@dataclass(frozen=True, kw_only=True)
class Parts:
    """Whole texts in one language, by hazard, level and form."""

    language: str
    approved: bool
    approved_by: str
    texts: Mapping[tuple[str, str, str], str]


class WordsRefused(Exception):
    """An agency's words that cannot be used; `key` is the sentence of the catalogue for the officer."""

    def __init__(self, key: str, **fills: object) -> None:
        super().__init__(key)
        self.key, self.fills = key, fills


@cache
def templates() -> Mapping[str, Template]:
    """By id, in the order of the file."""
    read = _read("situations.toml")["template"]
    return {row["id"]: _template(row) for row in read}


@cache
def parts() -> Mapping[str, Parts]:
    """By language."""
    found = (_parts(_read(f"{language}.toml")) for language in ("my", "lo", "km", "ms", "vi"))
    return {each.language: each for each in found}


def whole_texts(hazard: str | None, level: str) -> dict[str, dict[str, str]]:
    """language -> form -> text, in every language whose parts are approved and have this hazard and level."""
    return {
        each.language: {form: each.texts[hazard, level, form] for form in FORMS}
        for each in parts().values()
        if each.approved and hazard is not None and (hazard, level, FORMS[0]) in each.texts
    }


def bodies(session: Session, agency_id: str, template: str, level: str, language: str) -> dict[str, str]:
    """form -> an agency's own approved words."""
    found = {
        form: template_edits.own_body(session, agency_id, template, level, language, form) for form in FORMS
    }
    return {form: body for form, body in found.items() if body is not None}


def propose(session: Session, edit: TemplateEdit, *, by: str) -> TemplateEdit:
    """Propose an agency's own words. Raises WordsRefused for what could never be sent."""
    template = templates().get(edit.template)
    known = template is not None and template.hazard is not None and edit.level in LEVELS
    if not known or edit.language not in LANGUAGES or edit.form not in FORMS:
        raise WordsRefused("drafting.words_unknown")
    assert template is not None
    edit.body = "\n".join(" ".join(line.split()) for line in edit.body.splitlines() if line.strip())
    if unknown := names_in(edit.body) - _ALWAYS_KNOWN - set(template.fills(edit.level)):
        raise WordsRefused("drafting.words_fills", fills=", ".join(sorted(unknown)))
    if "where" not in names_in(edit.body):
        raise WordsRefused("drafting.words_where")
    most = limit_units(edit.language, "chat" if edit.form == "chat" else "sms", edit.body)
    if units(edit.body) > most:
        raise WordsRefused("drafting.words_long", most=most)
    return template_edits.propose(session, edit, by=by)


def house_body(hazard: str, level: str, language: str, form: str) -> str:
    """The catalogue's words, with their fills in braces, for an officer who changes them."""
    key = f"body.{hazard}.{level}.{form}"
    return say(language, key, **{name: f"{{{name}}}" for name in fills_of(language, key)})


def is_expired(template: str, at: datetime) -> bool:
    """Whether the draft's template waits for a review."""
    found = templates().get(template)
    return found is not None and found.is_due(at.date())


def _template(row: Mapping[str, Any]) -> Template:
    if (row["hazard"] or row["id"]) not in (*HAZARDS, MISSING_PERSON):
        raise ValueError(f"knowledge/alert_templates/situations.toml: {row['id']} has no hazard of the house")
    return Template(
        id=row["id"],
        hazard=row["hazard"] or None,
        name_th=row["th"],
        name_en=row["en"],
        category=row["category"],
        lasts_hours=row["lasts_hours"],
        review_by=row["review_by"],
    )


def _parts(read: Mapping[str, Any]) -> Parts:
    texts = {
        (hazard, level, form): text
        for hazard, levels in read.items()
        if isinstance(levels, dict)
        for level, forms in levels.items()
        for form, text in forms.items()
    }
    # A flag without a name answers for nothing.
    approved = bool(read["approved"] and read["approved_by"] and read["approved_on"])
    return Parts(language=read["language"], approved=approved, approved_by=read["approved_by"], texts=texts)


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((files("knowledge") / "alert_templates" / name).read_text(encoding="utf-8"))
