"""A whole Krajai of its own: `krajai run` as a process, with its own SQLite file, port and folder."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

KRAJAI = Path(sys.executable).parent / "krajai"
START_SECONDS = 30.0
STOP_SECONDS = 15.0
COMMAND_SECONDS = 60.0
LOOK_SECONDS = 0.05


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@dataclass
class RunningKrajai:
    """Krajai in `folder`: its database, its log, and no setting of whoever runs the tests."""

    folder: Path
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        return (self.folder / "krajai.log").read_text("utf-8")

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
            self.process.kill()
            self.process.wait()
            raise
        finally:
            self.process = None
        assert status == 0, f"krajai run ended with {status}:\n{self.log}"

    def command(self, *arguments: str | Path) -> str:
        """What a `krajai` command says, beside the running server."""
        done = subprocess.run(
            [KRAJAI, *map(str, arguments)],
            cwd=self.folder,
            env=self._environment(),
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS,
        )
        said = f"krajai {' '.join(map(str, arguments))} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
        assert done.returncode == 0, said
        return done.stdout

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

    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("KRAJAI_")}
        return {
            **kept,
            "KRAJAI_PORT": str(self.port),
            "KRAJAI_DATABASE_URL": f"sqlite:///{self.folder / 'krajai.db'}",
            "KRAJAI_SOURCES": "off",
            "KRAJAI_SECRET_KEY": "a secret key for tests only, of more than 32 bytes",
            "PYTHONUNBUFFERED": "1",
        }

    def _is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.address}/readyz", timeout=1) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False
