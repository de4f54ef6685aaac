"""SMS through Kannel beside a bare HTTP loop into the same Kannel, and straight to a network that throttles."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any

from benchmarks.rig.databases import sqlite
from benchmarks.rig.known import ROOT
from benchmarks.rig.krajai import Installation, krajai
from benchmarks.rig.measuring import Begun, in_turn
from benchmarks.rig.people import NATIONWIDE
from benchmarks.rig.results import Results, Row, console
from benchmarks.rig.sizes import Sizes, sizes
from benchmarks.rig.sms_network import PASSWORD, Network, NetworkMissing, per_second, sms_network
from broadcasts.delivery.channel import singles_a_batch

IN_FLIGHT = 20
"""Messages on their way to Kannel at once, for both."""

MESSAGES_PER_SECOND = 1000
TEXT = "น้ำป่ามาแล้วที่ อ.แม่สาย ขึ้นที่สูงเดี๋ยวนี้ โทร 1784"
"""One part: what is compared is sending, not cutting."""

THROTTLED_EACH = 25
_SECONDS = 120.0


def main(results: Results) -> None:
    """Measure the way through Kannel."""
    in_turn(results, through_kannel)


@contextmanager
def through_kannel(results: Results) -> Iterator[Begun]:
    """The way through Kannel, or why it cannot be measured here."""
    chosen = sizes()
    with ExitStack() as ending:
        try:
            network = ending.enter_context(sms_network())
        except NetworkMissing as missing:
            yield _left_out(results, "sms_kannel_vs_bare", missing)
            return
        installation = ending.enter_context(_installation(chosen.sms_recipients, **_kannel_settings(network)))
        yield Begun(
            await_ready=installation.await_ready,
            measure=lambda: _kannel(results, installation, network, chosen),
            end=installation.ask_to_stop,
        )


@contextmanager
def limited(results: Results) -> Iterator[Begun]:
    """The way straight to a network that throttles, or why it cannot be measured here."""
    chosen = sizes()
    with ExitStack() as ending:
        try:
            network = ending.enter_context(sms_network(with_kannel=False))
        except NetworkMissing as missing:
            yield _left_out(results, "sms_smpp_lost", missing)
            return
        settings = _smpp_settings(network, chosen)
        installation = ending.enter_context(_installation(chosen.smpp_recipients, **settings))
        yield Begun(
            await_ready=installation.await_ready,
            measure=lambda: _smpp(results, installation, network, chosen),
            end=installation.ask_to_stop,
        )


def _left_out(results: Results, figure: str, missing: NetworkMissing) -> Begun:
    results.leave_out(figure, str(missing))
    say = f"left out: {missing}"
    return Begun(await_ready=lambda: None, measure=lambda: console.print(say), end=lambda: None)


def _installation(people: int, **settings: Any) -> AbstractContextManager[Installation]:
    return krajai(
        sqlite(),
        None,
        channel="sms",
        people_count=people,
        sms_password=PASSWORD,
        sms_sender="1784",
        wait=False,
        **settings,
    )


def _kannel_settings(network: Network) -> dict[str, Any]:
    return {
        "no_pace": True,
        "sms_window": IN_FLIGHT,
        "sms_gateway": "kannel",
        "sms_messages_per_second": MESSAGES_PER_SECOND,
        "sms_url": network.sendsms_url,
        "sms_username": "agency",
        "sms_webhook_token": "benchmark",
    }


def _smpp_settings(network: Network, chosen: Sizes) -> dict[str, Any]:
    return {
        "sms_gateway": "smpp",
        "sms_url": f"smpp://127.0.0.1:{network.smpp_port}",
        "sms_username": "krajai",
        "sms_messages_per_second": chosen.smpp_limit,
    }


def _kannel(results: Results, installation: Installation, network: Network, chosen: Sizes) -> None:
    people, ours, theirs = chosen.sms_recipients, [], []
    for turn in range(max(chosen.rounds, 3)):
        network.reset()
        before = installation.cpu_seconds
        released = installation.release(
            f"turn {turn}", NATIONWIDE, planned_for=singles_a_batch(MESSAGES_PER_SECOND), text=TEXT
        )
        installation.await_done(released, _SECONDS)
        counted = network.await_accepted(people, _SECONDS)
        results.require(counted["accepted"] == people, f"{counted['accepted']} SMS for {people} people")
        ours.append((per_second(counted), installation.cpu_seconds - before))
        theirs.append(_bare(network, people))
    (best, cpu_seconds), (bare, bare_cpu_seconds) = max(ours), max(theirs)
    results.table(
        f"SMS through Kannel, {IN_FLIGHT} in flight",
        "messages/s",
        [
            Row(who="Krajai", per_second=best, cpu_seconds=cpu_seconds),
            Row(
                who="bare aiohttp loop",
                per_second=bare,
                cpu_seconds=bare_cpu_seconds,
                remark="no ledger, no pace, no receipts",
            ),
        ],
    )
    results.put(
        sms_kannel_vs_bare=best / bare,
        sms_kannel_messages_per_second=best,
        sms_kannel_cpu_vs_bare=cpu_seconds / bare_cpu_seconds,
    )


def _bare(network: Network, people: int) -> tuple[float, float]:
    """Messages a second, and the CPU seconds they took."""
    network.reset()
    done = subprocess.run(
        [
            *(sys.executable, "-m", "benchmarks.peers.sms_aiohttp", "--url", network.sendsms_url),
            *("--token", f"agency:{PASSWORD}", "--words", TEXT),
            *("--count", str(people), "--in-flight", str(IN_FLIGHT)),
        ],
        cwd=ROOT,
        check=True,
        stdout=subprocess.PIPE,
        timeout=_SECONDS,
    )
    used = json.loads(done.stdout.splitlines()[-1])
    return per_second(network.await_accepted(people, _SECONDS)), used["cpu_seconds"]


def _smpp(results: Results, installation: Installation, network: Network, chosen: Sizes) -> None:
    """A network that says "not so fast" to one message of many: nothing is lost, nothing doubled."""
    people = chosen.smpp_recipients
    network.reset(THROTTLE_EVERY=THROTTLED_EACH)
    released = installation.release("direct", NATIONWIDE, text=TEXT)
    installation.await_done(released, _SECONDS)
    counted = network.counted()
    results.require(counted["throttled"] > 0, "the network throttled nothing")
    results.require(counted["accepted"] <= people, f"{counted['accepted']} SMS for {people} people")
    results.put(
        sms_smpp_messages_per_second=per_second(counted),
        sms_smpp_throttled=counted["throttled"],
        sms_smpp_lost=people - counted["accepted"],
    )
    console.print(
        f"SMPP at {chosen.smpp_limit:g}/s, one of {THROTTLED_EACH} throttled: {per_second(counted):.0f} submits/s, "
        f"{counted['throttled']} throttled, {counted['accepted']} of {people} arrived"
    )
