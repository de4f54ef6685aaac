"""Krajai's processes, started, looked at, ended kindly or killed. Each is a fork of one that has loaded everything."""

import json
import multiprocessing
import os
import signal
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

from tests.failures import child
from tests.failures.child import Crash, Tampering
from tests.ports import free_port

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_SECONDS = 300
"""What has not come by then is broken, however busy the machine. How long it took is said, and measured elsewhere."""

SHORT_LEASES: dict[str, Any] = {
    "storage.batches:LEASE_SECONDS": 10.0,
    "storage.outbox:LEASE_SECONDS": 10.0,
    "broadcasts.delivery.sending:PASSAGE_TIMEOUT_SECONDS": 2.2,
    "broadcasts.delivery.calling:SEND_TIMEOUT_SECONDS": 4.0,
    "broadcasts.delivery.sending:LEAVES_WITHIN_SECONDS": 5.0,
    "storage.clock_seen:LEASE_SECONDS": 10.0,
    "broadcasts.delivery.sending:SETTLE_PATIENCE_SECONDS": 4.0,
    "storage.database:LOCK_TIMEOUT_MILLISECONDS": 5_000,
    "storage.database:IDLE_IN_TRANSACTION_MILLISECONDS": 5_000,
}
"""Half of the real ones, in the same proportion: what waits for a lease need not wait 20 seconds."""


@dataclass
class Server:
    """One process: `krajai run`, `web`, `worker` or `clock`, with settings of its own."""

    command: str
    settings: dict[str, str]
    folder: Path
    values: dict[str, Any] = field(default_factory=dict)
    poison: str = ""
    process: ForkServerProcess | None = None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.settings['KRAJAI_PORT']}"

    @property
    def log(self) -> str:
        """All that it said, over all its lives."""
        return self._log.read_text("utf-8") if self._log.exists() else ""

    @property
    def _log(self) -> Path:
        return self.folder / f"{self.command}-{id(self)}.log"

    @property
    def pid(self) -> int:
        assert self.process is not None
        assert self.process.pid is not None
        return self.process.pid

    @property
    def lives(self) -> bool:
        return self.process is not None and self.process.exitcode is None

    def start(self, crash: Crash | None = None) -> "Server":
        assert self.process is None
        tampering = Tampering(crash=crash, values=self.values, poison=self.poison)
        self.process = forked((self.command,), self.settings, self.folder, self._log, tampering)
        return self

    def wait_ready(self) -> "Server":
        """Return when it may be sent traffic."""
        wait_until(self._is_ready, lambda: f"{self.command} does not start: {self.log}")
        return self

    def kill(self) -> None:
        """SIGKILL: nothing is tidied up."""
        assert self._end(signal.SIGKILL) == -signal.SIGKILL

    def terminate(self) -> int:
        """SIGTERM, as a supervisor sends it; its exit status."""
        return self._end(signal.SIGTERM)

    def freeze(self) -> None:
        os.kill(self.pid, signal.SIGSTOP)

    def wake(self) -> None:
        os.kill(self.pid, signal.SIGCONT)

    def wait_frozen(self) -> None:
        """Return when it has stopped itself where it was told to."""
        stat = Path(f"/proc/{self.pid}/stat")
        wait_until(lambda: stat.read_text().rpartition(")")[2].split()[0] == "T", lambda: self.log)

    def wait_crashed(self) -> None:
        """Return when it has died where it was told to."""
        assert self.process is not None
        self.process.join(PATIENCE_SECONDS)
        assert self.process.exitcode == -signal.SIGKILL, (
            f"exit code {self.process.exitcode}: {self.log[-2000:]}"
        )
        self.process = None

    def _end(self, number: signal.Signals) -> int:
        assert self.process is not None
        os.kill(self.pid, number)
        self.process.join(PATIENCE_SECONDS)
        status, self.process = self.process.exitcode, None
        assert status is not None, f"{self.command} does not end: {self.log[-2000:]}"
        return status

    def _is_ready(self) -> bool:
        assert self.process is not None
        assert self.process.exitcode is None, self.log
        return ask_status(f"{self.address}/readyz") == 200


@dataclass
class Servers:
    """The processes of one test, over one database. Whatever is left of them at the end is killed."""

    database_url: str
    folder: Path
    settings: dict[str, str] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)
    """Constants of the product that are other ones in these processes, by "module:NAME"."""

    poison: str = ""
    started: list[Server] = field(default_factory=list)

    def make(self, command: str, **settings: str) -> Server:
        own = {"KRAJAI_PORT": str(free_port()), "KRAJAI_LOG_FORMAT": "json", **self._common(), **settings}
        server = Server(command, own, self.folder, self.values, self.poison)
        self.started.append(server)
        return server

    def ask(self, *arguments: str) -> Any:
        """What a command with --json says."""
        status, said = self.run(*arguments, "--json")
        assert status == 0, said
        return json.loads(said)

    def run(self, *arguments: str) -> tuple[int, str]:
        """Exit status and output of a command."""
        log = self.folder / f"command-{time.monotonic_ns()}.log"
        process = forked(arguments, self._common(), self.folder, log)
        process.join(PATIENCE_SECONDS)
        assert process.exitcode is not None, f"krajai {' '.join(arguments)} does not end"
        return process.exitcode, log.read_text("utf-8")

    def _common(self) -> dict[str, str]:
        return {"KRAJAI_DATABASE_URL": self.database_url, "KRAJAI_SOURCES": "off", **self.settings}


@contextmanager
def servers(database_url: str, folder: Path, **settings: str) -> Iterator[Servers]:
    """Processes for one test."""
    found = Servers(database_url, folder, settings)
    try:
        yield found
    except BaseException:
        for server in found.started:
            say(f"--- {server.command} said:", server.log[-3000:])
        raise
    finally:
        for server in found.started:
            if server.process is not None:
                server.process.kill()
                server.process.join(PATIENCE_SECONDS)


def forked(
    arguments: tuple[str, ...],
    settings: dict[str, str],
    folder: Path,
    log: Path,
    tampering: Tampering | None = None,
) -> ForkServerProcess:
    """A running `krajai` with these arguments."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.failures.preloaded"])
    process = context.Process(
        target=child.run, args=(arguments, settings, folder, log, tampering or Tampering())
    )
    # The fork server finds the tests by this, whoever runs pytest from where.
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = str(ROOT)
    try:
        process.start()
    finally:
        if before is None:
            del os.environ["PYTHONPATH"]
        else:
            os.environ["PYTHONPATH"] = before
    return process


def ask_status(address: str) -> int:
    """The status of an answer; 0 when there is none."""
    try:
        with urllib.request.urlopen(address, timeout=5) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return 0


def wait_until(
    reached: Callable[[], bool],
    otherwise: Callable[[], str] = lambda: "it does not come",
    *,
    seconds: float = PATIENCE_SECONDS,
    look: float = 0.05,
) -> float:
    """Wait for something another process does; how long it took."""
    began = time.monotonic()
    while not reached():
        if time.monotonic() - began > seconds:
            raise AssertionError(f"not within {seconds:g} seconds: {otherwise()}")
        time.sleep(look)
    return time.monotonic() - began


_BEGAN = time.monotonic()


def say(*what: object) -> None:
    """Shown with a failure, and with pytest -rP, with the seconds since the run began."""
    print(f"{time.monotonic() - _BEGAN:6.1f}", *what)  # noqa: T201
