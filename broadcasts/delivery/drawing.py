"""Drawing: a page of an area's subscribers, for the planning."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session

from broadcasts.audience.selection import (
    Alike,
    AudienceRule,
    by_person,
    by_place,
    first_key,
    is_wide,
    spans,
)
from storage.broadcasts import Broadcast, has_provinces

PAGE_KEYS = 20_000
FIRST_PAGE_KEYS = 2_000
"""Subscriptions or persons a page looks at. The first is short, so that sending begins at once."""

PAGE_SPANS = 40
"""So many ranges of codes a page looks into: an area of many villages must not hold the database up."""


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """A page of an area's subscribers, read at `position`; `next_position` is None at the end of the audience."""

    position: tuple[int, Any]
    alike: Sequence[Alike]
    next_position: tuple[int, Any] | None


def draw(session: Session, broadcast: Broadcast, cursor: Mapping[str, Any]) -> Drawn:
    """The page at which the plan's `cursor` stands, as it was at the release whenever it is read."""
    audience = broadcast.audience
    rule = AudienceRule(
        topic=audience["topic"],
        places=tuple(audience["places"]),
        at=broadcast.released_at,
        addressed_by=broadcast.id if audience["reached"] else None,
        accounts=tuple(audience.get("accounts", ())),
        by_province=has_provinces(broadcast.words),
    )
    at_first = cursor["span"] == 0 and cursor["after"] is None
    room = min(FIRST_PAGE_KEYS, PAGE_KEYS) if at_first else PAGE_KEYS
    find = _draw_persons if is_wide(rule.places) else _draw_spans
    alike, next_position = find(session, rule, cursor, room)
    return Drawn(position=position_of(cursor), alike=alike, next_position=next_position)


def _draw_persons(
    session: Session, rule: AudienceRule, cursor: Mapping[str, Any], room: int
) -> tuple[Sequence[Alike], tuple[int, Any] | None]:
    found = by_person(session, rule, cursor["after"] or 0, room)
    return found.alike, None if found.after is None else (0, found.after[1])


def _draw_spans(
    session: Session, rule: AudienceRule, cursor: Mapping[str, Any], room: int
) -> tuple[Sequence[Alike], tuple[int, Any] | None]:
    """One range of codes after the other: a small area is a few of them, one of many villages has thousands."""
    ranges = spans(rule.places)
    alike: list[Alike] = []
    number, after = cursor["span"], cursor["after"]
    for span in ranges[number : number + PAGE_SPANS]:
        place, contact_id = after or first_key(span)
        found = by_place(session, rule, span, (place, contact_id), room)
        alike += found.alike
        if found.after is not None:
            return alike, (number, list(found.after))
        number, after = number + 1, None
        room = max(room - sum(len(each.contact_ids) for each in found.alike), 1)
    return alike, (number, None) if number < len(ranges) else None


def position_of(cursor: Mapping[str, Any]) -> tuple[int, Any]:
    """Where in the audience a cursor stands: the number of the range of codes, and the key in it."""
    return cursor["span"], cursor["after"]
