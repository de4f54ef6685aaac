"""Several processes plan, note, stop at once on PostgreSQL: nobody waits long, nobody is planned twice."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from broadcasts.delivery import drawing
from broadcasts.delivery.planning import LOCKED_WAIT_SECONDS, plan_page
from storage import batches, broadcasts
from storage.batches import Batch, new_batch
from storage.database import Database
from storage.lifecycles import BatchState, BroadcastState
from tests import builders
from tests.broadcasts.delivery.plans import copies
from tests.builders import NOW
from tests.postgres import PostgresServer

pytestmark = pytest.mark.postgres
SIZES = {1: 3}


@pytest.fixture
def database(postgres: PostgresServer) -> Iterator[Database]:
    database = Database(postgres.fresh_database())
    yield database
    database.close()


def released_to(database: Database, citizens: int) -> int:
    with database.write() as session:
        for number in range(citizens):
            builders.citizen(session, f"sim-{number}")
        return builders.released(session).id or 0


def test_planners_at_once_plan_everybody_once(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drawing, "PAGE_KEYS", 2)
    broadcast_id = released_to(database, 40)

    def work(_: int) -> None:
        wait_seconds: float | None = 0.0
        while wait_seconds is not None:
            with database.write() as session:
                wait_seconds = plan_page(session, broadcast_id, NOW, SIZES)

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(work, range(3)))
    found = [copy.contact_id for copy in copies(database, broadcast_id)]
    assert sorted(found) == sorted(set(found))
    assert len(found) == 40


def test_a_second_planner_comes_again_instead_of_waiting(database: Database) -> None:
    broadcast_id = released_to(database, 1)
    with database.write() as session:
        plan_page(session, broadcast_id, NOW, SIZES)
        session.flush()
        with database.write() as other:
            assert plan_page(other, broadcast_id, NOW, SIZES) == LOCKED_WAIT_SECONDS
    with database.write() as other:
        assert plan_page(other, broadcast_id, NOW, SIZES) is None


def test_notes_about_a_broadcast_do_not_hold_its_planning_up_nor_the_other_way_round(
    database: Database,
) -> None:
    """A note refers to the broadcast's row, which PostgreSQL locks against being removed."""
    broadcast_id = released_to(database, 1)
    with database.write() as session:
        row = new_batch(broadcast_id, builders.account(session), "th", "", [7], NOW)
        batch = Batch(**row)
        session.add(batch)
    with database.write() as noting:
        batches.note(noting, batch, [7], "failed", "blocked by the user", NOW)
        noting.flush()
        with database.write() as session:
            plan_page(session, broadcast_id, NOW, SIZES)
            with database.write() as noting_meanwhile:
                batches.note(noting_meanwhile, batch, [7], "failed", "blocked by the user", NOW)
    assert len(copies(database, broadcast_id)) == 2


def test_a_stop_waits_for_the_page_and_then_ends_all_of_it(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drawing, "PAGE_KEYS", 3)
    broadcast_id = released_to(database, 9)

    def stop() -> int:
        with database.write() as session:
            broadcasts.move(session, broadcast_id, BroadcastState.STOPPED, NOW, by="tester")
            return batches.end_waiting(session, broadcast_id, BatchState.STOPPED, NOW)

    with ThreadPoolExecutor(1) as pool:
        with database.write() as session:
            plan_page(session, broadcast_id, NOW, SIZES)
            stopping = pool.submit(stop)
            with pytest.raises(TimeoutError):
                stopping.result(timeout=0.3)
        assert stopping.result(timeout=300) == 1
    with database.write() as session:
        assert plan_page(session, broadcast_id, NOW, SIZES) is None
        assert not batches.has_open(session, broadcast_id)
