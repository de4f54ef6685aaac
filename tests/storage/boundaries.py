"""Boundaries to test with: three subdistricts of Mae Sai as squares of a tenth of a degree, side by side."""

import json
from typing import Any

SQUARES = {"570901": 99.80, "570903": 99.90, "570904": 100.00}
SOUTH = 20.40
SIDE = 0.1


def square(west: float, south: float = SOUTH, side: float = SIDE) -> dict[str, Any]:
    east, north = west + side, south + side
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}


def feature(code: object, geometry: Any, name: str = "c") -> dict[str, Any]:
    return {"type": "Feature", "properties": {name: code, "th": "-"}, "geometry": geometry}


def collection(*features: Any) -> bytes:
    return json.dumps({"type": "FeatureCollection", "features": list(features)}).encode()


def mae_sai() -> bytes:
    """A file with the three squares."""
    return collection(*(feature(code, square(west)) for code, west in SQUARES.items()))
