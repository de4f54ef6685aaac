"""A worker is frozen past its lease and woken: another has its work, and nothing it believes is written."""

from pathlib import Path

import pytest

from tests.failures import networks
from tests.failures.audience import subscribers
from tests.failures.servers import SHORT_LEASES, say, servers
from tests.failures.size import seeded, size
from tests.postgres import PostgresServer

MANY = size(16_000, 50_000)
FEW = size(600, 5_000)


@pytest.mark.postgres
@pytest.mark.parametrize("name", ["line", "telegram"])
def test_a_frozen_worker_is_woken(postgres: PostgresServer, tmp_path: Path, name: str) -> None:
    url, chance = postgres.fresh_database(), seeded()
    keyed = name == "line"
    serve = networks.line(20) if keyed else networks.telegram(150)
    with serve as network, servers(url, tmp_path, **network.settings) as running:
        running.values = SHORT_LEASES
        audience = subscribers(url, MANY if keyed else FEW, network)
        workers = [running.make("worker").start() for _ in range(2)]
        broadcast_id = audience.release()
        audience.wait_partly(chance.uniform(0.1, 0.4))
        workers[0].freeze()
        in_flight = audience.in_flight(broadcast_id)
        seconds = audience.wait_for(broadcast_id)
        before = [batch.model_dump() for batch in audience.batches(broadcast_id)]
        heard = audience.network.arrived()
        workers[0].wake()
        # It ends when it has done whatever it still had in hand.
        assert workers[0].terminate() == 0
        after = [batch.model_dump() for batch in audience.batches(broadcast_id)]
        stale = sum(a != b for a, b in zip(before, after, strict=True))
        late = audience.network.arrived() - heard
        twice, listed = audience.twice(), audience.listed(broadcast_id)
        say(
            f"{len(in_flight)} in flight, done after {seconds:.1f} s; woken: {stale} stale writes, {late} late sends"
        )
        say(f"{len(twice)} twice, {len(listed)} listed, at most {max(audience.got().values())} each")
        assert stale == 0
        assert audience.left_out() == set()
        assert twice <= listed <= in_flight
        assert not (keyed and twice)
        assert workers[1].terminate() == 0
        audience.database.close()
