"""A worker is frozen past its lease and woken while another has its work: nothing it believes is written or sent."""

import signal
from collections import Counter
from pathlib import Path

import pytest

from storage.batches import unpack
from storage.lifecycles import BatchState
from tests.failures import networks
from tests.failures.audience import Audience, subscribers
from tests.failures.child import Crash
from tests.failures.servers import SHORT_LEASES, ask_status, say, servers, wait_until
from tests.failures.size import seeded, size
from tests.postgres import PostgresServer

MANY = size(16_000, 50_000)
FEW = size(600, 5_000)
A_BATCH = 500
LAST_WAIT = "broadcasts.delivery.pacing:Calls.turn"
"""Right before the write: all that was loaded and connected at the start is behind it."""


def rows(audience: Audience, broadcast_id: int, ids: set[int]) -> dict[int, tuple[str, int, bytes]]:
    """State, fencing number and outcomes of some batches."""
    found = audience.batches(broadcast_id)
    return {each.id or 0: (each.state, each.fence, each.outcomes) for each in found if each.id in ids}


@pytest.mark.postgres
@pytest.mark.parametrize("name", ["line", "telegram"])
def test_a_frozen_worker_is_woken_while_another_has_its_work(
    postgres: PostgresServer, tmp_path: Path, name: str
) -> None:
    """Frozen amid calls, and in the moment before a departure: after it was looked whether it may go."""
    url, chance = postgres.fresh_database(), seeded()
    keyed = name == "line"
    serve = networks.line(20) if keyed else networks.telegram(60)
    with serve as network, servers(url, tmp_path, **network.settings) as running:
        audience = subscribers(url, MANY if keyed else FEW, network)
        held = network.fake.held
        at = chance.randint(10, 16) if keyed else chance.randint(80, 200)
        # Some of those who leave shortly before have no answer yet when it is frozen.
        step = A_BATCH if keyed else 1
        held.hold(audience.addresses[step * (at - each)] for each in range(3, 8 if keyed else 30))
        running.values = SHORT_LEASES
        broadcast_id = audience.release()
        frozen = running.make("worker").start(Crash(function=LAST_WAIT, nth=at, by=signal.SIGSTOP))
        frozen.wait_frozen()
        # What it wrote before has been read when the network answers these.
        assert 0 not in [ask_status(network.fake.url) for _ in range(3)]
        if not held.waiting:
            # On a busy machine its calls were slower than its departures: then somewhere amid them.
            frozen.wake()
            wait_until(lambda: bool(held.waiting), look=0.01)
            frozen.freeze()
        in_flight = audience.in_flight(broadcast_id)
        in_hand = [each for each in audience.batches(broadcast_id) if each.state == BatchState.SENDING]
        address = {contact: address for address, contact in audience.contacts.items()}
        # Nothing that it had in hand is answered to the other, so that this is at work on it all the time.
        had, unanswered = in_flight & set(audience.got()), Counter(held.waiting)
        held.hold(address[i] for batch in in_hand for i in unpack(batch.recipients))
        running.values = {}
        other = running.make("worker").start()
        in_doubt = in_flight if not keyed else {unpack(batch.recipients)[0] for batch in in_hand}
        called = unanswered + Counter(address[i] for i in in_doubt)
        assert had < in_flight, "the one before its departure is among them"
        wait_until(lambda: Counter(held.waiting) >= called, lambda: str(called - Counter(held.waiting)))
        other.freeze()
        ids = {each.id or 0 for each in in_hand}
        before = rows(audience, broadcast_id, ids)
        taken_over = [batch for batch in in_hand if before[batch.id or 0][:2] == ("sending", batch.fence + 1)]
        # What nobody has taken from it is still its own.
        its_own = {batch.id for batch in in_hand if before[batch.id or 0][:2] == ("sending", batch.fence)}
        frozen.wake()
        # It ends when it has done whatever it still had in hand.
        assert frozen.terminate() == 0
        after = rows(audience, broadcast_id, ids)
        stale = [batch_id for batch_id in ids - its_own if before[batch_id] != after[batch_id]]
        say(
            f"{len(in_flight)} in flight, {len(had)} of them sent to, {unanswered.total()} calls unanswered; "
            f"{len(taken_over)} of {len(ids)} batches at the other; woken: {len(stale)} stale writes"
        )
        assert taken_over
        assert stale == []
        if isinstance(network, networks.LineNetwork):
            again = Counter(network.fake.accepted_before)
            theirs = Counter(str(each.retry_key) for each in in_hand if had & set(unpack(each.recipients)))
            assert theirs <= again
            # One that had its departure before may be among them: its loop writes at the end of a turn.
            number = {str(each.retry_key): n for n, each in enumerate(audience.batches(broadcast_id), 1)}
            assert [number[key] for key in again - theirs if number[key] >= at] == []
            assert set(again.values()) <= {1}
        elif isinstance(network, networks.TelegramNetwork):
            # A second call to a chat within its second.
            assert 429 not in [call.status for call in network.fake.journal]
        held.let_go()
        other.wake()
        audience.wait_for(broadcast_id)
        assert other.terminate() == 0
        twice, listed = audience.twice(), audience.listed(broadcast_id)
        say(f"{len(twice)} twice, {len(listed)} listed, at most {max(audience.got().values())} each")
        assert audience.left_out() == set()
        assert twice <= had
        assert twice <= listed <= in_flight
        assert not (keyed and twice)
        assert max(audience.got().values()) <= 2
        audience.database.close()
