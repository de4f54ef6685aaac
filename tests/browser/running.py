"""A whole Krajai of its own: `krajai run` as a process, with its own SQLite file, port and folder."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import chdir, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from storage.database import Database
from tests.bot.commands.running import Ran
from tests.bot.commands.running import krajai as run_command
from tests.ports import free_port

KRAJAI = Path(sys.executable).parent / "krajai"
START_SECONDS = 180.0
"""A machine that does much else starts it slowly."""

STOP_SECONDS = 45.0
LOOK_SECONDS = 0.05
SECRET_KEY = "a secret key for tests only, of more than 32 bytes"


@dataclass
class RunningKrajai:
    """Krajai in `folder`: its database, its log, and no setting of whoever runs the tests."""

    folder: Path
    port: int = field(default_factory=free_port)
    settings: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        return (self.folder / "krajai.log").read_text("utf-8")

    @property
    def database_url(self) -> str:
        return f"sqlite:///{self.folder / 'krajai.db'}"

    @contextmanager
    def database(self) -> Iterator[Database]:
        """Its database, beside the running server."""
        database = Database(self.database_url)
        try:
            yield database
        finally:
            database.close()

    @contextmanager
    def running(self, migrated_file: Path) -> Iterator["RunningKrajai"]:
        """Started on a copy of a migrated database, and stopped whatever happens, also when it does not start."""
        shutil.copy(migrated_file, self.folder / "krajai.db")
        try:
            self.start()
            yield self
        except BaseException:
            self.kill()
            raise
        if self.process is not None:
            self.stop()

    def start(self) -> None:
        """Return when the server says that it is ready."""
        with (self.folder / "krajai.log").open("ab") as log:
            self.process = subprocess.Popen(
                [KRAJAI, "run"], cwd=self.folder, env=self._environment(), stdout=log, stderr=log
            )
        give_up_at = time.monotonic() + START_SECONDS
        while not self._is_ready():
            assert self.process.poll() is None, f"krajai run ended at once:\n{self.log}"
            assert time.monotonic() < give_up_at, f"krajai run is not ready:\n{self.log}"
            time.sleep(LOOK_SECONDS)  # another process: there is no event to wait for

    def stop(self) -> None:
        """Press Ctrl-C, as whoever runs it does."""
        assert self.process is not None
        self.process.send_signal(signal.SIGINT)
        try:
            status = self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            raise
        self.process = None
        assert status == 0, f"krajai run ended with {status}:\n{self.log}"

    def kill(self) -> None:
        """End it without asking."""
        if self.process is not None:
            with suppress(ProcessLookupError):
                self.process.kill()
            self.process.wait()
            self.process = None

    def command(self, *arguments: str | Path) -> str:
        """What a `krajai` command says, beside the running server.

        It runs in this process, since starting another takes seconds, and in a thread, since the browser keeps a loop
        of asyncio in this one.
        """
        words = [str(each) for each in arguments]
        with ThreadPoolExecutor(1) as threads:
            ran = threads.submit(self._command, words).result()
        assert ran.status == 0, (
            f"krajai {' '.join(words)} ended with {ran.status}:\n{ran.said}{ran.complained}"
        )
        return ran.said

    def import_alert(self, file: Path, *options: str) -> dict[str, Any]:
        """The one alert of a CAP file, stored as a draft."""
        imported = json.loads(self.command("alert", "import", file, *options, "--json"))
        (alert,) = imported["alerts"]
        assert alert["new"]
        assert alert["state"] == "draft"
        draft: dict[str, Any] = alert
        return draft

    def release_alert(self, number: int) -> str:
        """Release it, and wait as the command does until it has gone out; what the command said."""
        return self.command("alert", "release", str(number), "--yes")

    def show_alert(self, number: int) -> dict[str, Any]:
        """The alert with its audience and what became of it."""
        shown: dict[str, Any] = json.loads(self.command("alert", "show", str(number), "--json"))
        return shown

    def _command(self, words: list[str]) -> Ran:
        with chdir(self.folder):
            return run_command(*words, environment=self._settings())

    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("KRAJAI_")}
        return {**kept, **self._settings(), "PYTHONUNBUFFERED": "1"}

    def _settings(self) -> dict[str, str]:
        return {
            "KRAJAI_PORT": str(self.port),
            "KRAJAI_DATABASE_URL": self.database_url,
            "KRAJAI_SOURCES": "off",
            "KRAJAI_SECRET_KEY": SECRET_KEY,
            **self.settings,
        }

    def _is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.address}/readyz", timeout=10) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False
