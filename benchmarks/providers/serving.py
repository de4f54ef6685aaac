"""The providers as a process of their own, and the way to ask it what it saw."""

import asyncio
import contextlib
import json
import multiprocessing
import os
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

from benchmarks.providers.http import Answer, Request, Server
from benchmarks.providers.journal import Journal
from benchmarks.providers.limits import Latency
from benchmarks.providers.line import Line
from benchmarks.providers.telegram import Telegram

NICENESS = -5
"""Where the system allows it: a provider that has to wait for the processor would see requests late."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What the providers of a run enforce and how they answer. None: no limit."""

    line: float | None = None
    telegram: float | None = None
    latency: bool = False
    seed: int = 1


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What a provider accepted of one broadcast; see `journal.Entry.summary`."""

    requests: int
    recipients: int
    different: int
    twice: int
    first_of: int
    first_at: float
    last_at: float
    late_at: float
    bins: dict[str, int]

    @property
    def seconds(self) -> float:
        return self.last_at - self.first_at

    @property
    def requests_per_second(self) -> float:
        return (self.requests - 1) / self.seconds

    @property
    def recipients_per_second(self) -> float:
        return (self.recipients - self.first_of) / self.seconds


@dataclass(frozen=True, kw_only=True)
class Totals:
    """What a provider counted since it was set up."""

    exceeded: int
    refused: int
    most_in_flight: int


@dataclass(frozen=True, kw_only=True)
class Provider:
    """A running process of providers. LINE and Telegram are at the same address."""

    url: str
    pid: int

    def set_up(self, limits: Limits) -> None:
        """Begin anew: empty journal, no counts, these limits."""
        self._ask("set_up", vars(limits))

    def seen(self) -> dict[str, Seen]:
        """What was accepted, by the beginning of its words."""
        return {words: Seen(**entry) for words, entry in self._ask("journal").items()}

    def recipients(self) -> dict[str, int]:
        """How many recipients were accepted so far, by the beginning of the words."""
        found: dict[str, int] = self._ask("recipients")
        return found

    def totals(self) -> Totals:
        return Totals(**self._ask("totals"))

    def replies(self) -> list[tuple[str, float]]:
        """Reply tokens with the moments at which they were spent."""
        return [(token, at) for token, at in self._ask("replies")]

    def _ask(self, what: str, body: Any = None) -> Any:
        request = urllib.request.Request(f"{self.url}/_control/{what}", json.dumps(body).encode())
        with urllib.request.urlopen(request, timeout=120) as answer:
            return json.load(answer)


@contextmanager
def providers() -> Iterator[Provider]:
    """Yield the providers, served until the end."""
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_serve, args=(there,), daemon=True)
    process.start()
    try:
        assert process.pid is not None
        yield Provider(url=f"http://127.0.0.1:{here.recv()}", pid=process.pid)
    finally:
        process.terminate()
        process.join()


def _serve(parent: Connection) -> None:
    with contextlib.suppress(OSError):
        os.nice(NICENESS)
    asyncio.run(_serve_until_terminated(parent))


async def _serve_until_terminated(parent: Connection) -> None:
    house = _House()
    house.server = Server(house.handle)
    parent.send(await house.server.start())
    await asyncio.Event().wait()


class _House:
    """LINE, Telegram and the door for whoever measures."""

    server: Server

    def __init__(self) -> None:
        self._set_up(Limits())

    def handle(self, request: Request) -> Answer:
        if request.path.startswith("/v2/"):
            return self._line.handle(request)
        if request.path.startswith("/bot"):
            return self._telegram.handle(request)
        asked = request.path.removeprefix("/_control/")
        return Answer(200, json.dumps(self._control(asked, json.loads(request.body or b"null"))).encode())

    def _control(self, asked: str, body: Any) -> Any:
        if asked == "set_up":
            self._set_up(Limits(**body))
            self.server.most_in_flight = 0
            return None
        answers: dict[str, Callable[[], Any]] = {
            "journal": self._journal.summary,
            "recipients": self._journal.recipients,
            "totals": self._totals,
            "replies": lambda: self._journal.times("reply"),
        }
        return answers[asked]()

    def _set_up(self, limits: Limits) -> None:
        self._journal = Journal()
        latency = Latency(on=limits.latency, seed=limits.seed)
        self._line = Line(self._journal, latency, limits.line)
        self._telegram = Telegram(self._journal, latency, limits.telegram)

    def _totals(self) -> dict[str, int]:
        return {
            "exceeded": self._line.exceeded + self._telegram.exceeded,
            "refused": self._line.refused + self._telegram.refused,
            "most_in_flight": self.server.most_in_flight,
        }
