"""SMS through Kannel beside a bare HTTP loop into the same Kannel, and straight to a network that throttles."""

import subprocess
import sys
from contextlib import ExitStack
from typing import Any

from benchmarks.rig.databases import sqlite
from benchmarks.rig.krajai import ROOT, Installation, krajai
from benchmarks.rig.people import NATIONWIDE
from benchmarks.rig.results import Results, Row, console
from benchmarks.rig.sizes import Sizes, sizes
from benchmarks.rig.sms_network import PASSWORD, Network, NetworkMissing, per_second, sms_network

IN_FLIGHT = 20
"""Messages on their way to Kannel at once, for both."""

MESSAGES_A_BATCH = 10
TEXT = "น้ำป่ามาแล้วที่ อ.แม่สาย ขึ้นที่สูงเดี๋ยวนี้ โทร 1784"
"""One part: what is compared is sending, not cutting."""

SMPP_LIMIT = 200.0
THROTTLED_EACH = 25
_SECONDS = 120.0


def main(results: Results) -> None:
    """Measure both ways, or say why they cannot be measured here."""
    try:
        with sms_network() as network, ExitStack() as ending:
            chosen = sizes()
            kannel, direct = (
                ending.enter_context(
                    krajai(
                        sqlite(),
                        None,
                        channel="sms",
                        people_count=chosen.sms_recipients,
                        wait=False,
                        sms_password=PASSWORD,
                        sms_sender="1784",
                        **settings,
                    )
                )
                for settings in (_kannel_settings(network), _smpp_settings(network))
            )
            kannel.await_ready()
            direct.await_ready()
            _kannel(results, kannel, network, chosen)
            kannel.stop()
            _smpp(results, direct, network, chosen)
    except NetworkMissing as missing:
        results.leave_out("sms_kannel_vs_bare", str(missing))
        results.leave_out("sms_smpp_lost", str(missing))
        console.print(f"left out: {missing}")


def _kannel_settings(network: Network) -> dict[str, Any]:
    return {
        "in_flight": IN_FLIGHT,
        "sms_gateway": "kannel",
        "sms_url": network.sendsms_url,
        "sms_username": "agency",
        "sms_webhook_token": "benchmark",
    }


def _smpp_settings(network: Network) -> dict[str, Any]:
    return {
        "sms_gateway": "smpp",
        "sms_url": f"smpp://127.0.0.1:{network.smpp_port}",
        "sms_username": "krajai",
        "sms_messages_per_second": SMPP_LIMIT,
    }


def _kannel(results: Results, installation: Installation, network: Network, chosen: Sizes) -> None:
    people, ours, theirs = chosen.sms_recipients, [], []
    for turn in range(chosen.rounds):
        network.reset()
        before = installation.cpu_seconds
        released = installation.release(f"turn {turn}", NATIONWIDE, planned_for=MESSAGES_A_BATCH, text=TEXT)
        installation.await_done(released, _SECONDS)
        counted = network.await_accepted(people, _SECONDS)
        results.require(counted["accepted"] == people, f"{counted['accepted']} SMS for {people} people")
        ours.append((per_second(counted), installation.cpu_seconds - before))
        theirs.append(_bare(network, people))
    best, cpu_seconds = max(ours)
    results.table(
        f"SMS through Kannel, {IN_FLIGHT} in flight",
        "messages/s",
        [
            Row(who="Krajai", per_second=best, cpu_seconds=cpu_seconds),
            Row(who="bare aiohttp loop", per_second=max(theirs), remark="no ledger, no pace, no receipts"),
        ],
    )
    results.put(sms_kannel_vs_bare=best / max(theirs), sms_kannel_messages_per_second=best)


def _bare(network: Network, people: int) -> float:
    network.reset()
    subprocess.run(
        [
            *(sys.executable, "-m", "benchmarks.peers.sms_aiohttp", "--url", network.sendsms_url),
            *("--token", f"agency:{PASSWORD}", "--words", TEXT),
            *("--count", str(people), "--in-flight", str(IN_FLIGHT)),
        ],
        cwd=ROOT,
        check=True,
        stdout=subprocess.DEVNULL,
        timeout=_SECONDS,
    )
    return per_second(network.await_accepted(people, _SECONDS))


def _smpp(results: Results, installation: Installation, network: Network, chosen: Sizes) -> None:
    """A network that says "not so fast" to one message of many: nothing is lost, nothing doubled."""
    people = chosen.sms_recipients
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
        f"SMPP at {SMPP_LIMIT:g}/s, one of {THROTTLED_EACH} throttled: {per_second(counted):.0f} submits/s, "
        f"{counted['throttled']} throttled, {counted['accepted']} of {people} arrived"
    )
