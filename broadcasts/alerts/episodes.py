"""From measurements to drafts: each danger is drafted once, raised when it grows, taken back when it is over.

A source measures the same danger again and again. What is said about it changes only when

* it begins: a draft, an Alert;
* it grows: an Update of what was released; a draft that nobody released is replaced by one that says what is true now;
* it goes on when what was released is about to expire: an Update that holds longer;
* it is lower: an Update to the lower level, or an all-clear for those who were warned. A draft that nobody released is
  withdrawn without a word. When stations measure, `holding` decides when that is believed.

A source that falls silent changes nothing: a warning then ends with its expiry, which is not said to be safety.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session

from broadcasts.alerts.automatic import ORIGIN, actor_of, release_if_allowed
from broadcasts.alerts.composing import SENDER, Composed, InWords, compose
from broadcasts.alerts.importing import import_alerts
from broadcasts.alerts.meaning import Level
from broadcasts.sources import Visit
from storage import alerts
from storage.alert_episodes import AlertEpisode, episode, open_episodes
from storage.alerts import Alert
from storage.lifecycles import AlertState

_RANKS: tuple[str | None, ...] = (None, "watch", "warning", "emergency")


@dataclass(frozen=True, kw_only=True)
class Feed:
    """How a source's dangers are treated.

    `lives` is how long a warning holds, `renew_before` how soon before its end it is prolonged, `calm` how long a
    station must measure less until that is believed (None: nothing is ever lowered), `fresh` how old a measurement may
    be to be acted upon.
    """

    name: str
    lives: timedelta
    fresh: timedelta
    calm: timedelta | None = None
    renew_before: timedelta = timedelta(0)
    certainty: str = "Observed"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What a source found out about one possible danger. `level` None: there is none. `key` is its own, for good.

    `source` is who found it out. `words` are made only when something is said.
    """

    key: str
    hazard: str
    level: Level | None
    places: tuple[str, ...]
    measured_at: datetime
    words: Callable[[], Mapping[str, InWords]]
    web: str = ""
    source: str = ""
    onset: datetime | None = None


def follow(session: Session, feed: Feed, findings: Sequence[Finding], visit: Visit) -> str:
    """Draft what these findings call for, each the newest word on its danger; what was done, in a sentence."""
    done: Counter[str] = Counter()
    going_on = {each.key: each for each in open_episodes(session, feed.name)}
    for finding in findings:
        known = going_on.get(finding.key)
        if visit.at - finding.measured_at > feed.fresh:
            done["too old"] += 1
        elif known is None or finding.measured_at > known.measured_at:
            done[heed(session, feed, finding, visit)] += 1
    return in_a_sentence(done)


def heed(session: Session, feed: Feed, finding: Finding, visit: Visit) -> str:
    """Draft what has changed with this finding, which is believed; what was done, empty for nothing."""
    known = episode(session, feed.name, finding.key)
    if known is None or known.ended_at is not None:
        return _begin(session, feed, finding, visit, known) if finding.level is not None else ""
    known.measured_at = max(known.measured_at, finding.measured_at)
    session.add(known)
    head = session.get_one(Alert, known.alert_id, populate_existing=True)
    rank, held = rank_of(finding.level), rank_of(known.level)
    if rank > held:
        return _say_anew(session, feed, finding, visit, known, head, "raised")
    if rank == held:
        return _go_on(session, feed, finding, visit, known, head)
    if feed.calm is None:
        return ""
    if finding.level is None:
        return _end(session, feed, finding, visit, known, head)
    if head.expires_at <= visit.at:
        # Nothing holds any more that could be lowered: this is a danger of its own.
        _withdraw(session, feed, head, visit)
        return _begin(session, feed, finding, visit, known)
    return _say_anew(session, feed, finding, visit, known, head, "lowered")


def in_a_sentence(done: Counter[str]) -> str:
    """What was done how often.

    >>> in_a_sentence(Counter({"": 7, "drafted": 2, "raised": 1}))
    '2 drafted, 1 raised'
    """
    return ", ".join(f"{number} {what}" for what, number in sorted(done.items()) if what) or "nothing to say"


def rank_of(level: str | None) -> int:
    """How grave a level is: 0 for none, written as None or as an empty text."""
    return _RANKS.index(level or None)


def _begin(session: Session, feed: Feed, finding: Finding, visit: Visit, known: AlertEpisode | None) -> str:
    drafted = _draft(session, feed, finding, visit, replaces=None)
    found = known or AlertEpisode(
        source=feed.name, key=finding.key, alert_id=drafted.id or 0, level="", measured_at=finding.measured_at
    )
    found.alert_id, found.level = drafted.id or 0, finding.level or ""
    found.measured_at, found.lower_since, found.ended_at = finding.measured_at, None, None
    session.add(found)
    session.flush()
    return "drafted"


def _go_on(
    session: Session, feed: Feed, finding: Finding, visit: Visit, known: AlertEpisode, head: Alert
) -> str:
    """The same as before: said again only when what was said is about to end, or has ended."""
    if head.expires_at <= visit.at:
        return _say_anew(session, feed, finding, visit, known, head, "drafted again")
    released = head.state == AlertState.RELEASED
    if released and feed.renew_before and head.expires_at - visit.at <= feed.renew_before:
        return _say_anew(session, feed, finding, visit, known, head, "prolonged")
    return ""


def _say_anew(
    session: Session,
    feed: Feed,
    finding: Finding,
    visit: Visit,
    known: AlertEpisode,
    head: Alert,
    what: str,
) -> str:
    live = _live(session, head)
    _withdraw(session, feed, head, visit)
    drafted = _draft(session, feed, finding, visit, replaces=live)
    known.alert_id, known.level = drafted.id or 0, finding.level or ""
    session.add(known)
    session.flush()
    return what


def _end(
    session: Session, feed: Feed, finding: Finding, visit: Visit, known: AlertEpisode, head: Alert
) -> str:
    live = _live(session, head)
    _withdraw(session, feed, head, visit)
    known.ended_at = visit.at
    session.add(known)
    if live is None or live.expires_at <= visit.at:
        session.flush()
        return "over"
    drafted = _draft(session, feed, finding, visit, replaces=live, over=True)
    known.alert_id = drafted.id or 0
    session.flush()
    return "over, all-clear drafted"


def _draft(
    session: Session,
    feed: Feed,
    finding: Finding,
    visit: Visit,
    *,
    replaces: Alert | None,
    over: bool = False,
) -> Alert:
    words = finding.words()
    identifier = f"{feed.name}-{finding.key}-{finding.measured_at:%Y%m%dT%H%M%S}".replace(":", "-")
    data = compose(
        Composed(
            identifier=f"{identifier}-{'over' if over else finding.level}",
            sender=SENDER,
            source=finding.source,
            agency=visit.agency,
            sent=visit.at,
            hazard=finding.hazard,
            level=finding.level or "watch",
            places=replaces.places if over and replaces is not None else finding.places,
            words=words,
            expires=visit.at + feed.lives,
            onset=finding.onset,
            certainty=feed.certainty,
            web=finding.web,
            replaces=replaces,
            over=over,
        ),
        visit.zone,
    )
    (imported,) = import_alerts(
        session, data, origin=f"{ORIGIN}{feed.name}", by=actor_of(feed.name), at=visit.at
    )
    alert = imported.alert
    if not release_if_allowed(session, alert, feed.name, visit):
        alert.remarks = [*alert.remarks, f"evidence: {words['en'].evidence}"]
        session.add(alert)
        session.flush()
    return alert


def _withdraw(session: Session, feed: Feed, head: Alert, visit: Visit) -> None:
    """Take back a draft that nobody has released: it is no longer what is true."""
    if head.state == AlertState.DRAFT:
        assert head.id is not None
        alerts.move(
            session, head.id, AlertState.EXPIRED, visit.at, by=actor_of(feed.name), reason="measured anew"
        )
        session.expire(head)


def _live(session: Session, head: Alert) -> Alert | None:
    """The released alert that people here have read: the head itself, or what it would have updated."""
    alert: Alert | None = head
    while alert is not None:
        if alert.state == AlertState.RELEASED:
            return alert
        replaced = alert.replaces_id
        alert = session.get_one(Alert, replaced, populate_existing=True) if replaced is not None else None
    return None
