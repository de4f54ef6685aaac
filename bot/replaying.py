"""Playing recorded answers through the same readers, stores and jobs, with the clock in hand and nothing sent.

It happens in a database of its own that lasts as long as the replay, with the citizens' subscriptions of the
installation, so that what would be said is counted for real; nothing of it comes back.
"""

import tempfile
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import insert
from sqlmodel import SQLModel, col, select

from bot.recordings import Moment, Playback, Recorded, Recording
from bot.replay_events import Event, Said, Visited, said_by
from bot.settings import Settings
from bot.source_health import no_alarm
from bot.visiting import Visitor
from broadcasts.alerts import releasing
from broadcasts.slots import Scheduled, next_slot
from broadcasts.sources import Source
from storage import migrate
from storage.advising import AdviceConfirmation
from storage.alerts import Alert
from storage.broadcasts import EVERY_PLACE, Broadcast
from storage.database import Database
from storage.farming import FarmCrop
from storage.outbox import Message
from storage.people import Account, Contact, Person
from storage.price_thresholds import PriceThreshold
from storage.subscriptions import Subscription

COPIED: tuple[type[SQLModel], ...] = (
    Account,
    Person,
    Contact,
    Subscription,
    FarmCrop,
    AdviceConfirmation,
    PriceThreshold,
)
"""What the replay knows of the installation, in the order in which the tables refer to each other."""

_WEATHER, _MARKETS = frozenset({"tmd_forecast", "tmd_nwp"}), frozenset({"moc", "nabc"})
LIVES_ON: Mapping[str, frozenset[str]] = {
    "advice": _WEATHER,
    "advice_severe": _WEATHER,
    "price_thresholds": _MARKETS,
    "morning_prices": _MARKETS | _WEATHER,
    "escalate_calls": frozenset(),
    "first_messages": frozenset(),
    "forget_those_who_left": frozenset(),
    "close_unanswered": frozenset(),
    "housekeeping": frozenset(),
}
"""On whose answers a job lives; a job that is not named here on those of all others, about dangers. Officers, cases and
what is old do not exist in a replay, so the jobs about them live on nothing and are not played."""

_CHUNK = 5_000
_SELDOM_SECONDS = 3600
_SLOT = timedelta(days=1)
_LIVELY = timedelta(days=7)


@contextmanager
def replay_database(real: Database, moment: Moment, since: datetime) -> Iterator[Database]:
    """A database for one replay, in which everybody subscribed before it begins."""
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{Path(folder) / 'replay.db'}", clock=lambda: moment.at)
        try:
            migrate.upgrade(database)
            _copy(real, database, since)
            yield database
        finally:
            database.close()


def replay(
    database: Database,
    settings: Settings,
    schedule: Sequence[Scheduled],
    recording: Recording,
    moment: Moment,
    until: datetime,
) -> Iterator[Event]:
    """Play the recording from `moment.at` until `until`; what would have happened, as it happens."""
    settings = _awake(settings, [job.source for job in schedule if job.source is not None])
    addresses = {
        job.source.name: str(getattr(settings, job.source.url, job.source.url))
        for job in schedule
        if job.source
    }
    playback = Playback(recording=recording, moment=moment, addresses=addresses)
    visitor = Visitor(database=database, settings=settings, fetcher=playback, alarm=no_alarm)
    before = _known(database)
    for at, job in _plan(schedule, recording.answers, moment.at, until):
        moment.at = at
        result = _run(database, visitor, job, moment)
        after = _known(database)
        changed = after != before
        if job.source is not None or changed:
            yield Visited(at=at, name=job.name, result=result)
        if changed:
            yield from _news(database, settings, job.name, before, after, at)
        before = after


def _plan(
    schedule: Sequence[Scheduled], answers: Sequence[Recorded], start: datetime, until: datetime
) -> list[tuple[datetime, Scheduled]]:
    """When what runs: sources after each of their answers, other jobs at their slots, watching ones once an hour.

    A recording may have gaps of years: a week after the last answer nothing happens until the next.
    """
    plan: list[tuple[datetime, Scheduled]] = []
    for job in schedule:
        if job.source is not None:
            given = {
                _slot_after(job, max(each.at, start)) for each in answers if each.source == job.source.name
            }
            plan += [(at, job) for at in given if start <= at <= until]
        else:
            plan += [(at, job) for at in _slots(job, _lived_on(job, answers), start, until)]
    order = {job.name: number for number, job in enumerate(schedule)}
    return sorted(plan, key=lambda each: (each[0], order[each[1].name]))


def _lived_on(job: Scheduled, answers: Sequence[Recorded]) -> list[datetime]:
    """When the answers came that the job may have something to do with, the oldest first."""
    of_others = frozenset(each.source for each in answers) - _WEATHER - _MARKETS
    sources = LIVES_ON.get(job.name, of_others)
    return sorted(each.at for each in answers if each.source in sources)


def _slots(
    job: Scheduled, given_at: Sequence[datetime], start: datetime, until: datetime
) -> Iterator[datetime]:
    """The slots of a job within a week after an answer."""
    at = _slot_after(job, start)
    while at <= until:
        passed = bisect_right(given_at, at)
        if passed and at - given_at[passed - 1] <= _LIVELY:
            yield at
        elif passed == len(given_at):
            return
        else:
            at = max(at, given_at[passed] - _SLOT)
        at = _slot_after(job, at + timedelta(seconds=1))


def _slot_after(job: Scheduled, at: datetime) -> datetime:
    if job.daily_at is not None:
        return next_slot(job, None, at - timedelta(seconds=1))
    every = job.every_seconds if job.source is not None else max(job.every_seconds, _SELDOM_SECONDS)
    seconds = -(-int(at.timestamp()) // every) * every
    return datetime.fromtimestamp(seconds, at.tzinfo)


def _run(database: Database, visitor: Visitor, job: Scheduled, moment: Moment) -> str:
    if job.source is not None:
        moment.source = job.source.name
        return visitor.visit(job.source).result
    if job.work is not None:
        return job.work(database, moment.at)
    assert job.run is not None
    with database.write() as session:
        return job.run(session, moment.at)


def _awake(settings: Settings, sources: Sequence[Source[Any]]) -> Settings:
    """The settings with every source on: a recording needs neither addresses nor credentials."""
    empty = {
        name: "https://recorded.invalid/" if name.endswith("_url") else "recorded"
        for source in sources
        for name in source.settings
        if not str(getattr(settings, name))
    }
    values = {**settings.model_dump(), **empty, "sources": "on"}
    return Settings.model_validate(values)


@dataclass(frozen=True, kw_only=True)
class _Known:
    """What there is to say in the database of the replay."""

    alerts: dict[int, str]
    broadcasts: frozenset[int]
    messages: frozenset[int]


def _known(database: Database) -> _Known:
    with database.read() as session:
        found = session.exec(select(Alert.id, Alert.state)).all()
        return _Known(
            alerts={number: state for number, state in found if number is not None},
            broadcasts=frozenset(each for each in session.exec(select(Broadcast.id)) if each is not None),
            messages=frozenset(each for each in session.exec(select(Message.id)) if each is not None),
        )


def _news(
    database: Database, settings: Settings, by: str, before: _Known, after: _Known, at: datetime
) -> Iterator[Said]:
    for number, state in after.alerts.items():
        known = before.alerts.get(number)
        if known is None or known != state:
            yield _of_alert(database, settings, number, by, "drafted" if state == "draft" else state, at)
    with database.read() as session:
        of_alerts = set(session.exec(select(Alert.broadcast_id)))
        new = after.messages - before.messages
        if new:
            query = select(Message).where(col(Message.id).in_(new)).order_by(col(Message.id)).limit(1)
            first = session.exec(query).one()
            texts = [str(bubble.get("text", "")) for bubble in first.body]
            yield Said(at=at, by=by, what=f"{len(new)} messages", subject="message", texts={"first": texts})
    for number in sorted(after.broadcasts - before.broadcasts - of_alerts):
        yield from said_by(database, number, by, at)


def _of_alert(database: Database, settings: Settings, number: int, by: str, what: str, at: datetime) -> Said:
    with database.read() as session:
        alert = session.get_one(Alert, number)
        said = Said(
            at=at,
            by=by,
            what=what,
            subject=f"alert {alert.id} ({alert.msg_type})",
            level=alert.level or "",
            hazard=alert.hazard or "",
            places=tuple(alert.places),
            expires_at=alert.expires_at,
        )
        if what not in ("drafted", "released"):
            return said
        preview = releasing.preview(session, number, at, settings.zone)
    return replace(
        said,
        audience=preview.audience,
        reached=preview.reached,
        texts={
            language: [bubble.text for bubble in variants.get(EVERY_PLACE, ())]
            for language, variants in preview.words.items()
        },
        remarks=tuple(alert.remarks),
        obstacle=(preview.obstacle or "") if what == "drafted" else "",
    )


def _copy(real: Database, database: Database, since: datetime) -> None:
    for model in COPIED:
        table: Any = model.__table__  # type: ignore[attr-defined]
        with real.read() as source, database.write() as target:
            rows = (
                source.connection().execution_options(yield_per=_CHUNK).execute(select(*table.c)).mappings()
            )
            for chunk in rows.partitions(_CHUNK):
                values = [_as_if_before(model, dict(row), since) for row in chunk]
                target.connection().execute(insert(table), [each for each in values if each])


def _as_if_before(model: type[SQLModel], row: dict[str, Any], since: datetime) -> dict[str, Any]:
    if model in (Subscription, PriceThreshold) and row["since"] > since:
        row["since"] = since
    if model is PriceThreshold:
        # What was told lately was told of other prices.
        row["fired_price"] = row["fired_at"] = None
    return row
