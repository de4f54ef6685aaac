"""One citizen's chat in an open session, and what every answer must keep to."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count

from sqlmodel import Session, col, select

from handlers.conversation import ACTIONS
from handlers.turn import Bubbles
from storage.people import Contact, Person
from storage.replies import Bubble, ButtonKind, Incoming, IncomingKind
from storage.safety import SafetyReport
from storage.wording.lengths import units
from tests.builders import NOW, account
from tests.handlers.playing import conversation

_CITIZENS = count(1)

# Released warnings may have 300 units (voice.md 1.1), and begin with their sign.
_WARNING_SIGNS = ("🟡", "🟠", "🔴", "⚪", "ยกเลิกคำเตือน", "Warning cancelled")

STATES: dict[str, tuple[str, ...]] = {
    "new": (),
    "greeted": ("สวัสดี",),
    "what is kept": ("สวัสดี", "[first_contact.kept]"),
    "place asked": ("สวัสดี", "[place.type]"),
    "several offered": ("สวัสดี", "เมือง"),
    "place unknown": ("สวัสดี", "บ้านหนองหาย"),
    "topics asked": ("สวัสดี", "แม่สาย"),
    "subscribed": ("สมัคร แม่สาย",),
    "in English": ("สมัคร แม่สาย", "english"),
    "at the menu": ("สมัคร แม่สาย", "เมนู"),
    "place to remove asked": ("สมัคร แม่สาย", "[remove]"),
    "language asked": ("สมัคร แม่สาย", "[language]"),
    "stopped": ("สมัคร แม่สาย", "หยุด"),
    "asked whether in danger": ("สมัคร แม่สาย", "[rescue.check]"),
    "help asked": ("สมัคร แม่สาย", "[rescue.now]"),
    "help asked by a stranger": ("9",),
    "help described": ("สมัคร แม่สาย", "[rescue.now]", "4 คน อยู่ชั้นสอง"),
    "safe": ("สมัคร แม่สาย", "8"),
    "somebody else needs help": ("สมัคร แม่สาย", "8", "[rescue.somebody]"),
    "complaint begun": ("[complaint]",),
    "complaint described": ("[complaint]", "[complaint.group:roads]", "หลุมใหญ่"),
    "complaint sent": ("ไฟถนนดับหน้าวัดป่า ต.สุเทพ", "[complaint.send]"),
    "officer wanted": ("[human]",),
    "not understood": ("สมัคร แม่สาย", "ฟหกด", "ฟหกด", "ฟหกด"),
}
"""Where a citizen can stand, and what she did to come there; [action] is a tap."""


@dataclass
class Chat:
    """What one citizen says, and hears. Nothing is committed."""

    session: Session
    at: datetime = NOW
    account_id: int | None = None
    answer: Bubbles = ()
    contact: Contact = field(init=False)
    person: Person = field(init=False)

    def __post_init__(self) -> None:
        self.person = Person(created_at=self.at)
        self.session.add(self.person)
        self.session.flush()
        assert self.person.id is not None
        self.contact = Contact(
            person_id=self.person.id,
            account_id=self.account_id or account(self.session),
            address=f"sim-chat-{next(_CITIZENS)}",
            state_at=self.at,
            created_at=self.at,
        )
        self.session.add(self.contact)
        self.session.flush()

    def go_to(self, state: str) -> "Chat":
        """Do what leads to one of STATES."""
        for step in STATES[state]:
            self.tap(step[1:-1]) if step.startswith("[") else self.text(step)
        return self

    def text(self, words: str) -> Bubbles:
        return self.do(Incoming(kind=IncomingKind.TEXT, text=words))

    def tap(self, action: str, label: str = "") -> Bubbles:
        return self.do(Incoming(kind=IncomingKind.TAP, action=action, text=label))

    def do(self, incoming: Incoming) -> Bubbles:
        bubbles = conversation().answer(self.session, self.contact, self.person, incoming, self.at)
        self.session.flush()
        self.answer = bubbles
        return bubbles

    def then_forget(self, incoming: Incoming) -> Bubbles:
        """The answer to something that is undone at once."""
        undo = self.session.begin_nested()
        answer = self.do(incoming)
        undo.rollback()
        return answer

    def reports(self) -> list[SafetyReport]:
        """Her safety reports, the oldest first."""
        query = select(SafetyReport).where(SafetyReport.contact_id == self.contact.id)
        return list(self.session.exec(query.order_by(col(SafetyReport.id))))


def faults(bubbles: Bubbles) -> list[str]:
    """What is wrong with an answer: too much of it, no way on, an action that nobody knows."""
    found = [fault for bubble in bubbles for fault in _bubble_faults(bubble)]
    if not 1 <= len(bubbles) <= 3:
        found.append(f"{len(bubbles)} bubbles")
    if not any(button.kind is ButtonKind.ACTION for bubble in bubbles for button in bubble.buttons):
        found.append("no way on")
    if any(bubble.buttons and not bubble.lasting for bubble in bubbles[:-1]):
        found.append("buttons that vanish with the next bubble")
    return found


def _bubble_faults(bubble: Bubble) -> list[str]:
    most = 300 if bubble.text.startswith(_WARNING_SIGNS) else 200
    labels = Counter(button.label for button in bubble.buttons)
    checks = {
        "an empty text": not bubble.text.strip(),
        f"{units(bubble.text)} units": units(bubble.text) > most,
        "a fill that is left open": "{" in bubble.text,
        f"{len(bubble.buttons)} buttons": len(bubble.buttons) > 6,
        f"two buttons of the same words: {labels.most_common(1)}": any(n > 1 for n in labels.values()),
        "safe and help in a bubble that does not last": not bubble.lasting
        and any(button.action in ("safe", "rescue.now") for button in bubble.buttons)
        and not any(button.action == "menu" for button in bubble.buttons),
    }
    found = [fault for fault, is_so in checks.items() if is_so]
    for button in bubble.buttons:
        name = button.action.partition(":")[0]
        if not 0 < units(button.label) <= 20:
            found.append(f"label of {units(button.label)} units: {button.label}")
        if name not in ACTIONS or len(button.action.encode()) > 64:
            found.append(f"action {button.action}")
    return found
