"""One draft: seen as citizens would see it, submitted, approved, rejected, let out by one alone, withdrawn."""

from collections.abc import Callable
from functools import partial
from typing import Annotated

from fastapi import APIRouter
from fastapi.responses import Response
from sqlmodel import Session

from bot.web.console import second_factor
from bot.web.console.drafts import (
    ALERTS,
    SPOKEN,
    acting_of,
    draft_of,
    look_at,
    may_edit,
    mode_class,
    note_refused_beginning,
    refused,
    sentence,
    title_of,
)
from bot.web.console.second_factor import FactorRefused
from bot.web.console.transport import RequestRefused
from bot.web.console.visits import OfficerVisit, access
from broadcasts.alerts import approving, drafting
from broadcasts.alerts.approving import confirmation_of, is_confirmed
from broadcasts.alerts.checks import blocks
from broadcasts.alerts.drafted import look
from broadcasts.alerts.drafting import Acting, DraftRefused, Follows
from storage import alert_approvals, alert_drafts, alerts
from storage import places as register
from storage.alert_drafts import AlertDraft
from storage.alerts import Alert
from storage.lifecycles import DraftState
from storage.officer_rights import Right, covers
from storage.officers import Officer
from storage.wording import LANGUAGES, say

router = APIRouter()

FOLLOWS: dict[str, Follows] = {"update": "update", "cancel": "cancel", "all-clear": "all_clear"}


@router.get(ALERTS + "/{draft_id}")
def show(visit: Annotated[OfficerVisit, access(Right.SEE_ALERTS)], draft_id: int) -> Response:
    with visit.reading() as session:
        draft = draft_of(visit, session, draft_id)
    if draft.state == DraftState.RELEASED and draft.broadcast_id is not None:
        return visit.redirect(f"/console/broadcasts/{draft.broadcast_id}", done=visit.text("done", 60))
    return _page(visit, draft_id)


@router.post(ALERTS + "/{draft_id}/submit")
def submit(visit: Annotated[OfficerVisit, access(Right.DRAFT_ALERTS)], draft_id: int) -> Response:
    def act(session: Session, acting: Acting) -> AlertDraft:
        return approving.submit(session, acting, draft_id, _revision(visit))

    return _done(visit, draft_id, "submit", act, "drafting.done_submitted")


@router.post(ALERTS + "/{draft_id}/approve")
def approve(visit: Annotated[OfficerVisit, access(Right.APPROVE_ALERTS)], draft_id: int) -> Response:
    return _with_factor(visit, draft_id, "approve", approving.approve)


@router.post(ALERTS + "/{draft_id}/bypass")
def bypass(visit: Annotated[OfficerVisit, access(Right.BYPASS_APPROVAL)], draft_id: int) -> Response:
    reason = visit.text("reason", 300)
    return _with_factor(visit, draft_id, "bypass", partial(approving.bypass, reason=reason))


@router.post(ALERTS + "/{draft_id}/cancel")
def cancel(visit: Annotated[OfficerVisit, access(Right.STOP_ALERTS)], draft_id: int) -> Response:
    """Send a prepared Cancel: submitted and released in one step."""

    def act(session: Session, acting: Acting) -> object:
        draft = draft_of(visit, session, draft_id)
        if draft.state == DraftState.EDITING:
            # What she read is what she sends: the time in it is the only thing that may be another.
            draft = approving.submit(session, acting, draft_id, _revision(visit))
        seen = look(session, draft, acting.at, acting.zone).hash
        return approving.cancel(session, acting, draft_id, seen=seen)

    return _done(visit, draft_id, "cancel", act, "drafting.done_released")


@router.post(ALERTS + "/{draft_id}/reject")
def reject(visit: Annotated[OfficerVisit, access(Right.APPROVE_ALERTS)], draft_id: int) -> Response:
    def act(session: Session, acting: Acting) -> AlertDraft:
        return approving.reject(session, acting, draft_id, reason=visit.text("reason", 300))

    return _done(visit, draft_id, "reject", act, "drafting.done_rejected")


@router.post(ALERTS + "/{draft_id}/withdraw")
def withdraw(visit: Annotated[OfficerVisit, access(Right.DRAFT_ALERTS)], draft_id: int) -> Response:
    def act(session: Session, acting: Acting) -> AlertDraft:
        return approving.withdraw(session, acting, draft_id)

    return _done(visit, draft_id, "withdraw", act, "drafting.done_withdrawn")


@router.post(ALERTS + "/{draft_id}/settle")
def settle(visit: Annotated[OfficerVisit, access(Right.DRAFT_ALERTS)], draft_id: int) -> Response:
    other = int(visit.text("alert")) if visit.text("alert", 9).isdigit() else 0

    def act(session: Session, acting: Acting) -> AlertDraft:
        return approving.settle(session, acting, draft_id, other, reason=visit.text("reason", 300))

    return _done(visit, draft_id, "settle", act, "drafting.done_settled")


@router.get(ALERTS + "/imported/{alert_id}")
def show_imported(visit: Annotated[OfficerVisit, access(Right.SEE_ALERTS)], alert_id: int) -> Response:
    """An alert that came in and waits for an officer."""
    alert = _imported(visit, alert_id)
    with visit.reading() as session:
        waits = alert_drafts.open_relay(session, alert_id)
    if alert.broadcast_id is not None:
        return visit.redirect(f"/console/broadcasts/{alert.broadcast_id}")
    return visit.page(
        "alert_imported.html",
        alert=alert,
        waits=waits,
        drafts_here=visit.can(Right.DRAFT_ALERTS),
        place_name=partial(register.full_name, language=visit.language),
    )


@router.post(ALERTS + "/imported/{alert_id}/relay")
def relay(visit: Annotated[OfficerVisit, access(Right.DRAFT_ALERTS)], alert_id: int) -> Response:
    _imported(visit, alert_id)
    return _begun(visit, lambda session, acting: drafting.begin_relay(session, acting, alert_id))


@router.post(ALERTS + "/imported/{alert_id}/copy")
def copy(visit: Annotated[OfficerVisit, access(Right.DRAFT_ALERTS)], alert_id: int) -> Response:
    _imported(visit, alert_id)
    return _begun(
        visit, lambda session, acting: drafting.begin_from_alert(session, acting, alert_id), "/edit"
    )


@router.post(ALERTS + "/live/{alert_id}/{follows}")
def follow(
    visit: Annotated[OfficerVisit, access(Right.STOP_ALERTS)], alert_id: int, follows: str
) -> Response:
    """The prepared Update, Cancel or all-clear."""
    _imported(visit, alert_id)
    if follows not in FOLLOWS:
        raise RequestRefused(404, "console.error_not_found")
    page = "" if follows == "cancel" else "/edit"
    return _begun(
        visit,
        lambda session, acting: drafting.begin_following(session, acting, alert_id, FOLLOWS[follows]),
        page,
    )


def _begun(visit: OfficerVisit, act: Callable[[Session, Acting], AlertDraft], page: str = "") -> Response:
    try:
        with visit.writing() as session:
            draft = act(session, acting_of(visit))
    except DraftRefused as fault:
        note_refused_beginning(visit, "begin", fault)
        raise RequestRefused(409, fault.key if not fault.fills else "console.error_no_right") from fault
    return visit.redirect(f"{ALERTS}/{draft.number}{page}")


def _imported(visit: OfficerVisit, alert_id: int) -> Alert:
    with visit.reading() as session:
        alert = session.get(Alert, alert_id) if 0 < alert_id < 2**31 else None
    if alert is None:
        raise RequestRefused(404, "console.error_not_found")
    return alert


def _with_factor(visit: OfficerVisit, draft_id: int, act: str, release: Callable[..., object]) -> Response:
    """The second factor is asked for before anything; a wrong one leaves the page as it was."""
    with visit.reading() as session:
        view = look(session, draft_of(visit, session, draft_id), visit.at, visit.krajai.settings.zone)
    # A code counts once: it is not spent on what would be refused for what was typed.
    typed, seen = visit.text("typed", 200), visit.text("seen", 64)
    if not any(is_confirmed(confirmation_of(view, each), typed) for each in LANGUAGES) and seen == view.hash:
        fault = DraftRefused("drafting.error_typed")
        return _page(visit, draft_id, fault=refused(visit, draft_id, act, fault), status=409)
    try:
        factor = second_factor.confirm(visit)
    except FactorRefused as wrong:
        return _page(visit, draft_id, fault=say(visit.language, wrong.key), status=wrong.status)
    return _done(
        visit,
        draft_id,
        act,
        lambda session, acting: release(session, acting, draft_id, seen=seen, typed=typed, factor=factor),
        "drafting.done_released",
    )


def _done(
    visit: OfficerVisit, draft_id: int, name: str, act: Callable[[Session, Acting], object], done: str
) -> Response:
    with visit.reading() as session:
        draft_of(visit, session, draft_id)
    try:
        with visit.writing() as session:
            act(session, acting_of(visit))
    except DraftRefused as fault:
        return _page(visit, draft_id, fault=refused(visit, draft_id, name, fault), status=409)
    page = ALERTS if name == "withdraw" else f"{ALERTS}/{draft_id}"
    return visit.redirect(page, done=done)


def _page(visit: OfficerVisit, draft_id: int, *, fault: str = "", status: int = 200) -> Response:
    with visit.reading() as session:
        draft = draft_of(visit, session, draft_id)
        looked = look_at(visit, session, draft)
        decisions = alert_approvals.decisions(session, draft_id)
        hands = alert_drafts.editors(session, draft_id)
        headlines = alerts.headlines(session, [each.broadcast_id for each in looked.estimate.earlier])
        people = [each.shown_name for each in _officers(session, hands)]
    waits = draft.state == DraftState.SUBMITTED
    places = looked.view.alert.places
    alone = waits and visit.can(Right.BYPASS_APPROVAL) and covers(visit.places, places)
    second = waits and visit.can(Right.APPROVE_ALERTS) and covers(visit.places, places)
    own = visit.officer_id in hands
    return visit.page(
        "draft.html",
        status=status,
        draft=draft,
        looked=looked,
        title=title_of(draft, visit.language),
        mode_class=mode_class(draft),
        fault=fault,
        findings=[(each.blocks, sentence(visit, each.key, each.fills)) for each in looked.findings],
        blocked=blocks(looked.findings),
        decisions=decisions,
        people=people,
        headlines=headlines,
        spoken=SPOKEN,
        edits=may_edit(visit, draft),
        submits=draft.state == DraftState.EDITING
        and visit.can(Right.DRAFT_ALERTS)
        and draft.agency_id == visit.officer.agency_id,
        cancels=approving.is_cancel(draft) and visit.can(Right.STOP_ALERTS),
        approves=second and not own,
        own=second and own,
        bypasses=alone,
        wanted=confirmation_of(looked.view, visit.language),
        place_name=partial(register.full_name, language=visit.language),
        offer=second_factor.offer(visit) if (second and not own) or alone else None,
    )


def _officers(session: Session, ids: set[int]) -> list[Officer]:
    return [found for each in sorted(ids) if (found := session.get(Officer, each)) is not None]


def _revision(visit: OfficerVisit) -> int:
    return int(visit.text("revision")) if visit.text("revision", 9).isdigit() else 0
