"""What attackers of the console stand before: two officers, a stranger, a draft that waits, and the doors they try."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from html import unescape
from typing import Any

import httpx
import pyotp
from sqlmodel import Session, func, select

from bot.web.console.drafts import ALERTS
from storage.alerts import Alert
from storage.audit import AuditEntry
from storage.broadcasts import Broadcast
from storage.officers import Officer, Role
from tests.bot.web.console.browsing import TOTP_SECRET, Browser, House

TOKEN = "a token of partners"


@dataclass(frozen=True, kw_only=True)
class Attack:
    """`act` gives the answers' statuses, which must all be in `statuses`; `audited` is who did what by the log.

    `released` is how many broadcasts there may be afterwards.
    """

    name: str
    act: Callable[["Scene"], list[int]]
    statuses: tuple[int, ...]
    audited: tuple[str, str]
    reason: str = ""
    released: int = 0


@dataclass(kw_only=True)
class Scene:
    """Suda and Malee write and approve, Arun approves, Nok is of another agency, Lek has no role."""

    house: House
    officers: dict[str, Officer] = field(default_factory=dict)
    browsers: dict[str, Browser] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.house.agency("", ["57"])
        self.house.agency("cm", ["50"])
        both = [Role.AUTHOR, Role.APPROVER]
        for name, roles, agency in (
            ("suda", both, ""),
            ("malee", [Role.APPROVER, Role.AUTHOR], ""),
            ("nok", [*both, Role.CASE_WORKER, Role.ADMIN], "cm"),
            ("lek", [], ""),
            ("arun", [Role.APPROVER], ""),
        ):
            self.officers[name] = self.house.officer(name, roles=roles, agency_id=agency)

    def browser(self, name: str) -> Browser:
        """A browser in which this officer is signed in."""
        if name not in self.browsers:
            self.house.clock.pass_(seconds=31)
            self.browsers[name] = self.house.signed_in(self.officers[name])
        return self.browsers[name]

    def post(self, name: str, path: str, fields: dict[str, Any]) -> httpx.Response:
        """Send a form as this officer, with the token of her own session."""
        return self.browser(name).submit("/console/account", fields, action=path)

    def drafted(self, **fields: str) -> str:
        """The path of a draft of Suda's."""
        path = self.post("suda", f"{ALERTS}/new", {"template": "flood", "mode": fields.pop("mode", "actual")})
        edit = path.headers["location"]
        written = {"level": "emergency", "where": "อ.แม่สาย", "do": "look", "lasts": "6", **fields}
        saved = self.post("suda", edit, {"revision": self.revision(edit), **written})
        assert saved.status_code == 303, saved.text
        return edit.removesuffix("/edit")

    def submitted(self, **fields: str) -> str:
        path = self.drafted(**fields)
        answer = self.post("suda", f"{path}/submit", {"revision": self.revision(path)})
        assert answer.status_code == 303, answer.text
        return path

    def revision(self, path: str) -> str:
        found = re.search(r'name="revision" value="(\d+)"', self.browser("suda").get(path).text)
        return found[1] if found else "0"

    def approval(self, path: str, reader: str = "malee") -> dict[str, str]:
        """What an approver of this page would send."""
        page = self.browser(reader).get(path).text
        seen = re.search(r'name="seen" value="([0-9a-f]{64})"', page)
        typed = re.search(r'class="to-type">([^<]+)<', page)
        assert seen is not None
        assert typed is not None
        return {"seen": seen[1], "typed": unescape(typed[1]), "code": self.code()}

    def code(self) -> str:
        """A code of everybody's authenticator that nobody has used yet."""
        self.house.clock.pass_(seconds=31)
        return pyotp.TOTP(TOTP_SECRET).at(self.house.clock.at)

    def released(self) -> tuple[str, int, dict[str, str]]:
        """A draft that went out with Malee's approval: its path, its broadcast, and what she sent."""
        path = self.submitted()
        given = self.approval(path)
        assert self.post("malee", f"{path}/approve", given).status_code == 303
        with self.house.database.read() as session:
            alert = session.exec(select(Alert)).one()
        return path, alert.broadcast_id or 0, given

    def log(self) -> list[AuditEntry]:
        with Session(self.house.database.engine) as session:
            return list(session.exec(select(AuditEntry)))

    def broadcasts(self) -> int:
        with Session(self.house.database.engine) as session:
            return session.exec(select(func.count()).select_from(Broadcast)).one()
