"""Planning: how fast an audience becomes batches (benchmarks/planning.py), as figures."""

from benchmarks import planning
from benchmarks.rig.databases import postgresql, sqlite
from benchmarks.rig.results import Results, Row
from benchmarks.rig.sizes import sizes
from storage import places

TURNS = 3
"""Each audience is planned so often, and the turn in the middle counts."""


def main(results: Results) -> None:
    """Measure a province and the whole country, on SQLite and PostgreSQL; the slowest of the four counts."""
    rows = []
    for house in (sqlite(), postgresql()):
        with planning.people_of(house, sizes().planning_people) as database:
            # Once for nothing: what a process does at its first plan (making the statements) is its start.
            planning.plan(database, "district", [planning.DISTRICT])
            planning.plan(database, "provinces", [each.code for each in places.provinces()[:10]])
            for area, codes in planning.areas().items():
                # A fraction of a second each: one that met the file's flushing to the disk would say nothing.
                turns = [planning.plan(database, area, codes) for _ in range(TURNS)]
                found = sorted(turns, key=lambda turn: turn.ids_per_second)[TURNS // 2]
                rows.append(
                    Row(
                        who=f"{house.name}, {area}",
                        per_second=found.ids_per_second,
                        remark=f"{found.copies:,} copies, first batches after {found.first_seconds * 1000:.0f} ms",
                    )
                )
    results.table("Planning", "ids/s", rows)
    results.put(planning_ids_per_second=min(row.per_second for row in rows))
