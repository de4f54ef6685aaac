"""States only move along their tables, in Python and in the SQL that moves them."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import Session, select

from storage import alerts, batches, broadcasts, outbox, people
from storage.alerts import Alert
from storage.audit import AuditEntry
from storage.batches import Batch, new_batch
from storage.broadcasts import Broadcast
from storage.database import Database
from storage.lifecycles import (
    ALERT,
    ALL,
    BATCH,
    BROADCAST,
    CONTACT,
    MESSAGE,
    OUTCOME,
    AlertState,
    BatchState,
    BroadcastState,
    CaseState,
    ContactState,
    DraftState,
    EditState,
    ForbiddenTransition,
    HelpState,
    InboxState,
    Lifecycle,
    MediaState,
    MessageState,
    Outcome,
    RelayNoticeState,
    RelayState,
    allowed,
    require,
    sources,
)
from storage.outbox import Message
from storage.people import Contact
from tests import builders
from tests.builders import NOW

STATES = {
    "inbox": InboxState,
    "message": MessageState,
    "batch": BatchState,
    "outcome": Outcome,
    "broadcast": BroadcastState,
    "alert": AlertState,
    "contact": ContactState,
    "case": CaseState,
    "alert_draft": DraftState,
    "template_edit": EditState,
    "help": HelpState,
    "relay": RelayState,
    "relay_notice": RelayNoticeState,
    "media": MediaState,
}
ENDED = {
    "inbox": {"handled"},
    "message": {"failed", "expired"},
    "batch": {"done", "stopped", "expired"},
    "outcome": {"a", "f", "s"},
    "broadcast": {"done", "stopped", "expired"},
    "alert": {"updated", "cancelled", "stopped", "expired"},
    "contact": {"erased"},
    "case": {"cancelled"},
    "alert_draft": {"released", "dropped"},
    "template_edit": {"rejected", "replaced"},
    "help": {"closed"},
    "relay": {"left"},
    "relay_notice": {"heard", "overtaken"},
    "media": {"removed"},
}


@pytest.mark.parametrize("name", ALL)
def test_every_state_has_a_row_and_only_known_states_are_targets(name: str) -> None:
    known = {state.value for state in STATES[name]}
    assert set(ALL[name]) == known
    assert set().union(*ALL[name].values()) <= known


@pytest.mark.parametrize("name", ALL)
def test_the_ended_states_are_those_that_are_meant_to_end(name: str) -> None:
    assert {state for state, targets in ALL[name].items() if not targets} == ENDED[name]


@given(st.data())
def test_whatever_is_attempted_the_way_taken_follows_the_table(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(ALL)))
    lifecycle = ALL[name]
    state = data.draw(st.sampled_from(sorted(lifecycle)))
    for target in data.draw(st.lists(st.sampled_from(sorted(lifecycle)), max_size=20)):
        before = state
        try:
            require(lifecycle, state, target)
        except ForbiddenTransition:
            assert target not in lifecycle[before]
        else:
            state = target
            assert before not in ENDED[name]
        assert state == before or state in lifecycle[before]


@pytest.mark.parametrize("name", ALL)
def test_sources_are_the_table_read_backwards(name: str) -> None:
    lifecycle = ALL[name]
    for target in lifecycle:
        assert set(sources(lifecycle, target)) == {s for s in lifecycle if allowed(lifecycle, s, target)}


def test_an_outcome_is_one_byte() -> None:
    assert all(len(outcome.encode()) == 1 for outcome in Outcome)
    assert len({outcome.value for outcome in Outcome}) == len(Outcome)


Move = Callable[[Session, int, str], bool]
"""Attempts to move a row to a state; whether it says that it did."""


def _raising(move: Callable[[Session, int, str], None]) -> Move:
    def attempt(session: Session, row_id: int, target: str) -> bool:
        try:
            move(session, row_id, target)
        except ForbiddenTransition:
            return False
        return True

    return attempt


def _broadcast_in(session: Session, state: str) -> int:
    broadcast = builders.released(session)
    broadcast.state = state
    session.flush()
    return broadcast.id or 0


def _alert_in(session: Session, state: str) -> int:
    alert = Alert(
        identifier=f"made-up-{state}",
        sender="tester@example.org",
        sent=NOW,
        status="Actual",
        msg_type="Alert",
        expires_at=NOW + timedelta(hours=6),
        origin="test",
        cap=b"",
        state=state,
        imported_at=NOW,
    )
    session.add(alert)
    session.flush()
    return alert.id or 0


def _contact_in(session: Session, state: str) -> int:
    contact, _ = builders.citizen(session, f"sim-{state}")
    contact.state = state
    session.flush()
    return contact.id or 0


def _message_in(session: Session, state: str) -> int:
    contact, _ = builders.citizen(session, f"sim-{state}")
    message = outbox.say_to(session, contact.id or 0, [builders.bubble()], NOW)
    assert message is not None
    message.state = state
    session.flush()
    return message.id or 0


def _batch_in(session: Session, state: str) -> int:
    broadcast = builders.released(session)
    row = new_batch(broadcast.id or 0, builders.account(session), "th", "", [1, 2], NOW)
    batch = Batch(**{**row, "state": state})
    session.add(batch)
    session.flush()
    return batch.id or 0


def _settle_message(session: Session, row_id: int, target: str) -> bool:
    return outbox.settle(session, session.get_one(Message, row_id), MessageState(target), NOW)


def _put_message_back(session: Session, row_id: int, _: str) -> bool:
    return outbox.put_back(session, session.get_one(Message, row_id), 1.0, NOW, "try again")


def _settle_batch(session: Session, row_id: int, _: str) -> bool:
    return batches.settle(session, session.get_one(Batch, row_id), b"aa", NOW)


def _put_batch_back(session: Session, row_id: int, _: str) -> bool:
    return batches.put_back(session, session.get_one(Batch, row_id), b"..", 1.0, NOW, reason="try again")


def _stop_batch(session: Session, row_id: int, _: str) -> bool:
    return batches.stop_claimed(session, session.get_one(Batch, row_id), b"..", NOW)


MOVES: list[tuple[type, Lifecycle, list[str], Callable[[Session, str], int], Move]] = [
    (
        Broadcast,
        BROADCAST,
        [state.value for state in BroadcastState],
        _broadcast_in,
        _raising(lambda s, i, to: broadcasts.move(s, i, BroadcastState(to), NOW, by="tester")),
    ),
    (
        Alert,
        ALERT,
        [state.value for state in AlertState],
        _alert_in,
        _raising(lambda s, i, to: alerts.move(s, i, AlertState(to), NOW, by="tester")),
    ),
    (
        Message,
        MESSAGE,
        [state.value for state in MessageState if state not in (MessageState.WAITING, MessageState.SENDING)],
        _message_in,
        _settle_message,
    ),
    (Message, MESSAGE, ["waiting"], _message_in, _put_message_back),
    (Batch, BATCH, ["done"], _batch_in, _settle_batch),
    (Batch, BATCH, ["waiting"], _batch_in, _put_batch_back),
    (Batch, BATCH, ["stopped"], _batch_in, _stop_batch),
]


@pytest.mark.parametrize("case", MOVES, ids=lambda case: f"{case[0].__name__}-{'-'.join(case[2])}")
def test_sql_moves_do_what_the_table_allows_and_nothing_else(
    database: Database, case: tuple[type, Lifecycle, list[str], Callable[[Session, str], int], Move]
) -> None:
    table, lifecycle, targets, made_in, move = case
    for target in targets:
        for state in lifecycle:
            with database.write() as session:
                row_id = made_in(session, state)
                moved = move(session, row_id, target)
                found: Any = session.get_one(table, row_id, populate_existing=True)
                assert (state, target, moved, found.state) == (
                    state,
                    target,
                    allowed(lifecycle, state, target),
                    target if allowed(lifecycle, state, target) else state,
                )
                session.rollback()


def test_a_contact_moves_along_its_table_and_may_be_told_again_what_it_is(database: Database) -> None:
    for state in CONTACT:
        for target in ContactState:
            with database.write() as session:
                contact_id = _contact_in(session, state)
                known = state == target or allowed(CONTACT, state, target)
                assert people.set_contact_state(session, contact_id, target, NOW) is known
                found = session.get_one(Contact, contact_id, populate_existing=True)
                assert found.state == (target if known else state)
                session.rollback()


@pytest.mark.parametrize(
    ("move", "made_in", "state", "action"),
    [
        (
            lambda s, i: broadcasts.move(s, i, BroadcastState.STOPPED, NOW, by="ploy", reason="a mistake"),
            _broadcast_in,
            "released",
            "broadcast.stopped",
        ),
        (
            lambda s, i: alerts.move(s, i, AlertState.CANCELLED, NOW, by="ploy", broadcast=7),
            _alert_in,
            "released",
            "alert.cancelled",
        ),
    ],
)
def test_what_is_moved_is_in_the_audit_log_and_what_is_refused_is_not(
    database: Database,
    move: Callable[[Session, int], None],
    made_in: Callable[[Session, str], int],
    state: str,
    action: str,
) -> None:
    with database.write() as session:
        row_id = made_in(session, state)
        move(session, row_id)
        with pytest.raises(ForbiddenTransition, match=r"cannot become"):
            move(session, row_id)
        with pytest.raises(ForbiddenTransition, match="does not exist"):
            move(session, row_id + 1000)
    with database.read() as session:
        entries = session.exec(select(AuditEntry).where(AuditEntry.actor == "ploy")).all()
    assert [(entry.action, entry.subject.rpartition("/")[2], entry.at) for entry in entries] == [
        (action, str(row_id), NOW)
    ]


def test_only_an_end_gives_a_broadcast_its_time_of_ending(database: Database) -> None:
    with database.write() as session:
        broadcast_id = _broadcast_in(session, "released")
        ends = {}
        for state in (BroadcastState.PAUSED, BroadcastState.RELEASED, BroadcastState.DONE):
            broadcasts.move(session, broadcast_id, state, NOW, by="tester")
            ends[state] = session.get_one(Broadcast, broadcast_id, populate_existing=True).finished_at
    assert ends == {BroadcastState.PAUSED: None, BroadcastState.RELEASED: None, BroadcastState.DONE: NOW}


def test_ways_of_an_outcome_that_would_harm_are_closed() -> None:
    # Nobody who got it is sent to again, and nobody is called skipped who may have got it.
    assert OUTCOME[Outcome.ACCEPTED] == frozenset()
    assert sources(OUTCOME, Outcome.SKIPPED) == (Outcome.WAITING.value,)
