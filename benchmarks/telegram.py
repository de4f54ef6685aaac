"""Telegram: as fast as it goes beside what people would use instead; and at its limits."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager

from benchmarks.line import whole
from benchmarks.providers.serving import Limits, Provider, providers
from benchmarks.rig import peers
from benchmarks.rig.at_once import at_once
from benchmarks.rig.databases import sqlite
from benchmarks.rig.krajai import Installation, krajai
from benchmarks.rig.measuring import Begun, in_turn, without_limit
from benchmarks.rig.peers import Peer, PeerMissing, Ran
from benchmarks.rig.people import NATIONWIDE
from benchmarks.rig.results import Results, Row, console
from benchmarks.rig.sizes import Sizes, is_quick, sizes

IN_FLIGHT = 32
"""Calls on their way at once, for everybody who is compared."""

MESSAGES_A_BATCH = 20


def main(results: Results) -> None:
    """Measure speed and cost without a limit."""
    in_turn(results, unlimited)


def unlimited(results: Results) -> AbstractContextManager[Begun]:
    """Speed and cost without a limit."""
    chosen = sizes()
    return without_limit(
        "telegram",
        chosen.telegram_recipients,
        IN_FLIGHT,
        lambda installation, provider: _unlimited(results, installation, provider, chosen),
    )


@contextmanager
def limited(results: Results) -> Iterator[Begun]:
    """The pace at all limits at the same time."""
    chosen = sizes()
    with ExitStack() as ending:
        running = []
        for limit in chosen.telegram_limits:
            # A provider each, so that they can go on at the same time.
            provider = ending.enter_context(providers())
            running.append((limit, provider, ending.enter_context(_installation(provider, limit, chosen))))

        def await_ready() -> None:
            at_once([installation.await_ready for *_, installation in running])

        def end() -> None:
            for *_, installation in running:
                installation.ask_to_stop()

        yield Begun(await_ready=await_ready, measure=lambda: _limited(results, running, chosen), end=end)


def _installation(provider: Provider, limit: float, chosen: Sizes) -> AbstractContextManager[Installation]:
    return krajai(
        sqlite(),
        provider,
        channel="telegram",
        people_count=int(limit * chosen.telegram_seconds),
        wait=False,
        telegram_messages_per_second=limit,
    )


def _limited(
    results: Results, limited: Sequence[tuple[float, Provider, Installation]], chosen: Sizes
) -> None:
    """All limits at the same time: none of them keeps a machine busy."""
    for limit, provider, _ in limited:
        provider.set_up(Limits(telegram=limit, latency=True))
    released = [installation.release("limited", NATIONWIDE) for *_, installation in limited]
    fractions, exceeded = [], 0
    for (limit, provider, installation), each in zip(limited, released, strict=True):
        installation.await_done(each, 60 + 3 * chosen.telegram_seconds)
        seen, totals = provider.seen()[each.name], provider.totals()
        whole(results, seen, int(limit * chosen.telegram_seconds), f"Telegram broadcast at {limit:g}/s")
        console.print(
            f"Telegram at {limit:g} messages/s, latency as Telegram's: {seen.requests_per_second:.1f} messages/s "
            f"for {seen.seconds:.1f} s, {totals.most_in_flight} in flight, {totals.exceeded} above the limit"
        )
        fractions.append(seen.requests_per_second / limit)
        exceeded += totals.exceeded
        results.put(
            **{
                f"telegram_limited_fraction_at_{limit:g}": fractions[-1],
                f"telegram_first_message_seconds_at_{limit:g}": seen.first_at - each.at,
            }
        )
    results.put(telegram_limited_fraction=min(fractions), telegram_limit_exceeded=exceeded)


def _unlimited(results: Results, installation: Installation, provider: Provider, chosen: Sizes) -> None:
    people = chosen.telegram_recipients
    ours, aiogram = [], []
    for turn in range(chosen.rounds):
        ours.append(_one(results, installation, provider, people, f"turn {turn}"))
        aiogram.append(_peer(results, peers.AIOGRAM, provider, chosen))
    installation.stop()
    # Once: it is so far behind that its best of several turns says nothing more.
    default = _peer(results, peers.PTB, provider, chosen)
    best, cpu_seconds = max(ours)
    rows = [Row(who="Krajai", per_second=best, cpu_seconds=cpu_seconds * 1e5 / people)]
    ran = {peers.AIOGRAM: _fastest(aiogram), peers.PTB: default}
    if not is_quick():
        ran |= {each: _peer(results, each, provider, chosen) for each in (peers.APPRISE, peers.CELERY)}
    for peer, theirs in ran.items():
        ratio = f"telegram_unlimited_vs_{_RATIOS[peer.module]}"
        if theirs is None:
            results.leave_out(ratio, results.missing[peer.module])
            continue
        rate = theirs.seen.recipients_per_second
        results.put(**{ratio: best / rate})
        own = theirs.cpu_seconds if peer.counts_cpu else None
        rows.append(
            Row(
                who=peer.name,
                per_second=rate,
                cpu_seconds=None if own is None else own * 1e5 / theirs.seen.recipients,
                remark=peer.lacks,
            )
        )
    results.table(f"Telegram without a limit, {IN_FLIGHT} in flight, CPU per 100,000", "messages/s", rows)
    results.put(
        telegram_unlimited_messages_per_second=best,
        cpu_seconds_per_hundred_thousand_telegram=cpu_seconds * 1e5 / people,
    )


_RATIOS = {
    peers.AIOGRAM.module: "aiogram",
    peers.PTB.module: "ptb_default",
    peers.APPRISE.module: "apprise",
    peers.CELERY.module: "celery",
}


def _one(
    results: Results, installation: Installation, provider: Provider, people: int, title: str
) -> tuple[float, float]:
    """Messages a second of sending what was planned before, and the CPU seconds it took."""
    provider.set_up(Limits())
    before = installation.cpu_seconds
    released = installation.release(title, NATIONWIDE, planned_for=MESSAGES_A_BATCH)
    installation.await_done(released, 300)
    seen = provider.seen()[released.name]
    whole(results, seen, people, f"Telegram broadcast {title}")
    return seen.recipients_per_second, installation.cpu_seconds - before


def _peer(results: Results, peer: Peer, provider: Provider, chosen: Sizes) -> Ran | None:
    count = chosen.telegram_recipients if peer is peers.AIOGRAM else chosen.telegram_peers_recipients
    try:
        return peers.run(peer, provider, count, IN_FLIGHT)
    except PeerMissing as missing:
        results.missing[peer.module] = str(missing)
        console.print(f"left out: {missing}")
        return None


def _fastest(ran: list[Ran | None]) -> Ran | None:
    there = [each for each in ran if each is not None]
    return max(there, key=lambda each: each.seen.recipients_per_second) if there else None
