"""What monitoring is told: each gauge at the state it is to warn of."""

from datetime import timedelta

from prometheus_client import CollectorRegistry
from sqlmodel import col, select

from bot.gauges import Gauges
from broadcasts.delivery.held_up import HELD_UP
from broadcasts.delivery.planning import plan_page
from storage import outbox_hold
from storage.batches import Batch
from storage.broadcasts import Priority
from storage.database import Database
from storage.lifecycles import BatchState
from storage.quota import note_quota
from storage.schedule import ScheduledRun
from storage.sources import SourceState, SourceStatus
from tests.builders import NOW, account, citizen, released

LATER = NOW + timedelta(seconds=40)


def test_ages_rate_quota_sources_and_the_hold(database: Database) -> None:
    with database.write() as session:
        line, other = account(session, "line"), account(session, "telegram")
        citizen(session, "U1", account_id=line)
        citizen(session, "2", account_id=other)
        for priority in Priority:
            plan_page(session, released(session, priority=priority).id or 0, NOW, {})
        note_quota(session, line, limit=100, used=70, at=NOW)
        note_quota(session, other, limit=None, used=1, at=NOW)
        session.add(
            SourceState(name="tmd_cap", status=SourceStatus.STALE, since=NOW, data_at=NOW, good_at=NOW)
        )
        session.add(ScheduledRun(schedule="housekeeping", slot=NOW, started_at=NOW))
        outbox_hold.hold(session, NOW, by="suda", reason="restored")
        urgent, refused, held, sent = session.exec(select(Batch).order_by(col(Batch.id))).all()
        urgent.not_before = held.not_before = LATER + timedelta(hours=1)
        refused.attempts, refused.reason = 1, f"{HELD_UP}401"
        sent.state, sent.outcomes, sent.finished_at = BatchState.DONE, b"a", NOW
    registry = CollectorRegistry()
    gauges = Gauges(registry)
    with database.read() as session:
        gauges.look(session, LATER)

    def value(gauge: str, /, **labels: str) -> float | None:
        return registry.get_sample_value(f"krajai_{gauge}", labels)

    assert value("paused_broadcasts_now") == 1
    number = str(line)
    assert value("queue_age_seconds", **{"class": "emergency"}) == 40
    assert value("queue_age_seconds", **{"class": "routine"}) == 0
    assert value("settled_recipients_per_second", **{"class": "routine"}) == 1 / 60
    assert (
        value("quota_left_messages", account=number),
        value("quota_reserve_messages", account=number),
    ) == (30, 2)
    assert value("quota_age_seconds", account=number) == 40
    assert value("quota_left_messages", account=str(other)) is None
    assert value("account_info", account=number, channel="line", name="main") == 1
    assert (value("source_bad", source="tmd_cap"), value("source_age_seconds", source="tmd_cap")) == (1, 40)
    assert (value("outbox_held"), value("clock_age_seconds"), value("inbox_age_seconds")) == (1, 40, 0)
