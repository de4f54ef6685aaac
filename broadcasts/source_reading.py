"""Reading the answers of sources: text into numbers and times at the border, with the name of what is wrong.

Sources write numbers as text, "no value" as -1 or -999, Thai time without a zone and Buddhist years where one expects
common ones. All of that ends here; every refusal is a SchemaDrift that names the field.
"""

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from lxml import etree

from broadcasts.sources import BANGKOK, SchemaDrift

BUDDHIST_YEARS = 543
FIRST_BUDDHIST_YEAR = 2400
"""A year above this is of the Buddhist era."""

FUTURE_ALLOWED = timedelta(minutes=15)
"""How far a source's clock may be ahead of ours."""

LATITUDES, LONGITUDES = (5.0, 21.0), (97.0, 106.0)
"""Thailand (degrees, WGS 84)."""

_Value = TypeVar("_Value")
_SHOWN_LETTERS = 60
_TIME = re.compile(
    r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ](\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?)?\s*(Z|[+-]\d{2}:?\d{2})?",
    re.ASCII,
)
_SLASHED_TIME = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})(?: (\d{1,2}):(\d{2})(?::(\d{2}))?)?", re.ASCII)
_WEB_PAGE = re.compile(rb"<(!doctype html|html|head|body)", re.IGNORECASE)
_NUMBER = re.compile(r"[+-]?\d{1,12}(?:\.\d{1,12})?", re.ASCII)


def read_json(data: bytes) -> Any:
    """The JSON document; raises SchemaDrift when it is none (a page, a cut answer)."""
    try:
        return json.loads(data.decode("utf-8-sig"), parse_constant=_no_constant)
    except (ValueError, RecursionError) as fault:
        raise SchemaDrift("the answer", f"is no JSON: {_looks_like(data)}") from fault


def read_xml(data: bytes) -> etree._Element:
    """The root of an XML document, read without entities and without the network; raises SchemaDrift."""
    if _WEB_PAGE.match(_start(data)):
        raise SchemaDrift("the answer", f"is no XML: {_looks_like(data)}")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as fault:
        raise SchemaDrift("the answer", f"is no XML: {_looks_like(data)}") from fault
    if data[:4000].upper().count(b"<!DOCTYPE"):
        raise SchemaDrift("the answer", "has a document type, which no source of ours has")
    return root


def part(record: Any, path: str, where: str = "") -> Any:
    """What is at `path` (names joined by dots); raises SchemaDrift when a name of it is missing.

    >>> part({"a": {"b": "2"}}, "a.b")
    '2'
    """
    found = record
    gone = where
    for name in path.split("."):
        gone = f"{gone}.{name}" if gone else name
        if not isinstance(found, Mapping) or name not in found:
            raise SchemaDrift(gone, "is missing")
        found = found[name]
    return found


def records(record: Any, path: str) -> list[Any]:
    """The list at `path`; raises SchemaDrift when it is missing or no list."""
    found = part(record, path) if path else record
    if not isinstance(found, list):
        raise SchemaDrift(path or "the answer", f"is no list but {shortened(found)}")
    return found


def text(record: Any, path: str, where: str = "") -> str:
    """The text at `path` as one line without spaces around; raises SchemaDrift when it is missing or no text."""
    found = part(record, path, where)
    if not isinstance(found, str):
        raise SchemaDrift(named(where, path), f"is no text but {shortened(found)}")
    return " ".join(found.split())


def number(record: Any, path: str, where: str = "", *, no_value: Sequence[float] = ()) -> float | None:
    """The number at `path`, also when it is written as text; None for null, "" and the source's "no value" codes.

    >>> number({"value": "34.1"}, "value"), number({"value": "-999"}, "value", no_value=(-1, -999))
    (34.1, None)
    """
    found = part(record, path, where)
    if found is None or (isinstance(found, str) and not found.strip()):
        return None
    if isinstance(found, str) and _NUMBER.fullmatch(found.strip()):
        found = float(found)
    if isinstance(found, bool) or not isinstance(found, int | float) or not math.isfinite(found):
        raise SchemaDrift(named(where, path), f"is no number but {shortened(found)}")
    return None if found in no_value else float(found)


def position(latitude: float | None, longitude: float | None, where: str) -> tuple[float, float]:
    """A position in Thailand; raises SchemaDrift when it is none (also when the two are in the wrong order)."""
    if latitude is None or longitude is None:
        raise SchemaDrift(where, "has no position")
    if not (LATITUDES[0] <= latitude <= LATITUDES[1] and LONGITUDES[0] <= longitude <= LONGITUDES[1]):
        raise SchemaDrift(where, f"lies at {latitude:g}, {longitude:g}, which is not in Thailand")
    return latitude, longitude


def time(written: str, where: str, at: datetime, zone: ZoneInfo = BANGKOK) -> datetime:
    """A time as sources write it, in UTC: with its own offset, else in `zone`; a Buddhist year is made a common one.

    Raises SchemaDrift when it is none, or lies in the future of `at`.

    >>> now = datetime(2026, 9, 27, 12, tzinfo=UTC)
    >>> time("2569-09-27 10:00", "x", now).isoformat()
    '2026-09-27T03:00:00+00:00'
    """
    found = moment(written, where, zone)
    if found > at + FUTURE_ALLOWED:
        raise SchemaDrift(where, f"is {shortened(written)}, which is in the future")
    return found


def moment(written: str, where: str, zone: ZoneInfo = BANGKOK) -> datetime:
    """As `time`, for times that may lie ahead (the end of a warning)."""
    written = written.strip()
    if known := _TIME.fullmatch(written):
        year, month, day, hour, minute, second, offset = known.groups()
    elif known := _SLASHED_TIME.fullmatch(written):
        day, month, year, hour, minute, second = known.groups()
        offset = None
    else:
        raise SchemaDrift(where, f"is no time but {shortened(written)}")
    try:
        found = datetime(
            common_year(int(year)), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0),
            tzinfo=_zone_of(offset, zone),
        )  # fmt: skip
        return found.astimezone(UTC)
    except (ValueError, OverflowError) as fault:
        raise SchemaDrift(where, f"is no time but {shortened(written)}") from fault


def common_year(year: int) -> int:
    """A year of the common era, whichever it was written in.

    >>> common_year(2569), common_year(2026)
    (2026, 2026)
    """
    return year - BUDDHIST_YEARS if year > FIRST_BUDDHIST_YEAR else year


def each_of(
    found: Sequence[Any], read: Callable[[Any, str], _Value | None], where: str
) -> tuple[list[_Value], list[str]]:
    """Every record that can be read, and what is wrong with the others; None is a record that says nothing.

    Sources have single bad records at all times. When more than half of them are bad the source has changed: raises
    SchemaDrift with the first fault.
    """
    values: list[_Value] = []
    faults: list[SchemaDrift] = []
    for index, record in enumerate(found):
        try:
            value = read(record, f"{where}[{index}]")
        except SchemaDrift as drift:
            faults.append(drift)
            continue
        if value is not None:
            values.append(value)
    if faults and len(faults) * 2 > len(found):
        many = f" (so are {len(faults) - 1} more of {len(found)})" if len(faults) > 1 else ""
        raise SchemaDrift(faults[0].field, f"{faults[0].wrong}{many}")
    return values, [str(fault) for fault in faults]


def named(where: str, path: str) -> str:
    """The name of a field for a person."""
    return f"{where}.{path}" if where else path


def shortened(value: Any) -> str:
    """A value as it came, short enough for a message."""
    written = repr(value)
    return written if len(written) <= _SHOWN_LETTERS else written[: _SHOWN_LETTERS - 1] + "…"


def _zone_of(offset: str | None, zone: ZoneInfo) -> Any:
    return zone if offset is None else datetime.fromisoformat(f"2000-01-01T00:00:00{offset}").tzinfo


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no number of JSON")


def _start(data: bytes) -> bytes:
    return data[:2000].lstrip(b"\xef\xbb\xbf \t\r\n")


def _looks_like(data: bytes) -> str:
    start = _start(data)
    if not start:
        return "it is empty"
    if _WEB_PAGE.match(start):
        return "it is a web page"
    if start[:1] in b"{[<":
        return "it is cut off or broken"
    return f"it begins with {shortened(start[:20])}"
