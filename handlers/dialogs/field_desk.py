"""An officer's own chat: what waits for her, and the way to a draft. Nothing is approved here, or released."""

from collections.abc import Callable, Mapping

from handlers.desk import Desk, DeskRefused, Hand
from handlers.dialogs import menu
from handlers.turn import MOST_UNITS, Bubbles, Turn
from handlers.understanding.keywords import says_whole
from storage import duty_calls, officer_chats
from storage.dialogs import leave
from storage.officer_rights import Right, has_right
from storage.replies import Button, IncomingKind
from storage.wording.lengths import shorten

NAME = "desk"
"""The dialog of a draft (`field_draft`)."""

MOST_WAITING = 3

Step = Callable[[Turn, Hand], Bubbles]


def by_words(turn: Turn) -> Bubbles | None:
    """An officer asks for her desk; None for everybody else, and for all other words."""
    text = turn.incoming.text if turn.incoming.kind is IncomingKind.TEXT else ""
    if says_whole(text, "desk"):
        return as_officer(turn, _desk)
    return as_officer(turn, _console_only) if says_whole(text, "desk_decide") else None


def show(turn: Turn, _: str = "") -> Bubbles:
    """What waits for her, and what she can do here."""
    return tapped(turn, _desk)


def unlink(turn: Turn, _: str = "") -> Bubbles:
    """The chat is hers no more: the console can make another one hers."""

    def act(turn: Turn, hand: Hand) -> Bubbles:
        leave(turn.dialog)
        officer_chats.let_go(turn.session, hand.officer, turn.at, by=hand.officer.name)
        return ()

    return tapped(turn, act)


def tapped(turn: Turn, act: Step) -> Bubbles:
    """As an officer, or as everybody else, to whom these buttons mean nothing any more."""
    done = as_officer(turn, act)
    return menu.menu(turn) if done is None else done


def as_officer(turn: Turn, act: Step) -> Bubbles | None:
    """Who she is is looked up at every step: an officer who was disabled, or let the chat go, can do nothing here."""
    officer = officer_chats.officer_of(turn.session, turn.contact_id) if turn.desk is not None else None
    if officer is None:
        if turn.dialog.name == NAME:
            leave(turn.dialog)
        return None
    hand = Hand(session=turn.session, officer=officer, at=turn.at, language=turn.language)
    try:
        return act(turn, hand)
    except DeskRefused as refused:
        again = () if turn.dialog.name != NAME else (back_button(turn),)
        ways = (*again, turn.button("desk", "desk"), turn.button("menu", "menu"))
        return (turn.bubble(shorten(turn.say(refused.key, **refused.fills), MOST_UNITS), ways),)


def desk_of(turn: Turn) -> Desk:
    assert turn.desk is not None
    return turn.desk


def back_button(turn: Turn) -> Button:
    return turn.button("back", "desk.back")


def _console_only(turn: Turn, hand: Hand) -> Bubbles:
    """She wants to approve, to release, to stop: a chat does none of these."""
    first, *rest = _desk(turn, hand)
    return (turn.bubble(turn.say("officer.console_only")), first, *rest)


def _desk(turn: Turn, hand: Hand) -> Bubbles:
    leave(turn.dialog)
    waiting = duty_calls.waiting_for(turn.session, hand.officer.id or 0)
    lines = [turn.say("officer.desk", name=hand.officer.shown_name)]
    lines += [
        turn.say(f"officer.waits_{each.kind}", number=each.subject.partition("/")[2])
        for each in waiting[:MOST_WAITING]
    ]
    lines.append(turn.say("officer.desk_console"))
    drafts = [turn.button("draft", "desk.draft")] if has_right(hand.officer, Right.DRAFT_ALERTS) else []
    buttons = (*drafts, turn.button("unlink", "desk.unlink"), turn.button("menu", "menu"))
    return (turn.bubble("\n".join(lines), buttons),)


ACTIONS: Mapping[str, Callable[[Turn, str], Bubbles]] = {
    "desk": show,
    "desk.unlink": unlink,
}
