"""Krajai as its users run it: processes of their own, measured from outside, given work through the database."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path

from benchmarks.providers import line as fake_line
from benchmarks.providers import telegram as fake_telegram
from benchmarks.providers.serving import Provider
from benchmarks.rig.at_once import at_once
from benchmarks.rig.databases import House, SqliteHouse
from benchmarks.rig.known import LINE_SECRET, ROOT
from bot.queue import join_commits
from broadcasts.delivery.planning import plan_page
from storage import broadcasts, people
from storage.broadcasts import BroadcastKind, Priority
from storage.database import Database
from storage.lifecycles import BroadcastState
from storage.replies import Bubble
from storage.subscriptions import WARNING

WORDS = (
    "น้ำป่าจากดอยตุงกำลังลงมาที่ อ.แม่สาย คืนนี้ 22.00 น. ระดับน้ำสูงถึงอกใน 2 ชั่วโมง พาเด็ก ผู้สูงอายุ คนป่วยไปที่สูงก่อน "
    "โรงเรียนบ้านเวียงพานเปิดรับแล้ว ขอความช่วยเหลือโทร 1784 ตลอด 24 ชั่วโมง"
)

_START_SECONDS = 120.0
_IDLE_SHARE = 0.2
_TICKS = os.sysconf("SC_CLK_TCK")


class KrajaiFailed(Exception):
    """A process of Krajai ended, or did not do what it was started for; the message quotes its log."""


@dataclass(kw_only=True)
class Process:
    """One process of `krajai`."""

    command: str
    running: "subprocess.Popen[bytes]"
    log: Path = Path(os.devnull)
    counts: Path = Path(os.devnull)

    @property
    def cpu_seconds(self) -> float:
        """User and system time so far, of all its threads."""
        fields = Path(f"/proc/{self.running.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    @property
    def _wanted_seconds(self) -> float:
        """Processor time so far, had or waited for: where others are busy, a process that loads looks idle."""
        wanted = 0
        for each in Path(f"/proc/{self.running.pid}/task").glob("*/schedstat"):
            with contextlib.suppress(OSError):
                had, waited, _ = each.read_text().split()
                wanted += int(had) + int(waited)
        return wanted / 1e9

    @property
    def peak_megabytes(self) -> float:
        """The most memory that was resident at once since `forget_peak`."""
        status = Path(f"/proc/{self.running.pid}/status").read_text()
        return int(status.partition("VmHWM:")[2].split()[0]) / 1024

    def forget_peak(self) -> None:
        """Let the peak begin at what is resident now."""
        Path(f"/proc/{self.running.pid}/clear_refs").write_text("5")

    def await_idle(self) -> None:
        """Return when it has started and loaded what it loads: for a second it wanted hardly any processor."""
        deadline, quiet = time.monotonic() + _START_SECONDS, 0
        while time.monotonic() < deadline:
            before = self._wanted_seconds
            time.sleep(0.5)
            self.check()
            is_quiet = before > 0.5 and self._wanted_seconds - before < _IDLE_SHARE * 0.5
            quiet = quiet + 1 if is_quiet else 0
            if quiet == 2:
                return
        raise KrajaiFailed(f"krajai {self.command} is not idle after {_START_SECONDS:g} s")

    def await_port(self, port: int) -> None:
        """Return when it listens."""
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            self.check()
            with socket.socket() as door:
                if door.connect_ex(("127.0.0.1", port)) == 0:
                    return
            time.sleep(0.1)
        raise KrajaiFailed(f"krajai {self.command} does not listen after {_START_SECONDS:g} s")

    def check(self) -> None:
        """Raise KrajaiFailed when it has ended."""
        if self.running.poll() is not None:
            raise KrajaiFailed(
                f"krajai {self.command} ended with {self.running.returncode}:\n{self.log.read_text()[-3000:]}"
            )

    def ask_to_stop(self) -> None:
        if self.running.poll() is None:
            self.running.send_signal(signal.SIGTERM)

    def stop(self) -> None:
        self.ask_to_stop()
        try:
            self.running.wait(30)
        except subprocess.TimeoutExpired:
            self.running.kill()
            self.running.wait()

    def stopped_commits(self) -> int:
        """Stop it; how many transactions it committed."""
        self.stop()
        found = json.loads(self.counts.read_text())["commits"]
        assert isinstance(found, int)
        return found


@dataclass(kw_only=True)
class Installation:
    """A running Krajai: its processes and its database."""

    database: Database
    url: str
    processes: list[Process] = field(default_factory=list)
    port: int = 0

    @property
    def worker(self) -> Process:
        return next(each for each in self.processes if each.command in ("run", "worker"))

    @property
    def cpu_seconds(self) -> float:
        return sum(each.cpu_seconds for each in self.processes)

    def await_ready(self) -> None:
        """Return when all processes have started and are idle."""
        at_once([partial(self._await_one, process) for process in self.processes])

    def _await_one(self, process: Process) -> None:
        process.await_idle()
        if process.command != "worker":
            process.await_port(self.port)

    def ask_to_stop(self) -> None:
        """Let all processes begin to end."""
        for process in self.processes:
            process.ask_to_stop()

    def stop(self) -> None:
        """Stop all processes."""
        self.ask_to_stop()
        for process in self.processes:
            process.stop()

    def release(
        self,
        title: str,
        area: Sequence[str],
        *,
        emergency: bool = False,
        planned_for: int = 0,
        text: str = "",
    ) -> "Released":
        """Release a broadcast to an area in one commit.

        `planned_for` recipients a batch: the whole audience is planned in the same commit, so that what is measured
        afterwards is sending alone. `text` stands in place of the usual words.
        """
        database = self.database
        with database.write() as session:
            now = database.now(session)
            broadcast = broadcasts.release(
                session,
                kind=BroadcastKind.ALERT,
                priority=Priority.EMERGENCY if emergency else Priority.ROUTINE,
                words=broadcasts.words_of({"th": {"": [Bubble(text=text or words(title))]}}),
                places=area,
                topic=WARNING,
                expires_at=now + timedelta(hours=6),
                by="benchmark",
                at=now,
            )
            assert broadcast.id is not None
            if planned_for:
                accounts = [each.id for each in people.accounts(session) if each.id is not None]
                sizes = dict.fromkeys(accounts, planned_for)
                while plan_page(session, broadcast.id, now, sizes) is not None:
                    pass
        return Released(id=broadcast.id, title=title, at=time.monotonic())

    def await_done(self, released: "Released", seconds: float) -> None:
        """Wait until a broadcast is done. Raises KrajaiFailed when that takes too long or ends otherwise."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            with self.database.read() as session:
                found = session.get(broadcasts.Broadcast, released.id)
                assert found is not None
                state = found.state
            if state == BroadcastState.DONE:
                return
            if state != BroadcastState.RELEASED:
                raise KrajaiFailed(f"broadcast {released.id} is {state}: {found.reason}")
            for process in self.processes:
                process.check()
            time.sleep(0.2)
        log = self.worker.log.read_text()[-2000:]
        raise KrajaiFailed(f"broadcast {released.id} is not done after {seconds:g} s:\n{log}")


@dataclass(frozen=True, kw_only=True)
class Released:
    """A broadcast and the moment after its commit; `name` is what the providers' journal calls it."""

    id: int
    title: str
    at: float

    @property
    def name(self) -> str:
        return journal_name(self.title)


def words(title: str) -> str:
    """What is sent: a warning of usual length. Whoever is compared sends the same."""
    return f"{title} {WORDS}"


def journal_name(title: str) -> str:
    return words(title)[:60]


@contextmanager
def krajai(
    house: House,
    provider: Provider | None,
    *,
    channel: str,
    people_count: int,
    in_flight: int = 0,
    no_pace: bool = False,
    workers: int = 1,
    with_web: bool = False,
    wait: bool = True,
    stores_nothing: bool = False,
    **settings: object,
) -> Iterator[Installation]:
    """Yield an installation with so many people on a channel, started and idle; without `wait` call `await_ready`.

    One process on SQLite; on PostgreSQL `workers` of them, and one for the web `with_web`. `no_pace`
    and `in_flight` take the pace off and `stores_nothing` the inbox (see launcher.py); `settings` are those of
    .env.example, in lower case.
    """
    url = house.fresh(channel, people_count)
    database = Database(url)
    join_commits(database)
    port = free_port()
    environment = _environment(url, port, channel, provider, settings)
    if in_flight or no_pace:
        environment["BENCHMARK_IN_FLIGHT"] = str(in_flight)
    if stores_nothing:
        environment["BENCHMARK_STORES_NOTHING"] = "1"
    separate = ["worker"] * workers + ["web"] * with_web
    commands = ["run"] if isinstance(house, SqliteHouse) else separate
    with tempfile.TemporaryDirectory(prefix="krajai-benchmark-run-") as folder, ExitStack() as ending:
        ending.callback(database.close)
        installation = Installation(database=database, url=url, port=port)
        for number, command in enumerate(commands):
            process = _start(command, Path(folder) / str(number), environment)
            ending.callback(process.stop)
            installation.processes.append(process)
        if wait:
            installation.await_ready()
        yield installation


def _start(command: str, folder: Path, environment: dict[str, str]) -> Process:
    folder.mkdir()
    log, counts = folder / "log", folder / "counts"
    with log.open("wb") as output:
        running = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.rig.launcher", command],
            cwd=folder,
            env={**environment, "BENCHMARK_COUNTS": str(counts)},
            stdout=output,
            stderr=output,
        )
    return Process(command=command, running=running, log=log, counts=counts)


def _environment(
    url: str, port: int, channel: str, provider: Provider | None, settings: dict[str, object]
) -> dict[str, str]:
    chosen: dict[str, object] = {"database_url": url, "port": port, "sources": "off", "simulator": "off"}
    if channel == "line" and provider is not None:
        chosen |= {
            "line_channel_secret": LINE_SECRET,
            "line_channel_access_token": fake_line.TOKEN,
            "line_api_url": provider.url,
            "line_data_api_url": provider.url,
        }
    if channel == "telegram" and provider is not None:
        chosen |= {
            "telegram_bot_token": fake_telegram.TOKEN,
            "telegram_webhook_secret": "benchmark",
            "telegram_api_url": provider.url,
            "telegram_polling": "off",
        }
    own = {
        name: value for name, value in os.environ.items() if not name.startswith(("KRAJAI_", "BENCHMARK_"))
    }
    named = {f"KRAJAI_{name.upper()}": str(value) for name, value in (chosen | settings).items()}
    return {**own, **named, "PYTHONPATH": str(ROOT)}


def free_port() -> int:
    """A port of the loopback interface that nobody uses."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port
