"""Releasing, stopping and previewing alerts: what may go out, to whom, and what it does to the alert before it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, select

from broadcasts.alerts.cap_model import CapAlert, MessageType, Status
from broadcasts.alerts.importing import stored_cap
from broadcasts.alerts.loudspeaker import Announcement, announcement, tell_relays
from broadcasts.alerts.own_words import group_of
from broadcasts.alerts.words import words_of_alert
from broadcasts.audience import listed
from broadcasts.audience.counting import Group, by_channel, count_groups
from broadcasts.audience.selection import AudienceRule
from broadcasts.delivery.estimates import Draft, people_by_account
from storage import alerts, batches, broadcasts, quota, relays
from storage.alerts import Alert
from storage.broadcasts import Broadcast, BroadcastKind, Priority
from storage.lifecycles import AlertState, BatchState, BroadcastState, ForbiddenTransition
from storage.people import accounts
from storage.replies import Bubble
from storage.subscriptions import WARNING

MOST_PROVINCES = 40
"""An alert over more than half of the country is more often a mistake than a warning; it needs a word more."""

_NO_ACCOUNT = 0
"""The id of no account at all."""

Words = dict[str, dict[str, tuple[Bubble, ...]]]


class NotReleasable(Exception):
    """The alert cannot go out; the message says why and what would help."""


class UnknownAlert(Exception):
    """There is no alert of that number."""


class UnknownBroadcast(Exception):
    """There is no broadcast of that number."""


@dataclass(frozen=True, kw_only=True)
class Preview:
    """What a release would do now. `audience` counts new recipients per channel by subscription, `groups` the same
    more finely; `reached` those who may have got the alert that this one updates or cancels. `draft` is what
    `broadcasts.delivery.estimates` asks for, `hash` the broadcast's that would go out: an approval binds to it."""

    alert: Alert
    words: Words
    audience: dict[str, int]
    groups: tuple[Group, ...]
    draft: Draft
    reached: int
    obstacle: str | None
    hash: str
    announced: Announcement | None
    """What relays would read aloud."""


def preview(
    session: Session,
    alert_id: int,
    at: datetime,
    zone: ZoneInfo,
    *,
    exercise: bool = False,
    wide: bool = False,
) -> Preview:
    """Look before releasing. Raises UnknownAlert."""
    alert = _alert(session, alert_id)
    return look(session, alert, stored_cap(alert), at, zone, exercise=exercise, wide=wide)


def look(
    session: Session,
    alert: Alert,
    cap: CapAlert,
    at: datetime,
    zone: ZoneInfo,
    *,
    exercise: bool = False,
    wide: bool = False,
    channels: Sequence[str] = (),
) -> Preview:
    """As `preview`, of an alert that need not be stored yet; on `channels` only, where some are given."""
    line = _line(session, alert)
    would = _agreed(session, alert, cap, line, at, zone, channels)
    groups: list[Group] = []
    if "listed" in would.audience:
        audience = listed.count_by_channel(session, would.audience["listed"])
    else:
        places, on = tuple(would.audience["places"]), tuple(would.audience.get("accounts", ()))
        groups = count_groups(session, AudienceRule(topic=WARNING, places=places, at=at, accounts=on))
        audience = by_channel(session, groups)
    on = accounts_on(session, channels)
    announced = announcement(session, alert, cap, line, at, zone, on) if alert.places else None
    tallies = [batches.tally(session, broadcast_id) for broadcast_id in would.audience["reached"]]
    return Preview(
        alert=alert,
        words=_words(alert, cap, line, at, zone),
        audience=audience,
        groups=tuple(groups),
        draft=Draft(words=would.words, audience=would.audience, priority=_priority(alert)),
        reached=max((each["accepted"] + each["unknown"] + each["in_flight"] for each in tallies), default=0),
        obstacle=_obstacle(session, alert, line, at, channels, exercise=exercise, wide=wide)
        or quota.first_refusal(session, _takes(session, would, announced, at), at)
        or None,
        hash=broadcasts.content_hash(would),
        announced=announced,
    )


def release(
    session: Session,
    alert_id: int,
    *,
    by: str,
    at: datetime,
    zone: ZoneInfo,
    exercise: bool = False,
    wide: bool = False,
    channels: Sequence[str] = (),
) -> Broadcast:
    """Release an alert: one transaction stops what it replaces and addresses everyone it concerns.

    `channels` are those that new recipients get it on, () for all; whoever got what it corrects is always reached.

    Raises UnknownAlert, and NotReleasable with the reason.
    """
    alert = _alert(session, alert_id)
    # Held from here on: what repeats it or goes out instead is in `reached`, or sees that it has been replaced.
    line = _line(session, alert, lock=True)
    if obstacle := _obstacle(session, alert, line, at, channels, exercise=exercise, wide=wide):
        raise NotReleasable(obstacle)
    cap = stored_cap(alert)
    broadcast = _agreed(session, alert, cap, line, at, zone, channels)
    on = accounts_on(session, channels)
    announced = announcement(session, alert, cap, line, at, zone, on)
    if refused := quota.take(session, _takes(session, broadcast, announced, at), at):
        raise NotReleasable(refused)
    broadcast.released_by = by
    broadcasts.let_go(session, broadcast, at)
    ended = AlertState.CANCELLED if alert.msg_type == MessageType.CANCEL else AlertState.UPDATED
    for replaced in line:
        _end(session, replaced, ended, at, by=by)
    alert.broadcast_id = broadcast.id
    session.add(alert)
    session.flush()
    assert alert.id is not None
    alerts.move(session, alert.id, AlertState.RELEASED, at, by=by, broadcast=broadcast.id)
    tell_relays(session, alert, cap, line, broadcast, at, zone, on)
    return broadcast


def stop(session: Session, alert_id: int, *, by: str, at: datetime) -> Alert:
    """Stop an alert that is going out: what is not sent yet is not sent. Raises UnknownAlert, ForbiddenTransition."""
    alert = _alert(session, alert_id)
    assert alert.id is not None
    alerts.move(session, alert.id, AlertState.STOPPED, at, by=by)
    stop_broadcast(session, alert.broadcast_id, at, by=by)
    session.expire(alert)
    return _alert(session, alert_id)


def stop_released(session: Session, broadcast_id: int, at: datetime, *, by: str) -> int:
    """Stop a broadcast and the alert that went out as it; how many batches were not sent.

    Raises UnknownBroadcast, and ForbiddenTransition when it has ended.
    """
    broadcast = session.get(Broadcast, broadcast_id, populate_existing=True)
    if broadcast is None:
        raise UnknownBroadcast(f"there is no broadcast {broadcast_id}: see `krajai broadcast list`")
    if broadcast.state not in (BroadcastState.RELEASED, BroadcastState.PAUSED):
        raise ForbiddenTransition(
            f"broadcast {broadcast_id} is {broadcast.state}: nothing of it is left to stop"
        )
    alert = session.exec(select(Alert).where(Alert.broadcast_id == broadcast_id)).first()
    if alert is not None and alert.id is not None and alert.state == AlertState.RELEASED:
        alerts.move(session, alert.id, AlertState.STOPPED, at, by=by)
    return stop_broadcast(session, broadcast_id, at, by=by)


def stop_broadcast(session: Session, broadcast_id: int | None, at: datetime, *, by: str) -> int:
    """Stop what was not sent of a broadcast, of what carries it to relays, and of what repeats either; how many
    batches. What has ended stays so."""
    if broadcast_id is None:
        return 0
    said = [broadcast_id, *relays.broadcasts_of(session, broadcast_id)]
    family = [*said, *broadcasts.retries_of(session, said)]
    return sum(_stop_one(session, each, at, by=by) for each in family)


def _stop_one(session: Session, broadcast_id: int, at: datetime, *, by: str) -> int:
    broadcast = session.get(Broadcast, broadcast_id, populate_existing=True)
    if broadcast is None or broadcast.state not in (BroadcastState.RELEASED, BroadcastState.PAUSED):
        return 0
    broadcasts.move(session, broadcast_id, BroadcastState.STOPPED, at, by=by)
    return batches.end_waiting(session, broadcast_id, BatchState.STOPPED, at)


def _agreed(
    session: Session,
    alert: Alert,
    cap: CapAlert,
    line: list[Alert],
    at: datetime,
    zone: ZoneInfo,
    channels: Sequence[str] = (),
) -> Broadcast:
    """What would go out."""
    group, on = group_of(alert, cap), accounts_on(session, channels)
    return broadcasts.agreed(
        kind=_kind(alert, line),
        priority=_priority(alert),
        words=broadcasts.words_of(_words(alert, cap, line, at, zone)),
        places=() if group else _audience_places(alert),
        reached=_broadcasts(session, line),
        topic="" if group else WARNING,
        expires_at=alert.expires_at,
        at=at,
        listed=listed.of_group(group, on) if group else None,
        accounts=() if group else on,
    )


def accounts_on(session: Session, channels: Sequence[str]) -> tuple[int, ...]:
    """The ids of the accounts of these channels, () where none is named; never () where one is: that means all."""
    found = tuple(each.id or 0 for each in accounts(session) if each.channel in channels)
    return found or ((_NO_ACCOUNT,) if channels else ())


def obstacle_of_channels(session: Session, channels: Sequence[str]) -> str | None:
    """Why nothing can go out on these channels; None when it can."""
    if accounts_on(session, channels) != (_NO_ACCOUNT,):
        return None
    return f"no account is connected on the channels chosen for it ({', '.join(channels)}): choose others"


def _words(alert: Alert, cap: CapAlert, line: list[Alert], at: datetime, zone: ZoneInfo) -> Words:
    return words_of_alert(alert, cap, _went_out(line), at, zone) if alert.places else {}


def _takes(session: Session, would: Broadcast, announced: Announcement | None, at: datetime) -> Counter[int]:
    """What must fit into each account's quota; an emergency may always go out."""
    if would.priority == Priority.EMERGENCY:
        return Counter()
    return people_by_account(session, would.audience, at) + Counter(announced.copies if announced else {})


def _alert(session: Session, alert_id: int) -> Alert:
    alert = session.get(Alert, alert_id, populate_existing=True)
    if alert is None:
        raise UnknownAlert(f"there is no alert {alert_id}: see `krajai alert list`")
    return alert


def _line(session: Session, alert: Alert, *, lock: bool = False) -> list[Alert]:
    """What the alert replaces, and what that had replaced, the newest first: an update may have missed somebody."""
    found: list[Alert] = []
    while alert.replaces_id is not None:
        held = {"key_share": True} if lock else None
        alert = session.get_one(Alert, alert.replaces_id, populate_existing=True, with_for_update=held)
        found.append(alert)
    return found


def _went_out(line: list[Alert]) -> Alert | None:
    """The newest of a line that was released: the one that people have read."""
    return next((each for each in line if each.broadcast_id is not None), None)


def _broadcasts(session: Session, line: list[Alert]) -> list[int]:
    """What of a line went out, and what was sent again to those whom it did not reach at first."""
    found = [each.broadcast_id for each in line if each.broadcast_id is not None]
    return [*found, *broadcasts.retries_of(session, found)]


def _end(session: Session, replaced: Alert, state: AlertState, at: datetime, *, by: str) -> None:
    if replaced.state == AlertState.RELEASED:
        assert replaced.id is not None
        alerts.move(session, replaced.id, state, at, by=by)
    stop_broadcast(session, replaced.broadcast_id, at, by=by)


def _priority(alert: Alert) -> Priority:
    return Priority.ROUTINE if alert.status == Status.EXERCISE else Priority.EMERGENCY


def _kind(alert: Alert, line: list[Alert]) -> BroadcastKind:
    if alert.status == Status.EXERCISE:
        return BroadcastKind.EXERCISE
    return BroadcastKind.CHANGE if _went_out(line) else BroadcastKind.ALERT


def _audience_places(alert: Alert) -> tuple[str, ...]:
    """A Cancel reaches those who got the original, and nobody else."""
    return () if alert.msg_type == MessageType.CANCEL else tuple(alert.places)


def _obstacle(
    session: Session,
    alert: Alert,
    line: list[Alert],
    at: datetime,
    channels: Sequence[str],
    *,
    exercise: bool,
    wide: bool,
) -> str | None:
    """Why the alert cannot be released now; None when it can."""
    cancels = alert.msg_type == MessageType.CANCEL
    provinces = {code[:2] for code in alert.places}
    later, rehearsed = _replaced_by(session, alert), alerts.rehearsed_by(session, alert, at)
    # A Cancel has no new recipients, and nothing about channels keeps it from those whom the alert reached.
    nowhere = None if cancels else obstacle_of_channels(session, channels)
    checks = (
        (alert.state != AlertState.DRAFT, f"it is {alert.state} already"),
        (
            alert.status not in (Status.ACTUAL, Status.EXERCISE),
            f"its status is {alert.status}: only Actual alerts and exercises reach citizens",
        ),
        (
            alert.status == Status.EXERCISE and not exercise,
            "it is an exercise: release it with --exercise, and citizens read that it is one",
        ),
        (
            alert.status == Status.ACTUAL and exercise,
            "it is a real alert and can never be turned into an exercise: leave --exercise out",
        ),
        (
            alert.status == Status.EXERCISE and cancels,
            "it ends an exercise, whose own words say when it ends: stop the exercise with `krajai alert stop`",
        ),
        (
            alert.expires_at <= at,
            (
                f"it expired at {alert.expires_at.isoformat(timespec='minutes')}: ask its sender for a new one, or, "
                "to try it in the simulator, import it with --rehearsal"
            ),
        ),
        (
            rehearsed is not None,
            f"it is rehearsed already: stop that first (alert {rehearsed.id if rehearsed else 0})",
        ),
        (
            later is not None,
            f"its sender has taken it back or replaced it: look at alert {later.id if later else 0}",
        ),
        (
            cancels and not line,
            "it cancels an alert that is not known here, so nobody here was warned by it",
        ),
        (
            cancels and _went_out(line) is None,
            "it cancels an alert that was never released here, so nobody here was warned by it",
        ),
        (not alert.places, "no place of its area was understood: an empty area warns nobody, or everybody"),
        (
            alert.level is None and not cancels,
            "its certainty or urgency says that nothing is to be expected: such alerts are not sent",
        ),
        (
            len(provinces) > MOST_PROVINCES and not wide,
            f"it covers {len(provinces)} provinces: say --wide when that is meant",
        ),
        (nowhere is not None, nowhere),
    )
    return next((reason for hinders, reason in checks if hinders), None)


def _replaced_by(session: Session, alert: Alert) -> Alert | None:
    """What makes the alert stale: its Cancel as soon as that is known, an Update of it that went out, or a later one
    of the same alert that did."""
    ids = [alert.id]
    while ids:
        following = session.exec(select(Alert).where(col(Alert.replaces_id).in_(ids))).all()
        for each in following:
            if each.msg_type == MessageType.CANCEL or each.state != AlertState.DRAFT:
                return each
        ids = [each.id for each in following]
    if alert.replaces_id is None:
        return None
    query = select(Alert).where(
        Alert.replaces_id == alert.replaces_id,
        col(Alert.sent) > alert.sent,
        col(Alert.state) != AlertState.DRAFT.value,
    )
    return session.exec(query).first()
