"""The outlines of places, drawn together from the boundaries of what lies in them where they have none of their own."""

import threading
from collections import defaultdict
from collections.abc import Mapping, Sequence

import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import and_, func, or_
from sqlmodel import Session, col, select

from storage.place_boundaries import PlaceBoundary

FEW_PROVINCES = 3
"""More of them are kept in memory once they were drawn: the whole country takes a second or two."""

_Kept = tuple[int, str, float]
_kept: dict[tuple[_Kept, tuple[str, ...]], Mapping[str, BaseGeometry]] = {}
_keeping = threading.Lock()
"""Pages are made in several threads; who comes second waits for the drawing rather than drawing it again."""


def outlines(session: Session, codes: Sequence[str]) -> dict[str, BaseGeometry]:
    """The outline of each of these places that is known, in WGS 84 degrees, in their order."""
    provinces = sorted({code[:2] for code in codes})
    if len(provinces) <= FEW_PROVINCES:
        return _drawn(session, codes, provinces)
    key = _state(session), tuple(codes)
    with _keeping:
        if key not in _kept:
            # Of an import before this one nothing is shown any more.
            for other in [each for each in _kept if each[0] != key[0] or len(_kept) > FEW_PROVINCES]:
                del _kept[other]
            _kept[key] = _drawn(session, codes, provinces)
        return dict(_kept[key])


def _state(session: Session) -> _Kept:
    """What tells one import of boundaries from another."""
    query = select(
        func.count(), func.coalesce(func.max(PlaceBoundary.code), ""), func.sum(PlaceBoundary.north)
    )
    count, last, north = session.exec(query).one()
    return count, last, north or 0.0


def _drawn(session: Session, codes: Sequence[str], provinces: Sequence[str]) -> dict[str, BaseGeometry]:
    if not codes:
        return {}
    wanted, code = set(codes), col(PlaceBoundary.code)
    inside = or_(*(and_(code >= each, code < str(int(each) + 1)) for each in provinces))
    parts: defaultdict[str, defaultdict[int, list[BaseGeometry]]] = defaultdict(lambda: defaultdict(list))
    for found, shape in session.exec(select(code, col(PlaceBoundary.shape)).where(inside)):
        for around in {found[:length] for length in (2, 4, 6, 8)} & wanted:
            parts[around][len(found)].append(shapely.from_wkb(shape))
    # The widest that is known of a place: its own boundary, else those of its districts, and so on.
    return {each: shapely.union_all(parts[each][min(parts[each])]) for each in codes if each in parts}
