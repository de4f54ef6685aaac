"""Reads boundaries of places from GeoJSON (RFC 7946), plain or gzipped."""

import json
import re
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import shapely
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from storage import places
from storage.place_boundaries import PlaceBoundary

MOST_BYTES = 300_000_000
# Lists of different years differ in a few codes; more than this share means another list of codes.
MOST_UNKNOWN = 0.05

# Properties that hold DOPA's codes, in the order they count where a feature has several: the smallest place first.
CODE_PROPERTIES = (
    "c", "code", "dopa_code", "dopa", "geocode", "pcode",
    "tambon_idn", "tambon_id", "tambon_code", "tb_idn", "tam_code", "tam_id", "subdistrict_code",
    "adm3_pcode",
    "amphoe_idn", "amphoe_id", "amphoe_code", "ap_idn", "amp_code", "district_code", "adm2_pcode",
    "prov_code", "changwat_code", "province_code", "pv_idn", "adm1_pcode",
)  # fmt: skip
_CODE = re.compile(r"(?:TH-?)?([0-9]{2}|[0-9]{4}|[0-9]{6})(?:\.0)?")

# Thailand with some sea around it: longitudes, then latitudes.
_WEST, _EAST, _SOUTH, _NORTH = 96.0, 107.0, 4.0, 22.0


class BoundariesRefused(ValueError):
    """The file cannot be taken; the message names the feature and what to mend. Nothing of it was stored."""


@dataclass(frozen=True, kw_only=True)
class ReadBoundaries:
    """The boundaries of a file, and its codes that the register of places does not have (abolished or newer)."""

    boundaries: tuple[PlaceBoundary, ...]
    unknown: tuple[str, ...]


def read_boundaries(data: bytes) -> ReadBoundaries:
    """The boundaries of a GeoJSON feature collection of places with their codes.

    A place of several features gets them all together; shapes that cross themselves are repaired. Raises
    BoundariesRefused for the whole file.
    """
    shapes: dict[str, list[BaseGeometry]] = {}
    for number, feature in enumerate(_features(data), start=1):
        code = _code(feature, number)
        shapes.setdefault(code, []).append(_shape(feature, f"feature {number} ({code})"))
    unknown = tuple(sorted(code for code in shapes if places.place(code) is None))
    if len(unknown) > MOST_UNKNOWN * len(shapes):
        raise BoundariesRefused(
            f"{len(unknown)} of {len(shapes)} codes are of no place, among them {', '.join(unknown[:3])}: "
            "the codes must be those of the Department of Provincial Administration"
        )
    boundaries = tuple(_boundary(code, parts) for code, parts in shapes.items() if code not in unknown)
    return ReadBoundaries(boundaries=boundaries, unknown=unknown)


def _features(data: bytes) -> Iterator[dict[str, Any]]:
    try:
        document = json.loads(_unpacked(data))
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as fault:
        raise BoundariesRefused(
            f"the file is no JSON ({fault}): give a GeoJSON file, plain or gzipped"
        ) from fault
    features = document.get("features") if isinstance(document, dict) else None
    if not isinstance(features, list) or not features:
        raise BoundariesRefused('the file has no list "features": it must be a GeoJSON FeatureCollection')
    for number, feature in enumerate(features, start=1):
        if not isinstance(feature, dict) or not isinstance(feature.get("properties"), dict):
            raise BoundariesRefused(f'feature {number} has no "properties": one of them must be the code')
        yield feature


def _unpacked(data: bytes) -> bytes:
    if data[:2] == b"\x1f\x8b":
        try:
            unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
            data = unpacker.decompress(data, MOST_BYTES + 1)
        except zlib.error as fault:
            raise BoundariesRefused(f"the file is no whole gzip file: {fault}") from fault
        if not unpacker.eof and len(data) <= MOST_BYTES:
            raise BoundariesRefused("the file is no whole gzip file: its end is missing")
    if len(data) > MOST_BYTES:
        raise BoundariesRefused(f"the file is larger than {MOST_BYTES // 1_000_000} MB: simplify the shapes")
    return data


def _code(feature: dict[str, Any], number: int) -> str:
    properties = {str(name).lower(): value for name, value in feature["properties"].items()}
    name = next((each for each in CODE_PROPERTIES if properties.get(each) not in (None, "")), None)
    if name is None:
        have = ", ".join(sorted(properties)[:8]) or "none"
        raise BoundariesRefused(
            f"feature {number} has no code: name the property {CODE_PROPERTIES[0]} or code (it has: {have})"
        )
    written = _CODE.fullmatch(str(properties[name]).strip().upper())
    if written is None:
        raise BoundariesRefused(
            f"feature {number}: {name} is {str(properties[name])[:40]!r}, and must be 2, 4 or 6 digits such as 570906"
        )
    return written[1]


def _shape(feature: dict[str, Any], where: str) -> BaseGeometry:
    geometry = feature.get("geometry")
    kind = geometry.get("type") if isinstance(geometry, dict) else None
    if kind not in ("Polygon", "MultiPolygon"):
        raise BoundariesRefused(
            f"{where} is a {kind or 'feature without geometry'}: it must be a Polygon or MultiPolygon"
        )
    try:
        read = shape(geometry)
    except (
        ValueError,
        TypeError,
        KeyError,
        IndexError,
        AttributeError,
        shapely.errors.ShapelyError,
    ) as fault:
        raise BoundariesRefused(f"{where} has coordinates that are no polygon: {fault}") from fault
    area = _area_of(read if read.is_valid else shapely.make_valid(read))
    if area.is_empty:
        raise BoundariesRefused(f"{where} covers no area: draw it as a ring of at least three points")
    west, south, east, north = area.bounds
    if not (_WEST <= west <= east <= _EAST and _SOUTH <= south <= north <= _NORTH):
        raise BoundariesRefused(
            f"{where} lies outside Thailand ({west:.3f} {south:.3f}): give longitude before latitude, in WGS 84 degrees"
        )
    return area


def _area_of(repaired: BaseGeometry) -> BaseGeometry:
    """Only what covers an area: a repair may leave lines and points beside it."""
    parts = [part for part in shapely.get_parts(repaired) if part.geom_type in ("Polygon", "MultiPolygon")]
    return shapely.union_all(parts)


def _boundary(code: str, parts: Iterable[BaseGeometry]) -> PlaceBoundary:
    whole = shapely.union_all(list(parts))
    west, south, east, north = whole.bounds
    return PlaceBoundary(
        code=code, south=south, north=north, west=west, east=east, shape=shapely.to_wkb(whole)
    )
