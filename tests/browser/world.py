"""Who works and lives in a running Krajai: officers who are signed in, citizens, and what the console shows of them."""

import time
from dataclasses import dataclass
from itertools import count
from typing import ClassVar

import pyotp
from playwright.sync_api import Page
from sqlmodel import select

from storage import officer_factors, people, sessions
from storage.agencies import OWN, Agency, whole_country
from storage.database import Database
from storage.drill_members import join
from storage.local_phones import LocalRequest
from storage.officer_managing import enter
from storage.officer_passwords import hash_password
from storage.officers import Officer, OfficerState, Role
from storage.sessions import Client, Stage
from storage.subscriptions import WARNING, subscribe
from tests.bot.web.console.browsing import PASSWORD, TOTP_SECRET
from tests.browser.running import SECRET_KEY, RunningKrajai

COOKIE = "krajai_session"


@dataclass(kw_only=True)
class World:
    """One running Krajai. What is made here has names and numbers that nothing else in it has."""

    krajai: RunningKrajai
    database: Database

    numbers: ClassVar["count[int]"] = count(1)
    password_hash: ClassVar[str] = ""

    def address(self, path: str = "") -> str:
        return f"{self.krajai.address}{path}"

    def officer(
        self, name: str, *roles: Role, places: tuple[str, ...] = (), may_bypass: bool = False
    ) -> Officer:
        """An active officer of the own agency, with PASSWORD and an authenticator of TOTP_SECRET.

        Another one of the same name is called suda.2.
        """
        World.password_hash = World.password_hash or hash_password(PASSWORD)
        with self.database.write() as session:
            at = self.database.now(session)
            session.get_one(Agency, OWN).places = whole_country()
            taken = session.exec(select(Officer.name)).all()
            free = next(each for each in self._names(name) if each not in taken)
            made = enter(
                session, free, at, by="tester", roles=roles, places=list(places), may_bypass=may_bypass
            )
            made.password_hash, made.state = World.password_hash, OfficerState.ACTIVE
            session.add(made)
            officer_factors.add_totp(session, made.id or 0, TOTP_SECRET, at, secret_key=SECRET_KEY, step=0)
        return made

    def sign_in(self, page: Page, officer: Officer) -> Page:
        """As if she had signed in on this page; what she reads there is for the tests of the sign-in itself."""
        with self.database.write() as session:
            at = self.database.now(session)
            token, _ = sessions.begin(
                session, officer.id or 0, Stage.SIGNED_IN, at, Client(address="127.0.0.1")
            )
        page.context.add_cookies([{"name": COOKIE, "value": token, "url": self.krajai.address}])
        return page

    def citizen(self, place: str, *, group: str = "") -> str:
        """The address of somebody who wants warnings of a place; a volunteer too, where a group is named."""
        with self.database.write() as session:
            at = self.database.now(session)
            address = f"sim-world-{next(World.numbers)}"
            local = people.ensure_account(session, "local")
            contact, person = people.contact_at(session, local.id or 0, address, at)
            person.consented_at = at
            session.add(person)
            subscribe(session, person.id or 0, contact.id or 0, WARNING, place, at)
            if group:
                join(session, group, contact.id or 0, by="tester", at=at)
        return address

    def heard(self) -> list[str]:
        """All that was sent to simulated phones."""
        with self.database.read() as session:
            return [str(each.body) for each in session.exec(select(LocalRequest))]

    @staticmethod
    def _names(name: str) -> list[str]:
        return [name, *(f"{name}.{number}" for number in range(2, 100))]


def code(half_minutes: int = 0) -> str:
    """What her authenticator shows now. Each counts once: who gives two takes that of the half minute after too,
    which counts as well."""
    return pyotp.TOTP(TOTP_SECRET).at(int(time.time()) + 30 * half_minutes)
