"""Who may still get it is the same whether they are looked up one by one or as a range of ids."""

import random

import pytest

from broadcasts.delivery import reachable
from storage.broadcasts import Broadcast
from tests.broadcasts.delivery.scene import Lasting, Scene
from tests.fakes.scripted_channel import ScriptedChannel

MANY = tuple(f"sim-{number:03d}" for number in range(260))
LEAVING = {"sim-007": "stops", "sim-100": "blocks", "sim-101": "is erased", "sim-259": "stops"}


@pytest.mark.parametrize(
    ("batches", "ranges"),
    [
        pytest.param([range(130), range(130, 260)], 1, id="side by side"),
        pytest.param([range(150, 260), range(110)], 1, id="a hole between"),
        pytest.param([range(0, 260, 3)], 0, id="every third"),
        pytest.param([range(120), range(121, 260, 20), range(120, 240)], 1, id="another language among them"),
        pytest.param([range(9), range(250, 260)], 0, id="too few for a query each"),
    ],
)
def test_those_who_left_have_no_address(lasting: Lasting, batches: list[range], ranges: int) -> None:
    with Scene(lasting, ScriptedChannel(keyed=True), addresses=MANY) as scene:
        broadcast_id = scene.release()
        for address, how in LEAVING.items():
            scene.leave(address, how)
        asked = [[scene.ids[MANY[i]] for i in batch] for batch in batches]
        for ids in asked:
            random.Random(6).shuffle(ids)
        with lasting.database.read() as session:
            broadcast = session.get_one(Broadcast, broadcast_id)
            found = reachable.addresses_of(session, broadcast, scene.account_id, asked)
    assert len(reachable._ranges(asked)[0]) == ranges
    wanted = {MANY[i] for batch in batches for i in batch}
    there = {scene.ids[address]: address for address in MANY if address not in LEAVING}
    assert found.items() <= there.items()
    assert wanted - LEAVING.keys() <= set(found.values())


def test_a_range_is_read_by_ids_and_not_by_account(lasting: Lasting) -> None:
    """SQLite takes an index with an equality before a range, and would read all contacts of an account."""
    with lasting.database.read() as session:
        if not lasting.database.is_sqlite:
            pytest.skip("PostgreSQL knows how many a range holds")
        asked = reachable._in_range("warning").params(first=1, last=9, account=1)
        compiled = asked.compile(session.connection(), compile_kwargs={"literal_binds": True})
        plan = [str(row[3]) for row in session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {compiled}")]
    assert plan[0] == "SEARCH contact USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)"
