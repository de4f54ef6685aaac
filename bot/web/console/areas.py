"""Places as an officer writes or taps them: names in a line, districts on a map of what is installed."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

import shapely
from sqlmodel import Session

from storage import places as register
from storage.place_outlines import outlines
from storage.place_points import point_of

MOST_PROVINCES_LISTED = 3
"""Of whom acts for more, the districts of a province are listed when it was chosen."""

MOST_NAMES_TOGETHER = 4
"""Village, subdistrict, district, province."""

_PARTS = re.compile(r"[\n,;]+")
_WIDTH = 640
_FINE_DEGREES = 0.006
_POINT_RADIUS = 16


class AreaUnclear(ValueError):
    """Words that name no place, or several: `text` are they."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


@dataclass(frozen=True, kw_only=True)
class Shape:
    """A place on the map: an SVG path with where its name stands, or a point where no boundaries are installed."""

    code: str
    name: str
    path: str = ""
    x: float = 0.0
    y: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Map:
    width: int
    height: int
    shapes: tuple[Shape, ...]
    radius: int = _POINT_RADIUS


def read_area(text: str, acting: Sequence[str]) -> list[str]:
    """The codes that words name, one after the other; a name that several places bear is the one she acts for.

    >>> read_area("อ.แม่สาย อ.เชียงแสน", ["57"]), read_area("แม่สาย เชียงราย", ["57"])
    (['5709', '5708'], ['5709'])

    Raises AreaUnclear.
    """
    codes: list[str] = []
    for part in _PARTS.split(text):
        words = part.split()
        while words:
            for length in range(min(MOST_NAMES_TOGETHER, len(words)), 0, -1):
                code = _one(" ".join(words[:length]), acting)
                if code:
                    codes.append(code)
                    words = words[length:]
                    break
            else:
                raise AreaUnclear(words[0])
    return codes


def districts(acting: Sequence[str]) -> dict[str, list[register.Place]]:
    """Province -> the districts that she acts for in it, at least in part."""
    found: dict[str, list[register.Place]] = {}
    for province in sorted({code[:2] for code in acting}):
        inside = [
            each
            for each in register.children(province)
            if any(register.contains(own, each.code) or register.contains(each.code, own) for own in acting)
        ]
        if inside:
            found[province] = inside
    return found


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What an officer may tap: `provinces` to choose one first, where she acts for many; districts of `listed` ones.

    `whole` are provinces that she may warn as a whole.
    """

    provinces: tuple[tuple[str, str], ...]
    listed: dict[str, list[register.Place]]
    whole: tuple[str, ...]
    map: "Map | None"


def choice(
    session: Session, acting: Sequence[str], chosen: Sequence[str], asked: str, language: str
) -> Choice:
    """What she may tap, in the provinces of what is `chosen` already and of the one that she `asked` for."""
    hers = districts(acting)
    listed, provinces = dict(hers), tuple[tuple[str, str], ...]()
    if len(hers) > MOST_PROVINCES_LISTED:
        provinces = tuple((code, register.own_name(code, language)) for code in hers)
        wanted = dict.fromkeys([asked, *(code[:2] for code in chosen)])
        listed = {code: hers[code] for code in list(wanted)[: MOST_PROVINCES_LISTED + 1] if code in hers}
    shown = [each.code for inside in listed.values() for each in inside] or list(hers)
    return Choice(
        provinces=provinces,
        listed=listed,
        whole=tuple(code for code in listed if any(register.contains(own, code) for own in acting)),
        map=draw(session, shown, language),
    )


def draw(session: Session, codes: Sequence[str], language: str) -> Map | None:
    """A map of these places; None where neither boundaries nor points of them are known."""
    if known := outlines(session, codes):
        return _of_shapes(known, language)
    points = {code: point for code in codes if len(code) == 4 and (point := point_of(code)) is not None}
    return _of_points(points, language) if points else None


def _one(text: str, acting: Sequence[str]) -> str:
    found = register.find(text)
    hers = [each for each in found if any(_related(each.code, own) for own in acting)] or list(found)
    widest = [each for each in hers if len(each.code) == len(hers[0].code)]
    return widest[0].code if len(widest) == 1 else ""


def _related(code: str, own: str) -> bool:
    return register.contains(own, code) or register.contains(code, own)


def _of_shapes(known: dict[str, shapely.Geometry], language: str) -> Map:
    west, south, east, north = shapely.total_bounds(list(known.values()))
    squeeze = math.cos(math.radians((south + north) / 2))
    scale = _WIDTH / max((east - west) * squeeze, 0.01)
    fine = max(_FINE_DEGREES, (east - west) / 250)

    def at(longitude: float, latitude: float) -> tuple[float, float]:
        return round((longitude - west) * squeeze * scale, 1), round((north - latitude) * scale, 1)

    shapes = []
    for code, shape in known.items():
        plain = shapely.simplify(shape, fine)
        path = "".join(_path([at(*point) for point in ring.coords]) for ring in _rings(plain))
        middle = shapely.point_on_surface(plain)
        x, y = at(middle.x, middle.y)
        shapes.append(Shape(code=code, name=register.short_name(code, language), path=path, x=x, y=y))
    return Map(width=_WIDTH, height=int((north - south) * scale) + 1, shapes=tuple(shapes))


def _rings(shape: shapely.Geometry) -> list[shapely.LinearRing]:
    parts = getattr(shape, "geoms", [shape])
    return [each.exterior for each in parts if isinstance(each, shapely.Polygon)]


def _path(points: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:g},{y:g}" for x, y in points) + "Z"


def _of_points(points: dict[str, tuple[float, float]], language: str) -> Map:
    """`points` are (latitude, longitude)."""
    latitudes = [each[0] for each in points.values()]
    longitudes = [each[1] for each in points.values()]
    west, north = min(longitudes), max(latitudes)
    squeeze = math.cos(math.radians(sum(latitudes) / len(latitudes)))
    room = 4 * _POINT_RADIUS
    scale = (_WIDTH - 2 * room) / max((max(longitudes) - west) * squeeze, north - min(latitudes), 0.01)
    shapes = tuple(
        Shape(
            code=code,
            name=register.short_name(code, language),
            x=round(room + (longitude - west) * squeeze * scale, 1),
            y=round(room + (north - latitude) * scale, 1),
        )
        for code, (latitude, longitude) in points.items()
    )
    height = int((north - min(latitudes)) * scale + 2 * room) + 1
    return Map(width=_WIDTH, height=height, shapes=shapes)
