"""Text messages instead: who else moves the alert meanwhile, what relays missed, what workers were not there for."""

from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from sqlalchemy.exc import OperationalError
from sqlmodel import Session, col, select

from broadcasts.alerts import releasing
from broadcasts.delivery import fallback, repeating
from broadcasts.delivery.channel import RecipientsRefused, Rendering
from broadcasts.delivery.fallback import FallbackRule, release_texts
from broadcasts.delivery.missed import missed_by, who_blocked
from broadcasts.delivery.repeating import NotRepeatable
from storage import batches, broadcasts, relays
from storage.alerts import Alert
from storage.batches import Batch, new_batch
from storage.broadcasts import Broadcast, BroadcastKind
from storage.lifecycles import BatchState, BroadcastState
from storage.relays import Relay, RelayRole
from storage.replies import Bubble
from storage.subscriptions import WARNING
from tests.broadcasts.delivery.scene import Lasting
from tests.broadcasts.delivery.test_fallback import Country, Texts, country
from tests.fakes.scripted_channel import Step
from tests.handlers.warnings import live_warning

VILLAGE = "57090603"


@dataclass
class Free(Texts):
    """Nobody has told what its text messages cost."""

    def render(self, bubbles: Sequence[Bubble]) -> Rendering:
        return Rendering(parts=("text",), segments=1)


@dataclass
class Counted(Texts):
    renders: int = 0

    def render(self, bubbles: Sequence[Bubble]) -> Rendering:
        self.renders += 1
        return super().render(bubbles)


def told_relay(scene: Country) -> tuple[int, int]:
    """An alert and what carried it to relays, of whom LINE refused U1."""
    with scene.write() as session:
        relays.leave(session, session.exec(select(Relay)).all(), scene.clock.at, by="admin")
        relays.join(session, scene.ids["U1"], [VILLAGE], RelayRole.VILLAGE_HEAD, scene.clock.at, by="admin")
        alert = live_warning(session, places=[VILLAGE], at=scene.clock.at)
        newest = select(Broadcast.id).where(Broadcast.kind == BroadcastKind.RELAY.value)
        relayed = session.exec(newest.order_by(col(Broadcast.id).desc())).first()
    assert alert.id is not None
    assert relayed is not None
    scene.plan(relayed)
    with scene.write() as session:
        (batch,) = session.exec(select(Batch).where(Batch.broadcast_id == relayed))
        batch.state, batch.outcomes, batch.finished_at = BatchState.DONE, b"f", scene.clock.at
        session.add(batch)
        batches.note(session, batch, [scene.ids["U1"]], "failed", "refused", scene.clock.at)
        broadcasts.move(session, relayed, BroadcastState.DONE, scene.clock.at, by="delivery")
    return alert.id, relayed


def test_what_relays_get_again_or_instead_ends_with_its_alert(lasting: Lasting) -> None:
    scene = country(lasting)
    alert_id, relayed = told_relay(scene)
    fallback.fall_back(scene.database, scene.rule())
    with scene.write() as session:
        (instead,) = broadcasts.retries_of(session, [relayed])
        releasing.stop(session, alert_id, by="suda", at=scene.clock.at)
    assert scene.state(instead) == BroadcastState.STOPPED
    another_id, another = told_relay(scene)
    with scene.write() as session:
        again = repeating.repeat(session, another, scene.clock.at, {}, by="suda").id or 0
        releasing.stop(session, another_id, by="suda", at=scene.clock.at)
    assert scene.state(again) == BroadcastState.STOPPED
    with scene.database.read() as session, pytest.raises(NotRepeatable, match="is stopped: send"):
        repeating.look(session, another, scene.clock.at)
    fallback.fall_back(scene.database, scene.rule())
    with scene.database.read() as session:
        assert broadcasts.retries_of(session, [another]) == [again], (
            "nothing more of an alert that was stopped"
        )


def test_whoever_stops_or_repeats_it_waits_or_is_seen(lasting: Lasting) -> None:
    scene = country(lasting)
    alert_id, relayed = told_relay(scene)
    with scene.database.read() as session:
        missed = missed_by(session, scene.rule(), session.get_one(Broadcast, relayed))
    assert len(missed) == 1
    held = (select(Alert.id).where(Alert.id == alert_id), select(Broadcast.id).where(Broadcast.id == relayed))
    with Session(scene.database.writer) as session:
        assert release_texts(session, scene.rule(), relayed, missed, scene.clock.at) == 1
        for row in () if scene.database.is_sqlite else held:
            with scene.database.engine.connect() as other, pytest.raises(OperationalError):
                other.execute(row.with_for_update(nowait=True, key_share=True))
        session.rollback()
        repeating.repeat(session, relayed, scene.clock.at, {}, by="suda")
        for row in () if scene.database.is_sqlite else held:
            with scene.database.engine.connect() as other, pytest.raises(OperationalError):
                other.execute(row.with_for_update(nowait=True, key_share=True))
        session.rollback()
        releasing.stop(session, alert_id, by="suda", at=scene.clock.at)
        assert release_texts(session, scene.rule(), relayed, missed, scene.clock.at) == 0


def test_workers_that_were_down_for_an_hour_lose_nobody(lasting: Lasting) -> None:
    scene = country(lasting)
    scene.channel.script.append(Step(accepts=False, raises=RecipientsRefused("to[1]", [1])))
    broadcast_id = scene.release()
    scene.settle_everything(broadcast_id)
    scene.clock.advance(3600)
    assert scene.fall_back() == ["U2"]
    with scene.database.read() as session:
        assert session.get_one(Broadcast, broadcast_id).plan["looked_to_the_end"] is True
    assert scene.fall_back() == ["U2"]


def test_in_pages_of_people_each_looked_at_again(lasting: Lasting, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fallback, "PEOPLE_AT_ONCE", 2)
    scene = country(lasting)
    scene.block("U1", "U2", "U3", "U4")
    broadcast_id = scene.release()
    with scene.database.read() as session:
        missed = missed_by(session, scene.rule(), session.get_one(Broadcast, broadcast_id))
    scene.texts = counted = Counted()
    with Session(scene.database.writer) as session:
        assert release_texts(session, scene.rule(), broadcast_id, missed, scene.clock.at) == 4
        assert counted.renders == 1, "the same words cost the same for everybody"
        session.rollback()
        got = new_batch(broadcast_id, scene.sms_id, "th", "", [missed[0].phone_id], scene.clock.at)
        session.add(Batch(**got))
        session.flush()
        assert release_texts(session, scene.rule(), broadcast_id, missed, scene.clock.at) == 3
    assert scene.fall_back() == ["U1", "U2", "U3", "U4"]
    with scene.database.read() as session:
        assert len(broadcasts.retries_of(session, [broadcast_id])) == 2


def test_accounts_that_the_officer_left_out_and_texts_without_a_price(lasting: Lasting) -> None:
    scene = country(lasting)
    scene.block("U1")
    audience = {"topic": WARNING, "places": [scene.place]}
    both = [scene.account_id, scene.sms_id]
    with scene.database.read() as session:
        for accounts, people in ((both, 1), ([scene.sms_id], 0), ([scene.account_id], 0)):
            found = who_blocked(session, scene.rule(), audience | {"accounts": accounts}, scene.clock.at)
            assert len(list(found)) == people, accounts
    assert scene.rule().is_on
    scene.texts = Free()
    assert not scene.rule().is_on
    assert not FallbackRule(alert_satang=1, day_satang=1).is_on
