"""A browser of an officer for tests: it keeps cookies and fills in forms, over https, without a network."""

import asyncio
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from html import unescape
from typing import Any

import httpx
import pyotp
from fastapi import FastAPI

from bot.settings import Settings
from bot.web.app import create_app
from bot.wiring import Krajai, open_krajai
from storage import officer_factors, officer_invitations
from storage.agencies import OWN, Agency
from storage.database import Database
from storage.officer_managing import enter
from storage.officer_passwords import hash_password
from storage.officers import Officer, OfficerState, Role
from tests.builders import NOW

SECRET_KEY = "a secret key for tests only, of more than 32 bytes"
PASSWORD = "แม่สายน้ำขึ้นสามเมตร"
TOTP_SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"

HTTPS = "https://console.test"


@dataclass
class Clock:
    """The database's clock in a test's hand."""

    at: datetime = NOW

    def __call__(self) -> datetime:
        return self.at

    def pass_(self, **time: float) -> None:
        self.at += timedelta(**time)


@dataclass
class House:
    """A Krajai with its clock, and the application that serves it."""

    krajai: Krajai
    clock: Clock
    app: FastAPI

    @property
    def database(self) -> Database:
        return self.krajai.database

    def browser(self, base_url: str = HTTPS, address: str = "127.0.0.1") -> "Browser":
        return Browser(app=self.app, clock=self.clock, base_url=base_url, address=address)

    def officer(
        self,
        name: str = "suda.k",
        *,
        roles: Iterable[Role] = (Role.AUTHOR,),
        agency_id: str = OWN,
        places: Iterable[str] = (),
        state: OfficerState = OfficerState.ACTIVE,
        may_bypass: bool = False,
    ) -> Officer:
        """An officer who has joined, with PASSWORD and an authenticator of TOTP_SECRET."""
        with self.database.write() as session:
            made = enter(
                session,
                name,
                self.clock.at,
                by="tester",
                roles=roles,
                agency_id=agency_id,
                places=list(places),
                may_bypass=may_bypass,
            )
            assert made.id is not None
            made.password_hash, made.state = hashed(), state
            session.add(made)
            officer_factors.add_totp(
                session, made.id, TOTP_SECRET, self.clock.at, secret_key=SECRET_KEY, step=0
            )
        return made

    def agency(self, agency_id: str, places: Iterable[str]) -> Agency:
        """An agency, or the places of the own one."""
        with self.database.write() as session:
            made = session.get(Agency, agency_id) or Agency(
                id=agency_id, name_th=f"หน่วยงาน {agency_id}", name_en=f"Agency {agency_id}", created_at=NOW
            )
            made.places = list(places)
            session.add(made)
        return made

    def invitation(self, name: str = "anan", **known: Any) -> str:
        """The path of a link for a new officer."""
        with self.database.write() as session:
            made = enter(session, name, self.clock.at, by="tester", invited=True, **known)
            assert made.id is not None
            return f"/console/join/{officer_invitations.invite(session, made.id, self.clock.at, by='tester')}"

    def signed_in(self, officer: Officer, base_url: str = HTTPS) -> "Browser":
        """A browser in which she has signed in."""
        browser = self.browser(base_url)
        answer = browser.sign_in(officer.name)
        assert answer.status_code == 303, answer.text
        return browser


@dataclass
class Browser:
    """Keeps cookies, follows no redirect by itself."""

    app: FastAPI
    clock: Clock
    base_url: str = HTTPS
    address: str = "127.0.0.1"
    cookies: httpx.Cookies = field(default_factory=httpx.Cookies)

    def get(self, path: str, **asked: Any) -> httpx.Response:
        return self._ask("GET", path, **asked)

    def post(self, path: str, data: dict[str, Any] | None = None, **asked: Any) -> httpx.Response:
        """A form as it stands: without a token unless `data` has one."""
        return self._ask("POST", path, data=data or {}, **asked)

    def submit(self, page: str, data: dict[str, Any], action: str = "", **asked: Any) -> httpx.Response:
        """Open a page and send its form, with its token."""
        return self.post(action or page, {"csrf": self.token(page), **data}, **asked)

    def token(self, page: str) -> str:
        """The token of the forms on a page."""
        answer = self.get(page)
        found = re.search(r'name="csrf" value="([0-9a-f]{64})"', answer.text)
        assert found, f"{page} has no form ({answer.status_code}): {answer.text[-2000:]}"
        return unescape(found[1])

    def sign_in(
        self, name: str, password: str = PASSWORD, code: str = "", wanted: str = ""
    ) -> httpx.Response:
        """Both steps; the answer of the last one that was reached."""
        fields = {"name": name, "password": password, "next": wanted}
        first = self.submit("/console/sign-in", fields)
        if first.status_code != 303:
            return first
        given = code or pyotp.TOTP(TOTP_SECRET).at(self.clock.at)
        return self.submit("/console/sign-in/second", {"code": given, "next": wanted})

    def _ask(self, method: str, path: str, **asked: Any) -> httpx.Response:
        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(
                self.app, raise_app_exceptions=False, client=(self.address, 50_000)
            )
            client = httpx.AsyncClient(transport=transport, base_url=self.base_url, cookies=self.cookies)
            async with client:
                answer = await client.request(method, path, **asked)
                self.cookies = client.cookies
                return answer

        return asyncio.run(ask())


def open_house(database: Database, **changed: Any) -> House:
    """Krajai on a migrated database, with its console open and its clock in hand."""
    settings = Settings(
        database_url=database.url.render_as_string(hide_password=False), secret_key=SECRET_KEY, **changed
    )
    krajai = open_krajai(settings)
    clock = Clock()
    krajai.database.close()
    krajai.database = Database(settings.database_url, clock=clock)
    return House(krajai=krajai, clock=clock, app=create_app(krajai))


_hashes: list[str] = []


def hashed() -> str:
    """Hashing is slow by design: once for all tests."""
    if not _hashes:
        _hashes.append(hash_password(PASSWORD))
    return _hashes[0]
