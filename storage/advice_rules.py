"""The rules of advice: for a crop, in a time of its life or of the year, with some weather ahead, what to do.

`knowledge/advice/*.toml`, a file a crop, are data that officers of agriculture review. A rule they have not confirmed
is `unverified`: it answers who asks, with a word about it, and is not sent out.
"""

import hashlib
import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from storage.farming import crops
from storage.forecasts import Condition

LANGUAGES = ("th", "en")

_FIELDS = frozenset(
    {"id", "when", "severe", "months", "days_from_planting", "rain_percent_at_least", "stage", "source",
     "unverified", "checked_on", "checked_by", *LANGUAGES}
)  # fmt: skip


class RuleBroken(ValueError):
    """A file of rules cannot be read; the message names file, rule, what is wrong and the mend."""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """`id` is crop/name. `when` are the conditions that call for it, `severe` those of them that may not wait.

    `months` (1 to 12) and `days` (first and last day after planting) bound it; empty is always. With `percent` it
    needs rain on so much of the area. `words` are what to do, by language. `checked_on` is None while unverified.
    """

    id: str
    crop: str
    when: tuple[Condition, ...]
    words: tuple[tuple[str, str], ...]
    source: str
    file: str
    severe: tuple[Condition, ...] = ()
    months: tuple[int, ...] = ()
    days: tuple[int, int] | None = None
    percent: int = 0
    stage: str = ""
    checked_on: date | None = None
    checked_by: str = ""

    def do(self, language: str) -> str:
        """What to do; Thai where there is no such language."""
        told = dict(self.words)
        return told.get(language) or told["th"]

    @property
    def digest(self) -> str:
        """Changes with everything an officer confirms: the words and when they are said."""
        agreed = [
            self.crop,
            self.when,
            self.severe,
            self.months,
            self.days,
            self.percent,
            self.words,
            self.source,
        ]
        return hashlib.sha256(json.dumps(agreed, ensure_ascii=False).encode()).hexdigest()


@dataclass(frozen=True, kw_only=True)
class RuleFile:
    """The rules of a file, and what is wrong with those that could not be read."""

    name: str
    rules: tuple[Rule, ...]
    faults: tuple[str, ...] = field(default=())


@cache
def rules() -> tuple[Rule, ...]:
    """All rules, in the order of files and rules. Raises RuleBroken."""
    read = read_files()
    if faults := [fault for each in read for fault in each.faults]:
        raise RuleBroken(faults[0])
    return tuple(rule for each in read for rule in each.rules)


def rule(rule_id: str) -> Rule | None:
    """The rule of that id."""
    return next((each for each in rules() if each.id == rule_id), None)


def read_files(folder: Path | None = None) -> tuple[RuleFile, ...]:
    """The files of a folder, Krajai's own unless one is named, by name. What is wrong is in them, nothing is raised."""
    home = files("knowledge") / "advice" if folder is None else folder
    named = sorted(
        (each for each in home.iterdir() if each.name.endswith(".toml")), key=lambda each: each.name
    )
    return tuple(_read_file(each.name, each.read_bytes()) for each in named)


def _read_file(name: str, data: bytes) -> RuleFile:
    try:
        loaded = tomllib.loads(data.decode("utf-8-sig"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as fault:
        return RuleFile(name=name, rules=(), faults=(f"{name}: is no TOML ({fault}): mend that place",))
    crop = loaded.get("crop")
    if not isinstance(crop, str) or crop not in crops():
        mend = 'write crop = "rice" or another id of products.toml that is grown'
        return RuleFile(name=name, rules=(), faults=(f"{name}: crop {crop!r} is not known: {mend}",))
    rows = loaded.get("rule")
    if not isinstance(rows, list) or not rows:
        return RuleFile(name=name, rules=(), faults=(f"{name}: has no rule: begin each with [[rule]]",))
    found: list[Rule] = []
    faults: list[str] = []
    for number, row in enumerate(rows, 1):
        try:
            found.append(_rule(name, crop, row))
        except RuleBroken as broken:
            faults.append(f"{name}: rule {row.get('id', number)!r}: {broken}")
    ids = [each.id for each in found]
    faults += [
        f"{name}: rule {each!r}: its id is used twice: give one of them another"
        for each in sorted({each for each in ids if ids.count(each) > 1})
    ]
    return RuleFile(name=name, rules=tuple(found), faults=tuple(faults))


def _rule(file: str, crop: str, row: Mapping[str, Any]) -> Rule:
    if unknown := sorted(row.keys() - _FIELDS):
        raise RuleBroken(f"{unknown[0]} is no field: use {', '.join(sorted(_FIELDS))}")
    name = _text(row, "id", 'give it a short name, as id = "ripe-before-rain"')
    words = tuple(
        (language, _text(row, language, f'write what to do, as {language} = "…"')) for language in LANGUAGES
    )
    source = _text(row, "source", 'name who says so, as source = "กรมการข้าว"')
    when = _conditions(row, "when")
    if not when:
        raise RuleBroken(f"when is missing: list conditions of {', '.join(Condition)}")
    severe = _conditions(row, "severe")
    if any(each not in when for each in severe):
        raise RuleBroken("severe names a condition that when does not: add it to when, or leave it out")
    checked_on, unverified = row.get("checked_on"), row.get("unverified", False)
    if (checked_on is None) == (unverified is not True):
        raise RuleBroken("give either checked_on = 2026-11-21 with checked_by, or unverified = true")
    if checked_on is not None and type(checked_on) is not date:
        raise RuleBroken(f"checked_on {checked_on!r} is no day: write 2026-11-21 without quotes")
    if checked_on is not None:
        _text(row, "checked_by", "say which officer of agriculture checked it")
    return Rule(
        id=f"{crop}/{name}",
        crop=crop,
        when=when,
        words=words,
        source=source,
        file=file,
        severe=severe,
        months=_months(row),
        days=_days(row),
        percent=_percent(row),
        stage=str(row.get("stage", "")),
        checked_on=checked_on,
        checked_by=str(row.get("checked_by", "")),
    )


def _text(row: Mapping[str, Any], name: str, mend: str) -> str:
    value = row.get(name)
    if not isinstance(value, str) or not value.strip():
        raise RuleBroken(f"{name} is missing: {mend}")
    return value.strip()


def _conditions(row: Mapping[str, Any], name: str) -> tuple[Condition, ...]:
    values = row.get(name, [])
    if not isinstance(values, list) or any(value not in tuple(Condition) for value in values):
        raise RuleBroken(f"{name} {values!r} is no list of conditions: use {', '.join(Condition)}")
    return tuple(Condition(value) for value in values)


def _months(row: Mapping[str, Any]) -> tuple[int, ...]:
    months = row.get("months", [])
    if not _numbers(months) or any(not 1 <= month <= 12 for month in months):
        raise RuleBroken(f"months {months!r} are no months: write [5, 6, 7] for May to July")
    return tuple(months)


def _days(row: Mapping[str, Any]) -> tuple[int, int] | None:
    days = row.get("days_from_planting")
    if days is None:
        return None
    if not _numbers(days) or len(days) != 2 or not 0 <= days[0] <= days[1] <= 1000:
        raise RuleBroken(f"days_from_planting {days!r} is no span: write [90, 130] for day 90 to 130")
    return days[0], days[1]


def _percent(row: Mapping[str, Any]) -> int:
    percent = row.get("rain_percent_at_least", 0)
    if not _numbers([percent]) or not 0 <= percent <= 100:
        raise RuleBroken(f"rain_percent_at_least {percent!r} is no percent: write a number from 0 to 100")
    return int(percent)


def _numbers(values: Any) -> bool:
    return isinstance(values, Sequence) and all(type(value) is int for value in values)
