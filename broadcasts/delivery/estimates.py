"""What a broadcast will take before it is released: whom it reaches where, what it costs, when the last one has it."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func
from sqlmodel import Session, col, select

from broadcasts.audience import listed
from broadcasts.audience.counting import Group, count_groups
from broadcasts.audience.selection import AudienceRule
from broadcasts.delivery.channel import Channel
from broadcasts.delivery.fallback import FallbackEstimate, FallbackRule, estimate_texts
from storage import places, quota
from storage.batches import Batch, count_outcomes, unpack
from storage.broadcasts import Broadcast, BroadcastKind, Form, Priority, Words, bubbles_in, variant_for
from storage.columns import is_one_of
from storage.groups import members_by_contact
from storage.lifecycles import BatchState, BroadcastState
from storage.pace import CONVERSATION_SHARE, interval_seconds
from storage.people import accounts

EARLIER = timedelta(hours=24)
_MAY_HAVE_GOT_IT = ("accepted", "unknown", "in_flight")
_WARNS = (BroadcastKind.ALERT.value, BroadcastKind.CHANGE.value, BroadcastKind.EXERCISE.value)


@dataclass(frozen=True, kw_only=True)
class Draft:
    """What would be released; `audience` as in `Broadcast.audience`."""

    words: Words
    audience: Mapping[str, Any]
    priority: Priority


@dataclass(frozen=True, kw_only=True)
class QuotaEstimate:
    """Messages of this month, as the vendor counts people: in a group chat each member.

    `left` is what remains of `limit` and None where there is none or nobody asked yet; `reserve` of it is kept for
    emergencies. `refusal` says why a routine broadcast would not go out.
    """

    needed: int
    limit: int | None
    used: int | None
    left: int | None
    reserve: int
    asked_at: datetime | None
    refusal: str


@dataclass(frozen=True, kw_only=True)
class AccountEstimate:
    """One account. `recipients` by subscription; `reached` may have got what this one corrects, and some of them are
    among the recipients, so that all else is counted for both together: at most so much.

    `seconds` from the release to the last one's request, behind `ahead` recipients of other broadcasts. `satang` is
    None where text messages have no price in the settings.
    """

    account: str
    channel: str
    connected: bool
    recipients: int
    reached: int
    with_wishes: int
    requests: int
    ahead: int
    seconds: float
    segments: int
    satang: int | None
    quota: QuotaEstimate | None


@dataclass(frozen=True, kw_only=True)
class DistrictEstimate:
    """Recipients in one district; `place` is a province for those who chose all of it."""

    place: str
    recipients: int


@dataclass(frozen=True, kw_only=True)
class EarlierBroadcast:
    """What people there were sent within the last day."""

    broadcast_id: int
    kind: str
    state: str
    released_at: datetime
    released_by: str
    places: tuple[str, ...]
    recipients: int


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """`seconds` until the last citizen's request on the slowest channel. `texts_instead` of an emergency, for those
    whom LINE does not reach; None where none are sent by themselves."""

    accounts: tuple[AccountEstimate, ...]
    districts: tuple[DistrictEstimate, ...]
    earlier: tuple[EarlierBroadcast, ...]
    texts_instead: FallbackEstimate | None = None

    @property
    def recipients(self) -> int:
        return sum(each.recipients for each in self.accounts)

    @property
    def seconds(self) -> float:
        return max((each.seconds for each in self.accounts), default=0.0)


@dataclass(frozen=True, kw_only=True)
class _Requests:
    """`many` of them name several people, `alone` one person or group chat: planning puts each chat into its own."""

    many: int
    alone: int
    recipients: int = 0


@dataclass(frozen=True, kw_only=True)
class _Reached:
    """`copies` of an earlier broadcast that may have arrived, `alone` of them in requests of their own.

    `people` is how many a vendor counts for them.
    """

    copies: int = 0
    alone: int = 0
    people: int = 0


def estimate(
    session: Session,
    draft: Draft,
    channels: Mapping[int, Channel],
    forms: Mapping[int, Form],
    at: datetime,
    *,
    groups: Sequence[Group] | None = None,
    fallback: FallbackRule | None = None,
) -> Estimate:
    """Look at a draft as if it were released at `at`. `groups` of its area, when they have been counted already.

    Five seconds for a million people in the whole country, a quarter of one for a province, on SQLite.
    """
    by_subscription = _groups(session, draft.audience, at) if groups is None else groups
    reached = _reached(session, draft.audience["reached"])
    found = [
        _of_account(session, draft, account, by_subscription, reached, channels, forms, at)
        for account in accounts(session)
    ]
    districts: Counter[str] = Counter()
    for group in by_subscription:
        districts[group.district] += group.copies
    return Estimate(
        accounts=tuple(each for each in found if each.recipients or each.reached),
        districts=tuple(
            DistrictEstimate(place=place, recipients=copies)
            for place, copies in sorted(districts.items(), key=lambda each: (-each[1], each[0]))
            if place
        ),
        earlier=_earlier(session, draft.audience["places"], at),
        texts_instead=estimate_texts(session, fallback, draft.words, draft.audience, at)
        if fallback and draft.priority is Priority.EMERGENCY
        else None,
    )


def people_by_account(session: Session, audience: Mapping[str, Any], at: datetime) -> Counter[int]:
    """What a release to an audience takes of each account's quota: at most so much, as `AccountEstimate` says."""
    found = Counter({each: got.people for each, got in _reached(session, audience["reached"]).items()})
    for group in _groups(session, audience, at):
        found[group.account_id] += group.people
    return found


def _groups(session: Session, audience: Mapping[str, Any], at: datetime) -> Sequence[Group]:
    if "listed" not in audience:
        if not audience["places"]:
            return ()
        on = tuple(audience.get("accounts", ()))
        rule = AudienceRule(topic=audience["topic"], places=tuple(audience["places"]), at=at, accounts=on)
        return count_groups(session, rule)
    on_account: Counter[int] = Counter()
    for (_, account_id), copies in listed.count(session, audience["listed"]).items():
        on_account[account_id] += copies
    return [
        Group(
            account_id=account_id,
            language="th",
            in_group=False,
            district="",
            with_wishes=False,
            copies=copies,
            people=copies,
        )
        for account_id, copies in on_account.items()
    ]


def _of_account(
    session: Session,
    draft: Draft,
    account: Any,
    groups: Sequence[Group],
    reached: Mapping[int, _Reached],
    channels: Mapping[int, Channel],
    forms: Mapping[int, Form],
    at: datetime,
) -> AccountEstimate:
    mine = [group for group in groups if group.account_id == account.id]
    channel = channels.get(account.id)
    together, alone = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    for group in mine:
        form = Form.GROUP if group.in_group else forms.get(account.id, Form.CHAT)
        words = group.language, variant_for(draft.words, group.language, form, group.district[:2])
        (alone if group.in_group else together)[words] += group.copies
    corrected = reached.get(account.id, _Reached())
    if corrected.copies:
        words = "th", variant_for(draft.words, "th", forms.get(account.id, Form.CHAT), "")
        together[words] += corrected.copies - corrected.alone
        alone[words] += corrected.alone
    by_words = together + alone
    people = sum(group.people for group in mine) + corrected.people
    segments, satang = _cost(draft.words, by_words, channel)
    ahead = _ahead(session, account.id, draft.priority, channel)
    requests = _Requests(many=_full(together.values(), channel), alone=alone.total())
    return AccountEstimate(
        account=f"{account.channel}/{account.name}",
        channel=account.channel,
        connected=channel is not None,
        recipients=sum(group.copies for group in mine),
        reached=corrected.copies,
        with_wishes=sum(group.copies for group in mine if group.with_wishes)
        if draft.priority is Priority.ROUTINE
        else 0,
        requests=requests.many + requests.alone,
        ahead=ahead.recipients,
        seconds=_seconds(requests, ahead, channel),
        segments=segments,
        satang=satang,
        quota=_quota(session, account.id, people, at) if account.channel in quota.COUNTED_CHANNELS else None,
    )


def _full(groups: Iterable[int], channel: Channel | None) -> int:
    """A group's last request is seldom full."""
    together = channel.traits.recipients_per_request if channel else 1
    return sum(-(-copies // together) for copies in groups)


def _seconds(requests: _Requests, ahead: _Requests, channel: Channel | None) -> float:
    """At the limits of the account's endpoints, side by side; where citizens' answers share one, they keep a fifth."""
    if channel is None:
        return 0.0
    traits = channel.traits
    at_each = Counter({traits.bulk_endpoint: requests.many + ahead.many})
    at_each[traits.reply_endpoint] += requests.alone + ahead.alone
    share = {traits.reply_endpoint: 1 - 1 / CONVERSATION_SHARE}
    return max(
        count * interval_seconds(traits.requests_per_second[endpoint]) / share.get(endpoint, 1.0)
        for endpoint, count in at_each.items()
    )


def _cost(
    words: Words, by_words: Mapping[tuple[str, str], int], channel: Channel | None
) -> tuple[int, int | None]:
    """Segments of text messages and their price."""
    segments = satang = 0
    for (language, variant), copies in by_words.items() if channel else ():
        assert channel is not None
        rendered = channel.render(bubbles_in(words, language, variant)) if words else None
        if rendered is not None:
            segments += rendered.segments * copies
            satang += rendered.satang * copies
    return segments, satang if satang or not segments else None


def _quota(session: Session, account_id: int, needed: int, at: datetime) -> QuotaEstimate:
    known = quota.quota_of(session, account_id)
    limit = known.limit if known else None
    return QuotaEstimate(
        needed=needed,
        limit=limit,
        used=known.used if known else None,
        left=max(limit - known.used, 0) if known and limit is not None else None,
        reserve=quota.reserve_of(session, account_id),
        asked_at=known.asked_at if known else None,
        refusal=quota.refusal(session, account_id, needed, at),
    )


def _ahead(session: Session, account_id: int, priority: Priority, channel: Channel | None) -> _Requests:
    """What waits of released broadcasts that go first: emergencies before all that is routine."""
    classes = [Priority.EMERGENCY.value] + [Priority.ROUTINE.value] * (priority is Priority.ROUTINE)
    query = (
        select(Batch.size, func.count())
        .join(Broadcast, col(Broadcast.id) == col(Batch.broadcast_id))
        .where(
            Broadcast.state == BroadcastState.RELEASED.value,
            col(Broadcast.priority).in_(classes),
            Batch.account_id == account_id,
            is_one_of(col(Batch.state), BatchState.WAITING),
        )
        .group_by(col(Batch.size))
    )
    found = session.exec(query).all()
    return _Requests(
        many=sum(_full([size], channel) * times for size, times in found if size > 1),
        alone=sum(times for size, times in found if size == 1),
        recipients=sum(size * times for size, times in found),
    )


def _reached(session: Session, broadcast_ids: Sequence[int]) -> dict[int, _Reached]:
    """By account, how many may have got one of the earlier broadcasts: of each account the most."""
    found: dict[int, _Reached] = {}
    for broadcast_id in broadcast_ids:
        query = (
            select(Batch.account_id, Batch.outcomes, Batch.state, func.count())
            .where(Batch.broadcast_id == broadcast_id)
            .group_by(col(Batch.account_id), col(Batch.outcomes), col(Batch.state))
        )
        rows: defaultdict[int, list[tuple[bytes, str, int]]] = defaultdict(list)
        for account_id, outcomes, state, times in session.exec(query):
            rows[account_id].append((outcomes, state, times))
        for account_id, some in rows.items():
            copies, alone = _may_have_got(some), _may_have_got(each for each in some if len(each[0]) == 1)
            people = copies + _more_members(session, broadcast_id, account_id)
            most = found.get(account_id, _Reached())
            if copies > most.copies:
                most = replace(most, copies=copies, alone=alone)
            found[account_id] = replace(most, people=max(most.people, people))
    return found


def _more_members(session: Session, broadcast_id: int, account_id: int) -> int:
    """Of group chats that may have got a broadcast: how many people they have beside one each."""
    members = members_by_contact(session, account_id)
    query = select(Batch.recipients, Batch.outcomes, Batch.state).where(
        Batch.broadcast_id == broadcast_id, Batch.account_id == account_id, Batch.size == 1
    )
    return sum(
        members.get(unpack(recipients)[0], 1) - 1
        for recipients, outcomes, state in (session.exec(query) if members else ())
        if _may_have_got([(outcomes, state, 1)])
    )


def _may_have_got(rows: Iterable[tuple[bytes, str, int]]) -> int:
    counted = count_outcomes(rows)
    return sum(counted[name] for name in _MAY_HAVE_GOT_IT)


def _earlier(session: Session, area: Sequence[str], at: datetime) -> tuple[EarlierBroadcast, ...]:
    """The newest first; an area may be a province and the other one of its districts."""
    query = (
        select(Broadcast)
        .where(
            col(Broadcast.released_at) > at - EARLIER,
            Broadcast.released_at <= at,
            col(Broadcast.kind).in_(_WARNS),
        )
        .order_by(col(Broadcast.released_at).desc())
    )
    return tuple(
        EarlierBroadcast(
            broadcast_id=each.id or 0,
            kind=each.kind,
            state=each.state,
            released_at=each.released_at,
            released_by=each.released_by,
            places=shared,
            recipients=int(
                session.exec(select(func.sum(Batch.size)).where(Batch.broadcast_id == each.id)).one() or 0
            ),
        )
        for each in session.exec(query)
        if (shared := _shared(each.audience["places"], area))
    )


def _shared(theirs: Sequence[str], ours: Sequence[str]) -> tuple[str, ...]:
    met = {
        max(one, other, key=len)
        for one in theirs
        for other in ours
        if places.contains(one, other) or places.contains(other, one)
    }
    return tuple(sorted(met))
