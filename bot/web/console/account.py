"""My account: where I am signed in, my second factors, my password."""

from typing import Annotated

from fastapi import APIRouter
from fastapi.responses import Response
from sqlmodel import Session

from bot.web.console import passkeys, second_factor
from bot.web.console.joining import in_fours, totp_picture
from bot.web.console.second_factor import FactorRefused, require_fresh
from bot.web.console.transport import RequestRefused
from bot.web.console.visits import OfficerVisit, access
from storage import officer_factors, places, sessions
from storage.audit import record
from storage.officer_attempts import TooManyAttempts, by_factor, count, forgive
from storage.officer_passwords import PasswordRefused, hash_password, is_password
from storage.officer_rights import Right

router = APIRouter()

ACCOUNT = "/console/account"

Mine = Annotated[OfficerVisit, access(Right.OWN_ACCOUNT)]


@router.get(ACCOUNT)
def show(visit: Mine) -> Response:
    return _page(visit)


@router.post(f"{ACCOUNT}/sessions")
def end_sessions(visit: Mine) -> Response:
    """One session of hers, or with `others` all but this one."""
    with visit.writing() as session:
        if visit.text("others"):
            number = sessions.end_all(session, visit.officer_id, visit.at, "revoked", but=visit.session_id)
        else:
            asked = visit.text("session")
            chosen = int(asked) if asked.isdecimal() and len(asked) < 19 else 0
            number = int(sessions.end(session, chosen, visit.at, "revoked", officer_id=visit.officer_id))
        _record(visit, session, "session.revoke", {"sessions": number})
    return visit.redirect(ACCOUNT, done="console.done_sessions_ended")


@router.post(f"{ACCOUNT}/password")
def change_password(visit: Mine) -> Response:
    now, new = str(visit.form.get("now", ""))[:1_000], str(visit.form.get("password", ""))
    if new != visit.form.get("again"):
        return _page(visit, fault="console.password_differs")
    keys = [by_factor(visit.officer_id)]
    try:
        hashed = hash_password(new, name=visit.officer.name)
        with visit.writing() as session:
            count(session, keys, visit.at)
    except PasswordRefused as refused:
        return _page(visit, fault=refused.key)
    except TooManyAttempts:
        return _page(visit, fault="console.too_many", status=429)
    if not is_password(visit.officer.password_hash, now):
        return _page(visit, fault="console.wrong_password_now", status=403)
    with visit.writing() as session:
        forgive(session, keys)
        visit.officer.password_hash, visit.officer.password_at = hashed, visit.at
        session.add(visit.officer)
        sessions.end_all(session, visit.officer_id, visit.at, "password changed", but=visit.session_id)
        _record(visit, session, "officer.password")
    return visit.redirect(ACCOUNT, done="console.done_password")


@router.get(f"{ACCOUNT}/confirm")
def ask_again(visit: Mine) -> Response:
    return _confirm_page(visit)


@router.post(f"{ACCOUNT}/confirm")
def take_again(visit: Mine) -> Response:
    try:
        second_factor.confirm(visit, recovery=True)
    except FactorRefused as refused:
        return _confirm_page(visit, fault=refused.key, status=refused.status)
    return visit.redirect(visit.text("next"))


@router.get(f"{ACCOUNT}/factors/new")
def ask_factor(visit: Mine) -> Response:
    require_fresh(visit, f"{ACCOUNT}/factors/new")
    passkeys.remember(visit, secret=officer_factors.new_totp_secret())
    return _factor_page(visit)


@router.post(f"{ACCOUNT}/factors/new")
def add_factor(visit: Mine) -> Response:
    require_fresh(visit, f"{ACCOUNT}/factors/new")
    answer, secret = visit.text("passkey", 20_000), str(passkeys.remembered(visit).get("secret", ""))
    if not secret:
        return visit.redirect(f"{ACCOUNT}/factors/new")  # the page that offers one was not opened
    made = passkeys.read_new(visit, answer) if answer else None
    step = officer_factors.totp_step(secret, visit.text("code", 40), visit.at)
    if made is None and step is None:
        return _factor_page(visit, fault="console.wrong_code")
    with visit.writing() as session:
        if made is not None:
            name = visit.text("label", 60)
            officer_factors.add_passkey(session, visit.officer_id, at=visit.at, name=name, **made)
        elif step is not None:
            officer_factors.add_totp(
                session, visit.officer_id, secret, visit.at, secret_key=visit.secret_key, step=step
            )
        kind = "passkey" if made is not None else "totp"
        _record(visit, session, "officer.factor_add", {"factor": kind})
    passkeys.remember(visit, secret="")
    return visit.redirect(ACCOUNT, done="console.done_factor_added")


@router.post(f"{ACCOUNT}/factors/{{factor_id}}/remove")
def remove_factor(visit: Mine, factor_id: int) -> Response:
    require_fresh(visit, ACCOUNT)
    with visit.writing() as session:
        if not officer_factors.remove(session, visit.officer_id, factor_id, visit.at):
            raise RequestRefused(409, "console.last_factor")
        _record(visit, session, "officer.factor_remove", {"factor": factor_id})
    return visit.redirect(ACCOUNT, done="console.done_factor_removed")


@router.post(f"{ACCOUNT}/recovery")
def renew_recovery_codes(visit: Mine) -> Response:
    require_fresh(visit, ACCOUNT)
    with visit.writing() as session:
        codes = officer_factors.new_recovery_codes(session, visit.officer_id, visit.at)
        _record(visit, session, "officer.recovery_codes")
    return visit.page("recovery_codes.html", codes=codes, first=False)


def _page(visit: OfficerVisit, *, fault: str = "", status: int = 0) -> Response:
    with visit.reading() as session:
        live = sessions.live(session, visit.officer_id, visit.at)
        factors = officer_factors.factors(session, visit.officer_id)
        left = officer_factors.recovery_codes_left(session, visit.officer_id)
    return visit.page(
        "account.html",
        status=status or (422 if fault else 200),
        fault=fault,
        sessions=live,
        factors=factors,
        left=left,
        her_places=[places.full_name(code, visit.language) for code in visit.places[:20]],
        more_places=max(len(visit.places) - 20, 0),
    )


def _confirm_page(visit: OfficerVisit, *, fault: str = "", status: int = 200) -> Response:
    offered = second_factor.offer(visit, recovery=True)
    return visit.page(
        "second_factor.html",
        status=status,
        fault=fault,
        offer=offered,
        wanted=visit.text("next"),
        action=f"{ACCOUNT}/confirm",
        why="console.second_why",
    )


def _factor_page(visit: OfficerVisit, *, fault: str = "") -> Response:
    options = passkeys.offer_new(visit)
    secret = str(passkeys.remembered(visit).get("secret", ""))
    return visit.page(
        "account_factor.html",
        status=422 if fault else 200,
        fault=fault,
        picture=totp_picture(secret, visit),
        secret=in_fours(secret),
        new_passkey=options,
    )


def _record(
    visit: OfficerVisit, session: Session, action: str, detail: dict[str, object] | None = None
) -> None:
    subject = f"officer/{visit.officer_id}"
    record(session, visit.at, actor=visit.officer.name, action=action, subject=subject, detail=detail)
