"""An emergency behind a bulk broadcast on the same LINE account: how soon it is out, and what becomes of the bulk.

The bulk is being sent when the emergency is released, and outlasts it. Citizens write meanwhile and are answered.
"""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from benchmarks.line import MOST_RECIPIENTS, OnLine, at_limit, whole
from benchmarks.providers.journal import BIN_SECONDS
from benchmarks.providers.serving import Limits, Provider, Seen
from benchmarks.rig.krajai import Installation, Released
from benchmarks.rig.people import ENDANGERED, ENDANGERED_EACH, NATIONWIDE
from benchmarks.rig.results import Results, console
from benchmarks.rig.sizes import Sizes, sizes
from benchmarks.rig.writing import post_signed, text_webhook

BULK_AHEAD_SECONDS = 3.0
WRITES_A_SECOND = 4.0
REPLY_SECONDS = 5.0
"""What counts as answered."""


def main(results: Results) -> None:
    """Measure the emergency, the replies and the bulk."""
    with at_limit(sizes()) as on_line:
        on_line.installation.await_ready()
        behind_bulk(results, on_line, sizes())


def behind_bulk(results: Results, on_line: OnLine, chosen: Sizes) -> None:
    """Measure it on an installation that is ready."""
    installation, provider = on_line.installation, on_line.provider
    limit, people = chosen.line_limit, chosen.line_recipients
    provider.set_up(Limits(line=limit, latency=True))
    with _citizens(installation, provider) as written:
        bulk = installation.release("bulk", NATIONWIDE)
        _await_first(provider, bulk)
        time.sleep(BULK_AHEAD_SECONDS)
        emergency = installation.release("emergency", (ENDANGERED,), emergency=True)
        installation.await_done(emergency, 120)
        installation.await_done(bulk, 60 + 3 * people / MOST_RECIPIENTS / limit)
    seen, totals = provider.seen(), provider.totals()
    waits = _waits(written, provider)
    urgent, routine = seen[emergency.name], seen[bulk.name]
    count = people // ENDANGERED_EACH
    whole(results, urgent, count, "emergency")
    whole(results, routine, people, "bulk behind an emergency")
    results.require(
        routine.last_at > urgent.last_at, "the bulk ended before the emergency: nothing was behind it"
    )
    results.put(
        emergency_first_message_seconds=urgent.first_at - emergency.at,
        emergency_95_percent_seconds=urgent.late_at - emergency.at,
        emergency_95_percent_beyond_count_by_limit_seconds=(
            urgent.late_at - emergency.at - urgent.requests / limit
        ),
        emergency_recipients_sent_twice=urgent.twice,
        emergency_limit_exceeded=totals.exceeded,
        bulk_recipients_sent_twice=routine.twice,
        bulk_paused_after_seconds=_paused_after(routine, urgent, emergency),
        replies_in_time_fraction=sum(1 for wait in waits if wait <= REPLY_SECONDS) / len(written),
        replies_slowest_seconds=max(waits, default=None),
    )
    results.curve(
        "An emergency behind a bulk broadcast",
        "recipients/s",
        {"bulk": _curve(routine, bulk.at), "emergency": _curve(urgent, bulk.at)},
    )
    console.print(
        f"emergency to {count:,} behind {people:,}: first after {urgent.first_at - emergency.at:.2f} s, 95 % after "
        f"{urgent.late_at - emergency.at:.2f} s, {len(waits)} of {len(written)} replies"
    )


@contextmanager
def _citizens(installation: Installation, provider: Provider) -> Iterator[dict[str, float]]:
    """People who write a few words a second; yields when each wrote, by reply token."""
    written: dict[str, float] = {}
    stopping = threading.Event()

    def write() -> None:
        number = 0
        while not stopping.wait(1 / WRITES_A_SECOND):
            number += 1
            token = f"{number:032x}"
            written[token] = time.monotonic()
            post_signed(installation.port, text_webhook(number, token, "สวัสดีครับ"))

    with ThreadPoolExecutor(1) as threads:
        writing = threads.submit(write)
        try:
            yield written
        finally:
            stopping.set()
        writing.result()
    time.sleep(REPLY_SECONDS / 2)


def _waits(written: dict[str, float], provider: Provider) -> list[float]:
    """Seconds from each word to its reply, of those that were answered by one."""
    replied = dict(provider.replies())
    return [replied[token] - at for token, at in written.items() if token in replied]


def _await_first(provider: Provider, bulk: Released) -> None:
    deadline = time.monotonic() + 60
    while not provider.recipients().get(bulk.name):
        if time.monotonic() > deadline:
            raise TimeoutError("the bulk does not begin")
        time.sleep(0.1)


def _paused_after(bulk: Seen, urgent: Seen, emergency: Released) -> float:
    """Seconds from the release to the last bulk request before the emergency was through."""
    until = int(urgent.last_at / BIN_SECONDS)
    before = [int(each) for each in bulk.bins if int(each) <= until]
    return max(max(before) * BIN_SECONDS - emergency.at, 0.0)


def _curve(seen: Seen, begun_at: float) -> list[tuple[float, float]]:
    """Recipients a second, each half second from `begun_at`."""
    step = 0.5
    slots: dict[int, int] = {}
    for each, recipients in seen.bins.items():
        slot = int((int(each) * BIN_SECONDS - begun_at) / step)
        slots[slot] = slots.get(slot, 0) + recipients
    return [(slot * step, slots.get(slot, 0) / step) for slot in range(max(slots) + 2)]
