"""Compares `knowledge/district_points.csv` with points inside subdistricts, from any file that has them.

Run as `python -m tools.check_district_points FILE`: a CSV file with the columns code (6 digits), lat and lon
(degrees). Subdistricts that the register does not list, abolished ones for instance, are passed over.
"""

import argparse
import csv
import statistics
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from storage import places
from storage.place_points import kilometres, nearest_districts
from tools.draw_district_points import TABLE

Position = tuple[float, float]


def read_subdistricts(path: Path) -> dict[str, Position]:
    """Code of a listed subdistrict -> latitude and longitude."""
    with path.open(encoding="utf-8", newline="") as file:
        return {
            row["code"]: (float(row["lat"]), float(row["lon"]))
            for row in csv.DictReader(file)
            if places.place(row["code"]) is not None
        }


def read_table() -> dict[str, Position]:
    """Code of a district -> latitude and longitude, from the table."""
    with TABLE.open(encoding="utf-8", newline="") as file:
        return {
            row["code"]: (float(row["latitude"]), float(row["longitude"])) for row in csv.DictReader(file)
        }


def distances_km(
    table: Mapping[str, Position], subdistricts: Mapping[str, Position]
) -> list[tuple[float, str]]:
    """How far each district's point is from the mean of its subdistricts' points, the farthest first."""
    inside: dict[str, list[Position]] = defaultdict(list)
    for code, position in subdistricts.items():
        inside[code[:4]].append(position)
    distances = []
    for code, point in table.items():
        if positions := inside.get(code):
            latitude, longitude = (statistics.fmean(degrees) for degrees in zip(*positions, strict=True))
            distances.append((kilometres(*point, latitude, longitude), code))
    return sorted(distances, reverse=True)


def share_found(subdistricts: Mapping[str, Position], most: int) -> float:
    """In which share of the subdistricts the right district is among the ``most`` nearest."""
    hits = (code[:4] in nearest_districts(*position, most) for code, position in subdistricts.items())
    return statistics.fmean(hits)


def report(
    distances: Sequence[tuple[float, str]], subdistricts: Mapping[str, Position], farthest_km: float
) -> Iterable[str]:
    far = [pair for pair in distances if pair[0] > farthest_km]
    median = statistics.median(distance for distance, _ in distances)
    yield f"{len(distances)} points compared, {median:.1f} km from the middle of their subdistricts (median)"
    yield f"{len(far)} of them farther than {farthest_km:g} km"
    for distance, code in far:
        yield f"far: {code} {places.full_name(code, 'en')}, {distance:.0f} km"
    for most in (1, 2, 3):
        share = share_found(subdistricts, most)
        yield f"right district among the nearest {most}: {share:.1%} of {len(subdistricts)} subdistricts"


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Compare the district points with points in subdistricts.")
    parser.add_argument("subdistricts", type=Path, help="CSV file with the columns code, lat, lon")
    parser.add_argument(
        "--farthest-km", type=float, default=30.0, help="name the points farther off than this"
    )
    options = parser.parse_args(arguments)
    subdistricts = read_subdistricts(options.subdistricts)
    distances = distances_km(read_table(), subdistricts)
    if not distances:
        parser.error(f"{options.subdistricts} has no subdistrict of the register")
    for line in report(distances, subdistricts, options.farthest_km):
        sys.stdout.write(line + "\n")


if __name__ == "__main__":
    main()
