"""Krajai's processes as an operator runs them: started, looked at, ended kindly or killed."""

import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
STARTS_SECONDS = 60
ENDS_SECONDS = 30


@dataclass
class Server:
    """One process: `krajai run`, `web`, `worker` or `clock`, with settings of its own."""

    command: str
    settings: dict[str, str]
    folder: Path
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.settings['KRAJAI_PORT']}"

    @property
    def log(self) -> str:
        """All that it said, over all its lives."""
        return (self.folder / f"{self.command}-{id(self)}.log").read_text("utf-8")

    def start(self) -> "Server":
        assert self.process is None
        log = (self.folder / f"{self.command}-{id(self)}.log").open("ab")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "bot", self.command],
            env=environment(self.settings),
            cwd=self.folder,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        log.close()
        return self

    def wait_ready(self) -> "Server":
        """Return when it may be sent traffic."""
        wait_until(self._is_ready, STARTS_SECONDS, lambda: f"{self.command} does not start: {self.log}")
        return self

    def kill(self) -> None:
        """SIGKILL: nothing is tidied up."""
        self._end(signal.SIGKILL)

    def terminate(self) -> int:
        """SIGTERM, as a supervisor sends it; its exit status."""
        return self._end(signal.SIGTERM)

    def _end(self, number: signal.Signals) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        status = self.process.wait(ENDS_SECONDS)
        self.process = None
        return status

    def _is_ready(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.log
        try:
            with urllib.request.urlopen(f"{self.address}/readyz", timeout=5) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False


@dataclass
class Servers:
    """The processes of one test, over one database. Whatever is left of them at the end is killed."""

    database_url: str
    folder: Path
    settings: dict[str, str] = field(default_factory=dict)
    started: list[Server] = field(default_factory=list)

    def make(self, command: str, **settings: str) -> Server:
        server = Server(
            command,
            {
                "KRAJAI_DATABASE_URL": self.database_url,
                "KRAJAI_PORT": str(free_port()),
                "KRAJAI_LOG_FORMAT": "json",
                **self.settings,
                **settings,
            },
            self.folder,
        )
        self.started.append(server)
        return server

    def ask(self, *arguments: str) -> Any:
        """What a command with --json says."""
        status, said, errors = self.run(*arguments, "--json")
        assert status == 0, errors
        return json.loads(said)

    def run(self, *arguments: str) -> tuple[int, str, str]:
        """Exit status, output and errors of a command."""
        done = subprocess.run(
            [sys.executable, "-m", "bot", *arguments],
            env=environment({"KRAJAI_DATABASE_URL": self.database_url, **self.settings}),
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=STARTS_SECONDS,
        )
        return done.returncode, done.stdout, done.stderr


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
                server.process.wait(ENDS_SECONDS)


def environment(settings: dict[str, str]) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("KRAJAI_")}
    return {**kept, "PYTHONPATH": str(ROOT), "KRAJAI_SOURCES": "off", **settings}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_until(
    reached: Callable[[], bool],
    seconds: float,
    otherwise: Callable[[], str] = lambda: "it does not come",
    look: float = 0.05,
) -> float:
    """Wait for something another process does; how long it took."""
    began = time.monotonic()
    while not reached():
        if time.monotonic() - began > seconds:
            raise AssertionError(f"not within {seconds:g} seconds: {otherwise()}")
        time.sleep(look)
    return time.monotonic() - began


def seeded() -> random.Random:
    """Chance that can be had again: its seed is printed."""
    seed = random.randrange(10**9)
    say("seed", seed)
    return random.Random(seed)


def say(*what: object) -> None:
    """Shown with a failure, and with pytest -rP."""
    print(*what)  # noqa: T201
