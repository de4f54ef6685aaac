"""An alert that was sent once more: its Cancel reaches those too, its stop stops both, and what is over stays so."""

import pytest
from sqlmodel import Session, select

from broadcasts.alerts import releasing
from broadcasts.delivery import repeating
from broadcasts.delivery.planning import plan_page
from broadcasts.delivery.repeating import NotRepeatable
from storage import broadcasts
from storage.batches import Batch
from storage.broadcasts import Broadcast
from storage.lifecycles import BatchState, BroadcastState
from tests.broadcasts.alerts.test_releasing import AT, draft, following, release, session
from tests.builders import citizen

__all__ = ["session"]


def repeated(session: Session) -> tuple[int, Broadcast, Broadcast]:
    """An alert that failed to reach anybody, and its repetition, which is going out."""
    citizen(session, at=AT)
    alert_id = draft(session)
    first = release(session, alert_id)
    assert first.id is not None
    while plan_page(session, first.id, AT, {}) is not None:
        continue
    session.flush()
    for batch in session.exec(select(Batch)):
        batch.state, batch.outcomes, batch.finished_at = BatchState.DONE, b"f" * batch.size, AT
    broadcasts.move(session, first.id, BroadcastState.DONE, AT, by="delivery")
    return alert_id, first, repeating.repeat(session, first.id, AT, {}, by="suda")


def test_a_cancel_reaches_those_whom_the_repetition_reached(session: Session) -> None:
    _, first, second = repeated(session)
    cancel = release(session, following(session, "Cancel"))
    assert cancel.audience["reached"] == [first.id, second.id]
    session.expire_all()
    assert second.state == BroadcastState.STOPPED
    with pytest.raises(NotRepeatable, match="is cancelled: send what replaced it"):
        repeating.look(session, first.id or 0, AT)


def test_stopping_the_alert_stops_its_repetition(session: Session) -> None:
    alert_id, first, second = repeated(session)
    releasing.stop(session, alert_id, by="suda", at=AT)
    session.expire_all()
    assert (first.state, second.state) == (BroadcastState.DONE, BroadcastState.STOPPED)
