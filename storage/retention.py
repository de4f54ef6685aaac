"""Retention: how long rows are kept and why, as one table, and the deleting of what is older.

The days are defaults that the agency decides upon; docs/operating.md shows them to it. Rows go in many short
transactions, so that citizens are answered in between. What was done of a broadcast stays as numbers in the audit log.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, inspect, or_, tuple_, update
from sqlalchemy import select as sql_select
from sqlmodel import Session, SQLModel, col, select

from storage import media
from storage.alerts import Alert
from storage.audit import record
from storage.batches import Batch, RecipientNote, count_outcomes
from storage.broadcasts import Addressed, Broadcast, retries_of
from storage.columns import is_one_of
from storage.database import Database
from storage.help_requests import HelpRequest
from storage.inbox import InboxEvent
from storage.lifecycles import AlertState, BroadcastState, HelpState, InboxState, RelayState
from storage.media import Media
from storage.outbox import OPEN_STATES, Message
from storage.relays import Relay, RelayNotice
from storage.safety import SafetyReport
from storage.texts_instead import TextInstead

ROWS_AT_ONCE = 1000
"""Deleted in one transaction: on SQLite nobody else writes meanwhile, for less than 50 ms."""

BATCHES_AT_ONCE = 200
"""Each holds up to 500 recipients."""

MOST_TRANSACTIONS = 200
"""For one line of the table in one run; what is left then goes with the next run."""

_BROADCASTS_AT_ONCE = 100
_BY = "clock"

Due = Callable[[Session, datetime], ColumnElement[bool]]
"""Which rows are over when everything before that time is."""

Farewell = Callable[[Session, Sequence[Any], datetime], None]
"""Writes down what must be known of rows of these ids once they are gone, in the transaction that deletes them."""


@dataclass(frozen=True, kw_only=True)
class Retention:
    """Rows of `table` are deleted `days` days after `counted_from`; `why` they are kept so long, and no longer."""

    what: str
    table: type[SQLModel]
    days: int
    counted_from: str
    why: str
    due: Due
    farewell: Farewell | None = None
    at_once: int = ROWS_AT_ONCE


def forget(database: Database, at: datetime) -> dict[str, int]:
    """Delete what was kept long enough; how many rows of each `what`, without those of which there were none."""
    forgotten: dict[str, int] = defaultdict(int)
    for line in RETENTION:
        for _ in range(MOST_TRANSACTIONS):
            with database.write() as session:
                deleted = forget_some(session, line, at)
            if not deleted:
                break
            forgotten[line.what] += deleted
    return dict(forgotten)


def forget_some(session: Session, line: Retention, at: datetime) -> int:
    """Delete up to `at_once` rows of a line of the table; how many."""
    connection = session.connection()
    keys: Sequence[Any] = inspect(line.table).primary_key
    over = sql_select(*keys).where(line.due(session, at - timedelta(days=line.days))).limit(line.at_once)
    rows = [tuple(row) for row in connection.execute(over.with_for_update(skip_locked=True))]
    if not rows:
        return 0
    ids = rows if len(keys) > 1 else [only for (only,) in rows]
    if line.farewell is not None:
        line.farewell(session, ids, at)
    key = tuple_(*keys) if len(keys) > 1 else keys[0]
    connection.execute(delete(line.table).where(key.in_(ids)))
    return len(rows)


def _part_merged(session: Session, request_ids: Sequence[Any], _: datetime) -> None:
    """What was merged into these and is kept longer names nothing that is gone."""
    merged = col(HelpRequest.merged_into_id).in_(request_ids)
    session.connection().execute(update(HelpRequest).where(merged).values(merged_into_id=None))


def _before(column: Any, *others: ColumnElement[bool]) -> Due:
    return lambda _session, old: and_(col(column) < old, *others)


def _of_ended_broadcasts(table: type[Batch | RecipientNote | Addressed | TextInstead]) -> Due:
    """Rows of broadcasts that ended, in sending and in what they said, and that nobody may still have to correct."""

    def due(session: Session, old: datetime) -> ColumnElement[bool]:
        has_rows = select(table).where(col(table.broadcast_id) == col(Broadcast.id)).exists()
        ended = (
            select(Broadcast.id)
            .where(
                col(Broadcast.finished_at) < old,
                Broadcast.expires_at < old,
                col(Broadcast.id).not_in(_may_be_corrected(session, old)),
                has_rows,
            )
            .order_by(col(Broadcast.id))
            .limit(_BROADCASTS_AT_ONCE)
        )
        return col(table.broadcast_id).in_(session.exec(ended).all())

    return due


def _may_be_corrected(session: Session, old: datetime) -> set[int]:
    """Broadcasts whose recipients an Update or a Cancel would address: those of live alerts, of drafts that may yet
    be released and of all that these replace, and those that a broadcast on its way addresses."""
    going_out = (BroadcastState.RELEASED.value, BroadcastState.PAUSED.value)
    found = {
        int(earlier)
        for audience in session.exec(select(Broadcast.audience).where(col(Broadcast.state).in_(going_out)))
        for earlier in audience["reached"]
    }
    replaced = select(Alert.id, Alert.replaces_id, Alert.broadcast_id)
    line = session.exec(
        replaced.where(
            or_(
                col(Alert.state) == AlertState.RELEASED.value,
                and_(col(Alert.state) == AlertState.DRAFT.value, col(Alert.expires_at) >= old),
            )
        )
    ).all()
    while line:
        found |= {broadcast_id for _, _, broadcast_id in line if broadcast_id is not None}
        earlier_ids = {replaces_id for _, replaces_id, _ in line if replaces_id is not None}
        line = session.exec(replaced.where(col(Alert.id).in_(earlier_ids))).all() if earlier_ids else []
    return {*found, *retries_of(session, sorted(found))}


def _note_delivery(session: Session, batch_ids: Sequence[Any], at: datetime) -> None:
    """How many got it stays known when it is forgotten who: a broadcast's numbers are the sum of these entries."""
    query = select(Batch.broadcast_id, Batch.outcomes, Batch.state).where(col(Batch.id).in_(batch_ids))
    of: dict[int, list[tuple[bytes, str, int]]] = defaultdict(list)
    for broadcast_id, outcomes, state in session.exec(query):
        of[broadcast_id].append((outcomes, state, 1))
    for broadcast_id, rows in of.items():
        counted = {name: number for name, number in count_outcomes(rows).items() if number}
        subject = f"broadcast/{broadcast_id}"
        record(
            session, at, actor=_BY, action="broadcast.recipients_forgotten", subject=subject, detail=counted
        )


def _note_parked(session: Session, event_ids: Sequence[Any], at: datetime) -> None:
    """That somebody was never answered is not to vanish with her words."""
    query = select(InboxEvent.id, InboxEvent.fault).where(col(InboxEvent.id).in_(event_ids))
    for event_id, fault in session.exec(query):
        subject = f"inbox_event/{event_id}"
        record(session, at, actor=_BY, action="inbox.forget_parked", subject=subject, detail={"fault": fault})


def _remove_files(session: Session, report_ids: Sequence[Any], _at: datetime) -> None:
    """What came with a report goes with it, but for what belongs to a case as well."""
    hers = col(Media.safety_report_id).in_(report_ids)
    media.remove(session, session.exec(select(Media).where(hers, col(Media.case_id).is_(None))).all())
    session.connection().execute(update(Media).where(hers).values(safety_report_id=None))


PARKED = "parked events of citizens"
_ENDED = "the end of the broadcast and of what it said"

RETENTION: tuple[Retention, ...] = (
    Retention(
        what="handled events of citizens, with their words",
        table=InboxEvent,
        days=7,
        counted_from="their arrival",
        why="a channel may deliver an event again days later, and it is not to be handled twice",
        due=_before(InboxEvent.received_at, is_one_of(col(InboxEvent.state), InboxState.HANDLED)),
    ),
    Retention(
        what=PARKED,
        table=InboxEvent,
        days=30,
        counted_from="their arrival",
        why="time to mend the fault and try them again; an answer a month late helps nobody",
        due=_before(InboxEvent.received_at, is_one_of(col(InboxEvent.state), InboxState.PARKED)),
        farewell=_note_parked,
    ),
    Retention(
        what="messages to one citizen, with their words",
        table=Message,
        days=90,
        counted_from="when they were written; only those that are settled",
        why="to look into a complaint about an answer",
        due=_before(Message.created_at, col(Message.state).not_in(OPEN_STATES)),
    ),
    Retention(
        what="reports of safety and cries for help, with what was sent with them",
        table=SafetyReport,
        days=400,
        counted_from="the report",
        why="a flood season and its review a year later",
        due=_before(SafetyReport.at),
        farewell=_remove_files,
    ),
    Retention(
        what="requests for help, as the officers' board shows them",
        table=HelpRequest,
        days=400,
        counted_from="the last cry; only those that are closed",
        why="a flood season and its review a year later",
        due=_before(HelpRequest.last_at, is_one_of(col(HelpRequest.state), HelpState.CLOSED.value)),
        farewell=_part_merged,
    ),
    Retention(
        what="which relay announced which warning, and when",
        table=RelayNotice,
        days=400,
        counted_from="when she was told",
        why="a flood season and its review a year later",
        due=_before(RelayNotice.told_at),
    ),
    Retention(
        what="relays who have left",
        table=Relay,
        days=400,
        counted_from="when she left; only those of whom no warning is kept",
        why="as the warnings that she announced",
        due=_before(
            Relay.ended_at,
            is_one_of(col(Relay.state), RelayState.LEFT.value),
            ~select(RelayNotice.relay_id).where(RelayNotice.relay_id == Relay.id).exists(),
        ),
    ),
    Retention(
        what="notes on recipients whom a broadcast did not simply reach",
        table=RecipientNote,
        days=400,
        counted_from=_ENDED,
        why="to account for who was not warned; a year and the review after it",
        due=_of_ended_broadcasts(RecipientNote),
    ),
    Retention(
        what="who was addressed as a recipient of what was corrected",
        table=Addressed,
        days=400,
        counted_from=_ENDED,
        why="as the recipients themselves",
        due=_of_ended_broadcasts(Addressed),
    ),
    Retention(
        what="who got a text message since LINE could not reach her",
        table=TextInstead,
        days=400,
        counted_from=_ENDED,
        why="to account for what text messages cost",
        due=_of_ended_broadcasts(TextInstead),
    ),
    Retention(
        what="recipients of broadcasts",
        table=Batch,
        days=400,
        counted_from=_ENDED,
        why="to account for who was warned; their numbers stay in the audit log",
        due=_of_ended_broadcasts(Batch),
        farewell=_note_delivery,
        at_once=BATCHES_AT_ONCE,
    ),
)

FORGOTTEN_ELSEWHERE: Mapping[str, str] = {
    "alert_episode": "storage.alert_episodes.forget_old: 30 days after the last measurement",
    "alert_notice": "storage.alert_notices.forget_old: after 30 days",
    "chat_code": "storage.chat_codes.forget_old: 90 days after its end",
    "case_lookup": "storage.cases_following.forget_old_misses: after an hour",
    "early_receipt": "storage.receipts.forget_old: after a day",
    "forecast": "storage.forecasts.forget_old: 30 days after the last day it is about",
    "local_upload": "storage.local_uploads.forget_old: after a day, as a network would",
    "media": "storage.media.remove_unattached: 7 days where it belongs to nothing; the row stays, without its file",
    "network_id": "storage.receipts.forget_old: after 8 days",
    "officer_attempts": "storage.officer_attempts.forget_old: after two hours",
    "officer_invitation": "storage.officer_invitations.forget_old: 90 days after its end",
    "officer_session": "storage.sessions.forget_old: 90 days after its end",
    "scheduled_run": "storage.schedule.forget_old: after 7 days, but each schedule's latest",
    "sms_piece": "storage.sms_pieces: when the message is whole, or five minutes later",
    "source_answer": "storage.sources.forget_old: 60 days after it was asked for last",
}
"""Tables whose own module deletes what is old, called by the same job."""

KEPT: Mapping[str, str] = {
    "account": "one row for each account of the agency",
    "advice_confirmation": "one row for each rule",
    "advice_told": "one row for each person, until she erases it",
    "alert": "what was said to all: a public record",
    "alert_approval": "who let a warning out, and who did not: as the audit log",
    "alert_draft": "what was written before a warning, and by whom: as the audit log",
    "alert_draft_editor": "as alert_draft",
    "article_feedback": "a count without a person",
    "agency": "who answers for what; cases name it",
    "audit_entry": "who did what: rows are only ever added, so that the chain can be verified from its beginning",
    "audit_head": "one row, written over",
    "broadcast": "what was said to all: a public record",
    "case": "the agency's file, kept by the rules for its files; without her as soon as she erases it",
    "case_event": "as the case",
    "case_follower": "as the case, until she erases it",
    "clock_seen": "one row, written over",
    "contact": "an address is kept as long as she wishes; its number stays in other rows",
    "dialog": "one row for each contact, written over",
    "drill_member": "a volunteer's wish, until she erases it",
    "duty_call": "who was asked for an approval or a cry, and when: the record of a night",
    "duty_shift": "the roster: who was on duty when",
    "farm_crop": "what she grows, until she takes it back",
    "group_invite": "a code and who made it: says which officer let a group in",
    "local_message": "what stands on a simulated phone's screen, as on any phone",
    "local_phone": "simulated phones, removed on their page",
    "local_request": "as local_message",
    "officer": "names in the audit log",
    "officer_factor": "one row for each second factor, without its secret once it is removed",
    "officer_recovery_code": "ten hashes for each officer and renewal",
    "outbox_hold": "one row while the outbox is held",
    "own_place": "her own places, until she takes them back",
    "pace": "one row for each account and endpoint, written over",
    "person": "what she wished, until she erases it; its number stays in other rows",
    "place_boundary": "the register of places",
    "price": "what markets paid, without a person: its course over years is what is asked for",
    "price_threshold": "what she waits for, until she erases it",
    "shelter": "a register of places where people are safe",
    "source_host": "one row for each host, written over",
    "source_state": "one row for each source, written over",
    "subscription": "who had subscribed when a warning went out; until she erases it",
    "template_edit": "who changed the words of warnings, and who agreed: as the audit log",
}
"""Why nothing of these tables is deleted by its age."""
