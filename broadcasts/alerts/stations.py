"""Where a measuring station stands: its district, by boundaries where they are imported, else by names and distance."""

from functools import lru_cache

from sqlmodel import Session

from storage import place_points, places
from storage.place_shapes import place_at

_CANDIDATES = 5


def district_of(session: Session, latitude: float, longitude: float, *address: str) -> str | None:
    """The code of the district of a position in Thailand; `address` are texts that may name it, in Thai or English.

    Without boundaries the nearest district's point is right for three of four positions, so of the nearest few the one
    whose name stands in the address is taken. None when the position is far from every district.
    """
    found = place_at(session, latitude, longitude)
    if found is not None:
        return found[:4]
    near = _nearest(latitude, longitude)
    return next((code for code in near if _is_named(code, address)), near[0] if near else None)


@lru_cache(maxsize=5_000)
def _nearest(latitude: float, longitude: float) -> tuple[str, ...]:
    """Stations do not move, and there are hundreds of them every few minutes."""
    return place_points.nearest_districts(latitude, longitude, most=_CANDIDATES)


def _is_named(code: str, address: tuple[str, ...]) -> bool:
    place = places.require_place(code)
    texts = [" ".join(each.split()).casefold() for each in address]
    return any(_own_name(place.name_th) in text or place.name_en.casefold() in text for text in texts)


def _own_name(name: str) -> str:
    return name.removeprefix("เขต")
