"""Earthquakes of GDACS, the Global Disaster Alert and Coordination System: RSS with hazards of all kinds.

https://www.gdacs.org/xml/rss.xml: of the items only those of `gdacs:eventtype` EQ are read. `gdacs:severity` has the
magnitude, its text the depth; times are those of RSS, with GMT.
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from lxml import etree
from sqlmodel import Session

from broadcasts.alerts.earthquakes import Quake, draft_quakes
from broadcasts.alerts.sources.usgs import Quakes
from broadcasts.source_reading import FUTURE_ALLOWED, common_year, each_of, number, read_xml, shortened
from broadcasts.sources import Answer, SchemaDrift, Source, Stored, Visit, partly_read

_NAMES = {"gdacs": "http://www.gdacs.org", "geo": "http://www.w3.org/2003/01/geo/wgs84_pos#"}
_DEPTH = re.compile(r"Depth:\s*([0-9]+(?:\.[0-9]+)?)\s*km", re.IGNORECASE)
_MAGNITUDES = (0.0, 10.0)


def read(data: bytes, at: datetime) -> Quakes:
    """The earthquakes; none is no fault. Raises SchemaDrift."""
    root = read_xml(data)
    channel = root.find("channel")
    if root.tag != "rss" or channel is None:
        raise SchemaDrift("rss.channel", f"is missing; the answer is <{root.tag}>")
    items = [item for item in channel.findall("item") if _text(item, "gdacs:eventtype", "item") == "EQ"]
    quakes, faults = each_of(items, lambda item, where: _quake(item, where, at), "item")
    made_at = _time(_text(channel, "pubDate", "channel"), "channel.pubDate", at)
    return Quakes(quakes=tuple(quakes), faults=tuple(faults), made_at=made_at)


def store(session: Session, answers: Sequence[Answer[Quakes]], visit: Visit) -> Stored:
    """Draft what is felt in Thailand."""
    found = [quake for answer in answers for quake in answer.value.quakes]
    return partly_read(draft_quakes(session, found, visit), answers)


def _quake(item: etree._Element, where: str, at: datetime) -> Quake:
    severity = item.find("gdacs:severity", _NAMES)
    if severity is None:
        raise SchemaDrift(f"{where}.gdacs:severity", "is missing")
    here = f"{where}.gdacs:severity"
    unit = severity.get("unit", "")
    magnitude = number({"value": severity.get("value")}, "value", here)
    if unit != "M" or magnitude is None or not _MAGNITUDES[0] <= magnitude <= _MAGNITUDES[1]:
        raise SchemaDrift(here, f"is {shortened(severity.get('value'))} {unit}, which is no magnitude")
    point = {name: _text(item, f"geo:Point/geo:{name}", where) for name in ("lat", "long")}
    latitude, longitude = number(point, "lat", where), number(point, "long", where)
    if latitude is None or longitude is None or abs(latitude) > 90 or abs(longitude) > 180:
        raise SchemaDrift(f"{where}.geo:Point", f"is no position but {shortened(point)}")
    depth = _DEPTH.search(severity.text or "")
    return Quake(
        at=_time(_text(item, "gdacs:fromdate", where), f"{where}.gdacs:fromdate", at),
        reported_at=_time(_text(item, "pubDate", where), f"{where}.pubDate", at),
        magnitude=magnitude,
        latitude=latitude,
        longitude=longitude,
        depth_km=float(depth[1]) if depth else None,
        reporter="GDACS",
        web="https://www.gdacs.org",
    )


def _text(element: etree._Element, path: str, where: str) -> str:
    found = element.findtext(path, namespaces=_NAMES)
    if found is None or not found.strip():
        raise SchemaDrift(f"{where}.{path}", "is missing")
    return " ".join(found.split())


def _time(written: str, where: str, at: datetime) -> datetime:
    try:
        found = parsedate_to_datetime(written)
        found = found.replace(year=common_year(found.year))
    except (ValueError, TypeError) as fault:
        raise SchemaDrift(where, f"is no time but {shortened(written)}") from fault
    if found.tzinfo is None:
        raise SchemaDrift(where, f"has no time zone: {shortened(written)}")
    if found > at + FUTURE_ALLOWED:
        raise SchemaDrift(where, f"is {shortened(written)}, which is in the future")
    return found.astimezone(UTC)


SOURCE = Source(
    name="gdacs",
    url="gdacs_url",
    read=read,
    store=store,
    dated=lambda quakes: quakes.made_at,
    stale_after=timedelta(hours=6),
    also_hosts=("www.gdacs.org", "gdacs.org"),
)
