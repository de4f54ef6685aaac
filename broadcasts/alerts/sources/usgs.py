"""Earthquakes of the United States Geological Survey: GeoJSON, times in milliseconds UTC, `mag` may be null.

https://earthquake.usgs.gov/earthquakes/feed/v1.0/geojson.php
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlmodel import Session

from broadcasts.alerts.earthquakes import Quake, draft_quakes
from broadcasts.source_reading import FUTURE_ALLOWED, each_of, number, part, read_json, records, shortened
from broadcasts.sources import Answer, SchemaDrift, Source, Stored, Visit, partly_read

_MAGNITUDES = (-2.0, 10.0)


@dataclass(frozen=True, kw_only=True)
class Quakes:
    """The earthquakes of an answer, what was wrong with single others, and when the answer was made."""

    quakes: tuple[Quake, ...]
    faults: tuple[str, ...]
    made_at: datetime | None


def read(data: bytes, at: datetime) -> Quakes:
    """The earthquakes; an empty list is no fault. Raises SchemaDrift."""
    document = read_json(data)
    if part(document, "type") != "FeatureCollection":
        raise SchemaDrift("type", f"is {shortened(document['type'])}, not FeatureCollection")
    quakes, faults = each_of(
        records(document, "features"), lambda record, where: _quake(record, where, at), "features"
    )
    metadata = part(document, "metadata")
    made_at = _time(metadata, "generated", "metadata", at) if "generated" in metadata else None
    return Quakes(quakes=tuple(quakes), faults=tuple(faults), made_at=made_at)


def store(session: Session, answers: Sequence[Answer[Quakes]], visit: Visit) -> Stored:
    """Draft what is felt in Thailand."""
    found = [quake for answer in answers for quake in answer.value.quakes]
    return partly_read(draft_quakes(session, found, visit), answers)


def _quake(record: Any, where: str, at: datetime) -> Quake | None:
    here = f"{where}.properties"
    properties = part(record, "properties", where)
    magnitude = number(properties, "mag", here)
    if magnitude is None:
        return None
    if not _MAGNITUDES[0] <= magnitude <= _MAGNITUDES[1]:
        raise SchemaDrift(f"{here}.mag", f"is {magnitude:g}, which is no magnitude")
    longitude, latitude, depth = _coordinates(record, where)
    url = properties.get("url")
    return Quake(
        at=_time(properties, "time", here, at),
        reported_at=_time(properties, "updated", here, at),
        magnitude=magnitude,
        latitude=latitude,
        longitude=longitude,
        depth_km=depth,
        reporter="USGS",
        web=url if isinstance(url, str) and url.startswith("https://earthquake.usgs.gov/") else "",
    )


def _coordinates(record: Any, where: str) -> tuple[float, float, float | None]:
    """Longitude, latitude, depth in km, as GeoJSON has them (RFC 7946)."""
    found = part(record, "geometry.coordinates", where)
    here = f"{where}.geometry.coordinates"
    if not isinstance(found, list) or len(found) not in (2, 3):
        raise SchemaDrift(here, f"is no position but {shortened(found)}")
    named = dict(zip(("longitude", "latitude", "depth"), found, strict=False))
    longitude, latitude = number(named, "longitude", here), number(named, "latitude", here)
    if longitude is None or latitude is None or abs(longitude) > 180 or abs(latitude) > 90:
        raise SchemaDrift(here, f"is no position but {shortened(found)}")
    return longitude, latitude, number(named, "depth", here) if "depth" in named else None


def _time(record: Any, name: str, where: str, at: datetime) -> datetime:
    milliseconds = number(record, name, where)
    if milliseconds is None or not 0 <= milliseconds < 1e14:
        raise SchemaDrift(f"{where}.{name}", f"is no time in milliseconds but {shortened(record[name])}")
    found = datetime.fromtimestamp(milliseconds / 1000, UTC)
    if found > at + FUTURE_ALLOWED:
        raise SchemaDrift(f"{where}.{name}", f"is {found:%Y-%m-%d %H:%M} UTC, which is in the future")
    return found


SOURCE = Source(
    name="usgs",
    url="usgs_url",
    read=read,
    store=store,
    dated=lambda quakes: quakes.made_at,
    stale_after=timedelta(hours=6),
)
