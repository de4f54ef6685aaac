"""What an officer is told before a draft goes out."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import Session

from broadcasts.alerts.checks import blocks, check, lint
from broadcasts.delivery.estimates import EarlierBroadcast
from storage.database import Database
from tests.broadcasts.alerts.house_of_officers import House
from tests.builders import NOW


@pytest.fixture
def house(sqlite_database: Database) -> Iterator[House]:
    with Session(sqlite_database.engine) as session:
        yield House(session=session)


def keys(house: House, earlier: int = 0, **changes: Any) -> set[str]:
    view = house.view(house.draft(house.author(), changes=changes))
    one = EarlierBroadcast(
        broadcast_id=1,
        kind="alert",
        state="done",
        released_at=NOW,
        released_by="x",
        places=("5709",),
        recipients=1,
    )
    found = check(house.session, view, ["57"], NOW, earlier=[one] * earlier)
    return {each.key.removeprefix("drafting.check_") for each in found}


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"expires_at": NOW + timedelta(hours=30)}, "long_expiry"),
        ({"words": {"th": {"level": "ระดับเข่า กรุณาระวัง"}}}, "jargon"),
        ({"words": {"th": {"level": "ดูที่ www.x.th"}}}, "link"),
        ({"words": {"en": {"level": "VERY HIGH"}}}, "capitals"),
        ({"words": {"th": {"level": "สูงมาก!!"}}}, "signs"),
        ({}, "nobody"),
        ({}, "shelter_unnamed"),
        ({"earlier": 2}, "fatigue"),
        ({"places": ["57", "50", "51", "52"]}, "wide"),
        ({"places": ["50"]}, "outside"),
    ],
)
def test_it_is_said(house: House, changes: dict[str, Any], found: str) -> None:
    assert found in keys(house, **changes)


def test_a_sound_draft_is_not_blocked(house: House) -> None:
    view = house.view(house.draft(house.author()))
    assert not blocks(check(house.session, view, ["57"], NOW))


def test_a_linter_reads_the_jargon_table() -> None:
    assert [each.fills["say"] for each in lint("เกิดอุทกภัยที่แม่สาย", "th")] == ["น้ำท่วม"]
    assert lint("น้ำท่วมที่แม่สาย ยกของขึ้นที่สูง", "th") == []
    assert lint("Use LINE to answer", "en") == []
