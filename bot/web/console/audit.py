"""The audit log for auditors: read, filtered, verified. Looking at it is audited as well."""

from datetime import date, datetime, time, timedelta
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter
from fastapi.responses import Response

from bot.web.console.visits import OfficerVisit, access
from storage import audit
from storage.officer_rights import Right

router = APIRouter()

AUDIT = "/console/audit"
ON_A_PAGE = 50

_FILTERS = ("actor", "action", "subject", "since", "until")


@router.get(AUDIT)
def show(visit: Annotated[OfficerVisit, access(Right.READ_AUDIT)]) -> Response:
    asked = {name: visit.text(name, 200) for name in _FILTERS}
    below = visit.text("below")
    with visit.reading() as session:
        found = audit.entries(
            session,
            actor=asked["actor"],
            action=asked["action"],
            subject=asked["subject"],
            since=_day(visit, asked["since"]),
            until=_day(visit, asked["until"], after=True),
            below=int(below) if below.isdecimal() and len(below) < 19 else None,
            limit=ON_A_PAGE + 1,
        )
        head = audit.head(session)
    older = found[ON_A_PAGE - 1].id if len(found) > ON_A_PAGE else None
    kept = {name: value for name, value in asked.items() if value}
    return visit.page(
        "audit.html",
        found=found[:ON_A_PAGE],
        asked=asked,
        head=head,
        older=f"?{urlencode({**kept, 'below': older})}" if older else "",
    )


@router.post(f"{AUDIT}/verify")
def verify(visit: Annotated[OfficerVisit, access(Right.READ_AUDIT)]) -> Response:
    with visit.reading() as session:
        verdict = audit.verify(session)
    visit.audit(
        "audit.verify",
        "audit/chain",
        {"entries": verdict.entries, "hash": verdict.hash, "broken_at": verdict.broken_at},
    )
    return visit.page("audit_verdict.html", verdict=verdict)


def _day(visit: OfficerVisit, text: str, *, after: bool = False) -> datetime | None:
    """Midnight at which a day begins, or `after` it ends; None for what is no day."""
    try:
        on = date.fromisoformat(text)
        return datetime.combine(on + timedelta(days=1) if after else on, time(), visit.krajai.settings.zone)
    except (ValueError, OverflowError):
        return None
