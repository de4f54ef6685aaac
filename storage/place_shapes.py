"""Which places a position lies in or an area covers, by the boundaries that were imported."""

import math
from collections.abc import Iterable, Sequence

import shapely
from shapely.geometry import Point, Polygon
from shapely.geometry.base import BaseGeometry
from sqlmodel import Session

from storage import places
from storage.place_boundaries import boundaries_near

# A place is meant by an area that covers at least this share of it ...
LEAST_SHARE_OF_PLACE = 0.1
# ... or that lies in it with at least this share of its own.
LEAST_SHARE_OF_AREA = 0.5

# Along a meridian; along a parallel a degree is shorter by the cosine of the latitude.
_KM_A_DEGREE = 111.2
_CORNERS_OF_A_CIRCLE = 64


def place_at(session: Session, latitude: float, longitude: float) -> str | None:
    """The code of the smallest place whose boundary holds a position in WGS 84 degrees; None where none does."""
    if not (math.isfinite(latitude) and math.isfinite(longitude)):
        return None
    near = boundaries_near(session, south=latitude, north=latitude, west=longitude, east=longitude)
    point = Point(longitude, latitude)
    holding = [each.code for each in near if shapely.from_wkb(each.shape).covers(point)]
    return max(holding, key=len, default=None)


def polygon(corners: Sequence[tuple[float, float]]) -> BaseGeometry:
    """An area by its corners, each latitude before longitude as in CAP; repaired where its sides cross.

    >>> polygon([(18, 98), (19, 98), (19, 99)]).bounds
    (98.0, 18.0, 99.0, 19.0)
    """
    drawn = Polygon([(longitude, latitude) for latitude, longitude in corners])
    return drawn if drawn.is_valid else shapely.make_valid(drawn)


def circle(latitude: float, longitude: float, radius_km: float) -> BaseGeometry:
    """The area within a distance of a point.

    >>> [round(side, 1) for side in circle(18.0, 99.0, 111.2).bounds]
    [97.9, 17.0, 100.1, 19.0]
    """
    if radius_km <= 0:
        return Point(longitude, latitude)
    up = radius_km / _KM_A_DEGREE
    along = up / max(math.cos(math.radians(latitude)), 0.01)
    turns = (2 * math.pi * corner / _CORNERS_OF_A_CIRCLE for corner in range(_CORNERS_OF_A_CIRCLE))
    return Polygon([(longitude + along * math.cos(turn), latitude + up * math.sin(turn)) for turn in turns])


def places_overlapping(session: Session, areas: Iterable[BaseGeometry]) -> tuple[str, ...]:
    """The codes of the places that the areas together cover, in the fewest codes; () without boundaries.

    A place counts when at least a tenth of it is covered, or when at least half of the area lies in it: a warning must
    not go to every neighbour that a border touches, nor miss the one place that a small circle lies in.
    """
    drawn = shapely.union_all([each for each in areas if not each.is_empty])
    if drawn.is_empty:
        return ()
    west, south, east, north = drawn.bounds
    near = boundaries_near(session, south=south, north=north, west=west, east=east)
    shapely.prepare(drawn)
    covered = [each.code for each in near if _is_meant(shapely.from_wkb(each.shape), drawn)]
    return places.simplify(_rolled_up(_rolled_up(set(covered))))


def _is_meant(place: BaseGeometry, drawn: BaseGeometry) -> bool:
    if drawn.area == 0:
        return bool(place.intersects(drawn))
    # Both are shares of one degree grid at nearly one latitude, so square degrees do as well as square kilometres.
    common = place.intersection(drawn).area
    return bool(common >= LEAST_SHARE_OF_PLACE * place.area or common >= LEAST_SHARE_OF_AREA * drawn.area)


def _rolled_up(codes: set[str]) -> set[str]:
    """With the place around them where all of its places are among the codes."""
    around = {code[:-2] for code in codes if len(code) > 2}
    return codes | {each for each in around if all(child.code in codes for child in places.children(each))}
