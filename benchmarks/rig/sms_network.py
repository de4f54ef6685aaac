"""Kannel and a simulated network behind it: the programs of ../shared/peers/sms, started on ports of their own."""

import json
import os
import shutil
import signal
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from benchmarks.rig.known import ROOT
from benchmarks.rig.krajai import free_port

RUN = ROOT.parent / "shared" / "peers" / "sms" / "run.sh"
PASSWORD = "secret"
_START_SECONDS = 60.0


class NetworkMissing(Exception):
    """There is no Kannel or no simulator here; the message says what is needed."""


@dataclass(frozen=True, kw_only=True)
class Network:
    """`sendsms_url` is Kannel's; `smpp_port` and `control_url` are the simulator's."""

    sendsms_url: str
    smpp_port: int
    control_url: str

    def reset(self, **faults: object) -> None:
        """Counters to zero, no faults but these."""
        self._ask("/reset")
        if faults:
            self._ask(f"/faults?{urllib.parse.urlencode(faults)}")

    def counted(self) -> dict[str, Any]:
        """The simulator's counters: submits, accepted, throttled, firstMs, lastMs ..."""
        found: dict[str, Any] = json.loads(self._ask("/stats"))
        return found

    def await_accepted(self, count: int, seconds: float) -> dict[str, Any]:
        """The counters once so many were accepted. Raises TimeoutError."""
        deadline = time.monotonic() + seconds
        while (counted := self.counted())["accepted"] < count:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{counted['accepted']} of {count} SMS arrived in {seconds:g} s")
            time.sleep(0.2)
        return counted

    def _ask(self, path: str) -> bytes:
        with urllib.request.urlopen(self.control_url + path, timeout=10) as answer:
            said: bytes = answer.read()
        return said


def per_second(counted: dict[str, Any]) -> float:
    """Messages a second as they reached the network."""
    seconds = max(counted["lastMs"] - counted["firstMs"], 1) / 1000
    return float((counted["submits"] - 1) / seconds)


@contextmanager
def sms_network(*, with_kannel: bool = True) -> Iterator[Network]:
    """Yield the simulator, with Kannel in front of it or alone, stopped at the end. Raises NetworkMissing."""
    if not RUN.exists():
        raise NetworkMissing(
            "the SMS simulator lies in the folder shared beside the repository, which is not here"
        )
    for program in ("bearerbox", "node", "npm")[0 if with_kannel else 1 :]:
        if shutil.which(program) is None:
            raise NetworkMissing(f"{program} is not installed (Debian packages kannel, nodejs, npm)")
    ports = {
        name: free_port() for name in ("SMPP_PORT", "SIM_PORT", "SENDSMS_PORT", "ADMIN_PORT", "BOX_PORT")
    }
    named = {name: str(port) for name, port in ports.items()}
    running = subprocess.Popen(
        ["bash", str(RUN)],
        env={**os.environ, **named, "SMS_PASSWORD": PASSWORD, "SIM_ONLY": "0" if with_kannel else "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        _await_ready(running)
        yield Network(
            sendsms_url=f"http://127.0.0.1:{ports['SENDSMS_PORT']}/cgi-bin/sendsms",
            smpp_port=ports["SMPP_PORT"],
            control_url=f"http://127.0.0.1:{ports['SIM_PORT']}",
        )
    finally:
        os.killpg(running.pid, signal.SIGINT)
        try:
            running.wait(15)
        except subprocess.TimeoutExpired:
            os.killpg(running.pid, signal.SIGKILL)
            running.wait()


def _await_ready(running: "subprocess.Popen[str]") -> None:
    said = []
    assert running.stdout is not None
    for line in running.stdout:
        said.append(line)
        if "SMSC simulator on" in line:
            return
    raise NetworkMissing(f"the SMS network did not start: {''.join(said)[-1000:]}")
