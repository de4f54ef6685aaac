"""Officers' chats at the desk: what they may draft, and every way round a colleague's approval that a chat has."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlmodel import Session, select

from bot.alert_desk import AlertDesk
from handlers.actions import ACTIONS
from handlers.conversation import Conversation
from handlers.dialogs.field_codes import START
from storage import chat_codes
from storage.agencies import OWN, Agency
from storage.alert_approvals import AlertApproval
from storage.alert_drafts import AlertDraft, Mode
from storage.audit import AuditEntry
from storage.broadcasts import Broadcast
from storage.database import Database
from storage.dialogs import dialog_of
from storage.lifecycles import DraftState
from storage.officers import Officer, OfficerState, Role
from storage.people import Contact, Person, contact_at
from storage.replies import Incoming, IncomingKind
from storage.shelters import Shelter
from tests.builders import NOW, account
from tests.handlers.playing import AGENCY, BANGKOK


class Desk:
    """One officer's telephone."""

    def __init__(self, session: Session, name: str, *roles: Role, **values: Any) -> None:
        self.session = session
        self.contact: Contact
        self.person: Person
        self.contact, self.person = contact_at(session, account(session), f"sim-{name}", NOW)
        self.officer = Officer(
            name=name,
            roles=[role.value for role in roles],
            created_at=NOW,
            contact_id=self.contact.id,
            **values,
        )
        session.add(self.officer)
        session.flush()
        self.talk = Conversation(AGENCY, BANGKOK, desk=AlertDesk(BANGKOK))

    def hears(self, incoming: Incoming) -> str:
        said = self.talk.answer(self.session, self.contact, self.person, incoming, NOW)
        self.actions = [button.action for bubble in said for button in bubble.buttons]
        return "\n".join(bubble.text for bubble in said)

    def text(self, words: str) -> str:
        return self.hears(Incoming(kind=IncomingKind.TEXT, text=words))

    def tap(self, action: str) -> str:
        return self.hears(Incoming(kind=IncomingKind.TAP, action=action))

    def draft(self) -> AlertDraft:
        for words in ("ร่างคำเตือน", "น้ำป่า", "อันตราย", "อ.แม่สาย"):
            self.text(words)
        return self.session.exec(select(AlertDraft)).one()


@pytest.fixture
def session(sqlite_database: Database) -> Iterator[Session]:
    with Session(sqlite_database.engine) as opened:
        own = opened.get_one(Agency, OWN)
        own.places = ["57"]
        opened.add(own)
        opened.flush()
        yield opened


def test_no_word_and_no_button_of_a_chat_approves_releases_or_bypasses(session: Session) -> None:
    both = (Role.AUTHOR, Role.APPROVER, Role.ADMIN)
    suda, malee = (
        Desk(session, "suda", *both, may_bypass=True),
        Desk(session, "malee", *both, may_bypass=True),
    )
    draft = suda.draft()
    suda.tap("desk.submit")
    session.refresh(draft)
    assert (draft.state, draft.mode) == (DraftState.SUBMITTED, Mode.ACTUAL)
    argument = str(draft.number)
    for officer in (suda, malee):
        for action in (*ACTIONS, "desk.approve", "desk.release", "desk.bypass", "approve", "release"):
            officer.tap(f"{action}:{argument}")
        for words in ("อนุมัติ", f"อนุมัติ ร่าง {argument}", "approve", f"น้ำป่า อ.แม่สาย {argument}", "ใช่", "bypass"):
            officer.text(words)
    session.refresh(draft)
    assert draft.state != DraftState.RELEASED
    assert session.exec(select(AlertApproval)).all() == []
    assert session.exec(select(Broadcast)).all() == []


def test_an_approver_is_told_where_it_is_done(session: Session) -> None:
    malee = Desk(session, "malee", Role.APPROVER)
    assert "ในห้องทำงานเจ้าหน้าที่เท่านั้น" in malee.text("อนุมัติ")
    assert "desk.draft" not in malee.actions


def test_places_that_are_not_hers_are_refused_and_audited_and_nothing_is_kept(session: Session) -> None:
    suda = Desk(session, "suda", Role.AUTHOR, places=["5709"])
    for words in ("ร่างคำเตือน", "น้ำป่า", "อันตราย"):
        suda.text(words)
    assert "นอกเขตที่ดูแล อ.แม่จัน" in suda.text("อ.แม่สาย อ.แม่จัน")
    suda.tap("desk.place:5707")
    session.commit()
    assert session.exec(select(AlertDraft)).all() == []
    (refused,) = session.exec(select(AuditEntry).where(AuditEntry.action == "alert_draft.refuse")).all()
    assert (refused.actor, (refused.detail or {})["reason"]) == ("suda", "officer.place_outside")
    assert "แม่สาย" in suda.text("อ.แม่สาย")


@pytest.mark.parametrize("taken", ["roles", "state", "chat"])
def test_who_loses_the_right_or_the_chat_in_the_middle_can_do_nothing_more(
    session: Session, taken: str
) -> None:
    suda = Desk(session, "suda", Role.AUTHOR)
    draft = suda.draft()
    if taken == "roles":
        suda.officer.roles = []
    elif taken == "state":
        suda.officer.state = OfficerState.DISABLED
    else:
        suda.officer.contact_id = None
    session.add(suda.officer)
    session.flush()
    for action in ("desk.submit", "desk.change:places", "desk.drop", "desk.level:watch"):
        suda.tap(action)
    session.refresh(draft)
    assert (draft.state, draft.level) == (DraftState.EDITING, "emergency")


def test_another_agencys_draft_cannot_be_reached(session: Session) -> None:
    suda = Desk(session, "suda", Role.AUTHOR)
    draft = suda.draft()
    session.add(Agency(id="x", name_th="อบต.", name_en="x", places=["57"], created_at=NOW))
    session.flush()
    stranger = Desk(session, "anan", Role.AUTHOR, agency_id="x")
    stranger.text("ร่างคำเตือน")
    row = dialog_of(session, stranger.contact.id or 0, NOW)
    row.known = {"situation": "flood", "level": "watch", "draft": draft.number}
    session.add(row)
    assert "หน่วยงาน" in stranger.tap("desk.submit")
    session.refresh(draft)
    assert draft.state == DraftState.EDITING


def test_guessing_at_codes_is_counted_and_audited(session: Session) -> None:
    suda = Desk(session, "suda", Role.AUTHOR)
    suda.officer.contact_id = None
    code = chat_codes.officer_code(session, suda.officer.id or 0, NOW, by="suda")
    answers = [suda.text(f"รหัส ABCD{number}{number}{number}{number}") for number in range(2, 9)]
    assert "พักก่อน" in answers[-1]
    assert "พักก่อน" in suda.hears(Incoming(kind=IncomingKind.TEXT, text="/start", start=f"{START}{code}"))
    assert suda.officer.contact_id is None
    session.commit()
    assert len(session.exec(select(AuditEntry).where(AuditEntry.action == "chat_code.refuse")).all()) == 8


def test_a_shelter_of_the_register_is_offered_and_a_step_back_loses_nothing(session: Session) -> None:
    session.add(
        Shelter(
            name_th="โรงเรียนป่าแดง", name_en="Pa Daeng School", place="570906", created_by="x", created_at=NOW
        )
    )
    suda = Desk(session, "suda", Role.AUTHOR)
    for words in ("ร่างคำเตือน", "น้ำท่วม", "อันตราย", "อ.แม่สาย", "โรงเรียนป่าแดง"):
        suda.text(words)
    assert "ไปโรงเรียนป่าแดง" in suda.text("ระดับเอว")
    assert "พื้นที่ไหน" in suda.text("ย้อนกลับ")
    assert "สูงระดับเอวแล้ว" in suda.text("ย้อนกลับ")
    assert "เก็บไว้ในห้องทำงาน" in suda.text("ยกเลิก")
    draft = session.exec(select(AlertDraft)).one()
    # Its name, typed, is the shelter's button.
    assert (draft.state, draft.certainty, draft.shelter_id) == (DraftState.EDITING, "Observed", 1)
