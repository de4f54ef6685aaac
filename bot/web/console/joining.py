"""Joining by an invitation: a password, a second factor, recovery codes. Nothing of it holds before the last step."""

from typing import Annotated, Any

import segno
from fastapi import APIRouter
from fastapi.responses import RedirectResponse, Response

from bot.web.console import known_browsers, passkeys, sign_in
from bot.web.console.transport import RequestRefused
from bot.web.console.visits import OfficerVisit, Visit, anybody, carry, halfway, start_session
from storage import officer_access, officer_factors, officer_invitations, sessions
from storage.audit import record
from storage.officer_attempts import TooManyAttempts, by_link, count
from storage.officer_passwords import PasswordRefused, hash_password
from storage.officers import Officer, OfficerState
from storage.sealing import seal
from storage.sessions import Stage

router = APIRouter()


@router.get("/console/join/{token}")
def ask_password(visit: Annotated[Visit, anybody()], token: str) -> Response:
    return _password_page(visit, _invited(visit, token)[1])


@router.post("/console/join/{token}")
def take_password(visit: Annotated[Visit, anybody()], token: str) -> Response:
    invitation, officer = _invited(visit, token)
    password = str(visit.form.get("password", ""))
    if password != visit.form.get("again"):
        return _password_page(visit, officer, fault="console.password_differs")
    try:
        hashed = hash_password(password, name=officer.name)
    except PasswordRefused as refused:
        return _password_page(visit, officer, fault=refused.key)
    assert officer.id is not None
    with visit.writing() as session:
        session_token, begun = start_session(visit, session, officer.id, Stage.JOINING)
        assert begun.id is not None
        pending = {
            "password": hashed,
            "invitation": invitation.id,
            "secret": officer_factors.new_totp_secret(),
        }
        sealed = seal(visit.secret_key, pending, purpose=f"officer_session/{begun.id}")
        sessions.remember(session, begun.id, sealed)
    return carry(visit, RedirectResponse("/console/joining", status_code=303), session_token)


@router.get("/console/joining")
def ask_factor(visit: Annotated[OfficerVisit, halfway(Stage.JOINING)]) -> Response:
    return _factor_page(visit)


@router.post("/console/joining")
def take_factor(visit: Annotated[OfficerVisit, halfway(Stage.JOINING)]) -> Response:
    pending = passkeys.remembered(visit)
    answer, secret = visit.text("passkey", 20_000), str(pending["secret"])
    step = officer_factors.totp_step(secret, visit.text("code", 40), visit.at)
    made = passkeys.read_new(visit, answer) if answer else None
    if made is None and step is None:
        return _factor_page(visit, fault="console.wrong_code")
    codes, token = _join(visit, pending, made, step)
    page = carry(visit, visit.page("recovery_codes.html", codes=codes, first=True), token)
    known_browsers.remember(visit, page, visit.officer)
    return page


def totp_picture(secret: str, visit: OfficerVisit) -> str:
    """The QR code for an authenticator as a data address."""
    uri = officer_factors.totp_uri(secret, visit.officer.name, "Krajai")
    return str(segno.make(uri, error="m").svg_data_uri(scale=5, border=2, light="#ffffff"))


def in_fours(secret: str) -> str:
    """The secret to be typed, in groups.

    >>> in_fours("ABCDEFGH")
    'ABCD EFGH'
    """
    return " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))


def _join(
    visit: OfficerVisit, pending: dict[str, Any], made: dict[str, Any] | None, step: int | None
) -> tuple[list[str], str]:
    """All at once: the invitation is used, what she had before is void, she is signed in."""
    officer, at = visit.officer, visit.at
    with visit.writing() as session:
        if not officer_invitations.use(session, int(pending["invitation"]), at):
            raise RequestRefused(410, "console.error_invitation")
        link = session.get_one(officer_invitations.OfficerInvitation, int(pending["invitation"]))
        anew = officer_access.note_opened(session, officer, link.created_by, at)
        sessions.end_all(session, visit.officer_id, at, "joined anew")
        officer_factors.remove_all(session, visit.officer_id, at)
        if made is not None:
            officer_factors.add_passkey(session, visit.officer_id, at=at, name="", **made)
        elif step is not None:
            officer_factors.add_totp(
                session,
                visit.officer_id,
                str(pending["secret"]),
                at,
                secret_key=visit.secret_key,
                step=step,
            )
        officer.password_hash, officer.password_at = str(pending["password"]), at
        officer.state = OfficerState.ACTIVE
        session.add(officer)
        codes = officer_factors.new_recovery_codes(session, visit.officer_id, at)
        by = "passkey" if made is not None else "totp"
        record(
            session,
            at,
            actor=officer.name,
            action="officer.join",
            subject=f"officer/{officer.id}",
            detail={"factor": by, "link_by": link.created_by, **({"anew": True} if anew else {})},
        )
        return codes, sign_in.enter(visit, session, officer, by=by)


def _invited(visit: Visit, token: str) -> tuple[officer_invitations.OfficerInvitation, Officer]:
    with visit.reading() as session:
        found = officer_invitations.open_invitation(session, token, visit.at)
    if found is None:
        _note_wrong_link(visit)
        raise RequestRefused(410, "console.error_invitation")
    return found


def _note_wrong_link(visit: Visit) -> None:
    """Audit a link that is none, or no longer; whoever tries many waits. Raises RequestRefused."""
    client = visit.request.client
    try:
        with visit.writing() as session:
            count(session, [by_link(client.host if client else "")], visit.at)
            record(
                session,
                visit.at,
                actor="nobody known",
                action="officer.join.refuse",
                subject="officer/unknown",
            )
    except TooManyAttempts as blocked:
        raise RequestRefused(429, "console.too_many") from blocked


def _password_page(visit: Visit, officer: Officer, *, fault: str = "") -> Response:
    return visit.page("join.html", status=422 if fault else 200, fault=fault, invited=officer)


def _factor_page(visit: OfficerVisit, *, fault: str = "") -> Response:
    options = passkeys.offer_new(visit)
    secret = str(passkeys.remembered(visit)["secret"])
    return visit.page(
        "join_factor.html",
        status=422 if fault else 200,
        fault=fault,
        picture=totp_picture(secret, visit),
        secret=in_fours(secret),
        new_passkey=options,
    )
