"""A walk over every button: each leads somewhere, and from everywhere a way leads back to the menu."""

import json
import re
from collections import Counter, deque
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlmodel import Session, col, select

from handlers.conversation import ACTIONS
from handlers.turn import Bubbles
from storage.database import Database
from storage.dialogs import Dialog, dialog_of
from storage.replies import Incoming, IncomingKind
from storage.safety import SafetyAnswer, SafetyReport, open_cry
from storage.subscriptions import Subscription
from tests.builders import account
from tests.handlers.chatting import STATES, Chat, faults
from tests.handlers.warnings import live_warning

MOST_STEPS = 700
# Buttons that are kept from an earlier edition: LINE still shows its old menus.
NO_LONGER_OFFERED = ("not_yet",)
TYPED = (
    "กลับ",
    "บัตรประชาชนหายทำไง",
    "ไฟถนนดับ",
    "แม่สาย",
    "เมือง",
    "ฟหกด",
    "1",
    "ช่วยด้วย",
    "8",
    "หยุด",
    "สวัสดี",
    "ยกเลิก",
)
SENT = (
    Incoming(kind=IncomingKind.LOCATION, latitude=20.4289, longitude=99.8837),
    Incoming(kind=IncomingKind.LOCATION, latitude=48.86, longitude=2.35),
    Incoming(kind=IncomingKind.STICKER),
    Incoming(kind=IncomingKind.VOICE),
    Incoming(kind=IncomingKind.PHOTO),
    Incoming(kind=IncomingKind.FOLLOW),
)


@dataclass(frozen=True)
class State:
    """All that decides what a citizen hears next, as JSON, and the actions she was offered last."""

    kept: str
    offered: tuple[str, ...] = ()


def moves(state: State) -> list[Incoming]:
    taps = [Incoming(kind=IncomingKind.TAP, action=action, text="label") for action in state.offered]
    return [*taps, *(Incoming(kind=IncomingKind.TEXT, text=words) for words in TYPED), *SENT]


def put_into(session: Session, account_id: int, state: State) -> Chat:
    """A citizen of her own who stands there."""
    kept: dict[str, Any] = json.loads(state.kept)
    chat = Chat(session, account_id=account_id)
    assert chat.contact.id is not None
    assert chat.person.id is not None
    before = chat.at - timedelta(minutes=1)
    chat.person.language = kept["language"]
    chat.person.consented_at = before if kept["consented"] else None
    chat.person.stopped_at = before if kept["stopped"] else None
    for topic, place, is_open in kept["subscriptions"]:
        session.add(
            Subscription(
                person_id=chat.person.id,
                contact_id=chat.contact.id,
                topic=topic,
                place=place,
                since=before,
                until=None if is_open else before,
            )
        )
    if kept["cries"]:
        session.add(
            SafetyReport(
                contact_id=chat.contact.id,
                person_id=chat.person.id,
                answer=SafetyAnswer.NEED_HELP,
                at=before,
            )
        )
    session.add(Dialog(contact_id=chat.contact.id, updated_at=before, **kept["dialog"]))
    session.flush()
    return chat


def stands(chat: Chat, answer: Bubbles) -> State:
    assert chat.contact.id is not None
    person, dialog = chat.person, dialog_of(chat.session, chat.contact.id, chat.at)
    query = (
        select(Subscription)
        .where(Subscription.person_id == person.id)
        .order_by(col(Subscription.topic), col(Subscription.place), col(Subscription.id))
    )
    # Of the closed ones only those that a stop has closed are remembered.
    subscriptions = [
        (each.topic, each.place, each.until is None)
        for each in chat.session.exec(query)
        if each.until is None or (person.stopped_at is not None and each.until == person.stopped_at)
    ]
    kept = {
        "language": person.language,
        "consented": person.consented_at is not None,
        "stopped": person.stopped_at is not None,
        "subscriptions": sorted(set(subscriptions)),
        "cries": open_cry(chat.session, chat.contact.id) is not None,
        "dialog": {
            "name": dialog.name,
            "step": dialog.step,
            "known": dialog.known,
            "offered": dialog.offered,
            "not_understood": dialog.not_understood,
        },
    }
    offered = tuple(button.action for bubble in answer for button in bubble.buttons)
    return State(json.dumps(kept, sort_keys=True, ensure_ascii=False), offered)


def is_menu(answer: Bubbles) -> bool:
    return len(answer[-1].buttons) == 6 and answer[-1].buttons[-1].action == "rescue.check"


def test_every_button_leads_somewhere_and_the_menu_is_near_everywhere(sqlite_database: Database) -> None:
    leads_to: dict[State, set[State]] = {}
    menus: set[State] = set()
    steps = 0
    with Session(sqlite_database.engine) as session:
        live_warning(session, at=Chat(session).at)
        account_id = account(session)
        starts = [Chat(session).go_to(state) for state in STATES]
        waiting = deque(stands(chat, chat.answer) for chat in starts)
        while waiting and steps < MOST_STEPS:
            state = waiting.popleft()
            if state in leads_to:
                continue
            leads_to[state] = set()
            for move in moves(state):
                steps += 1
                chat = put_into(session, account_id, state)
                answer = chat.do(move)
                assert faults(answer) == [], (move, answer, state)
                reached = stands(chat, answer)
                leads_to[state].add(reached)
                waiting.append(reached)
                if is_menu(answer):
                    menus.add(reached)
            session.expunge_all()
    assert far_from(menus, leads_to, most=2) == []


def test_every_action_is_offered_somewhere() -> None:
    """Its id stands in the code once more than in the table of actions."""
    root = Path(__file__).parents[2]
    code = "\n".join(
        path.read_text("utf-8")
        for part in ("handlers", "storage", "broadcasts")
        for path in (root / part).rglob("*.py")
    )
    written = Counter(re.findall(r"\"([a-z_.]+)[\":]", code))
    unoffered = [name for name in ACTIONS if written[name] < 2 and name not in NO_LONGER_OFFERED]
    assert unoffered == []


def far_from(menus: set[State], leads_to: dict[State, set[State]], most: int) -> list[State]:
    """The states from which no `most` steps lead to the menu, of those whose following states were looked at."""
    near = set(menus)
    for _ in range(most):
        near |= {state for state, nexts in leads_to.items() if nexts & near}
    return [state for state, nexts in leads_to.items() if state not in near and nexts <= leads_to.keys()]
