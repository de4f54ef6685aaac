"""The places that an alert's polygons and circles cover, by the boundaries that were imported."""

from collections.abc import Callable

from sqlmodel import Session

from broadcasts.alerts.cap_model import CapArea
from storage.place_shapes import (
    LEAST_SHARE_OF_AREA,
    LEAST_SHARE_OF_PLACE,
    circle,
    places_overlapping,
    polygon,
)

BY_SHAPE = (
    "drawn, not named: the places are those that the drawn area covers by "
    f"{LEAST_SHARE_OF_PLACE:.0%} or that hold {LEAST_SHARE_OF_AREA:.0%} of it"
)


def places_by_shape(session: Session, report: Callable[[str], None]) -> Callable[[CapArea], tuple[str, ...]]:
    """What tells an area's places by its shapes, and reports when it does; () where no boundaries were imported."""

    def covered(area: CapArea) -> tuple[str, ...]:
        shapes = [
            *(polygon(corners) for corners in area.polygons),
            *(circle(*each.center, each.radius_km) for each in area.circles),
        ]
        found = places_overlapping(session, shapes)
        if found:
            report(f"{area.description.strip()[:80] or 'an area'}: {BY_SHAPE}")
        return found

    return covered
