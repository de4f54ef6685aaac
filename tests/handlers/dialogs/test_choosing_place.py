"""A place is found or asked for, and its buttons can be told apart."""

from collections import defaultdict
from collections.abc import Iterator

import pytest
from sqlmodel import Session

from handlers.dialogs.choosing_place import MOST_CHOICES, found_or_ask
from handlers.dialogs.place_labels import place_buttons
from handlers.turn import Turn
from storage import people, places
from storage.boundary_files import read_boundaries
from storage.database import Database
from storage.dialogs import dialog_of
from storage.place_boundaries import replace_boundaries
from storage.replies import Incoming, IncomingKind
from storage.wording.lengths import units
from tests.builders import NOW, account
from tests.handlers.playing import AGENCY, BANGKOK
from tests.storage.boundaries import mae_sai


def namesakes(language: str) -> list[list[str]]:
    """The codes of each name that several places bear, as they are offered."""
    codes: dict[str, list[str]] = defaultdict(list)
    for province in places.provinces():
        for district in places.children(province.code):
            for each in (province, district, *places.children(district.code)):
                codes[each.name_th if language == "th" else each.name_en].append(each.code)
    found = (sorted(set(same), key=lambda code: (len(code), code)) for same in codes.values())
    # A third of them, for the time it takes.
    return [same[:MOST_CHOICES] for same in found if len(same) > 1][::3]


@pytest.mark.parametrize("language", ["th", "en"])
def test_namesakes_have_different_labels_that_fit(language: str) -> None:
    for codes in namesakes(language):
        labels = [button.label for button in place_buttons(codes, "place:", language)]
        assert len(set(labels)) == len(labels), (codes, labels)
        assert all(0 < units(label) <= 20 for label in labels), labels


def test_the_nearest_place_around_it_tells_a_namesake() -> None:
    labels = [button.label for button in place_buttons(["120306", "120603", "130102"], "place:", "th")]
    assert labels == ["ต.บ้านใหม่ อ.บางใหญ่", "บ้านใหม่ อ.ปากเกร็ด", "บ้านใหม่ จ.ปทุมธานี"]


@pytest.fixture
def session(sqlite_database: Database) -> Iterator[Session]:
    with sqlite_database.write() as opened:
        yield opened


def asked(
    session: Session, incoming: Incoming, language: str = "th"
) -> tuple[str | None, list[str], list[str]]:
    """The place that is certain, the texts of the question else, and its buttons but for the way out."""
    contact, person = people.contact_at(session, account(session), f"sim-{language}", NOW)
    person.language = language
    talk = Turn(
        session=session,
        at=NOW,
        contact=contact,
        person=person,
        dialog=dialog_of(session, contact.id or 0, NOW),
        incoming=incoming,
        agency=AGENCY,
        zone=BANGKOK,
    )
    code, bubbles = found_or_ask(talk, "place:")
    labels = [
        button.label for bubble in bubbles for button in bubble.buttons if button.action.startswith("place:")
    ]
    return code, [bubble.text for bubble in bubbles], labels


def typed(text: str) -> Incoming:
    return Incoming(kind=IncomingKind.TEXT, text=text)


@pytest.mark.parametrize("text", ["แม่สาย", "แมสาย เชียงลาย", "บ้านอยู่แม่สายค่ะ", "mae sai"])
def test_what_is_certain_goes_on(session: Session, text: str) -> None:
    assert asked(session, typed(text)) == ("5709", [], [])


def test_namesakes_are_offered_with_what_is_around_them(session: Session) -> None:
    code, texts, labels = asked(session, typed("อยู่แถวจอมทอง"))
    assert code is None
    assert texts == ["ยังไม่แน่ใจว่าจอมทองไหน"]
    assert labels == ["จอมทอง กรุงเทพมหานคร", "อ.จอมทอง จ.เชียงใหม่", "ต.จอมทอง จ.พิษณุโลก"]


def test_at_most_five_are_offered(session: Session) -> None:
    code, (text,), labels = asked(session, typed("เมือง"))
    assert (code, len(labels), len(set(labels))) == (None, 5, 5)
    assert "ยังมีเมืองอีก 72 ที่" in text


def test_one_that_is_not_sure_is_asked_for(session: Session) -> None:
    assert asked(session, typed("สงขา")) == (None, ["หมายถึง จ.สงขลา ไหม"], ["จ.สงขลา"])
    assert asked(session, typed("amphoe Suthep"), "en")[1] == [
        "Do you mean Suthep, Mueang Chiang Mai, Chiang Mai?"
    ]


def test_nothing_is_guessed_from_what_contradicts_itself(session: Session) -> None:
    for text in ("แม่สาย ภูเก็ต", "โตเกียว", "ไม่รู้"):
        code, texts, labels = asked(session, typed(text))
        assert (code, labels) == (None, [])
        assert "ไม่แน่ใจ" in texts[0] or "หาที่นี้ไม่เจอ" in texts[0]


def test_a_location_offers_the_nearest_districts(session: Session) -> None:
    here = Incoming(kind=IncomingKind.LOCATION, latitude=20.45, longitude=99.85)
    code, _, labels = asked(session, here)
    assert (code, len(labels), labels[0]) == (None, 3, "อ.แม่สาย")


def test_a_location_offers_its_subdistrict_once_boundaries_are_known(session: Session) -> None:
    replace_boundaries(session, read_boundaries(mae_sai()).boundaries)
    here = Incoming(kind=IncomingKind.LOCATION, latitude=20.45, longitude=99.95)
    place = "ต.เกาะช้าง อ.แม่สาย จ.เชียงราย"
    assert asked(session, here) == (None, [f"หมายถึง {place} ไหม"], ["ต.เกาะช้าง", "อ.แม่สาย"])
    outside = Incoming(kind=IncomingKind.LOCATION, latitude=18.79, longitude=98.99)
    assert len(asked(session, outside)[2]) == 3
