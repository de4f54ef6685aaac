"""Something else in the middle of a dialog, and how the dialog goes on.

What ends at once is said, and the dialog's question below it. What opens a dialog of its own pauses the one that ran,
and says so; when the other has come to its end, the paused one goes on.
"""

from collections.abc import Callable, Mapping
from typing import Any

from handlers.dialogs import (
    asking,
    cases_closing,
    cases_tracking,
    complaint,
    complaint_back,
    farmer,
    first_contact,
    hours,
    place_link,
    price_mornings,
    price_thresholds,
)
from handlers.dialogs.complaint_card import fits
from handlers.turn import MOST_BUBBLES, Bubbles, Turn
from storage.dialogs import enter
from storage.replies import Bubble, ButtonKind

Act = Callable[[], Bubbles]

_PAUSED = "paused"
"""Where the memory of a dialog keeps those that wait till another has ended: name, step and what is known of each."""

_MOST_PAUSED = 3

AGAIN: Mapping[str, Callable[[Turn], Bubbles]] = {
    first_contact.NAME: lambda turn: (
        place_link.ask(turn, poster)
        if (poster := turn.dialog.known.get("poster"))
        else first_contact.again(turn)
    ),
    complaint.NAME: complaint_back.again,
    farmer.NAME: farmer.again,
    hours.NAME: hours.ask,
    price_thresholds.NAME: price_thresholds.again,
    price_mornings.NAME: lambda turn: price_mornings.begin(turn, turn.dialog.known.get("product", "")),
    cases_tracking.MORE: lambda turn: cases_tracking.more(turn, str(turn.dialog.known.get("case", ""))),
    cases_closing.REASON: lambda turn: cases_closing.reason(turn, f":{turn.dialog.known.get('case', '')}"),
}
"""How a dialog says its question again, after something else was said in between."""

BESIDE = frozenset(
    {
        "language",
        "near_me",
        "near_me.at",
        "own.called",
        "price",
        "price.chart",
        "remove",
        "remove.from",
        "text_only",
    }
)
"""Taps that end in themselves: in the middle of a dialog it goes on after them."""

_CHOICES = frozenset({"near_me.at", "own.called", "price", "price.chart", "price.tell", "remove"})
"""What an answer may ask for in its turn: these buttons stay where she can tap them."""

_GOES_ON_AFTER = frozenset(
    {
        "complaint.send",
        "complaint.same",
        "complaint.apart",
        "complaint.leave",
        "case.enough",
        "human.wait",
        "human.call_back",
        "human.give_up",
        "price.set",
        "price.new",
        "price.daily_at",
        "hours.set",
        "case.reason",
        "case.thanks",
        "ask.article",
        "ask.officer",
        "rescue.asking",
        "rescue.mistake",
        "rescue.safe_now",
        "rescue.nobody",
        "subscribe",
        "topics",
    }
)
"""The taps that end what came in between."""

_LEAVES = "leave"
WORDS = "words"
"""In place of a tap: words that the dialog itself took as its answer."""


def beside(turn: Turn, act: Act) -> Bubbles:
    """Do something else in the middle of a dialog, and go on with it: now, or when the other has ended."""
    dialog = turn.dialog
    name, step, known = dialog.name, dialog.step, dialog.known
    answer = act()
    has_begun_anew = dialog.name == name and dialog.known is not known
    if not answer or name not in AGAIN or has_begun_anew:
        return answer
    if name == first_contact.NAME and known.get("greeted") and known.get("asked_again"):
        # She has only just come and wants something else again: a place is still an answer, but she is not pressed.
        if dialog.name in ("", name):
            enter(dialog, name, step, **known)
        return answer
    if dialog.name in ("", name) or (dialog.name == asking.NAME and dialog.step == "article"):
        enter(dialog, name, step, **known)
        return answer if step == "place" and _asks_for_a_place(answer) else _then_again(turn, answer)
    _keep(turn, name, step, known)
    return _led(turn, turn.say(f"paused.{name}"), answer)


def pause(turn: Turn) -> None:
    """What runs waits, and nothing is said of it: a cry for help comes first."""
    if turn.dialog.name in AGAIN:
        _keep(turn, turn.dialog.name, turn.dialog.step, turn.dialog.known)


def take_up(turn: Turn, action: str) -> None:
    """A button of the card of a complaint that waits: it runs again, and what runs now waits instead."""
    waiting = _paused(turn)
    drafts = [each for each in waiting if each["name"] == complaint.NAME]
    if not action.startswith(f"{complaint.NAME}.") or turn.dialog.name == complaint.NAME or not drafts:
        return
    waiting.remove(drafts[-1])
    turn.dialog.memory = {**turn.dialog.memory, _PAUSED: waiting}
    pause(turn)
    enter(turn.dialog, complaint.NAME, drafts[-1]["step"], **drafts[-1]["known"])


def gone_on(turn: Turn, action: str, answer: Bubbles) -> Bubbles:
    """An answer, and below it the question of the dialog that was paused, where `action` ended what came between."""
    waiting = _paused(turn)
    is_over = turn.dialog.name == "" or action == "ask.article"
    if not waiting or action not in (*_GOES_ON_AFTER, _LEAVES, WORDS) or not is_over:
        return answer
    last = waiting.pop()
    turn.dialog.memory = {**turn.dialog.memory, _PAUSED: waiting}
    enter(turn.dialog, last["name"], last["step"], **last["known"])
    # Who leaves what came in between gets back to what waits, and not to the menu.
    return _then_again(turn, () if action == _LEAVES else answer)


def may_go_on(bubbles: Bubbles) -> bool:
    """Whether a button that is offered now ends what came in between: anybody else who needs help?"""
    return any(button.action in _GOES_ON_AFTER for bubble in bubbles for button in bubble.buttons)


def forget(turn: Turn) -> None:
    """She went her own way: no dialog waits any more."""
    if _PAUSED in turn.dialog.memory:
        turn.dialog.memory = {key: value for key, value in turn.dialog.memory.items() if key != _PAUSED}


def _keep(turn: Turn, name: str, step: str, known: Mapping[str, Any]) -> None:
    # Of complaints each one is something she told; of all others the latest stands for those before.
    waiting = [each for each in _paused(turn) if each["name"] != name or name == complaint.NAME]
    waiting.append({"name": name, "step": step, "known": dict(known)})
    turn.dialog.memory = {**turn.dialog.memory, _PAUSED: waiting[-_MOST_PAUSED:]}


def _paused(turn: Turn) -> list[dict[str, Any]]:
    return list(turn.dialog.memory.get(_PAUSED, ()))


def _asks_for_a_place(answer: Bubbles) -> bool:
    return any(button.kind is ButtonKind.LOCATION for button in answer[-1].buttons)


def _then_again(turn: Turn, answer: Bubbles) -> Bubbles:
    """The question of the dialog that runs, below the answer to something else."""
    name, step, known = turn.dialog.name, turn.dialog.step, dict(turn.dialog.known)
    question = AGAIN[name](turn)
    if (turn.dialog.name, turn.dialog.step) == (name, step):
        enter(turn.dialog, name, step, **{**turn.dialog.known, **known, "asked_again": True})
    if len(answer) + len(question) > MOST_BUBBLES:
        # Nothing of the answer is kept back for the question: it still waits.
        return answer
    shown = map(_without_vanishing_buttons, answer)
    return (*shown, *_led(turn, turn.say(f"interrupted.{name}"), question, most=len(question)))


def _led(turn: Turn, lead: str, bubbles: Bubbles, most: int = MOST_BUBBLES) -> Bubbles:
    """Something said before bubbles: in the first of them, else in one of its own where there is room."""
    first, *rest = bubbles
    together = f"{lead}\n{first.text}"
    if fits(together):
        return (first.model_copy(update={"text": together}), *rest)
    return (turn.bubble(lead), *bubbles) if len(bubbles) < most else bubbles


def _without_vanishing_buttons(bubble: Bubble) -> Bubble:
    """Above another bubble: its buttons stay only where they are a choice that it asks for."""
    names = [button.action.partition(":")[0] for button in bubble.buttons if ":" in button.action]
    if bubble.lasting or any(names.count(name) > 1 and name in _CHOICES for name in names):
        return bubble.model_copy(update={"lasting": True})
    return bubble.model_copy(update={"buttons": ()})
