"""Which stations hold a danger up: its level is lowered by the stations that measured it, and by nobody else.

A station that the water has drowned, or whose line is down, measures nothing; its dry neighbour does not speak for it.
So for each danger it is kept what each of its stations measured last:

* a station raises its level at once, and lowers it when it has itself measured less for the feed's `calm`;
* the danger is as grave as its gravest station. It is said so only with a measurement of now that shows that level:
  while the gravest is silent, nothing is lowered, ended or prolonged;
* when the warning has expired, silent stations hold nothing any more. The end is then said to nobody.

Each is a row beside the episode's own, `level:1005/1394808`.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import Session

from broadcasts.alerts.episodes import Feed, Finding, heed, in_a_sentence, rank_of
from broadcasts.sources import Visit
from storage.alert_episodes import AlertEpisode, episode, open_episodes
from storage.alerts import Alert

_SILENT = "kept up while the station is silent"


@dataclass(frozen=True, kw_only=True)
class Heard:
    """What a station's newest measurement, not too old, says about the danger where it stands."""

    station: str
    finding: Finding


def follow_stations(session: Session, feed: Feed, dangers: Sequence[Sequence[Heard]], visit: Visit) -> str:
    """Draft what the stations call for; what was done, in a sentence. Of each danger the worst station comes first."""
    done: Counter[str] = Counter()
    episodes: dict[str, AlertEpisode] = {}
    held: defaultdict[str, dict[str, AlertEpisode]] = defaultdict(dict)
    for row in open_episodes(session, feed.name):
        key, _, station = row.key.partition("/")
        if station:
            held[key][station] = row
        else:
            episodes[key] = row
    for heard in dangers:
        key = heard[0].finding.key
        done[_follow(session, feed, key, heard, episodes.get(key), held[key], visit)] += 1
    return in_a_sentence(done)


def _follow(
    session: Session,
    feed: Feed,
    key: str,
    all_heard: Sequence[Heard],
    known: AlertEpisode | None,
    held: dict[str, AlertEpisode],
    visit: Visit,
) -> str:
    heard = [each for each in all_heard if not _is_old(each, held.get(each.station))]
    if not heard or (known is None and heard[0].finding.level is None):
        return ""
    speaking = {each.station for each in heard}
    by_nobody_known = 0
    if known is not None:
        if session.get_one(Alert, known.alert_id, populate_existing=True).expires_at <= visit.at:
            for station in held.keys() - speaking:
                held.pop(station).ended_at = visit.at
        elif not held:
            # Who raised it is not known, so nobody can lower it.
            by_nobody_known = rank_of(known.level)
    for each in heard:
        _hear(feed, key, each, held)
    now = max([by_nobody_known, *(rank_of(row.level) for row in held.values())])
    worst = heard[0].finding
    told = ""
    if rank_of(worst.level) == now:
        told = heed(session, feed, worst, visit)
    elif not any(rank_of(held[each].level) == now for each in held.keys() & speaking):
        told = _SILENT
    _keep(session, feed, key, held)
    return told


def _is_old(each: Heard, row: AlertEpisode | None) -> bool:
    """An older answer after a newer one."""
    return row is not None and each.finding.measured_at < row.measured_at


def _hear(feed: Feed, key: str, each: Heard, held: dict[str, AlertEpisode]) -> None:
    """Take down what a station says now."""
    level, at = each.finding.level or "", each.finding.measured_at
    row = held.get(each.station)
    if row is None:
        if level:
            held[each.station] = AlertEpisode(
                source=feed.name, key=f"{key}/{each.station}", alert_id=0, level=level, measured_at=at
            )
        return
    if rank_of(level) >= rank_of(row.level):
        row.level, row.measured_at, row.lower_since = level, at, None
    elif at > row.measured_at:
        row.measured_at, row.lower_since = at, row.lower_since or at
        if feed.calm is not None and at - row.lower_since >= feed.calm:
            row.level, row.lower_since = level, None


def _keep(session: Session, feed: Feed, key: str, held: dict[str, AlertEpisode]) -> None:
    """The stations' rows begin and end with the episode."""
    known = episode(session, feed.name, key)
    assert known is not None, "a danger that is held up has an episode"
    for row in held.values():
        row.alert_id, row.ended_at = known.alert_id, known.ended_at
        session.merge(row)
    session.flush()
