"""Drawing: a page of an area's subscribers, for the planning."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session

from broadcasts.audience.by_index import by_index
from broadcasts.audience.selection import Alike, AudienceRule, next_slice
from storage.broadcasts import Broadcast, Priority, has_provinces
from storage.lifecycles import BroadcastState

PAGE_KEYS = 10_000
"""Subscriptions or persons a page looks at."""


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """A page of an area's subscribers, read after the person `after`; `until` is the last of it, None at the end.

    `is_urgent`: sending waits for it, as it is the first page of an emergency.
    """

    is_urgent: bool
    after: int | None
    alike: Sequence[Alike]
    until: int | None


def draw(session: Session, broadcast: Broadcast, after: int | None) -> Drawn:
    """The page after a person, as it was at the release whenever it is read; None for the first one."""
    audience = broadcast.audience
    rule = AudienceRule(
        topic=audience["topic"],
        places=tuple(audience["places"]),
        at=broadcast.released_at,
        addressed_by=broadcast.id if audience["reached"] else None,
        accounts=tuple(audience.get("accounts", ())),
        by_province=has_provinces(broadcast.words),
    )
    with by_index(session):
        found = next_slice(session, rule, after, PAGE_KEYS)
    is_urgent = after is None and broadcast.priority == Priority.EMERGENCY
    return Drawn(is_urgent=is_urgent, after=after, alike=found.alike, until=found.after)


def draw_ahead(session: Session, broadcast_id: int, after: int | None = None) -> Drawn | None:
    """The page after a person, or after where the plan stands; None where what is next is not an area's subscribers."""
    broadcast = session.get(Broadcast, broadcast_id)
    if broadcast is None or broadcast.state != BroadcastState.RELEASED or broadcast.planned_at is not None:
        return None
    cursor = cursor_of(broadcast)
    if cursor["stage"] != "places":
        return None
    return draw(session, broadcast, cursor["after"] if after is None else after)


def cursor_of(broadcast: Broadcast) -> dict[str, Any]:
    """Where the plan of a broadcast has come to."""
    return dict(broadcast.plan) or {
        "stage": _first_stage(broadcast),
        "batch": 0,
        "unsettled": [],
        "after": None,
        "pending": {},
    }


def _first_stage(broadcast: Broadcast) -> str:
    if "listed" in broadcast.audience:
        return "listed"
    return "reached" if broadcast.audience["reached"] else "places"
