"""Access rules: every page of the console says in its signature who may open it, and gets the visit that was let in.

    @router.get("/console/audit")
    def show(visit: Annotated[OfficerVisit, access(Right.READ_AUDIT)]) -> Response: ...

Denied is what is not allowed: a signed-in officer of an active account, with the right, for the place. A form's token
is looked at before anything else. Refusals of officers are audited.
"""

import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import Depends, Request
from fastapi.responses import RedirectResponse, Response
from sqlmodel import Session
from starlette.datastructures import FormData

from bot.web.console import rendering
from bot.web.console.transport import (
    HOME,
    SESSION,
    VISITOR,
    RequestRefused,
    client_of,
    is_from_here,
    own_page,
    read_form,
    require_safe_transport,
)
from bot.wiring import Krajai
from storage import sessions
from storage.agencies import Agency, agency
from storage.audit import record
from storage.officer_rights import Right, acting_places, covers, has_right
from storage.officers import Officer, OfficerState
from storage.sealing import LEAST_SECRET_KEY_BYTES
from storage.sessions import OfficerSession, Stage
from storage.signs import without_controls


class NotSignedIn(Exception):
    """The page is for those who are signed in; `wanted` is where she goes afterwards."""

    def __init__(self, wanted: str) -> None:
        super().__init__(wanted)
        self.wanted = wanted


@dataclass(frozen=True, kw_only=True)
class Visit:
    """A request to the console by whoever it may be. `at` is the database's time."""

    request: Request
    krajai: Krajai
    form: FormData = field(repr=False)
    at: datetime
    token: str = field(repr=False)
    token_is_new: bool = False

    @property
    def language(self) -> str:
        return rendering.language_of(self.request)

    @property
    def secret_key(self) -> str:
        return self.krajai.settings.secret_key.get_secret_value()

    @property
    def csrf(self) -> str:
        """The token that every form of this page carries in its field `csrf`."""
        return sessions.form_token(self.token)

    def text(self, name: str, most: int = 2_000) -> str:
        """A field of the form or of the address, '' when it is missing: without blanks around it and signs that
        machines obey, cut at `most`."""
        value = (
            self.form.get(name, "")
            if self.request.method == "POST"
            else self.request.query_params.get(name, "")
        )
        return without_controls(value).strip()[:most] if isinstance(value, str) else ""

    def texts(self, name: str) -> list[str]:
        """All fields of this name (checkboxes)."""
        source = self.form if self.request.method == "POST" else self.request.query_params
        return [value.strip() for value in source.getlist(name) if isinstance(value, str) and value.strip()]

    @contextmanager
    def reading(self) -> Iterator[Session]:
        with self.krajai.database.read() as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        with self.krajai.database.write() as session:
            yield session

    def page(self, template: str, *, status: int = 200, **values: Any) -> Response:
        """The page `console/<template>` with these values, in the reader's language."""
        response = rendering.page(self, template, status=status, **values)
        if self.token_is_new:
            VISITOR.set(self.request, response, self.token)
        return response

    def redirect(self, path: str, *, done: str = "") -> Response:
        """On to a page of the console after a form; `done` is the catalogue's sentence that it shows (`….done_…`)."""
        where = own_page(path)
        if done:
            where += ("&" if "?" in where else "?") + f"done={quote(done)}"
        return RedirectResponse(where, status_code=303)


@dataclass(frozen=True, kw_only=True)
class OfficerVisit(Visit):
    """A request by an officer; `places` are the codes for which she may act."""

    officer: Officer
    agency: Agency | None
    session: OfficerSession

    @property
    def officer_id(self) -> int:
        assert self.officer.id is not None
        return self.officer.id

    @property
    def session_id(self) -> int:
        assert self.session.id is not None
        return self.session.id

    @property
    def places(self) -> tuple[str, ...]:
        return acting_places(self.officer, self.agency)

    def can(self, right: Right, places: Sequence[str] | None = None) -> bool:
        """Whether she has the right, and for all of these places where some are given."""
        return has_right(self.officer, right) and (places is None or covers(self.places, places))

    def require(self, right: Right, places: Sequence[str]) -> None:
        """Refuse the request, and audit that, unless she has the right in all of these places."""
        if not self.can(right, places):
            self.refuse(right, places)

    def refuse(self, right: Right, places: Sequence[str] = ()) -> None:
        """Raises Refused: what was begun is rolled back, then the refusal is audited and answered."""
        raise Refused(self, {"right": right.value, "places": list(places)}, "console.error_no_right")

    def audit(self, action: str, subject: str, detail: dict[str, Any] | None = None) -> None:
        """Write an entry in a transaction of its own, such as that personal data was looked at.

        Not inside `writing()`: there, `record` belongs to that transaction.
        """
        with self.writing() as session:
            record(session, self.at, actor=self.officer.name, action=action, subject=subject, detail=detail)


class Refused(RequestRefused):
    """An officer was refused something; `audit` writes that down once her request's transaction is over."""

    def __init__(self, visit: OfficerVisit, detail: dict[str, Any], key: str) -> None:
        super().__init__(403, key)
        self._visit, self._detail = visit, detail

    def audit(self) -> None:
        self._visit.audit("console.refuse", _page_of(self._visit.request), self._detail)


@dataclass(frozen=True, kw_only=True)
class Access:
    """The rule of one page. `right` None is a page for everybody; `stage` is how far she must have signed in.

    `place` names a value of the path, address or form that must be a place she acts for.
    """

    right: Right | None
    stage: Stage | None = Stage.SIGNED_IN
    place: str = ""

    def __call__(self, request: Request, form: Annotated[FormData, Depends(read_form)]) -> Visit:
        krajai: Krajai = request.app.state.krajai
        require_safe_transport(request)
        if len(krajai.settings.secret_key.get_secret_value().encode()) < LEAST_SECRET_KEY_BYTES:
            raise RequestRefused(503, "console.error_secret_key")
        token = SESSION.read(request) or VISITOR.read(request)
        new = not token
        token = token or secrets.token_urlsafe(32)
        genuine = request.method in ("GET", "HEAD") or (is_from_here(request) and _is_genuine(form, token))
        if not genuine and (self.stage is None or not SESSION.read(request)):
            raise RequestRefused(403, "console.error_forged")
        with krajai.database.read() as session:
            at = krajai.database.now(session)
            anybody = Visit(request=request, krajai=krajai, form=form, at=at, token=token, token_is_new=new)
            if self.stage is None:
                return anybody
            visit = _officer_visit(anybody, session, self.stage)
        if visit is None:
            raise NotSignedIn(_page_of(request, whole=True) if request.method == "GET" else HOME)
        if not genuine:
            raise Refused(visit, {"reason": "forged form"}, "console.error_forged")
        if self.right is not None:
            self._check(visit, self.right)
        if visit.session.seen_at <= at - sessions.SEEN_EVERY:
            with visit.writing() as session:
                sessions.see(session, visit.session_id, at)
        return visit

    def _check(self, visit: OfficerVisit, right: Right) -> None:
        if not self.place:
            if not visit.can(right):
                visit.refuse(right)
            return
        asked = visit.request.path_params.get(self.place) or visit.text(self.place)
        visit.require(right, [str(asked)] if asked else [])


def access(right: Right, *, place: str = "") -> Any:
    """A page for signed-in officers with this right (and in the place that the value named `place` tells)."""
    return Depends(Access(right=right, place=place))


def halfway(stage: Stage) -> Any:
    """A page on the way in: the password was given, or the invitation followed."""
    return Depends(Access(right=None, stage=stage))


def anybody() -> Any:
    """A page for everybody: to sign in, to follow an invitation."""
    return Depends(Access(right=None, stage=None))


def start_session(
    visit: Visit, session: Session, officer_id: int, stage: Stage, *, pending: str = ""
) -> tuple[str, OfficerSession]:
    """A new session for this browser; the one it had is over. `carry` puts its token into the answer."""
    had = sessions.find(session, SESSION.read(visit.request), visit.at)
    if had is not None and had.id is not None:
        sessions.end(session, had.id, visit.at, "replaced")
    return sessions.begin(session, officer_id, stage, visit.at, client_of(visit.request), pending=pending)


def carry(visit: Visit, response: Response, token: str) -> Response:
    """The answer with the session's cookie."""
    SESSION.set(visit.request, response, token)
    VISITOR.clear(visit.request, response)
    return response


def _officer_visit(anybody: Visit, session: Session, stage: Stage) -> OfficerVisit | None:
    found = sessions.find(session, SESSION.read(anybody.request), anybody.at)
    if found is None or found.stage != stage:
        return None
    officer = session.get(Officer, found.officer_id)
    if officer is None or officer.state == OfficerState.DISABLED:
        return None
    if stage != Stage.JOINING and officer.state != OfficerState.ACTIVE:
        return None
    return OfficerVisit(
        request=anybody.request,
        krajai=anybody.krajai,
        form=anybody.form,
        at=anybody.at,
        token=anybody.token,
        officer=officer,
        agency=agency(session, officer.agency_id),
        session=found,
    )


def _is_genuine(form: FormData, token: str) -> bool:
    given = form.get("csrf")
    return isinstance(given, str) and secrets.compare_digest(
        given.encode("utf-8", "replace"), sessions.form_token(token).encode()
    )


def _page_of(request: Request, *, whole: bool = False) -> str:
    path = request.url.path
    return f"{path}?{request.url.query}" if whole and request.url.query else path
