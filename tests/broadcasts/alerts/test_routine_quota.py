"""What is not urgent goes out within quota - reserve, and counts; whoever releases it, and however."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from sqlmodel import Session, select

from broadcasts.alerts import releasing
from broadcasts.alerts.drafting import DraftRefused
from broadcasts.alerts.importing import import_alerts
from broadcasts.alerts.releasing import NotReleasable
from storage import relays
from storage.alert_drafts import Mode
from storage.broadcasts import Broadcast
from storage.database import Database
from storage.drill_members import join
from storage.quota import RESERVE_PER_PERSON, note_quota, quota_of
from storage.relays import RelayRole
from tests.broadcasts.alerts.cap_texts import alert_xml, area_xml, info_xml
from tests.broadcasts.alerts.house_of_officers import BANGKOK, House
from tests.builders import MAE_SAI, NOW, account, citizen

PEOPLE = 3
VILLAGE = "57090601"
GROUP = "อาสาแม่สาย"
Release = Callable[[], Broadcast]


class Scene:
    """People of one LINE account, all of them volunteers; the first announces in a village."""

    def __init__(self, session: Session) -> None:
        self.session, self.house = session, House(session=session)
        self.line = account(session, "line")
        ids = [citizen(session, f"U{number}", account_id=self.line)[0].id or 0 for number in range(PEOPLE)]
        for contact_id in ids:
            join(session, GROUP, contact_id, by="suda", at=NOW)
        relays.join(session, ids[0], [VILLAGE], RelayRole.VILLAGE_HEAD, NOW, by="admin")

    def room_for(self, messages: int) -> None:
        note_quota(self.session, self.line, limit=RESERVE_PER_PERSON * PEOPLE + messages, used=0, at=NOW)

    def by_command(self, status: str, place: str = MAE_SAI) -> Release:
        area = area_xml("อ.แม่สาย", ("DOPA", place))
        until = (NOW + timedelta(hours=6)).isoformat()
        xml = alert_xml(
            info_xml(area, language="th-TH", expires=until),
            status=status,
            identifier=status,
            sent=NOW.isoformat(),
        )
        alert = import_alerts(self.session, xml.encode(), origin="test", by="tester", at=NOW)[0].alert
        return lambda: releasing.release(
            self.session, alert.id or 0, by="suda", at=NOW, zone=BANGKOK, exercise=status == "Exercise"
        )

    def by_approval(self, mode: Mode, **changes: Any) -> Release:
        made = self.house.submitted(self.house.author(), mode=mode, **changes)
        malee = self.house.approver()
        return lambda: self.house.approve(malee, made)


WAYS: dict[str, tuple[Callable[[Scene], Release], int]] = {
    "an exercise by command": (lambda scene: scene.by_command("Exercise", "5709"), PEOPLE + 1),
    "an exercise over one who announces it": (
        lambda scene: scene.by_command("Exercise", VILLAGE),
        PEOPLE + 1,
    ),
    "an exercise with approval": (lambda scene: scene.by_approval(Mode.EXERCISE), PEOPLE + 1),
    "an exercise of a group": (lambda scene: scene.by_approval(Mode.EXERCISE, group_name=GROUP), PEOPLE),
    "a training": (lambda scene: scene.by_approval(Mode.TRAINING, group_name=GROUP), PEOPLE),
}


@pytest.fixture
def scene(sqlite_database: Database) -> Iterator[Scene]:
    with Session(sqlite_database.engine) as session:
        yield Scene(session)


@pytest.mark.parametrize("way", WAYS)
def test_what_fits_goes_out_and_counts(scene: Scene, way: str) -> None:
    make, needed = WAYS[way]
    scene.room_for(needed)
    assert make(scene)().priority == "routine"
    known = quota_of(scene.session, scene.line)
    assert known is not None
    assert known.used == needed


@pytest.mark.parametrize("way", WAYS)
def test_what_would_eat_the_reserve_is_refused(scene: Scene, way: str) -> None:
    make, needed = WAYS[way]
    scene.room_for(needed)
    let_out = make(scene)
    scene.room_for(needed - 1)
    with pytest.raises((NotReleasable, DraftRefused)) as refused:
        let_out()
    said = str(getattr(refused.value, "fills", {}).get("reason", refused.value))
    assert f"needs {needed} messages" in said
    assert scene.session.exec(select(Broadcast)).all() == []


def test_the_preview_says_so_and_an_emergency_asks_nobody(scene: Scene) -> None:
    scene.room_for(0)
    exercise, real = scene.by_command("Exercise"), scene.by_command("Actual")
    look = partial(releasing.preview, scene.session, at=NOW, zone=BANGKOK)
    assert "kept for emergencies" in (look(1, exercise=True).obstacle or "")
    assert look(2).obstacle is None
    assert real().priority == "emergency"
    with pytest.raises(NotReleasable, match="kept for emergencies"):
        exercise()
