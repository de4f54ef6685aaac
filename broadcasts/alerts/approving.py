"""From a draft to an alert that is out: submitted, approved by a colleague or let out by one alone, rejected.

An approval binds to the hash of what goes out: words, area, channels' forms and expiry. It releases at once, in the
same transaction, so that there is no time in which anything else could be put in its place. Every act is audited; what
is refused is audited by whoever called (`note_refusal`), since a refusal leaves nothing else behind.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session

from broadcasts.alerts import releasing, training
from broadcasts.alerts.cap_model import MessageType
from broadcasts.alerts.checks import blocks, check
from broadcasts.alerts.conflicts import conflicts
from broadcasts.alerts.drafted import View, document_of, identifier_of, is_training, look
from broadcasts.alerts.drafting import Acting, DraftRefused, own_draft
from broadcasts.alerts.importing import keep
from broadcasts.alerts.releasing import NotReleasable
from broadcasts.alerts.telling import tell_approver, tell_author, tell_of_bypass
from broadcasts.delivery.estimates import people_by_account
from storage import alert_approvals, alert_drafts, broadcasts, duty_calls, officer_access, quota
from storage.alert_approvals import AlertApproval, Decision
from storage.alert_drafts import AlertDraft
from storage.audit import record
from storage.broadcasts import Broadcast
from storage.duty_calls import CallKind
from storage.lifecycles import AlertState, DraftState, ForbiddenTransition
from storage.officer_rights import Right, covers, has_right
from storage.place_reading import same_to_the_eye
from storage.wording import say
from storage.wording.areas import area_in_words

COUNT_MAY_MOVE = 50
"""People subscribe while an officer reads: the number that she typed may be off by one in so many, or by two."""

_NOT_READ = re.compile(r"[\s,.\-]+")


@dataclass(frozen=True, kw_only=True)
class Confirmation:
    """What an approver types: hazard, place and count, in her own language."""

    hazard: str
    place: str
    count: int

    @property
    def words(self) -> str:
        return f"{self.hazard} {self.place} {self.count}"


def confirmation_of(view: View, language: str) -> Confirmation:
    """What is to be typed for this draft."""
    hazard = view.alert.hazard
    name = say(language, f"hazard.{hazard}") if hazard else view.alert.headline.split(" ")[0][:20]
    place = area_in_words(view.alert.places, language, most=1) if view.alert.places else ""
    return Confirmation(hazard=name, place=place, count=view.recipients)


def submit(session: Session, acting: Acting, draft_id: int, revision: int) -> AlertDraft:
    """Freeze a draft's document and ask whoever is next on duty. Raises DraftRefused with what hinders it."""
    draft = own_draft(session, acting, draft_id, lock=True)
    if draft.revision != revision or draft.state != DraftState.EDITING:
        raise DraftRefused("drafting.error_changed")
    _require_sound(session, acting, look(session, draft, acting.at, acting.zone))
    sent = acting.at.replace(microsecond=0)
    document = None
    if draft.relays_id is None:
        document = document_of(session, draft, sent, acting.zone)
    alert_drafts.touch(session, draft, acting.officer_id, acting.at)
    alert_drafts.move(
        session,
        draft,
        DraftState.SUBMITTED,
        acting.at,
        by=acting.officer.name,
        document=document,
        identifier=identifier_of(draft, sent),
        sent_at=sent,
        submitted_by=acting.officer_id,
    )
    if is_cancel(draft):
        return draft
    view = look(session, draft, acting.at, acting.zone)
    duty_calls.call(
        session,
        CallKind.APPROVAL,
        draft.subject,
        right=Right.APPROVE_ALERTS,
        places=view.alert.places,
        at=acting.at,
        zone=acting.zone,
        by=acting.officer.name,
        never=alert_drafts.editors(session, draft_id),
    )
    tell_approver(session, draft, view, acting)
    return draft


def approve(
    session: Session, acting: Acting, draft_id: int, *, seen: str, typed: str, factor: str
) -> Broadcast:
    """Release what a colleague submitted. `seen` is the hash of what she read, `factor` the second factor she gave.

    Raises DraftRefused: for whoever had a hand in it, without the right in all its places, when anything is not what
    she saw, or is not typed.
    """
    draft, view = _submitted(session, acting, draft_id)
    if not _may(acting, Right.APPROVE_ALERTS, view):
        raise DraftRefused("drafting.error_no_right")
    _require_other_hands(session, acting, draft)
    _require_seen(session, acting, view, seen)
    _require_typed(view, typed)
    return _release(session, acting, view, Decision.APPROVAL, typed=typed, factor=factor)


def bypass(
    session: Session, acting: Acting, draft_id: int, *, seen: str, typed: str, factor: str, reason: str
) -> Broadcast:
    """Release alone, in an emergency; everyone on duty is told. Raises DraftRefused."""
    draft, view = _submitted(session, acting, draft_id)
    if not _may(acting, Right.BYPASS_APPROVAL, view):
        raise DraftRefused("drafting.error_no_right")
    reason = " ".join(reason.split())
    if len(reason) < 10:
        raise DraftRefused("drafting.error_reason")
    _require_seen(session, acting, view, seen)
    _require_typed(view, typed)
    alert_drafts.touch(session, draft, acting.officer_id, acting.at)
    detail = {"reason": reason, "factor": factor, "hash": view.hash, "places": list(view.alert.places)}
    record(
        session,
        acting.at,
        actor=acting.officer.name,
        action="alert_draft.bypass",
        subject=draft.subject,
        detail=detail,
    )
    broadcast = _release(session, acting, view, Decision.BYPASS, typed=typed, factor=factor, reason=reason)
    tell_of_bypass(session, view, acting, reason)
    return broadcast


def cancel(session: Session, acting: Acting, draft_id: int, *, seen: str, factor: str = "") -> Broadcast:
    """Take a warning back that was sent in error: one officer is enough. Raises DraftRefused."""
    draft, view = _submitted(session, acting, draft_id)
    if not is_cancel(draft):
        raise DraftRefused("drafting.error_not_cancel")
    if not _may(acting, Right.STOP_ALERTS, view):
        raise DraftRefused("drafting.error_no_right")
    _require_seen(session, acting, view, seen)
    return _release(session, acting, view, Decision.CANCEL, factor=factor)


def reject(session: Session, acting: Acting, draft_id: int, *, reason: str) -> AlertDraft:
    """Give it back with a reason. Raises DraftRefused."""
    draft, view = _submitted(session, acting, draft_id)
    if not _may(acting, Right.APPROVE_ALERTS, view):
        raise DraftRefused("drafting.error_no_right")
    reason = " ".join(reason.split())
    if not reason:
        raise DraftRefused("drafting.error_reason")
    _decide(session, acting, view, Decision.REJECTION, reason=reason)
    alert_drafts.move(
        session,
        draft,
        DraftState.REJECTED,
        acting.at,
        by=acting.officer.name,
        detail={"reason": reason},
        reason=reason,
        decided_at=acting.at,
    )
    _close_call(session, draft, acting)
    tell_author(session, draft, "officer.tell_rejected", acting, reason=reason)
    return draft


def withdraw(session: Session, acting: Acting, draft_id: int) -> AlertDraft:
    """Drop a draft, or take its submission back for good. Raises DraftRefused."""
    draft = own_draft(session, acting, draft_id, lock=True)
    try:
        alert_drafts.move(session, draft, DraftState.DROPPED, acting.at, by=acting.officer.name)
    except ForbiddenTransition as fault:
        raise DraftRefused("drafting.error_decided") from fault
    _close_call(session, draft, acting)
    return draft


def settle(session: Session, acting: Acting, draft_id: int, alert_id: int, *, reason: str) -> AlertDraft:
    """Say why a draft may stand beside a live alert that disagrees with it. Raises DraftRefused."""
    draft = own_draft(session, acting, draft_id, lock=True)
    reason = " ".join(reason.split())
    if draft.state != DraftState.EDITING:
        raise DraftRefused("drafting.error_decided")
    view = look(session, draft, acting.at, acting.zone)
    if alert_id not in {each.number for each in conflicts(session, view, acting.at)}:
        raise DraftRefused("drafting.error_no_conflict")
    if len(reason) < 5:
        raise DraftRefused("drafting.error_reason")
    draft.settled = {**draft.settled, str(alert_id): f"{acting.officer.name}: {reason}"}
    session.add(draft)
    session.flush()
    alert_drafts.touch(session, draft, acting.officer_id, acting.at)
    record(
        session,
        acting.at,
        actor=acting.officer.name,
        action="alert_draft.settle",
        subject=draft.subject,
        detail={"alert": alert_id, "reason": reason},
    )
    return draft


def note_refusal(session: Session, acting: Acting, draft_id: int, act: str, refused: DraftRefused) -> None:
    """Audit what was refused, in a transaction of its own."""
    detail: Mapping[str, Any] = {"act": act, "reason": refused.key, **refused.fills}
    record(
        session,
        acting.at,
        actor=acting.officer.name,
        action="alert_draft.refuse",
        subject=f"alert_draft/{draft_id}",
        detail={name: str(value) for name, value in detail.items()},
    )


def is_cancel(draft: AlertDraft) -> bool:
    """Whether it takes a warning back; an all-clear does not, it says that people are safe."""
    return draft.msg_type == MessageType.CANCEL and not draft.over and not is_training(draft)


def is_confirmed(wanted: Confirmation, typed: str) -> bool:
    """Whether hazard, place and count were typed, however they are parted.

    >>> is_confirmed(Confirmation(hazard="น้ำป่า", place="อ.แม่สาย", count=1245), "น้ำป่า อ.แม่สาย ๑,๒๔๕")
    True
    >>> is_confirmed(Confirmation(hazard="น้ำป่า", place="อ.แม่สาย", count=1245), "น้ำป่า อ.แม่จัน 1245")
    False
    """
    plain, names = _plain(typed), _plain(wanted.hazard + wanted.place)
    if not plain.startswith(names) or not plain[len(names) :].isdecimal():
        return False
    allowed = max(2, wanted.count // COUNT_MAY_MOVE)
    return abs(int(plain[len(names) :][:12]) - wanted.count) <= allowed


def _plain(text: str) -> str:
    return _NOT_READ.sub("", same_to_the_eye(text))


def _submitted(session: Session, acting: Acting, draft_id: int) -> tuple[AlertDraft, View]:
    draft = alert_drafts.draft(session, draft_id, lock=True)
    if draft.state != DraftState.SUBMITTED:
        raise DraftRefused("drafting.error_not_submitted")
    return draft, look(session, draft, acting.at, acting.zone)


def _may(acting: Acting, right: Right, view: View) -> bool:
    return has_right(acting.officer, right) and covers(acting.places, view.alert.places)


def _require_other_hands(session: Session, acting: Acting, draft: AlertDraft) -> None:
    """She had no hand in it, nor had whoever may be acting as her, or through one of those who had."""
    hands = alert_drafts.editors(session, draft.number) | {draft.author_id}
    if acting.officer_id in hands | {draft.submitted_by}:
        raise DraftRefused("drafting.error_own")
    hers = officer_access.hands_of(session, [acting.officer_id], acting.at)
    if hers & officer_access.hands_of(session, hands, acting.at):
        raise DraftRefused("drafting.error_access")


def _require_sound(session: Session, acting: Acting, view: View) -> None:
    findings = check(session, view, acting.places, acting.at)
    if blocks(findings):
        first = next(each for each in findings if each.blocks)
        raise DraftRefused(first.key, **first.fills)


def _require_seen(session: Session, acting: Acting, view: View, seen: str) -> None:
    if seen != view.hash:
        raise DraftRefused("drafting.error_not_as_seen")
    _require_sound(session, acting, view)


def _require_typed(view: View, typed: str) -> None:
    if not any(is_confirmed(confirmation_of(view, language), typed) for language in ("th", "en")):
        raise DraftRefused("drafting.error_typed")


def _release(
    session: Session,
    acting: Acting,
    view: View,
    kind: Decision,
    *,
    typed: str = "",
    factor: str,
    reason: str = "",
) -> Broadcast:
    """The decision and the release, or neither."""
    if not factor and kind != Decision.CANCEL:
        raise DraftRefused("drafting.error_factor")
    draft, by = view.draft, acting.officer.name
    if is_training(draft):
        _decide(session, acting, view, kind, typed=typed, factor=factor, reason=reason)
        broadcast = training.agreed(session, draft, view.preview.words, acting.at)
        if refused := quota.take(
            session, people_by_account(session, broadcast.audience, acting.at), acting.at
        ):
            raise DraftRefused("drafting.check_obstacle", reason=refused)
        broadcast.released_by = by
        broadcasts.let_go(session, broadcast, acting.at)
    else:
        alert = view.alert
        if alert.id is None:
            keep(session, alert, by=by, at=acting.at)
        if alert.state != AlertState.DRAFT:
            raise DraftRefused("drafting.error_decided")
        _decide(session, acting, view, kind, typed=typed, factor=factor, reason=reason)
        try:
            broadcast = releasing.release(
                session,
                alert.id or 0,
                by=by,
                at=acting.at,
                zone=acting.zone,
                exercise=alert.status == "Exercise",
                wide=draft.wide,
                channels=draft.channels,
            )
        except NotReleasable as fault:
            raise DraftRefused("drafting.check_obstacle", reason=str(fault)) from fault
    if broadcast.content_hash != view.hash:
        raise DraftRefused("drafting.error_not_as_seen")
    alert_drafts.move(
        session,
        draft,
        DraftState.RELEASED,
        acting.at,
        by=by,
        detail={"kind": kind.value, "hash": view.hash, "factor": factor},
        alert_id=view.alert.id,
        broadcast_id=broadcast.id,
        decided_at=acting.at,
    )
    _close_call(session, draft, acting)
    tell_author(session, draft, "officer.tell_released", acting)
    return broadcast


def _decide(
    session: Session,
    acting: Acting,
    view: View,
    kind: Decision,
    *,
    typed: str = "",
    factor: str = "",
    reason: str = "",
) -> None:
    decision = AlertApproval(
        draft_id=view.draft.number,
        revision=view.draft.revision,
        alert_id=view.alert.id,
        officer_id=acting.officer_id,
        kind=kind.value,
        hash=view.hash,
        typed=typed[:200],
        factor=factor,
        reason=reason[:300],
        at=acting.at,
    )
    alert_approvals.decide(session, decision)


def _close_call(session: Session, draft: AlertDraft, acting: Acting) -> None:
    duty_calls.close(session, CallKind.APPROVAL, draft.subject, acting.at, by=acting.officer.name)
