"""Watching a broadcast go out: counts, rate and time left as they change, by channel and district; stop it."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Annotated, Any

from fastapi import APIRouter
from fastapi.responses import Response, StreamingResponse
from sqlmodel import Session, col, select

from bot.web.console import relays
from bot.web.console.areas import draw
from bot.web.console.drafts import ALERTS, MOST_ID
from bot.web.console.transport import SESSION, RequestRefused
from bot.web.console.visits import OfficerVisit, access
from broadcasts.alerts import releasing
from broadcasts.alerts.releasing import UnknownBroadcast
from broadcasts.delivery.progress import DeliveryWatch, Snapshot
from broadcasts.delivery.reports import report
from storage import alert_approvals, safety, sessions
from storage import places as register
from storage.alert_drafts import AlertDraft
from storage.alerts import Alert
from storage.broadcasts import EVERY_PLACE, Broadcast, BroadcastKind, bubbles_for
from storage.lifecycles import BroadcastState, ForbiddenTransition
from storage.officer_rights import Right
from storage.wording import LANGUAGES

router = APIRouter()

BROADCASTS = "/console/broadcasts"
LOOK_SECONDS = 1.0
MOST_OF_THE_TIME = 10
"""A look that takes long is followed by a pause so many times as long: looking must not slow the sending."""

REPORT_SECONDS, SESSION_SECONDS, LONGEST_SECONDS = 4.0, 15.0, 3600.0
WHOLE_PROVINCES, MOST_ON_MAP, MOST_IN_TABLE = 2, 200, 60
_OF_ALERTS = (
    BroadcastKind.ALERT.value,
    BroadcastKind.CHANGE.value,
    BroadcastKind.EXERCISE.value,
    BroadcastKind.TRAINING.value,
)


@router.get(BROADCASTS + "/{broadcast_id}")
def show(visit: Annotated[OfficerVisit, access(Right.SEE_ALERTS)], broadcast_id: int) -> Response:
    return _page(visit, broadcast_id)


@router.get(BROADCASTS + "/{broadcast_id}/events")
async def events(visit: Annotated[OfficerVisit, access(Right.SEE_ALERTS)], broadcast_id: int) -> Response:
    """How it stands, once a second, as server-sent events (WHATWG HTML, 9.2); the last one when it has ended.

    With `only=answers` what people answered, once: they go on answering when all of it is sent.
    """
    await asyncio.to_thread(_found, visit, broadcast_id)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    stream = _answers if visit.text("only") == "answers" else _stream
    return StreamingResponse(
        stream(visit, broadcast_id), media_type="text/event-stream; charset=utf-8", headers=headers
    )


@router.post(BROADCASTS + "/{broadcast_id}/stop")
def stop(visit: Annotated[OfficerVisit, access(Right.STOP_ALERTS)], broadcast_id: int) -> Response:
    broadcast, alert = _found(visit, broadcast_id)
    _require_place(visit, broadcast, alert)
    try:
        with visit.writing() as session:
            releasing.stop_released(session, broadcast_id, visit.at, by=visit.officer.name)
    except (UnknownBroadcast, ForbiddenTransition):
        return _page(visit, broadcast_id, fault="drafting.error_ended", status=409)
    return visit.redirect(f"{BROADCASTS}/{broadcast_id}", done="drafting.done_stopped")


def _page(visit: OfficerVisit, broadcast_id: int, *, fault: str = "", status: int = 200) -> Response:
    broadcast, alert = _found(visit, broadcast_id)
    with visit.reading() as session:
        seen = DeliveryWatch(broadcast_id=broadcast_id).look(session, visit.at)
        found = report(session, broadcast)
        told = relays.heard(session, alert.id or 0, visit.language) if alert is not None else None
        draft = _draft(session, broadcast_id)
        decisions = alert_approvals.decisions(session, draft.number) if draft is not None else []
        area = alert.places if alert else broadcast.audience["places"]
        codes = _districts(list(found.districts), area)
        answers = safety.answers_to(session, broadcast_id)
        map_ = draw(session, codes, visit.language)
    live = alert is not None and alert.state == "released" and alert.expires_at > visit.at
    places = alert.places if alert is not None else []
    mine = bool(places) and visit.can(Right.STOP_ALERTS, places)
    going = broadcast.state in (BroadcastState.RELEASED, BroadcastState.PAUSED)
    return visit.page(
        "watch.html",
        status=status,
        fault=fault,
        broadcast=broadcast,
        alert=alert,
        draft=draft,
        decisions=decisions,
        seen=seen,
        # What is still to come has its row already: the numbers are put into them while they grow.
        channels={**{name: {} for name in _accounts(visit)}, **found.channels},
        districts=[
            (code, register.full_name(code, visit.language) if register.place(code) else "-")
            for code in sorted({*found.districts, *(each for each in codes if _is_in(area, each))})
        ][:MOST_IN_TABLE],
        map=map_,
        relays=told,
        tallies={code: _tally(found.districts.get(code, {})) for code in (*codes, *found.districts)},
        answers=answers if alert is not None and alert.status == "Actual" else {},
        texts=[
            (language, "\n\n".join(each.text for each in bubbles_for(broadcast, language, EVERY_PLACE)))
            for language in LANGUAGES
        ],
        stops=going and (mine or (not places and visit.can(Right.STOP_ALERTS))),
        follows=live
        and mine
        and alert is not None
        and alert.status == "Actual"
        and alert.msg_type != "Cancel",
        live=live,
        alerts=ALERTS,
        mode_class={"exercise": "mode-exercise", "training": "mode-training"}.get(broadcast.kind, ""),
        sees_board=visit.can(Right.SEE_CRIES),
        repeats=visit.can(Right.DRAFT_ALERTS),
    )


async def _stream(visit: OfficerVisit, broadcast_id: int) -> AsyncIterator[str]:
    watch = DeliveryWatch(broadcast_id=broadcast_id)
    begun = checked = time.monotonic()
    reported = -REPORT_SECONDS
    while time.monotonic() - begun < LONGEST_SECONDS:
        now = time.monotonic()
        if now - checked > SESSION_SECONDS:
            checked = now
            if not await asyncio.to_thread(_is_signed_in, visit):
                return
        whole = now - reported > REPORT_SECONDS
        seen, told = await asyncio.to_thread(_look, visit, watch, whole)
        took = time.monotonic() - now
        reported = now + MOST_OF_THE_TIME * took if whole else reported
        yield f"data: {json.dumps(told, ensure_ascii=False)}\n\n"
        if seen.over:
            return
        await asyncio.sleep(max(LOOK_SECONDS, MOST_OF_THE_TIME * took))


async def _answers(visit: OfficerVisit, broadcast_id: int) -> AsyncIterator[str]:
    def look() -> dict[str, int]:
        with visit.reading() as session:
            return safety.answers_to(session, broadcast_id)

    yield f"data: {json.dumps({'answers': await asyncio.to_thread(look)})}\n\n"


def _look(visit: OfficerVisit, watch: DeliveryWatch, whole: bool) -> tuple[Snapshot, dict[str, Any]]:
    with visit.reading() as session:
        seen = watch.look(session, visit.krajai.database.now(session))
        told: dict[str, Any] = {
            "state": seen.state,
            "planned": seen.planned,
            "settled": seen.settled,
            "counts": seen.counts,
            "reasons": seen.reasons,
            "rate": round(seen.rate, 1),
            "eta": None if seen.eta_seconds is None else round(seen.eta_seconds),
            "over": seen.over,
        }
        if whole or seen.over:
            found = report(session, session.get_one(Broadcast, watch.broadcast_id))
            told["channels"] = {name: dict(counts) for name, counts in found.channels.items()}
            told["answers"] = safety.answers_to(session, watch.broadcast_id)
            told["districts"] = {code: _tally(counts) for code, counts in found.districts.items()}
    return seen, told


def _is_signed_in(visit: OfficerVisit) -> bool:
    with visit.reading() as session:
        now = visit.krajai.database.now(session)
        found = sessions.find(session, SESSION.read(visit.request), now)
    return found is not None and found.officer_id == visit.officer_id


def _found(visit: OfficerVisit, broadcast_id: int) -> tuple[Broadcast, Alert | None]:
    """A broadcast of an alert that concerns her."""
    with visit.reading() as session:
        broadcast = session.get(Broadcast, broadcast_id) if 0 < broadcast_id <= MOST_ID else None
        if broadcast is None or broadcast.kind not in _OF_ALERTS:
            raise RequestRefused(404, "console.error_not_found")
        original = broadcast.audience.get("retry_of", broadcast_id)
        alert = session.exec(select(Alert).where(Alert.broadcast_id == original)).first()
        draft = _draft(session, broadcast_id)
    concerned = (alert.places if alert is not None else []) or broadcast.audience["places"]
    of_agency = draft is not None and draft.agency_id == visit.officer.agency_id
    if not of_agency and not any(
        register.contains(own, code) or register.contains(code, own)
        for own in visit.places
        for code in concerned
    ):
        visit.refuse(Right.SEE_ALERTS, concerned)
    return broadcast, alert


def _require_place(visit: OfficerVisit, broadcast: Broadcast, alert: Alert | None) -> None:
    if alert is not None:
        visit.require(Right.STOP_ALERTS, alert.places)
        return
    with visit.reading() as session:
        draft = _draft(session, broadcast.id or 0)
    if draft is None or draft.agency_id != visit.officer.agency_id:
        visit.refuse(Right.STOP_ALERTS)


def _draft(session: Session, broadcast_id: int) -> AlertDraft | None:
    query = select(AlertDraft).where(AlertDraft.broadcast_id == broadcast_id)
    return session.exec(query.order_by(col(AlertDraft.id))).first()


def _districts(reached: Sequence[str], places: Sequence[str]) -> list[str]:
    """The districts on the map: all of a province or two, so that it is known again; of more only those concerned."""
    codes = [code for code in (*reached, *places) if register.place(code) is not None]
    concerned = {code[:4] for code in codes if len(code) > 2}
    provinces = {code[:2] for code in codes}
    if len(provinces) <= WHOLE_PROVINCES:
        concerned |= {each.code for province in provinces for each in register.children(province)}
    return sorted(concerned)[:MOST_ON_MAP]


def _is_in(area: Sequence[str], code: str) -> bool:
    return any(register.contains(place, code) or register.contains(code, place) for place in area)


def _accounts(visit: OfficerVisit) -> list[str]:
    return [f"{each.channel_name}/{each.name}" for each in visit.krajai.accounts]


def _tally(counts: Mapping[str, int]) -> tuple[int, int]:
    """How many have it, of how many."""
    return counts.get("accepted", 0), counts.get("planned") or sum(counts.values())
