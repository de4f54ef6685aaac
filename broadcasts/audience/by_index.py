"""Reading a page of many by an index, on a PostgreSQL that would rather read whole tables."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import text
from sqlmodel import Session


@contextmanager
def by_index(session: Session) -> Iterator[None]:
    """What is read inside is read by an index, and planned for itself; part of a transaction."""
    on_postgresql = session.get_bind().dialect.name == "postgresql"
    if on_postgresql:
        session.connection().execute(_READ_BY_INDEX)
    yield
    if on_postgresql:
        session.connection().execute(_PLAN_AS_EVER)


_READ_BY_INDEX = text(
    "SELECT set_config('enable_seqscan', 'off', true), set_config('enable_mergejoin', 'off', true), "
    "set_config('max_parallel_workers_per_gather', '0', true), set_config('jit', 'off', true), "
    "set_config('seq_page_cost', '0.3', true), set_config('random_page_cost', '0.3', true), "
    "set_config('plan_cache_mode', 'force_custom_plan', true)"
)
"""Keep PostgreSQL from reading whole tables for a page, and from starting helpers: there are hundreds of pages.

What a page needs is mostly in memory: its costs are those that the manual advises for that. Each page is planned for
itself: how many persons are in a range is not known of ranges in general.
"""

_PLAN_AS_EVER = text("SELECT set_config('plan_cache_mode', 'auto', true)")
"""A transaction that also writes would plan anew for each row it checks against a foreign key: 66 µs in place of 26."""
