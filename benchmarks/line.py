"""LINE: a broadcast as fast as it goes beside a bare line-bot-sdk loop and the ceiling; and at its limit.

Limited, the provider takes as long as LINE does and refuses what is too fast; unlimited, it answers at once.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from itertools import pairwise

from sqlalchemy import text

from benchmarks.providers.serving import Limits, Provider, Seen, providers
from benchmarks.rig import peers
from benchmarks.rig.databases import sqlite
from benchmarks.rig.krajai import Installation, krajai
from benchmarks.rig.measuring import Begun, in_turn, without_limit
from benchmarks.rig.people import NATIONWIDE, PART_OF_ALL
from benchmarks.rig.results import Results, Row, console
from benchmarks.rig.sizes import Sizes, sizes

IN_FLIGHT = 32
"""Requests on their way at once, for everybody who is compared."""

MOST_RECIPIENTS = 500


def main(results: Results) -> None:
    """Measure speed and cost without a limit."""
    in_turn(results, unlimited)


def unlimited(results: Results) -> AbstractContextManager[Begun]:
    """Speed and cost without a limit."""
    chosen = sizes()
    return without_limit(
        "line",
        chosen.line_recipients,
        IN_FLIGHT,
        lambda installation, provider: _unlimited(results, installation, provider, chosen),
    )


@contextmanager
def limited(results: Results) -> Iterator[Begun]:
    """The pace."""
    with at_limit(sizes()) as on_line:
        yield begun_at_limit(results, on_line, sizes())


@dataclass(frozen=True, kw_only=True)
class OnLine:
    """An installation and the LINE that it sends to."""

    installation: Installation
    provider: Provider


@contextmanager
def at_limit(chosen: Sizes) -> Iterator[OnLine]:
    """Yield an installation with LINE's limit, started and perhaps not ready."""
    with (
        providers() as provider,
        krajai(
            sqlite(),
            provider,
            channel="line",
            people_count=chosen.line_recipients,
            line_requests_per_second=chosen.line_limit,
            wait=False,
        ) as installation,
    ):
        yield OnLine(installation=installation, provider=provider)


def begun_at_limit(results: Results, on_line: OnLine, chosen: Sizes) -> Begun:
    """How the pace is measured on it."""
    return Begun(
        await_ready=on_line.installation.await_ready,
        measure=lambda: _limited(results, on_line.installation, on_line.provider, chosen),
        end=on_line.installation.ask_to_stop,
    )


def _limited(results: Results, installation: Installation, provider: Provider, chosen: Sizes) -> None:
    limit = chosen.line_limit
    provider.set_up(Limits(line=limit, latency=True))
    before = installation.cpu_seconds
    released = installation.release("limited", NATIONWIDE)
    installation.await_done(released, 60 + 2 * chosen.line_recipients / MOST_RECIPIENTS / limit)
    seen, totals = provider.seen()[released.name], provider.totals()
    cpu_seconds = installation.cpu_seconds - before
    whole(results, seen, chosen.line_recipients, "limited LINE broadcast")
    results.put(
        line_limited_fraction=seen.requests_per_second / limit,
        line_limit_exceeded=totals.exceeded,
        line_limited_recipients_per_second=seen.recipients_per_second,
        line_limited_first_message_seconds=seen.first_at - released.at,
        line_most_in_flight=totals.most_in_flight,
    )
    console.print(
        f"LINE at {limit:g} requests/s, latency as LINE's: {seen.requests_per_second:.1f} requests/s for "
        f"{seen.seconds:.1f} s, {seen.recipients_per_second:,.0f} recipients/s, CPU {cpu_seconds:.1f} s"
    )


def _unlimited(results: Results, installation: Installation, provider: Provider, chosen: Sizes) -> None:
    people = chosen.line_recipients
    parts = [
        _one(results, installation, provider, people // each, f"part {each}", area=(PART_OF_ALL[each],))
        for each in chosen.line_parts
    ]
    small = parts[0]
    bytes_before = _bytes(installation)
    streamed = _one(results, installation, provider, people, "streamed")
    bytes_used = _bytes(installation) - bytes_before
    ours, theirs = [], []
    for turn in range(chosen.rounds):
        ours.append(_one(results, installation, provider, people, f"planned {turn}", planned=True))
        theirs.append(peers.run(peers.LINE_SDK, provider, people, IN_FLIGHT))
    commits = installation.worker.stopped_commits()
    ceiling = peers.run(peers.LINE_CEILING, provider, chosen.line_ceiling_recipients, IN_FLIGHT)
    best = max(ours, key=lambda each: each.seen.recipients_per_second)
    sdk = max(theirs, key=lambda each: each.seen.recipients_per_second)
    fastest, streaming = best.seen.recipients_per_second, streamed.seen.recipients_per_second
    results.table(
        f"LINE without a limit, {IN_FLIGHT} in flight",
        "recipients/s",
        [
            Row(who="Krajai, planned before", per_second=fastest, cpu_seconds=best.cpu_seconds),
            Row(who="Krajai, planning as it sends", per_second=streaming, cpu_seconds=streamed.cpu_seconds),
            Row(
                who=peers.LINE_SDK.name,
                per_second=sdk.seen.recipients_per_second,
                cpu_seconds=sdk.cpu_seconds,
            ),
            Row(
                who=peers.LINE_CEILING.name,
                per_second=ceiling.seen.recipients_per_second,
                remark="the ceiling",
            ),
        ],
    )
    by_audience = (*parts, streamed)
    results.table(
        "LINE without a limit, from the release to the last, by audience",
        "recipients/s",
        [
            Row(
                who=f"{each.seen.recipients:,} people",
                per_second=each.seen.recipients / each.seconds,
                cpu_seconds=each.cpu_seconds,
                remark=f"{each.seconds:.2f} s, {each.peak_megabytes:.0f} MB",
            )
            for each in by_audience
        ],
    )
    requests = sum(each.seen.requests for each in (*parts, streamed, *ours))
    results.put(
        line_unlimited_vs_sdk=fastest / sdk.seen.recipients_per_second,
        line_unlimited_streaming_vs_sdk=streaming / sdk.seen.recipients_per_second,
        line_unlimited_recipients_per_second=fastest,
        line_sdk_recipients_per_second=sdk.seen.recipients_per_second,
        line_ceiling_recipients_per_second=ceiling.seen.recipients_per_second,
        cpu_seconds_per_million_line=streamed.cpu_seconds / people * 1e6,
        cpu_seconds_per_million_line_planned_before=best.cpu_seconds / people * 1e6,
        commits_per_thousand_requests=commits / requests * 1000,
        worker_memory_growth=streamed.peak_megabytes / small.peak_megabytes,
        worker_memory_megabytes=streamed.peak_megabytes,
        database_bytes_per_million_line=int(bytes_used / people * 1e6),
        line_seconds_per_recipient_growth=max(
            more.seconds_each / fewer.seconds_each for fewer, more in pairwise(by_audience)
        ),
    )


@dataclass(frozen=True, kw_only=True)
class _Sent:
    """What the provider saw of a broadcast, and what the worker used for it; `seconds` from the release to the last."""

    seen: Seen
    seconds: float
    cpu_seconds: float
    peak_megabytes: float

    @property
    def seconds_each(self) -> float:
        return self.seconds / self.seen.recipients


def _one(
    results: Results,
    installation: Installation,
    provider: Provider,
    people: int,
    title: str,
    *,
    area: tuple[str, ...] = NATIONWIDE,
    planned: bool = False,
) -> _Sent:
    provider.set_up(Limits())
    installation.worker.forget_peak()
    before = installation.cpu_seconds
    released = installation.release(title, area, planned_for=MOST_RECIPIENTS * planned)
    installation.await_done(released, 300)
    seen = provider.seen()[released.name]
    whole(results, seen, people, f"LINE broadcast {title}")
    return _Sent(
        seen=seen,
        seconds=seen.last_at - released.at,
        cpu_seconds=installation.cpu_seconds - before,
        peak_megabytes=installation.worker.peak_megabytes,
    )


def _bytes(installation: Installation) -> int:
    """How large the database is, what waits in its journal included."""
    with installation.database.read() as session:
        pages, size = (
            session.connection().execute(text(f"PRAGMA {name}")).scalar_one()
            for name in ("page_count", "page_size")
        )
    return int(pages * size)


def whole(results: Results, seen: Seen, people: int, what: str) -> None:
    """Everybody got it, nobody twice."""
    results.require(
        seen.different == people and seen.twice == 0,
        f"{what}: {seen.different} of {people} recipients, {seen.twice} twice",
    )
