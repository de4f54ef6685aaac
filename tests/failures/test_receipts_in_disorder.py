"""An SMS network tells receipts before its answer, twice, in any order, of nothing we sent, or somebody else does."""

import asyncio
import urllib.parse
import urllib.request
from pathlib import Path

from storage.lifecycles import Outcome
from tests.failures import networks
from tests.failures.audience import subscribers
from tests.failures.servers import ask_status, say, servers
from tests.failures.size import seeded, size
from tests.fakes.kannel import Fault, Sent

COUNT = size(120, 2_000)
DELIVERED, NOT_DELIVERED, QUEUED, ACCEPTED = 1, 2, 4, 8


def test_receipts_only_move_what_is_known_forward(url: str, tmp_path: Path) -> None:
    chance = seeded()
    with networks.kannel(400) as network, servers(url, tmp_path, **network.settings) as running:
        audience = subscribers(url, COUNT, network)
        server = running.make("run")
        server.settings["KRAJAI_PUBLIC_URL"] = server.address
        server.start().wait_ready()
        network.fake.receipts_before_answer = (ACCEPTED, QUEUED)
        cuts = [chance.random() < 0.3 for _ in range(COUNT)]
        network.fake.faults.extend(Fault.DROPPED_AFTER_ACCEPTING if cut else None for cut in cuts)
        broadcast_id = audience.release()
        audience.wait_for(broadcast_id)
        network.fake.receipts_before_answer = ()
        twice = audience.twice()
        doubted = audience.listed(broadcast_id, "unknown")
        # Early receipts of the network have told that nobody need be tried again.
        say(f"{sum(cuts)} cut after accepting, {len(doubted)} in doubt, {len(twice)} twice")
        assert audience.tally(broadcast_id) == {"planned": COUNT, "accepted": COUNT}
        assert audience.left_out() == set()
        before = audience.with_outcome(broadcast_id, Outcome.ACCEPTED)
        told = [
            (sent, chance.choice((DELIVERED, NOT_DELIVERED, QUEUED))) for sent in network.fake.accepted
        ] * 2
        chance.shuffle(told)
        answers = asyncio.run(_tell(network, told))
        forged = _forged(server.address, network.fake.accepted[0].dlr_url)
        missed = {sent.to for sent, status in told if status == NOT_DELIVERED}
        noted = audience.listed(broadcast_id, "not delivered")
        say(
            f"{len(answers)} receipts, {len(missed)} phones not reached, {len(noted)} noted; forged: {forged}"
        )
        assert set(answers) == {202} or set(answers) == {200}
        assert set(forged) == {401}
        assert audience.with_outcome(broadcast_id, Outcome.ACCEPTED) == before
        assert noted == {audience.contacts[number] for number in missed}
        assert ask_status(_other(network.fake.accepted[0].dlr_url, "b999999.1")) in (200, 202)
        assert ask_status(_other(network.fake.accepted[0].dlr_url, "b1.999999")) in (200, 202)
        assert audience.tally(broadcast_id) == {"planned": COUNT, "accepted": COUNT}
        assert server.terminate() == 0


async def _tell(network: networks.KannelNetwork, told: list[tuple[Sent, int]]) -> list[int]:
    return [status for sent, kind in told for status in await network.fake.report(sent, kind)]


def _forged(address: str, genuine: str) -> list[int]:
    """By somebody who knows the address and the reference, not the token."""
    parts = urllib.parse.urlsplit(genuine.replace("%d", "2"))
    fields = dict(urllib.parse.parse_qsl(parts.query))
    wrong = [{**fields, "token": "guessed"}, {**fields, "token": ""}]
    return [ask_status(f"{address}{parts.path}?{urllib.parse.urlencode(each)}") for each in wrong]


def _other(genuine: str, reference: str) -> str:
    parts = urllib.parse.urlsplit(genuine.replace("%d", "2"))
    fields = {**dict(urllib.parse.parse_qsl(parts.query)), "ref": reference}
    return parts._replace(query=urllib.parse.urlencode(fields)).geturl()
