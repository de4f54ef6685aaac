"""Starting and stopping: one of the processes ends, all end in order; what is wrong is said in one line."""

import asyncio
import os
import shutil
import signal
import socket
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import cast

import pytest
import structlog
from typer.testing import CliRunner

from bot.__main__ import build
from bot.commands import processes
from bot.embedded_lock import only_server
from bot.wiring import Krajai
from storage.database import Database


class Process:
    """A process that runs until it is stopped, or fails."""

    def __init__(self, fault: BaseException | None = None, on_run: Callable[[], None] = lambda: None) -> None:
        self.fault, self.on_run = fault, on_run
        self.stopping = asyncio.Event()
        self.finished = False

    async def run(self) -> None:
        self.on_run()
        if self.fault is not None:
            raise self.fault
        await self.stopping.wait()
        await asyncio.sleep(0.01)
        self.finished = True

    def stop(self) -> None:
        self.stopping.set()


class Channels:
    """What is closed when all has ended."""

    closed = 0

    async def close_channels(self) -> None:
        self.closed += 1


async def run_all(*running: Process) -> Channels:
    channels = Channels()
    runs: list[Callable[[], Awaitable[None]]] = [each.run for each in running]
    try:
        await processes._until_signal(cast("Krajai", channels), runs, [each.stop for each in running])
    finally:
        assert channels.closed == 1
    return channels


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_all_and_lets_them_finish(number: signal.Signals) -> None:
    async def scene() -> list[bool]:
        loop = asyncio.get_running_loop()

        def signal_me() -> None:
            loop.call_soon(os.kill, os.getpid(), number)

        running = [
            Process(on_run=signal_me),
            Process(),
            Process(),
        ]
        await asyncio.wait_for(run_all(*running), 10)
        return [each.finished for each in running]

    assert asyncio.run(scene()) == [True, True, True]


def test_a_process_that_fails_takes_the_others_along_in_order() -> None:
    others: list[Process] = []

    async def scene() -> None:
        others.extend([Process(), Process()])
        await asyncio.wait_for(run_all(others[0], Process(OSError("the port")), others[1]), 10)

    with pytest.raises(OSError, match="the port"):
        asyncio.run(scene())
    assert [each.finished for each in others] == [True, True]


@pytest.fixture
def url(migrated_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    shutil.copy(migrated_file, tmp_path / "krajai.db")
    found = f"sqlite:///{tmp_path}/krajai.db"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KRAJAI_DATABASE_URL", found)
    yield found
    structlog.reset_defaults()  # a command sets up the log of its whole process, and that is ours


def test_a_port_that_is_taken_is_said_in_one_line(
    url: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        monkeypatch.setenv("KRAJAI_PORT", str(taken.getsockname()[1]))
        done = CliRunner().invoke(build("run"), ["run"])
    assert done.exit_code == 1
    assert "the port cannot be opened" in done.stderr
    assert "KRAJAI_PORT" in done.stderr
    assert done.exception is None or isinstance(done.exception, SystemExit)
    assert "Traceback" not in caplog.text


@pytest.mark.parametrize("command", ["web", "worker", "clock"])
def test_separate_processes_are_for_postgresql(url: str, command: str) -> None:
    done = CliRunner().invoke(build(command), [command])
    assert done.exit_code == 1
    assert "krajai run" in done.stderr


def test_a_second_server_does_not_touch_the_file_of_the_first(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Least of all may it migrate the database under a server of the version before."""
    monkeypatch.setattr(processes, "migrate_database", lambda _: pytest.fail("migrated"))
    with only_server(Database(url)):
        done = CliRunner().invoke(build("run"), ["run"])
    assert done.exit_code == 1
    assert "another Krajai already runs" in done.stderr
