"""The districts around a position on the map, so that a shared location needs no typing.

One point a district, a town and not a boundary, is enough to offer the nearest few for confirmation and
never enough to decide alone. `knowledge/district_points.csv` holds the points; docs/data-sources.md
tells where they come from, and how they are drawn again.
"""

import csv
import heapq
import math
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.resources import files

# The farthest that a position may be from every point and still be taken for one in Thailand. Measured over
# points inside all subdistricts, the remotest (Mae Khong of Mae Sariang) is 47 km from a district's point.
FARTHEST_KM = 60.0

EARTH_RADIUS_KM = 6371.0

# Thailand with some sea around it. A latitude never reaches 97, so a pair in the wrong order shows itself.
_LATITUDES = (5.0, 21.0)
_LONGITUDES = (97.0, 106.0)

# Code, latitude and longitude in degrees (WGS 84).
_Point = tuple[str, float, float]


def nearest_districts(latitude: float, longitude: float, most: int = 3) -> tuple[str, ...]:
    """The codes of the ``most`` districts whose points are nearest to a position, nearest first.

    Degrees, WGS 84; a pair in the wrong order is recognised and put right. () when no point is within
    60 km or the numbers are no position. A place just across the border, Vientiane or Tachileik, gets
    the districts of the Thai side: points cannot tell the two banks of a river apart, and whoever
    shares it there most likely means the near side; the confirmation that follows settles it.

    >>> nearest_districts(20.43, 99.88, most=1)
    ('5709',)
    >>> nearest_districts(48.86, 2.35)
    ()
    """
    if _within(_LONGITUDES, latitude) and _within(_LATITUDES, longitude):
        latitude, longitude = longitude, latitude
    # Comparing with NaN is always false, so NaN is no position either.
    if not (abs(latitude) <= 90 and abs(longitude) <= 180):
        return ()
    nearest = heapq.nsmallest(most, _distances(latitude, longitude, _points()))
    if not nearest or nearest[0][0] > FARTHEST_KM:
        return ()
    return tuple(code for _, code in nearest)


def kilometres(from_latitude: float, from_longitude: float, latitude: float, longitude: float) -> float:
    """The great-circle distance of two positions in degrees (haversine, mean radius 6371 km).

    >>> round(kilometres(13.75, 100.5, 18.79, 98.99))  # Bangkok to Chiang Mai
    583
    """
    from_phi, phi = math.radians(from_latitude), math.radians(latitude)
    half_lambda = math.radians(longitude - from_longitude) / 2
    squared = (
        math.sin((phi - from_phi) / 2) ** 2 + math.cos(from_phi) * math.cos(phi) * math.sin(half_lambda) ** 2
    )
    return 2 * EARTH_RADIUS_KM * math.asin(min(1.0, math.sqrt(squared)))


def distances(latitude: float, longitude: float) -> tuple[tuple[str, float], ...]:
    """Every district that has a point, with how far it is from a position anywhere on earth, in kilometres."""
    return tuple((code, away) for away, code in _distances(latitude, longitude, _points()))


def point_of(district: str) -> tuple[float, float] | None:
    """Latitude and longitude of a district's point in degrees (WGS 84); None when it has none.

    >>> point_of("5709")
    (20.4335, 99.8762)
    """
    found = (each for each in _points() if each[0] == district)
    return next(((latitude, longitude) for _, latitude, longitude in found), None)


def _within(bounds: tuple[float, float], degrees: float) -> bool:
    return bounds[0] <= degrees <= bounds[1]


def _distances(latitude: float, longitude: float, points: Iterable[_Point]) -> Iterator[tuple[float, str]]:
    for code, point_latitude, point_longitude in points:
        yield kilometres(latitude, longitude, point_latitude, point_longitude), code


@cache
def _points() -> tuple[_Point, ...]:
    table = (files("knowledge") / "district_points.csv").read_text(encoding="utf-8")
    return tuple(
        (row["code"], float(row["latitude"]), float(row["longitude"]))
        for row in csv.DictReader(table.splitlines())
    )
