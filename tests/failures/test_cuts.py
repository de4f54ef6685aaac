"""The provider accepts, and the line is cut before it says so: on LINE nobody hears twice, elsewhere it is unknown."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from storage.broadcasts import Priority
from storage.lifecycles import Outcome
from tests.failures import networks
from tests.failures.audience import subscribers
from tests.failures.servers import say, servers
from tests.failures.size import seeded, size
from tests.fakes import kannel as kannel_fake
from tests.fakes import line as line_fake
from tests.fakes import telegram as telegram_fake

SHARE = 0.3
MANY = size(1_000, 10_000)
A_BATCH = size(20, 500)
FEW = size(300, 5_000)
BATCHES = {"bot.channels.line:MOST_RECIPIENTS": A_BATCH}
"""Smaller requests than LINE takes, so that there are many of them."""


def test_line_accepts_and_cuts(url: str, tmp_path: Path) -> None:
    chance = seeded()
    with networks.line() as network, servers(url, tmp_path, **network.settings) as running:
        running.values = BATCHES
        audience = subscribers(url, MANY, network)
        cuts = [
            line_fake.Fault.ACCEPTS_AND_CUTS if chance.random() < SHARE else None for _ in range(4 * MANY)
        ]
        network.fake.order(*cuts)
        broadcast_id = audience.release()
        server = running.make("run").start()
        seconds = audience.wait_for(broadcast_id)
        asked = sum(path.endswith("multicast") for _, path in network.fake.requests)
        accepted = len(network.fake.journal)
        cut = cuts[:asked].count(line_fake.Fault.ACCEPTS_AND_CUTS)
        say(f"{accepted} accepted, {cut} cut, {asked - accepted} asked again, done after {seconds:.1f} s")
        assert server.terminate() == 0
        assert cut > accepted * SHARE / 2
        assert audience.got() == dict.fromkeys(audience.contacts.values(), 1)
        assert audience.tally(broadcast_id) == {"planned": MANY, "accepted": MANY}
        assert audience.listed(broadcast_id) == set()


CUTS = {
    "telegram": telegram_fake.Fault.CUT_AFTER_ACCEPTING,
    "sms": kannel_fake.Fault.DROPPED_AFTER_ACCEPTING,
}


@pytest.mark.parametrize("priority", list(Priority))
@pytest.mark.parametrize("name", ["telegram", "sms"])
def test_without_a_key_it_is_unknown(url: str, tmp_path: Path, name: str, priority: Priority) -> None:
    """A routine message is not sent again; an emergency once more, and whoever may hear twice is listed."""
    chance = seeded()
    serve = networks.telegram(500) if name == "telegram" else networks.kannel(500)
    with serve as network, servers(url, tmp_path, **network.settings) as running:
        audience = subscribers(url, FEW, network)
        cuts: list[Any] = [CUTS[name] if chance.random() < SHARE else None for _ in range(FEW)]
        network.fake.faults.extend(cuts)
        broadcast_id = audience.release(priority)
        server = running.make("run").start()
        audience.wait_for(broadcast_id)
        assert server.terminate() == 0
        unknown, twice = audience.with_outcome(broadcast_id, Outcome.UNKNOWN), audience.twice()
        doubted = audience.listed(broadcast_id, "unknown")
        say(f"{len(doubted)} of {FEW} were in doubt, {len(twice)} twice, {len(unknown)} unknown in the end")
        say(Counter(audience.reasons(doubted - twice)))
        assert audience.left_out() == set()
        assert FEW * SHARE / 2 < len(doubted) < FEW * SHARE * 2
        if priority is Priority.ROUTINE:
            assert (twice, unknown) == (set(), doubted)
        else:
            assert twice == doubted == audience.listed(broadcast_id)
            assert unknown <= doubted
            assert max(audience.got().values()) == 2
