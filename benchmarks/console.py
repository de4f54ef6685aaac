"""The officers' console against the clock: from "new alert" to the first message, and from "send the cancel" to its.

Two officers work through the pages of a running `krajai run` by HTTP, as their browsers would: what is measured is the
machine's share, not theirs. The citizen is a simulated phone.
"""

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path
from typing import Any

import pyotp
import requests
from sqlmodel import func, select

from benchmarks.rig.krajai import free_port
from benchmarks.rig.results import Results, console
from storage import migrate, officer_factors, people, sessions
from storage.agencies import OWN, Agency
from storage.database import Database
from storage.local_phones import LocalRequest
from storage.officer_managing import enter
from storage.officers import OfficerState, Role
from storage.sessions import Client, Stage
from storage.subscriptions import WARNING, subscribe

MOST_INTERACTIONS, MOST_SECONDS, MOST_CANCEL_SECONDS = 12, 60.0, 5.0
PATIENCE_SECONDS = 60.0
LOOK_SECONDS = 0.02

ALERTS = "/console/alerts"
SECRET_KEY = "a secret key for measuring, of more than 32 bytes"
TOTP_SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
PLACE = "5709"


@dataclass(kw_only=True)
class Officer:
    """A browser in which she is signed in: the page before her, and how often she clicked or typed."""

    address: str
    token: str
    page: requests.Response | None = None
    did: list[str] = field(default_factory=list)
    client: requests.Session = field(default_factory=requests.Session)

    def __post_init__(self) -> None:
        self.client.cookies.set("krajai_session", self.token)

    def open(self, path: str, said: str) -> None:
        self.did.append(said)
        self.page = self._whole(self.client.get(self.address + path, timeout=PATIENCE_SECONDS))

    def types(self, said: str) -> None:
        self.did.append(said)

    def sends(self, path: str, said: str, **fields: str) -> None:
        self.did.append(said)
        sent = {"csrf": self.field("csrf"), **fields}
        self.page = self._whole(self.client.post(self.address + path, data=sent, timeout=PATIENCE_SECONDS))

    def field(self, name: str) -> str:
        return self.found(rf'name="{name}" value="([^"]*)"')

    def found(self, pattern: str) -> str:
        assert self.page is not None
        match = re.search(pattern, self.page.text)
        if match is None:
            raise LookupError(f"{self.page.url} has no {pattern}")
        return unescape(match[1])

    @property
    def path(self) -> str:
        assert self.page is not None
        return self.page.url.removeprefix(self.address).split("?")[0]

    @staticmethod
    def _whole(page: requests.Response) -> requests.Response:
        page.raise_for_status()
        return page


def main(results: Results) -> None:
    """Measure both ways, and count what the officers do."""
    with _running() as (address, database):
        author, approver = (Officer(address=address, token=each) for each in _people(database))
        author.open(ALERTS, "opens the list of alerts")
        author.did.clear()
        begun = time.monotonic()
        _warn(author, approver)
        first = _until(lambda: _heard(database) >= 1) - begun
        _until(lambda: "tag-good" in approver.client.get(approver.address + approver.path, timeout=9).text)
        author.open(approver.path, "opens the warning")
        alert = author.found(rf"{ALERTS}/live/(\d+)/cancel")
        author.sends(f"{ALERTS}/live/{alert}/cancel", "clicks Cancel")
        revision = author.field("revision")
        heard, begun = _heard(database), time.monotonic()
        author.sends(f"{author.path}/cancel", "clicks Send the cancel", revision=revision)
        cancelled = _until(lambda: _heard(database) > heard) - begun
    did = [*author.did[: author.did.index("clicks Submit") + 1], *approver.did]
    for number, each in enumerate(did, 1):
        console.print(f"{number:>4}. {each}", highlight=False)
    results.put(
        console_interactions=len(did),
        console_first_message_seconds=first,
        console_cancel_first_message_seconds=cancelled,
    )
    results.require(len(did) <= MOST_INTERACTIONS, f"more than {MOST_INTERACTIONS} interactions")
    console.print(
        f"{len(did)} interactions (at most {MOST_INTERACTIONS}); first message after {first:.2f} s (under "
        f"{MOST_SECONDS:g}); a cancel's first message after {cancelled:.2f} s (under {MOST_CANCEL_SECONDS:g})"
    )


def _warn(author: Officer, approver: Officer) -> None:
    author.open(f"{ALERTS}/new", "clicks New alert")
    author.sends(f"{ALERTS}/new", "clicks Flash flood", template="flash_flood", mode="actual")
    author.types("clicks Danger")
    author.types("types the district")
    written = {"level": "emergency", "where": "อ.แม่สาย", "do": "look", "revision": author.field("revision")}
    author.sends(author.path, "clicks See it", **written)
    author.sends(f"{author.path}/submit", "clicks Submit", revision=author.field("revision"))
    approver.open(author.path, "opens what waits for approval")
    approver.types("types hazard, place and count")
    approver.types("types her code")
    approver.sends(
        f"{approver.path}/approve",
        "clicks Approve",
        seen=approver.field("seen"),
        typed=approver.found('class="to-type">([^<]+)<'),
        code=pyotp.TOTP(TOTP_SECRET).now(),
    )


@contextmanager
def _running() -> Iterator[tuple[str, Database]]:
    """`krajai run` with a database of its own; its address."""
    with tempfile.TemporaryDirectory() as folder:
        url, port = f"sqlite:///{folder}/krajai.db", free_port()
        database = Database(url)
        migrate.upgrade(database)
        kept = {name: value for name, value in os.environ.items() if not name.startswith("KRAJAI_")}
        own = {"KRAJAI_DATABASE_URL": url, "KRAJAI_PORT": str(port), "KRAJAI_SOURCES": "off"}
        command = [str(Path(sys.executable).parent / "krajai"), "run"]
        with (Path(folder) / "log").open("wb") as log:
            process = subprocess.Popen(
                command,
                cwd=folder,
                env={**kept, **own, "KRAJAI_SECRET_KEY": SECRET_KEY},
                stdout=log,
                stderr=log,
            )
        address = f"http://127.0.0.1:{port}"
        try:
            _until(lambda: process.poll() is None and _is_ready(address))
            yield address, database
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(PATIENCE_SECONDS)
            database.close()


def _is_ready(address: str) -> bool:
    try:
        return requests.get(f"{address}/readyz", timeout=1).ok
    except requests.RequestException:
        return False


def _people(database: Database) -> list[str]:
    """An author and an approver, as the tokens of their sessions, and a citizen."""
    tokens = []
    with database.write() as session:
        at = database.now(session)
        session.get_one(Agency, OWN).places = ["57"]
        for name, role in (("suda", Role.AUTHOR), ("malee", Role.APPROVER)):
            officer = enter(session, name, at, by="benchmark", roles=[role])
            officer.state, number = OfficerState.ACTIVE, officer.id or 0
            session.add(officer)
            officer_factors.add_totp(session, number, TOTP_SECRET, at, secret_key=SECRET_KEY, step=0)
            tokens.append(sessions.begin(session, number, Stage.SIGNED_IN, at, Client())[0])
        local = people.ensure_account(session, "local")
        contact, person = people.contact_at(session, local.id or 0, "sim-benchmark", at)
        person.consented_at = at
        session.add(person)
        subscribe(session, person.id or 0, contact.id or 0, WARNING, PLACE, at)
    return tokens


def _heard(database: Database) -> int:
    with database.read() as session:
        return session.exec(select(func.count()).select_from(LocalRequest)).one()


def _until(holds: Callable[[], Any]) -> float:
    """When it held, by the monotonic clock."""
    give_up_at = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        if time.monotonic() > give_up_at:
            raise TimeoutError(f"not within {PATIENCE_SECONDS:g} s")
        time.sleep(LOOK_SECONDS)
    return time.monotonic()
