"""Those whom Krajai is measured beside: each a script run as a process of its own, its sends seen by the provider."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass

from benchmarks.providers import line as fake_line
from benchmarks.providers import telegram as fake_telegram
from benchmarks.providers.serving import Limits, Provider, Seen
from benchmarks.rig.known import ROOT
from benchmarks.rig.krajai import free_port, journal_name, words

PEERS_PYTHON = ROOT / ".venv" / "peers" / "bin" / "python"
"""Made by `make bench` from benchmarks/peers/requirements.lock."""

_SECONDS = 300.0
_TOKENS = {"line": fake_line.TOKEN, "telegram": fake_telegram.TOKEN}


@dataclass(frozen=True, kw_only=True)
class Peer:
    """`module` of benchmarks/peers; `own_packages` when it runs in the peers' environment; `needs` is a program.

    `lacks` says in short what a nation's warnings need and it does not have. `counts_cpu` where it is one process.
    """

    name: str
    module: str
    channel: str
    own_packages: bool = True
    needs: str = ""
    lacks: str = "no ledger, no pace, no resuming"
    counts_cpu: bool = True


LINE_SDK = Peer(name="bare line-bot-sdk", module="line_sdk", channel="line", own_packages=False)
LINE_CEILING = Peer(
    name="bare aiohttp, bodies made before", module="line_aiohttp", channel="line", own_packages=False
)
AIOGRAM = Peer(name="bare aiogram", module="telegram_aiogram", channel="telegram")
PTB = Peer(name="bare python-telegram-bot", module="telegram_ptb", channel="telegram", own_packages=False)
APPRISE = Peer(name="Apprise", module="telegram_apprise", channel="telegram", lacks="one yes or no for all")
CELERY = Peer(
    name="Celery and Redis, a task a recipient",
    module="telegram_celery",
    channel="telegram",
    needs="redis-server",
    lacks="no pace over workers, doubles after a crash",
    counts_cpu=False,
)


class PeerMissing(Exception):
    """A peer cannot run here; the message says what it needs."""


class PeerFailed(Exception):
    """A peer did not send what it was to send; the message quotes it."""


@dataclass(frozen=True, kw_only=True)
class Ran:
    """What the provider saw of a peer, and what the peer used."""

    seen: Seen
    cpu_seconds: float
    peak_megabytes: float


def run(peer: Peer, provider: Provider, recipients: int, in_flight: int) -> Ran:
    """Let a peer send to so many. Raises PeerMissing and PeerFailed."""
    if peer.own_packages and not PEERS_PYTHON.exists():
        raise PeerMissing(
            f"{peer.name} needs the packages of benchmarks/peers/requirements.lock: run `make bench`"
        )
    if peer.needs and shutil.which(peer.needs) is None:
        raise PeerMissing(f"{peer.name} needs {peer.needs}, which is not installed")
    python = str(PEERS_PYTHON) if peer.own_packages else sys.executable
    provider.set_up(Limits())
    done = subprocess.run(  # noqa: PLW1510 - its status is looked at below
        [
            *(python, "-m", f"benchmarks.peers.{peer.module}", "--url", provider.url),
            *("--token", _TOKENS[peer.channel], "--words", words(peer.name)),
            *("--count", str(recipients), "--in-flight", str(in_flight)),
        ],
        cwd=ROOT,
        env={**os.environ, "BENCHMARK_REDIS_PORT": str(free_port())},
        capture_output=True,
        text=True,
        timeout=_SECONDS,
    )
    seen = provider.seen().get(journal_name(peer.name))
    if done.returncode or seen is None or seen.different != recipients or seen.twice:
        raise PeerFailed(f"{peer.name}: status {done.returncode}, {seen}\n{done.stderr[-2000:]}")
    return Ran(seen=seen, **json.loads(done.stdout.splitlines()[-1]))
