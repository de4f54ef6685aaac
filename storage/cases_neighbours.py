"""Open complaints about the same thing at the same spot, so that neighbours follow one case and do not open ten."""

import math
from dataclasses import dataclass

from sqlmodel import Session, col, func, select
from sqlmodel.sql.expression import SelectOfScalar

from storage.cases import UNFINISHED_STATES, Case, CaseKind
from storage.cases_following import CaseFollower
from storage.columns import is_one_of
from storage.place_points import kilometres

SAME_SPOT_KM = 0.1
SUBDISTRICT_DIGITS = 6

_KM_A_DEGREE = 111.0
_MOST_LOOKED_AT = 200


@dataclass(frozen=True, kw_only=True)
class Neighbour:
    """A case that may be the same. `people` are its reporter and followers; `same_spot` is within 100 m, else only
    the same subdistrict."""

    case: Case
    people: int
    same_spot: bool


def neighbour(
    session: Session, category: str, place: str | None, latitude: float | None, longitude: float | None
) -> Neighbour | None:
    """The likeliest open complaint about the same; None when there is none.

    Where both positions are known they decide, else the subdistrict. Confidential cases are nobody else's business.
    """
    found = _near(session, category, latitude, longitude)
    if found is not None:
        return _counted(session, found, same_spot=True)
    found = _in_the_same_place(session, category, place, known_position=latitude is not None)
    return _counted(session, found, same_spot=False) if found is not None else None


def _near(session: Session, category: str, latitude: float | None, longitude: float | None) -> Case | None:
    if latitude is None or longitude is None:
        return None
    by_latitude = SAME_SPOT_KM / _KM_A_DEGREE
    by_longitude = by_latitude / max(math.cos(math.radians(latitude)), 0.01)
    query = _open(category).where(
        col(Case.latitude).between(latitude - by_latitude, latitude + by_latitude),
        col(Case.longitude).between(longitude - by_longitude, longitude + by_longitude),
    )
    near = [
        (distance, case)
        for case in session.exec(query.limit(_MOST_LOOKED_AT))
        if case.latitude is not None
        and case.longitude is not None
        and (distance := kilometres(latitude, longitude, case.latitude, case.longitude)) <= SAME_SPOT_KM
    ]
    return min(near, key=lambda found: (found[0], found[1].number))[1] if near else None


def _in_the_same_place(
    session: Session, category: str, place: str | None, *, known_position: bool
) -> Case | None:
    if place is None or len(place) < SUBDISTRICT_DIGITS:
        return None
    query = _open(category).where(col(Case.place).startswith(place[:SUBDISTRICT_DIGITS], autoescape=True))
    if known_position:
        # With two positions that lie apart it is another spot of the same subdistrict.
        query = query.where(col(Case.latitude).is_(None))
    return session.exec(query.order_by(col(Case.id).desc()).limit(1)).first()


def _open(category: str) -> SelectOfScalar[Case]:
    return select(Case).where(
        is_one_of(col(Case.state), *UNFINISHED_STATES),
        Case.category == category,
        Case.kind == CaseKind.COMPLAINT.value,
        col(Case.confidential).is_(False),
    )


def _counted(session: Session, case: Case, *, same_spot: bool) -> Neighbour:
    query = select(func.count()).where(CaseFollower.case_id == case.number)
    return Neighbour(case=case, people=1 + session.exec(query).one(), same_spot=same_spot)
