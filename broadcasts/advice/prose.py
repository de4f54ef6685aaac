"""What the prose of a forecast says: conditions, numbers. Words and limits are `knowledge/forecast_words.toml`."""

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from broadcasts.sources import SchemaDrift
from storage.forecasts import Condition

_RANGE = r"(\d{1,3})(?:\s*(?:-|–|—|ถึง)\s*(\d{1,3}))?"
_PERCENT = re.compile(rf"ร้อยละ\s*{_RANGE}\s*ของพื้นที่")
_LOW = re.compile(rf"อุณหภูมิต่ำสุด\s*{_RANGE}\s*องศา")
_HIGH = re.compile(rf"อุณหภูมิสูงสุด\s*{_RANGE}\s*องศา")
_DEGREES = (-10, 50)


@dataclass(frozen=True, kw_only=True)
class Weather:
    """Conditions without doubles, percents of the area, °C; None where the words say nothing."""

    conditions: tuple[Condition, ...]
    rain_percent: tuple[int, int] | None = None
    low_from: float | None = None
    high_to: float | None = None


def weather_in(text: str, where: str, everywhere: str = "") -> Weather:
    """What a part of a forecast says; temperatures may stand in `everywhere`, the text it is a part of.

    Raises SchemaDrift for numbers that cannot be.

    >>> weather_in("มีฝนฟ้าคะนองร้อยละ 40 - 60 ของพื้นที่", "x").rain_percent
    (40, 60)
    """
    low, high = _degrees(_LOW, text, everywhere, where), _degrees(_HIGH, text, everywhere, where)
    found = {condition for phrase in _pattern().findall(text) for condition in _phrases()[phrase]}
    limits = limits_of()
    if high is not None and high[1] >= limits["heat"]:
        found.add(Condition.HEAT)
    if low is not None and low[0] < limits["cold"]:
        found.add(Condition.COLD)
    return Weather(
        conditions=ordered(found),
        rain_percent=_percent(text, where),
        low_from=float(low[0]) if low else None,
        high_to=float(high[1]) if high else None,
    )


def ordered(found: Iterable[Condition]) -> tuple[Condition, ...]:
    """In the order of Condition; where it rains it is not dry."""
    known = set(found)
    if known & {Condition.RAIN, Condition.HEAVY_RAIN, Condition.THUNDERSTORM}:
        known.discard(Condition.DRY)
    return tuple(condition for condition in Condition if condition in known)


@cache
def limits_of() -> Mapping[str, float]:
    """From which number on, in °C or mm a day, a forecast in numbers means a condition."""
    return {name: float(value) for name, value in _loaded()["limits"].items()}


@cache
def codes() -> Mapping[int, Condition]:
    """What the codes of the hourly model say beside its numbers."""
    return {int(code): Condition(name) for code, name in _loaded()["codes"].items()}


def _percent(text: str, where: str) -> tuple[int, int] | None:
    """The widest span of all that are named."""
    found = [(int(low), int(high or low)) for low, high in _PERCENT.findall(text)]
    for low, high in found:
        if not 0 <= low <= high <= 100:
            raise SchemaDrift(where, f"says rain on {low}-{high} % of the area")
    return (min(low for low, _ in found), max(high for _, high in found)) if found else None


def _degrees(pattern: re.Pattern[str], text: str, everywhere: str, where: str) -> tuple[int, int] | None:
    """Of this part; where the whole names them once, they are for all of its parts."""
    found = pattern.findall(text)
    if not found and len(whole := pattern.findall(everywhere)) == 1:
        found = whole
    if not found:
        return None
    spans = [(int(low), int(high or low)) for low, high in found]
    low, high = min(low for low, _ in spans), max(high for _, high in spans)
    if not _DEGREES[0] <= low <= high <= _DEGREES[1]:
        raise SchemaDrift(where, f"says {low}-{high} degrees")
    return low, high


@cache
def _phrases() -> dict[str, tuple[Condition, ...]]:
    return {phrase: tuple(map(Condition, names)) for phrase, names in _loaded()["phrases"].items()}


@cache
def _pattern() -> re.Pattern[str]:
    return re.compile("|".join(map(re.escape, sorted(_phrases(), key=len, reverse=True))))


@cache
def _loaded() -> dict[str, Any]:
    return tomllib.loads((files("knowledge") / "forecast_words.toml").read_text(encoding="utf-8"))
