"""Looking rules over before they are used: what they must have, lengths, plain words, days."""

import tomllib
from collections.abc import Iterator, Mapping
from datetime import date
from functools import cache
from importlib.resources import files
from pathlib import Path

from storage.advice_rules import LANGUAGES, Rule, read_files
from storage.advice_words import advice_line, advice_text
from storage.advising import Advice
from storage.forecasts import regions
from storage.wording.lengths import units

MOST_UNITS = 200
"""Of a bubble (voice.md 1.1)."""

MOST_LINE_UNITS: Mapping[str, int] = {"th": 134, "en": 160}
"""Of a text message: two segments in Thai, one in English."""

_LATEST, _EARLIEST = date(2026, 12, 28), date(2027, 1, 3)
"""The longest way in which days are written: over new year."""


def lint(folder: Path | None, today: date) -> list[str]:
    """All that is wrong, each with its file, its rule and the mend."""
    found: list[str] = []
    ids: dict[str, str] = {}
    for file in read_files(folder):
        found += file.faults
        for rule in file.rules:
            where = f"{file.name}: rule {rule.id.partition('/')[2]!r}"
            found += [f"{where}: {fault}" for fault in _faults(rule, today)]
            if (other := ids.setdefault(rule.id, file.name)) != file.name:
                found.append(f"{where}: {other} has a rule of this crop with the same id: give it another")
    return found


def _faults(rule: Rule, today: date) -> Iterator[str]:
    if rule.checked_on is not None and rule.checked_on > today:
        yield f"checked_on {rule.checked_on} has not come yet: write the day of the check"
    for language in LANGUAGES:
        words = rule.do(language)
        for bad, say in _plain_words().get(language, {}).items():
            if bad in words:
                yield f"{language} says {bad!r}: say {say!r}"
        for sign in ("!", "http", "…", "ๆ"):
            if sign in words:
                yield f"{language} has {sign!r}: leave it out"
        if words.endswith("."):
            yield f"{language} ends in a full stop: leave it out"
        told = [_longest(rule, number) for number in range(len(rule.when))]
        for what, most, text in (
            ("a bubble", MOST_UNITS, advice_text),
            ("a text message", MOST_LINE_UNITS[language], advice_line),
        ):
            over = max(units(text(each, language)) for each in told) - most
            if over > 0:
                yield f"{language} is too long for {what}: shorten it by {over} letters"


def _longest(rule: Rule, number: int) -> Advice:
    """The rule said of the region with the longest name, with all numbers."""
    area = max(regions(), key=lambda name: units(str(regions()[name]["says"]["th"])))
    return Advice(
        rule=rule,
        condition=rule.when[number],
        area=area,
        starts_on=_LATEST,
        ends_on=_EARLIEST,
        forecast_by="tmd_forecast",
        issued_on=_LATEST,
        rain_percent=(60, 80),
        low=10,
        high=42,
        confirmed=True,
    )


@cache
def _plain_words() -> Mapping[str, Mapping[str, str]]:
    return tomllib.loads((files("knowledge") / "plain_words.toml").read_text(encoding="utf-8"))
