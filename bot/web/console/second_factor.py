"""Asking for the second factor: at the sign-in, and again before what is grave (an approval, a new passkey)."""

from dataclasses import dataclass
from datetime import timedelta

from bot.web.console import passkeys
from bot.web.console.known_browsers import nonce_of
from bot.web.console.visits import OfficerVisit
from storage import officer_factors, sessions
from storage.audit import record
from storage.officer_attempts import TooManyAttempts, by_browser, by_factor, count, forgive
from storage.officer_factors import FactorKind

RECOVERY = "recovery"
FRESH = timedelta(minutes=10)
"""So long after it was given, account and officers may be changed without giving it again."""


class FactorRefused(Exception):
    """The second factor was not given; `key` is the catalogue's sentence for her."""

    def __init__(self, key: str, status: int = 403) -> None:
        super().__init__(key)
        self.key, self.status = key, status


class Confirm(Exception):
    """The second factor is asked for again before the page `back` can be used."""

    def __init__(self, back: str) -> None:
        super().__init__(back)
        self.back = back


@dataclass(frozen=True, kw_only=True)
class Offer:
    """What a page can ask her for; a template puts it into the form with `second_factor(offer)` of forms.html."""

    totp: bool
    passkey: str
    """The options for the browser as JSON; '' where she has no passkey, or the address is a mere number."""

    recovery: bool = False


def require_fresh(visit: OfficerVisit, back: str) -> None:
    """She gave it a moment ago. Raises Confirm, which leads to the page that asks for it and then `back`."""
    given_at = visit.session.second_factor_at
    if given_at is None or given_at < visit.at - FRESH:
        raise Confirm(back)


def offer(visit: OfficerVisit, *, recovery: bool = False) -> Offer:
    """The factors she has; a passkey's challenge is made and remembered in her session."""
    with visit.reading() as session:
        hers = officer_factors.factors(session, visit.officer_id)
    return Offer(
        totp=any(each.kind == FactorKind.TOTP for each in hers),
        passkey=passkeys.ask(visit, [each for each in hers if each.kind == FactorKind.PASSKEY]),
        recovery=recovery,
    )


def confirm(visit: OfficerVisit, *, recovery: bool = False) -> str:
    """Which factor the form gives (`totp`, `passkey`, `recovery`): fields `code`, `passkey`. Raises FactorRefused.

    A code counts once; wrong ones are counted and block for a while. Both are audited.
    """
    nonce = nonce_of(visit, visit.officer)
    keys = [by_browser(nonce)] if nonce else [by_factor(visit.officer_id)]
    try:
        with visit.writing() as session:
            count(session, keys, visit.at)
    except TooManyAttempts as blocked:
        raise FactorRefused("console.too_many", 429) from blocked
    given = _given(visit, recovery=recovery)
    with visit.writing() as session:
        subject = f"officer/{visit.officer_id}"
        if given:
            forgive(session, keys)
            sessions.note_second_factor(session, visit.session_id, visit.at)
        else:
            detail = {"step": "second factor"}
            record(
                session,
                visit.at,
                actor=visit.officer.name,
                action="sign_in.fail",
                subject=subject,
                detail=detail,
            )
    if not given:
        raise FactorRefused("console.wrong_code")
    return given


def _given(visit: OfficerVisit, *, recovery: bool) -> str:
    answer, code = visit.text("passkey", 20_000), visit.text("code", 40)
    if answer:
        return FactorKind.PASSKEY if passkeys.is_answered(visit, answer) else ""
    with visit.writing() as session:
        if officer_factors.use_totp(session, visit.officer_id, code, visit.at, secret_key=visit.secret_key):
            return FactorKind.TOTP
        if recovery and officer_factors.use_recovery_code(session, visit.officer_id, code, visit.at):
            return RECOVERY
    return ""
