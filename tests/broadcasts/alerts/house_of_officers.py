"""A house with officers for tests of drafts: who may write, approve, and let out alone."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import Session

from broadcasts.alerts import approving, drafting
from broadcasts.alerts.approving import confirmation_of
from broadcasts.alerts.drafted import View, look
from broadcasts.alerts.drafting import Acting
from storage.agencies import OWN, Agency
from storage.alert_drafts import AlertDraft, Mode
from storage.broadcasts import Broadcast
from storage.officers import Officer, Role
from tests.builders import MAE_SAI, NOW

BANGKOK = ZoneInfo("Asia/Bangkok")
FLOOD: dict[str, Any] = {"level": "emergency", "places": [MAE_SAI], "words": {"th": {"level": "ระดับเอว"}}}


@dataclass(kw_only=True)
class House:
    """`at` is the clock; it stands still unless a test moves it."""

    session: Session
    at: datetime = NOW
    agency: Agency = field(init=False)

    def __post_init__(self) -> None:
        own = self.session.get_one(Agency, OWN)
        own.name_th, own.name_en, own.places = "ปภ.เชียงราย", "Chiang Rai DDPM", ["57"]
        self.session.add(own)
        self.session.flush()
        self.agency = own

    def officer(self, name: str, *roles: Role, places: list[str] | None = None, **values: Any) -> Acting:
        officer = Officer(
            name=name, roles=[role.value for role in roles], places=places or [], created_at=self.at, **values
        )
        self.session.add(officer)
        self.session.flush()
        return self.acting(officer)

    def acting(self, officer: Officer) -> Acting:
        agency = self.session.get_one(Agency, officer.agency_id)
        return Acting(officer=officer, agency=agency, at=self.at, zone=BANGKOK)

    def author(self, name: str = "suda") -> Acting:
        return self.officer(name, Role.AUTHOR)

    def approver(self, name: str = "malee", **values: Any) -> Acting:
        return self.officer(name, Role.APPROVER, **values)

    def draft(
        self,
        author: Acting,
        *,
        template: str = "flood",
        mode: Mode = Mode.ACTUAL,
        changes: dict[str, Any] | None = None,
    ) -> AlertDraft:
        begun = drafting.begin(self.session, author, template=template, mode=mode)
        return drafting.edit(self.session, author, begun.number, 1, {**FLOOD, **(changes or {})})

    def submitted(
        self, author: Acting, *, template: str = "flood", mode: Mode = Mode.ACTUAL, **changes: Any
    ) -> AlertDraft:
        made = self.draft(author, template=template, mode=mode, changes=changes)
        return approving.submit(self.session, author, made.number, made.revision)

    def view(self, draft: AlertDraft, after: timedelta = timedelta(0)) -> View:
        return look(self.session, draft, self.at + after, BANGKOK)

    def approve(self, approver: Acting, draft: AlertDraft, **changed: str) -> Broadcast:
        view = self.view(draft)
        said = {"seen": view.hash, "typed": confirmation_of(view, "th").words, "factor": "totp", **changed}
        return approving.approve(self.session, approver, draft.number, **said)
