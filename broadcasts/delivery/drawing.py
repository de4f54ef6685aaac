"""Drawing: a page of an area's subscribers, for the planning."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session

from broadcasts.audience.selection import Alike, AudienceRule, at_once, by_person
from storage.broadcasts import Broadcast, has_provinces

PAGE_KEYS = 20_000
FIRST_PAGE_KEYS = 2_000
"""Subscriptions or persons a page looks at. The first of several is short, so that sending begins at once."""


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """A page of an area's subscribers, read after the person `after`; `until` is the last of it, None at the end."""

    after: int | None
    alike: Sequence[Alike]
    until: int | None


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
    after = cursor["after"]
    found = at_once(session, rule, PAGE_KEYS) if after is None else None
    if found is None:
        room = min(FIRST_PAGE_KEYS, PAGE_KEYS) if after is None else PAGE_KEYS
        found = by_person(session, rule, after or 0, room)
    return Drawn(after=after, alike=found.alike, until=found.after)
