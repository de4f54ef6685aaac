"""The list of alerts: what waits for an approval, what is being written, what came in, what holds now, what was."""

from collections import defaultdict
from datetime import date, datetime, timedelta
from functools import partial
from typing import Annotated

from babel.dates import format_date
from fastapi import APIRouter
from fastapi.responses import Response
from sqlmodel import Session, col, select

from bot.web.console.drafts import ALERTS, title_of
from bot.web.console.tables import as_csv
from bot.web.console.visits import OfficerVisit, access
from storage import alert_drafts
from storage import places as register
from storage.alert_drafts import AlertDraft
from storage.alerts import Alert
from storage.broadcasts import Broadcast
from storage.lifecycles import AlertState, DraftState
from storage.officer_rights import Right, covers
from storage.wording.areas import area_in_words
from storage.wording.warnings import HAZARDS

router = APIRouter()

MOST_SHOWN, MOST_IN_TABLE = 50, 5_000
UNDECIDED = (DraftState.EDITING, DraftState.SUBMITTED, DraftState.REJECTED)


@router.get(ALERTS)
def show(visit: Annotated[OfficerVisit, access(Right.SEE_ALERTS)]) -> Response:
    with visit.reading() as session:
        drafts = [each for each in alert_drafts.drafts(session, states=UNDECIDED) if _sees(visit, each)]
        came_in = [each for each in _alerts(session, AlertState.DRAFT, 200) if _concerns(visit, each)]
        out = _alerts(session, AlertState.RELEASED, 200)
        live = [each for each in out if each.expires_at > visit.at and each.msg_type != "Cancel"]
        past = _found(visit, session)[:MOST_SHOWN]
    title = {each.id: title_of(each, visit.language) for each in drafts}
    return visit.page(
        "alerts.html",
        waiting=[each for each in drafts if each.state == DraftState.SUBMITTED],
        writing=[each for each in drafts if each.state != DraftState.SUBMITTED],
        came_in=[each for each in came_in if each.expires_at > visit.at][:MOST_SHOWN],
        live=[each for each in live if _concerns(visit, each)],
        past=past,
        title=title,
        where=lambda alert: area_in_words(alert.places, visit.language) if alert.places else "-",
        asked={name: visit.text(name) for name in ("q", "state", "hazard")},
        states=[each.value for each in AlertState],
        hazards=HAZARDS,
        drafts_here=visit.can(Right.DRAFT_ALERTS),
    )


@router.get(f"{ALERTS}.csv")
def table(visit: Annotated[OfficerVisit, access(Right.SEE_ALERTS)]) -> Response:
    """All alerts of her places that went out or came in, one a row."""
    with visit.reading() as session:
        found = _found(visit, session)
        sent_at = dict(
            session.exec(
                select(col(Broadcast.id), col(Broadcast.released_at)).where(
                    col(Broadcast.id).in_([each.broadcast_id for each in found if each.broadcast_id])
                )
            ).all()
        )
    names = ("number", "sender", "identifier", "sent", "status", "kind", "state", "hazard", "level")
    lines = [
        (
            *(each.id, each.sender, each.identifier, each.sent, each.status, each.msg_type, each.state),
            *(each.hazard, each.level, each.headline, " ".join(each.places), each.expires_at),
            *(sent_at.get(each.broadcast_id or 0), each.ended_at),
        )
        for each in found
    ]
    heads = (*names, "headline", "places", "expires", "released", "ended")
    return as_csv("alerts", heads, lines, visit.krajai.settings.zone)


@router.get(f"{ALERTS}/calendar")
def calendar(visit: Annotated[OfficerVisit, access(Right.SEE_ALERTS)]) -> Response:
    """A month of alerts that went out, by day."""
    zone = visit.krajai.settings.zone
    today = visit.at.astimezone(zone).date()
    try:
        first = (
            date.fromisoformat(f"{visit.text('month')}-01") if visit.text("month") else today.replace(day=1)
        )
        after = (first + timedelta(days=32)).replace(day=1)
        before = (first - timedelta(days=1)).replace(day=1)
    except (ValueError, OverflowError):
        first = today.replace(day=1)
        after, before = (
            (first + timedelta(days=32)).replace(day=1),
            (first - timedelta(days=1)).replace(day=1),
        )
    begin, end = (datetime(each.year, each.month, 1, tzinfo=zone) for each in (first, after))
    query = (
        select(Alert, Broadcast)
        .join(Broadcast, col(Broadcast.id) == col(Alert.broadcast_id))
        .where(Broadcast.released_at >= begin, Broadcast.released_at < end)
        .order_by(col(Broadcast.released_at))
    )
    days: dict[date, list[Alert]] = defaultdict(list)
    with visit.reading() as session:
        for alert, broadcast in session.exec(query):
            if _concerns(visit, alert):
                days[broadcast.released_at.astimezone(zone).date()].append(alert)
    weeks = [[monday + timedelta(days=number) for number in range(7)] for monday in _mondays(first, after)]
    return visit.page(
        "alerts_calendar.html",
        first=first,
        before=before,
        after=after,
        weeks=weeks,
        days=days,
        today=today,
        month=f"{format_date(first, 'LLLL', visit.language)} {first.year + 543 * (visit.language == 'th')}",
        weekday=partial(format_date, format="EEEE", locale=visit.language),
    )


def _mondays(first: date, after: date) -> list[date]:
    monday = first - timedelta(days=first.weekday())
    found = []
    while monday < after:
        found.append(monday)
        monday += timedelta(days=7)
    return found


def _found(visit: OfficerVisit, session: Session) -> list[Alert]:
    """What is asked for: by state, hazard, or words and places."""
    query = select(Alert).order_by(col(Alert.id).desc()).limit(MOST_IN_TABLE)
    if visit.text("state") in list(AlertState):
        query = query.where(Alert.state == visit.text("state"))
    if visit.text("hazard") in HAZARDS:
        query = query.where(Alert.hazard == visit.text("hazard"))
    wanted = visit.text("q", 80).casefold()
    codes = [each.code for each in register.find(wanted)] if wanted else []
    return [
        each
        for each in session.exec(query)
        if _concerns(visit, each)
        and (
            not wanted
            or wanted in f"{each.headline} {each.identifier} {each.sender}".casefold()
            or any(register.contains(a, b) or register.contains(b, a) for a in each.places for b in codes)
        )
    ]


def _alerts(session: Session, state: AlertState, most: int) -> list[Alert]:
    query = select(Alert).where(Alert.state == state.value).order_by(col(Alert.id).desc()).limit(most)
    return list(session.exec(query))


def _sees(visit: OfficerVisit, draft: AlertDraft) -> bool:
    return draft.agency_id == visit.officer.agency_id or covers(visit.places, draft.places)


def _concerns(visit: OfficerVisit, alert: Alert) -> bool:
    """Whether any of its places is hers; what has no place is everybody's to look at."""
    return not alert.places or any(
        register.contains(own, code) or register.contains(code, own)
        for own in visit.places
        for code in alert.places
    )
