"""Signing in: password, then the second factor. Every answer says and takes the same, whoever the name is."""

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter
from fastapi.responses import RedirectResponse, Response
from sqlmodel import Session

from bot.web.console import known_browsers, second_factor
from bot.web.console.second_factor import RECOVERY, FactorRefused
from bot.web.console.transport import HOME, SESSION, own_page
from bot.web.console.visits import (
    NotSignedIn,
    OfficerVisit,
    Visit,
    access,
    anybody,
    carry,
    halfway,
    start_session,
)
from storage import sessions
from storage.audit import record
from storage.officer_attempts import TooManyAttempts, count, forgive
from storage.officer_passwords import is_password, renewed
from storage.officer_rights import Right
from storage.officers import Officer, OfficerState, named
from storage.sessions import Stage

router = APIRouter()

SECOND = "/console/sign-in/second"


@router.get("/console/sign-in")
def ask_password(visit: Annotated[Visit, anybody()]) -> Response:
    return _password_page(visit)


@router.post("/console/sign-in")
def take_password(visit: Annotated[Visit, anybody()]) -> Response:
    name, password = visit.text("name", 120), str(visit.form.get("password", ""))[:1_000]
    with visit.reading() as session:
        officer = named(session, name)
    keys = known_browsers.attempt_keys(visit, name, officer)
    try:
        with visit.writing() as session:
            count(session, keys, visit.at)
    except TooManyAttempts:
        return _password_page(visit, fault="console.too_many", status=429)
    active = officer if officer is not None and officer.state == OfficerState.ACTIVE else None
    if not is_password(active.password_hash if active else "", password) or active is None:
        _note_failure(visit, officer)
        return _password_page(visit, fault="console.wrong_password", status=403)
    assert active.id is not None
    with visit.writing() as session:
        forgive(session, keys)
        active.password_hash = renewed(active.password_hash, password)
        session.add(active)
        token, _ = start_session(visit, session, active.id, Stage.PASSWORD)
    return carry(visit, _onward(SECOND, visit.text("next")), token)


@router.get(SECOND)
def ask_second_factor(visit: Annotated[OfficerVisit, halfway(Stage.PASSWORD)]) -> Response:
    return _second_page(visit)


@router.post(SECOND)
def take_second_factor(visit: Annotated[OfficerVisit, halfway(Stage.PASSWORD)]) -> Response:
    try:
        given = second_factor.confirm(visit, recovery=True)
    except FactorRefused as refused:
        return _second_page(visit, fault=refused.key, status=refused.status)
    with visit.writing() as session:
        token = enter(visit, session, visit.officer, by=given)
    if given == RECOVERY:
        onward = visit.redirect("/console/account", done="console.done_recovery_used")
    else:
        onward = visit.redirect(visit.text("next"))
    answer = carry(visit, onward, token)
    known_browsers.remember(visit, answer, visit.officer)
    return answer


@router.post("/console/sign-out")
def sign_out(visit: Annotated[OfficerVisit, access(Right.OWN_ACCOUNT)]) -> Response:
    with visit.writing() as session:
        sessions.end(session, visit.session_id, visit.at, "signed out")
        subject = f"officer/{visit.officer_id}"
        record(session, visit.at, actor=visit.officer.name, action="sign_out", subject=subject)
    answer = visit.redirect("/console/sign-in", done="console.done_signed_out")
    SESSION.clear(visit.request, answer)
    # The pages of whoever sat here before are gone from this browser.
    answer.headers["Clear-Site-Data"] = '"cache"'
    return answer


def enter(visit: Visit, session: Session, officer: Officer, *, by: str) -> str:
    """She is in: a new session's token; the sign-in is audited with what it rested on."""
    assert officer.id is not None
    token, begun = start_session(visit, session, officer.id, Stage.SIGNED_IN)
    detail = {"by": by, "session": begun.id}
    record(
        session,
        visit.at,
        actor=officer.name,
        action="sign_in",
        subject=f"officer/{officer.id}",
        detail=detail,
    )
    return token


def not_signed_in(refused: NotSignedIn) -> Response:
    """To the sign-in, and back to the wanted page afterwards."""
    wanted = own_page(refused.wanted)
    return _onward("/console/sign-in", "" if wanted == HOME else wanted)


def _onward(path: str, wanted: str) -> Response:
    wanted = own_page(wanted) if wanted else ""
    return RedirectResponse(path + (f"?next={quote(wanted)}" if wanted else ""), status_code=303)


def _password_page(visit: Visit, *, fault: str = "", status: int = 200) -> Response:
    return visit.page(
        "sign_in.html",
        status=status,
        fault=fault,
        name=visit.text("name", 120),
        wanted=visit.text("next"),
        oidc=bool(visit.krajai.settings.oidc_issuer),
    )


def _second_page(visit: OfficerVisit, *, fault: str = "", status: int = 200) -> Response:
    offered = second_factor.offer(visit, recovery=True)
    return visit.page(
        "second_factor.html",
        status=status,
        fault=fault,
        offer=offered,
        wanted=visit.text("next"),
        action=SECOND,
        why="",
    )


def _note_failure(visit: Visit, officer: Officer | None) -> None:
    """What was typed as a name may be a password: only a known name is written down."""
    who = "nobody known" if officer is None else officer.name
    subject = "officer/unknown" if officer is None else f"officer/{officer.id}"
    with visit.writing() as session:
        record(
            session, visit.at, actor=who, action="sign_in.fail", subject=subject, detail={"step": "password"}
        )
