"""Planning to its end, with crashes in between, and what it wrote."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from sqlmodel import col, select

from broadcasts.delivery.planning import plan_page
from storage.batches import Batch, unpack
from storage.broadcasts import Broadcast, Form
from storage.database import Database
from tests.builders import NOW

PLANNING_AT = NOW + timedelta(minutes=30)
"""Late, so that it matters that the audience is that of the release."""


class Crash(Exception):
    """The process ends in the middle of a page."""


@dataclass(frozen=True)
class Copy:
    """One recipient of a batch."""

    contact_id: int
    account_id: int
    language: str
    variant: str


def plan(
    database: Database,
    broadcast_id: int,
    sizes: Mapping[int, int],
    *,
    crashes: Iterable[bool] = (),
    forms: Mapping[int, Form] | None = None,
    between: Callable[[], None] = lambda: None,
) -> int:
    """Plan page after page until there is none; how many there were. `crashes` says before which commits it ends."""
    falls, pages = iter(crashes), 0
    while True:
        try:
            wait_seconds = _page(database, broadcast_id, sizes, forms, crash=next(falls, False))
        except Crash:
            continue
        pages += 1
        assert pages < 1000
        between()
        if wait_seconds is None:
            return pages


def planned(database: Database, broadcast_id: int) -> list[tuple[Batch, list[Copy]]]:
    """The batches of a broadcast in the order of planning."""
    with database.read() as session:
        batches = session.exec(
            select(Batch).where(Batch.broadcast_id == broadcast_id).order_by(col(Batch.id))
        ).all()
    return [
        (
            batch,
            [Copy(i, batch.account_id, batch.language, batch.variant) for i in unpack(batch.recipients)],
        )
        for batch in batches
    ]


def copies(database: Database, broadcast_id: int) -> list[Copy]:
    """All recipients of a broadcast."""
    return [copy for _, some in planned(database, broadcast_id) for copy in some]


def is_planned(database: Database, broadcast_id: int) -> bool:
    with database.read() as session:
        return session.get_one(Broadcast, broadcast_id).planned_at is not None


def _page(
    database: Database,
    broadcast_id: int,
    sizes: Mapping[int, int],
    forms: Mapping[int, Form] | None,
    *,
    crash: bool,
) -> float | None:
    with database.write() as session:
        wait_seconds = plan_page(session, broadcast_id, PLANNING_AT, sizes, forms)
        session.flush()
        if crash:
            raise Crash
    return wait_seconds
