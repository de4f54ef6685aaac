"""An alert that was sent once more: its Cancel reaches those too, its stop stops both, and what is over stays so."""

from datetime import timedelta

import pytest
from sqlmodel import Session, select

from broadcasts.alerts import releasing
from broadcasts.alerts.importing import import_alerts
from broadcasts.alerts.releasing import NotReleasable
from broadcasts.delivery import repeating
from broadcasts.delivery.planning import plan_page
from broadcasts.delivery.repeating import NotRepeatable
from storage import broadcasts
from storage.batches import Batch
from storage.broadcasts import Broadcast
from storage.lifecycles import BatchState, BroadcastState
from tests.broadcasts.alerts.cap_texts import alert_xml
from tests.broadcasts.alerts.test_releasing import AT, draft, following, info, release, session
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


def test_a_rehearsal_that_is_imported_twice_is_out_once(session: Session) -> None:
    """Each import has a time of its own, so that it is another alert; citizens would read the same once more."""

    def imported(minutes: int) -> int:
        at, xml = AT + timedelta(minutes=minutes), alert_xml(info(), identifier="first")
        (found,) = import_alerts(session, xml.encode(), origin="test", by="tester", at=at, rehearsal=True)
        return found.alert.id or 0

    real, first, second = draft(session), imported(1), imported(2)
    release(session, first, AT + timedelta(minutes=3))
    with pytest.raises(NotReleasable, match=rf"it is rehearsed already: stop that first \(alert {first}\)"):
        release(session, second, AT + timedelta(minutes=4))
    release(session, real, AT + timedelta(minutes=5))
    releasing.stop(session, first, by="suda", at=AT + timedelta(minutes=6))
    release(session, second, AT + timedelta(minutes=7))
