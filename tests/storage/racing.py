"""Two transactions at the same time, for what only PostgreSQL lets happen."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as StillWaiting
from contextlib import suppress
from typing import TypeVar

from sqlmodel import Session

from storage.database import Database

First = TypeVar("First")
Second = TypeVar("Second")

HEAD_START_SECONDS = 0.3


def at_once(
    database: Database, first: Callable[[Session], First], second: Callable[[Session], Second]
) -> tuple[First, Second]:
    """Do `first`, and before it commits begin `second`, which may have to wait for it; what both returned."""

    def in_its_own_transaction() -> Second:
        with database.write() as session:
            return second(session)

    with ThreadPoolExecutor(1) as pool:
        with database.write() as session:
            done = first(session)
            session.flush()
            other = pool.submit(in_its_own_transaction)
            with suppress(StillWaiting):
                other.result(timeout=HEAD_START_SECONDS)
        return done, other.result(timeout=300)
