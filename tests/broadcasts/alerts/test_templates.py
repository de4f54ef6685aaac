"""Templates: every situation has words, other languages wait for a name, an agency's words for a colleague."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from types import MappingProxyType

import pytest
from sqlmodel import Session

from broadcasts.alerts import drafted, drafting, templates
from broadcasts.alerts.drafting import DraftRefused
from broadcasts.alerts.own_words import filled
from broadcasts.alerts.templates import FORMS, WordsRefused, house_body, parts, propose, whole_texts
from storage import template_edits
from storage.database import Database
from storage.lifecycles import EditState, ForbiddenTransition
from storage.officers import Role
from storage.template_edits import OwnWords, TemplateEdit
from storage.wording.lengths import units
from storage.wording.warnings import LEVELS
from tests.broadcasts.alerts.house_of_officers import House
from tests.builders import MAE_SAI, NOW

SITUATIONS = {
    *(
        "flood",
        "flash_flood",
        "dam_release",
        "storm",
        "lightning",
        "landslide",
        "earthquake",
        "tsunami",
        "wildfire",
    ),
    *("smoke", "pm25", "heat", "cold", "drought", "chemical_leak", "epidemic", "missing_person"),
}
FILLS = {
    "th": {"name": "สมชาย", "age": "72", "looks": "เสื้อแดง", "dam": "เขื่อนแม่สรวย", "site": "โรงงานน้ำแข็ง"},
    "en": {
        "name": "Somchai",
        "age": "72",
        "looks": "red shirt",
        "dam": "Mae Suai dam",
        "site": "the ice factory",
    },
}


@pytest.fixture
def house(sqlite_database: Database) -> Iterator[House]:
    with Session(sqlite_database.engine) as session:
        yield House(session=session)


def test_every_situation_has_words_at_every_level_in_two_languages(house: House) -> None:
    assert set(templates.templates()) >= SITUATIONS
    suda = house.author()
    for template in templates.templates().values():
        for level in LEVELS if template.hazard else ("warning",):
            words = {
                language: {name: text for name, text in said.items() if name in template.fills(level)}
                for language, said in FILLS.items()
            }
            draft = house.draft(suda, template=template.id, changes={"level": level, "words": words})
            view = house.view(draft)
            for language in ("th", "en"):
                text = view.text(language)
                assert "{" not in text, (template.id, level)
                assert units(text) <= 300, (template.id, level, text)
            if template.id == "missing_person":
                assert "สมชาย อายุ 72 ปี เสื้อแดง หายจาก อ.แม่สาย" in view.text("th")
                assert "Missing person" in view.text("en")


def test_a_template_that_waits_for_its_review_is_not_chosen(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    due = replace(templates.templates()["flood"], review_by=date(2026, 11, 1))
    monkeypatch.setattr(templates, "templates", lambda: MappingProxyType({"flood": due}))
    monkeypatch.setattr(drafting, "templates", templates.templates)
    with pytest.raises(DraftRefused, match="error_template_due"):
        drafting.begin(house.session, house.author(), template="flood")


def test_no_unapproved_language_is_sent(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    assert set(parts()) == {"my", "lo", "km", "ms", "vi"}
    assert not any(each.approved for each in parts().values())
    assert whole_texts("flood", "emergency") == {}
    suda = house.author()
    assert set(house.view(house.draft(suda)).preview.words) == {"th", "en"}
    approved = replace(parts()["ms"], approved=True, approved_by="a sworn translator")
    monkeypatch.setattr(templates, "parts", lambda: {"ms": approved})
    view = house.view(house.draft(suda))
    assert set(view.preview.words) == {"th", "en", "ms"}
    assert "Banjir cepat di Mae Sai" in view.text("ms")
    for found in parts().values():
        for text in found.texts.values():
            said = filled(text, {"who": "ปภ.เชียงราย", "sent": "x", "where": "Mae Sai", "phone": "1784"})
            assert said is not None
            assert units(said) <= 300


def edit(author: int, **changed: str) -> TemplateEdit:
    made = TemplateEdit(
        agency_id="", author_id=author, proposed_at=NOW, template="flood", level="watch", language="th",
        form="chat", body="น้ำจะล้นที่ {where}",
    )  # fmt: skip
    for name, value in changed.items():
        setattr(made, name, value)
    return made


def test_an_agencys_words_are_used_when_a_colleague_has_approved_them(house: House) -> None:
    one, other = house.officer("kan", Role.KNOWLEDGE_EDITOR), house.officer("porn", Role.KNOWLEDGE_EDITOR)
    suda = house.author()
    draft = house.draft(suda, changes={"level": "watch", "words": {"th": {"level": ""}}})
    made = propose(house.session, edit(one.officer_id), by="kan")
    assert "น้ำจะล้นที่" not in house.view(draft).text("th")
    with pytest.raises(OwnWords):
        template_edits.decide(
            house.session, made, EditState.APPROVED, officer_id=one.officer_id, by="kan", at=NOW
        )
    template_edits.decide(
        house.session, made, EditState.APPROVED, officer_id=other.officer_id, by="porn", at=NOW
    )
    assert "น้ำจะล้นที่ อ.แม่สาย" in house.view(draft).text("th")
    second = propose(house.session, edit(other.officer_id, body="น้ำกำลังล้น {where}"), by="porn")
    template_edits.decide(
        house.session, second, EditState.APPROVED, officer_id=one.officer_id, by="kan", at=NOW
    )
    assert [each.state for each in template_edits.edits(house.session, "")] == ["approved", "replaced"]
    with pytest.raises(ForbiddenTransition):
        template_edits.decide(
            house.session, second, EditState.REJECTED, officer_id=one.officer_id, by="kan", at=NOW
        )


@pytest.mark.parametrize(
    ("changed", "key"),
    [
        ({"body": "ไม่มีที่"}, "words_where"),
        ({"body": "{where} {dam}"}, "words_fills"),
        ({"body": "{where}" + "ก" * 300}, "words_long"),
        ({"template": "missing_person"}, "words_unknown"),
        ({"level": "high"}, "words_unknown"),
        ({"language": "my"}, "words_unknown"),
    ],
)
def test_words_that_could_never_be_sent_are_not_proposed(
    house: House, changed: dict[str, str], key: str
) -> None:
    with pytest.raises(WordsRefused, match=key):
        propose(house.session, edit(house.author().officer_id, **changed), by="suda")


def test_house_words_are_shown_with_their_fills() -> None:
    for level in LEVELS:
        for form in FORMS:
            assert "{where}" in house_body("flood", level, "th", form)


def test_identifiers_are_frozen_and_unlike(house: House) -> None:
    suda = house.author()
    draft = house.submitted(suda)
    again = drafting.edit(house.session, suda, draft.number, draft.revision, {"places": [MAE_SAI]})
    assert drafted.identifier_of(again, NOW) != drafted.identifier_of(draft, NOW) or draft is again
    assert drafted.sender_of("อบต. แม่สาย") == "krajai-_"
    assert not drafted.submission_is_old(draft, NOW + timedelta(hours=2))
