"""LINE's webhooks in: how many a second are verified, committed and answered, and how late at half of that.

On PostgreSQL, whose web process does nothing else. Beside it the same server that stores nothing: all else that is done
for a webhook is done (signature, reading, hearing a cry). And a function of three lines that looks at the signature
alone, to see what the rest of `krajai web` costs.
"""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from sqlmodel import func, select

from benchmarks.providers.serving import Limits, Provider, providers
from benchmarks.rig.at_once import at_once
from benchmarks.rig.databases import PostgresHouse, postgresql
from benchmarks.rig.known import ROOT
from benchmarks.rig.krajai import Installation, Process, free_port, krajai
from benchmarks.rig.load import Load, post_load
from benchmarks.rig.people import NATIONWIDE
from benchmarks.rig.results import Results, Row, console
from benchmarks.rig.sizes import Sizes, sizes
from storage.inbox import InboxEvent

CONNECTIONS = 32
MOST_A_SECOND = 8000
"""So many webhooks a second are made ready: more than are taken of those whom they are compared with."""

BROADCAST_LIMIT = 10.0


def main(results: Results) -> None:
    """Measure the maximum, beside the bare server; and while a broadcast goes out, with the delays at half of it."""
    chosen, house = sizes(), postgresql()
    with (
        providers() as provider,
        _signature_alone() as signature_alone,
        _installation(house, provider, chosen, workers=0) as web_alone,
        _installation(house, provider, chosen, workers=0, stores_nothing=True) as forgetful,
        _installation(house, provider, chosen, workers=1) as whole,
    ):
        at_once([each.await_ready for each in (web_alone, forgetful, whole)])
        most, different, bare, signature_only = _maxima(
            results, web_alone, (forgetful.port, signature_alone), chosen
        )
        for installation in (web_alone, forgetful):
            installation.ask_to_stop()
        for installation in (web_alone, forgetful):
            installation.stop()
        _at_half(results, whole, provider, chosen)
    results.table(
        f"LINE webhooks, {CONNECTIONS} connections",
        "webhooks/s",
        [
            Row(who="Krajai: verified and committed", per_second=most.per_second),
            Row(who="the same, no two say the same", per_second=different.per_second),
            Row(who="the same server, nothing stored", per_second=bare.per_second),
            Row(who="the signature alone", per_second=signature_only.per_second),
        ],
    )
    results.put(
        webhooks_per_second=most.per_second,
        webhooks_of_different_words_per_second=different.per_second,
        webhooks_vs_bare=most.per_second / bare.per_second,
        webhooks_vs_signature_alone=most.per_second / signature_only.per_second,
    )


def _installation(
    house: PostgresHouse, provider: Provider, chosen: Sizes, *, workers: int, stores_nothing: bool = False
) -> AbstractContextManager[Installation]:
    return krajai(
        house,
        provider,
        channel="line",
        people_count=int(BROADCAST_LIMIT * 500 * 2 * (chosen.webhook_seconds + 2)),
        workers=workers,
        with_web=True,
        wait=False,
        stores_nothing=stores_nothing,
        line_requests_per_second=BROADCAST_LIMIT,
    )


def _maxima(
    results: Results, installation: Installation, others: tuple[int, int], chosen: Sizes
) -> tuple[Load, Load, Load, Load]:
    """Of Krajai when all say the same, of Krajai when no two do, of the two others at these ports."""
    seconds, first = chosen.webhook_seconds, 1
    loads: list[list[Load]] = [[], [], []]
    for _ in range(max(chosen.rounds, 3)):
        for of_one, port in zip(loads, (installation.port, *others), strict=True):
            of_one.append(_most(port, seconds, first))
        first += int(MOST_A_SECOND * seconds)
    different = _most(installation.port, seconds, first, different=True)
    _require_stored(results, installation, [*loads[0], different], "at the maximum")
    ours, theirs, signature_only = (max(each, key=lambda load: load.per_second) for each in loads)
    return ours, different, theirs, signature_only


def _at_half(results: Results, installation: Installation, provider: Provider, chosen: Sizes) -> None:
    """The maximum while a broadcast goes out and a worker answers who wrote, and the delays at half of it."""
    provider.set_up(Limits(line=BROADCAST_LIMIT, latency=True))
    released = installation.release("meanwhile", NATIONWIDE)
    seconds = chosen.webhook_seconds
    most = _most(installation.port, seconds, 1)
    rate = most.per_second / 2
    load = post_load(
        installation.port,
        first=1 + int(MOST_A_SECOND * seconds),
        count=int(rate * seconds) + 1,
        connections=CONNECTIONS * 4,
        seconds=seconds,
        rate=rate,
    )
    went_on = provider.recipients().get(released.name, 0)
    _require_stored(results, installation, [most, load], "while a broadcast went out")
    results.require(went_on > 0, "no broadcast was sent while webhooks came in")
    results.put(
        webhooks_per_second_beside_broadcast=most.per_second,
        webhooks_p99_seconds_at_half=load.p99,
        webhooks_median_seconds_at_half=load.median,
        broadcast_recipients_meanwhile=went_on,
    )
    console.print(
        f"beside a broadcast and a worker that answers {most.per_second:,.0f} webhooks/s; at half of that median "
        f"{load.median * 1000:.0f} ms, p99 {load.p99 * 1000:.0f} ms, slowest {load.slowest * 1000:.0f} ms"
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
def _signature_alone() -> Iterator[int]:
    port = free_port()
    running = subprocess.Popen([sys.executable, "-m", "benchmarks.rig.bare_server", str(port)], cwd=ROOT)
    process = Process(command="bare server", running=running)
    try:
        process.await_port(port)
        yield port
    finally:
        process.stop()
