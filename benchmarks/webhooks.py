"""LINE's webhooks in: how many a second are verified, committed and answered, and how late at half of that.

On PostgreSQL, whose web process does nothing else; beside it the same server that verifies and stores nothing.
"""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from sqlmodel import func, select

from benchmarks.providers.serving import Limits, Provider, providers
from benchmarks.rig.databases import PostgresHouse, postgresql
from benchmarks.rig.known import ROOT
from benchmarks.rig.krajai import Installation, Process, free_port, krajai
from benchmarks.rig.load import Load, post_load
from benchmarks.rig.people import NATIONWIDE
from benchmarks.rig.results import Results, Row, console
from benchmarks.rig.sizes import Sizes, sizes
from storage.inbox import InboxEvent

CONNECTIONS = 32
MOST_A_SECOND = 4000
"""So many webhooks a second are made ready: more than the bare server can take."""

BROADCAST_LIMIT = 10.0


def main(results: Results) -> None:
    """Measure the maximum, beside the bare server, and the delays at half of it while a broadcast goes out."""
    chosen = sizes()
    with (
        postgresql() as house,
        providers() as provider,
        _installation(house, provider, chosen, workers=0) as web_alone,
        _installation(house, provider, chosen, workers=1) as whole,
    ):
        web_alone.await_ready()
        whole.await_ready()
        most, different, bare = _maxima(results, web_alone, chosen)
        web_alone.stop()
        _at_half(results, whole, provider, chosen, most.per_second / 2)
    results.table(
        f"LINE webhooks, {CONNECTIONS} connections",
        "webhooks/s",
        [
            Row(who="Krajai: verified and committed", per_second=most.per_second),
            Row(who="the same, no two say the same", per_second=different.per_second),
            Row(who="the same server: verified, nothing stored", per_second=bare.per_second),
        ],
    )
    results.put(
        webhooks_per_second=most.per_second,
        webhooks_of_different_words_per_second=different.per_second,
        webhooks_vs_bare=most.per_second / bare.per_second,
    )


def _installation(
    house: PostgresHouse, provider: Provider, chosen: Sizes, *, workers: int
) -> AbstractContextManager[Installation]:
    return krajai(
        house,
        provider,
        channel="line",
        people_count=int(BROADCAST_LIMIT * 500 * (chosen.webhook_seconds + 5)),
        workers=workers,
        with_web=True,
        wait=False,
        line_requests_per_second=BROADCAST_LIMIT,
    )


def _maxima(results: Results, installation: Installation, chosen: Sizes) -> tuple[Load, Load, Load]:
    """Of Krajai when all say the same, of Krajai when no two do, of the bare server."""
    ours, theirs, first = [], [], 1
    with _bare_server() as port:
        for _ in range(chosen.rounds):
            ours.append(_most(installation.port, chosen.webhook_seconds, first))
            theirs.append(_most(port, chosen.webhook_seconds, first))
            first += int(MOST_A_SECOND * chosen.webhook_seconds)
    different = _most(installation.port, chosen.webhook_seconds, first, different=True)
    _require_stored(results, installation, [*ours, different], "at the maximum")
    best = [max(loads, key=lambda each: each.per_second) for loads in (ours, theirs)]
    return best[0], different, best[1]


def _at_half(
    results: Results, installation: Installation, provider: Provider, chosen: Sizes, rate: float
) -> None:
    provider.set_up(Limits(line=BROADCAST_LIMIT, latency=True))
    released = installation.release("meanwhile", NATIONWIDE)
    seconds = chosen.webhook_seconds
    load = post_load(
        installation.port,
        first=1,
        count=int(rate * seconds) + 1,
        connections=CONNECTIONS * 4,
        seconds=seconds,
        rate=rate,
    )
    went_on = provider.recipients().get(released.name, 0)
    _require_stored(results, installation, [load], "at half the maximum")
    results.require(went_on > 0, "no broadcast was sent while webhooks came in")
    results.put(
        webhooks_p99_seconds_at_half=load.p99,
        webhooks_median_seconds_at_half=load.median,
        broadcast_recipients_meanwhile=went_on,
    )
    console.print(
        f"{rate:,.0f} webhooks/s beside a broadcast and answering: median {load.median * 1000:.0f} ms, p99 "
        f"{load.p99 * 1000:.0f} ms, slowest {load.slowest * 1000:.0f} ms"
    )


def _most(port: int, seconds: float, first: int, *, different: bool = False) -> Load:
    return post_load(
        port,
        first=first,
        count=int(MOST_A_SECOND * seconds),
        connections=CONNECTIONS,
        seconds=seconds,
        different=different,
    )


def _require_stored(results: Results, installation: Installation, loads: list[Load], when: str) -> None:
    """What was answered 200 is there; nothing was refused."""
    with installation.database.read() as session:
        stored = session.exec(select(func.count()).select_from(InboxEvent)).one()
    lost = max(sum(load.accepted for load in loads) - stored, 0)
    results.put(webhooks_lost=(results.figures.get("webhooks_lost") or 0) + lost)
    refused = sum(load.refused for load in loads)
    results.require(refused == 0, f"{refused} webhooks were refused {when}")


@contextmanager
def _bare_server() -> Iterator[int]:
    port = free_port()
    running = subprocess.Popen([sys.executable, "-m", "benchmarks.rig.bare_server", str(port)], cwd=ROOT)
    process = Process(command="bare server", running=running)
    try:
        process.await_port(port)
        yield port
    finally:
        process.stop()
