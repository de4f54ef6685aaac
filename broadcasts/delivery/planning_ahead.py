"""Planning page after page: while one is written the next is read, on another connection.

Reading is most of the work, and the database's. Nothing is kept: a page that was read and not written is read again by
whoever goes on.
"""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from zoneinfo import ZoneInfo

from broadcasts.delivery.drawing import Drawn, draw_ahead
from broadcasts.delivery.planning import plan_page
from storage.broadcasts import Form
from storage.database import Database
from storage.wording.dates import BANGKOK


def plan_pages(
    database: Database,
    broadcast_id: int,
    batch_sizes: Mapping[int, int],
    forms: Mapping[int, Form] | None = None,
    zone: ZoneInfo = BANGKOK,
    *,
    goes_on: Callable[[], bool] = lambda: True,
) -> float | None:
    """Write a broadcast's audience into batches by `plan_page`, a page a transaction; what the last page returned.

    `goes_on` is asked before each page whether another may follow.
    """

    def draw(after: int | None = None) -> Drawn | None:
        with database.read() as session:
            return draw_ahead(session, broadcast_id, after)

    with ThreadPoolExecutor(1, "planning") as reader:
        drawn = draw()
        while True:
            another = goes_on()
            more = another and drawn is not None and drawn.until is not None
            ahead = reader.submit(draw, drawn.until) if drawn is not None and more else None
            wait_seconds = plan_next_page(database, broadcast_id, batch_sizes, forms, zone, drawn)
            if wait_seconds != 0.0 or not another:
                return wait_seconds
            drawn = draw() if ahead is None else ahead.result()


def plan_next_page(
    database: Database,
    broadcast_id: int,
    batch_sizes: Mapping[int, int],
    forms: Mapping[int, Form] | None,
    zone: ZoneInfo,
    drawn: Drawn | None,
) -> float | None:
    """As `plan_page`, in a transaction of its own."""
    with database.write(urgent=drawn is not None and drawn.is_urgent) as session:
        return plan_page(session, broadcast_id, database.now(session), batch_sizes, forms, zone, drawn)
