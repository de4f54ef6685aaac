"""Several workers on PostgreSQL, with a provider that takes its time: what grows with them, and what the limit caps.

Left out of quick runs.
"""

from benchmarks.line import whole
from benchmarks.providers.serving import Limits, Provider, providers
from benchmarks.rig.databases import PostgresHouse, postgresql
from benchmarks.rig.krajai import krajai
from benchmarks.rig.people import NATIONWIDE
from benchmarks.rig.results import Results, Row, console
from benchmarks.rig.sizes import Sizes, sizes

IN_FLIGHT_EACH = 64


def main(results: Results) -> None:
    """Measure the same broadcast with 1, 2 and 4 workers, at LINE's limit and without any."""
    chosen = sizes()
    if not chosen.workers:
        console.print("left out of a quick run")
        return
    house = postgresql()
    with providers() as provider:
        for limit in (chosen.line_limit, None):
            rows = [_with(results, house, provider, workers, limit, chosen) for workers in chosen.workers]
            pace = "without a limit" if limit is None else f"at {limit:g} requests/s"
            results.table(f"LINE on PostgreSQL {pace}", "recipients/s", rows)


def _with(
    results: Results,
    house: PostgresHouse,
    provider: Provider,
    workers: int,
    limit: float | None,
    chosen: Sizes,
) -> Row:
    people = chosen.line_recipients
    with krajai(
        house,
        provider,
        channel="line",
        people_count=people,
        workers=workers,
        in_flight=0 if limit else IN_FLIGHT_EACH,
        line_requests_per_second=limit or 200.0,
    ) as installation:
        provider.set_up(Limits(line=limit, latency=True))
        before, commits_before = installation.cpu_seconds, house.commits(installation.url)
        released = installation.release("workers", NATIONWIDE)
        installation.await_done(released, 600)
        cpu_seconds = installation.cpu_seconds - before
        seen, totals = provider.seen()[released.name], provider.totals()
        commits = house.commits(installation.url) - commits_before
    what = f"{workers} workers{'' if limit is None else ' at the limit'}"
    whole(results, seen, people, what)
    results.require(totals.exceeded == 0, f"{what}: {totals.exceeded} requests above the limit")
    if limit is None:
        results.put(**{f"workers_{workers}_recipients_per_second": seen.recipients_per_second})
    else:
        results.put(**{f"workers_{workers}_limited_fraction": seen.requests_per_second / limit})
    return Row(
        who=f"{workers} worker{'s' * (workers > 1)}",
        per_second=seen.recipients_per_second,
        cpu_seconds=cpu_seconds,
        remark=f"{commits / seen.requests:.1f} commits a request, {totals.most_in_flight} in flight",
    )
