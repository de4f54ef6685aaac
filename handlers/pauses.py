"""Something else in the middle of a dialog, and how the dialog goes on.

What ends at once is said, and the dialog's question below it. What opens a dialog of its own pauses the one that ran,
and says so; when the other has come to its end, the paused one goes on.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from handlers import waiting
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
    rescue,
)
from handlers.dialogs.complaint_card import fits
from handlers.turn import MOST_BUBBLES, Bubbles, Turn
from storage.dialogs import enter
from storage.replies import Bubble, Button, ButtonKind, IncomingKind

Act = Callable[[], Bubbles]

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
        "erase.no",
    }
)
"""The taps that end what came in between."""

_OF_ONE_CARD = frozenset(
    {"complaint.send", "complaint.anonymous", "complaint.named", "complaint.apart", "complaint.leave"}
)
"""Buttons that name the complaint whose card they stand on."""

_LEAVES, _OF_A_PRICE = "leave", "price."
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
        article = {asking.SHOWN: dialog.known["slug"]} if dialog.name == asking.NAME else {}
        enter(dialog, name, step, **{**known, **article})
        return answer if step == "place" and _asks_for_a_place(answer) else _then_again(turn, answer)
    waiting.keep(dialog, name, step, known)
    if name == first_contact.NAME and known.get("greeted"):
        # She was greeted and wants something else: the question that she did not ask for is not spoken of.
        return answer
    return _led(turn, turn.say(f"paused.{name}"), answer)


def pause(turn: Turn) -> None:
    """What runs waits, and nothing is said of it: a cry for help comes first."""
    dialog = turn.dialog
    if dialog.name in AGAIN:
        waiting.keep(dialog, dialog.name, dialog.step, dialog.known)


def take_up(turn: Turn, action: str, argument: str) -> Bubbles | None:
    """A button of a complaint's card: the one it shows runs again, where it waits, and what runs now waits instead.

    The answer where it shows one that is sent or given up, while another one runs.
    """
    dialog, runs = turn.dialog, turn.dialog.name == complaint.NAME
    number = int(argument) if action in _OF_ONE_CARD and argument.isascii() and argument.isdigit() else 0
    if not action.startswith(f"{complaint.NAME}.") or (runs and number in (0, dialog.known.get("number"))):
        return None
    entries = waiting.waiting(dialog)
    meant = [
        each
        for each in entries
        if each["name"] == complaint.NAME and number in (0, each["known"].get("number"))
    ]
    if not meant:
        old = turn.say("complaint.old_card")
        return _led(turn, old, complaint_back.again(turn)) if runs else None
    waiting.keep_waiting(dialog, [each for each in entries if each is not meant[-1]])
    pause(turn)
    enter(dialog, complaint.NAME, meant[-1]["step"], **meant[-1]["known"])
    return None


def gone_on(turn: Turn, action: str, answer: Bubbles) -> Bubbles:
    """An answer, and below it the question of the dialog that was paused, where `action` ended what came between."""
    dialog, entries = turn.dialog, waiting.waiting(turn.dialog)
    is_answered = dialog.name == asking.NAME and dialog.step == "article" and action in ("ask.article", WORDS)
    if (
        not entries
        or action not in (*_GOES_ON_AFTER, _LEAVES, WORDS)
        or not (is_answered or dialog.name == "")
    ):
        return answer
    last = entries.pop()
    waiting.keep_waiting(dialog, entries)
    enter(dialog, last["name"], last["step"], **last["known"])
    # Who leaves what came in between gets back to what waits, and not to the menu.
    return _then_again(turn, () if action == _LEAVES else answer)


def may_go_on(bubbles: Bubbles) -> bool:
    """Whether a button that is offered now ends what came in between: anybody else who needs help?"""
    return any(button.action in _GOES_ON_AFTER for bubble in bubbles for button in bubble.buttons)


def grow_old(turn: Turn) -> None:
    """After hours of silence only what she wrote still waits, and is offered anew."""
    entries = [each | {"told": False} for each in waiting.waiting(turn.dialog) if waiting.is_draft(each)]
    waiting.keep_waiting(turn.dialog, entries)


@dataclass(frozen=True, kw_only=True)
class Standing:
    """Where a dialog stood before a turn."""

    name: str
    step: str
    known: Mapping[str, Any]


def standing(turn: Turn) -> Standing:
    """Where the dialog stands now."""
    return Standing(name=turn.dialog.name, step=turn.dialog.step, known=turn.dialog.known)


def kept(turn: Turn, before: Standing, answer: Bubbles) -> Bubbles:
    """The answer, and what becomes of what ran before it: nothing that she wrote vanishes without a word.

    A complaint that is told and not sent waits, whatever led out of it. She reads so once; all else that waits is
    over when she goes her own way.
    """
    answer = _kept_draft(turn, before, answer)
    if turn.dialog.name == "" and not may_go_on(answer):
        answer = _offered_back(turn, answer)
    if answer and waiting.was_dropped(turn.dialog):
        return _led(turn, turn.say("waits.dropped", most=waiting.MOST_DRAFTS), answer)
    return answer


def _kept_draft(turn: Turn, before: Standing, answer: Bubbles) -> Bubbles:
    dialog, is_erasing = turn.dialog, any(b.action == "erase.no" for each in answer for b in each.buttons)
    if _drops_a_wish(turn, before) and not is_erasing and answer:
        return _led(turn, turn.say("waits.price"), answer)
    runs_on = dialog.name == before.name and dialog.known.get("number") == before.known.get("number")
    entry = {"name": before.name, "known": before.known}
    if runs_on or turn.is_settled or not (waiting.is_draft(entry) or (is_erasing and before.name in AGAIN)):
        return answer
    if any(
        each["name"] == before.name and each["known"].get("number") == before.known.get("number")
        for each in waiting.waiting(dialog)
    ):
        return answer
    waiting.keep(dialog, before.name, before.step, before.known)
    if dialog.name in ("", rescue.NAME) or not answer:
        return answer
    return _led(turn, turn.say(f"paused.{before.name}"), answer)


def _drops_a_wish(turn: Turn, before: Standing) -> bool:
    """Whether she went away from a price she wants to hear of, before she said yes to it."""
    is_tap = turn.incoming.kind is IncomingKind.TAP
    is_done = is_tap and turn.incoming.action.startswith((_OF_A_PRICE, _LEAVES))
    has_wish = before.name == price_thresholds.NAME and before.known.get("amount") is not None
    return has_wish and turn.dialog.name == "" and not is_done


def _offered_back(turn: Turn, answer: Bubbles) -> Bubbles:
    """What waits in a complaint is offered above the answer, once for each time that she leaves it."""
    entries = [each for each in waiting.waiting(turn.dialog) if waiting.is_draft(each)]
    if not answer:
        return answer
    is_news = any(not each.get("told") for each in entries)
    waiting.keep_waiting(turn.dialog, [each | {"told": True} for each in entries])
    return above(turn, answer) if is_news else answer


def above(turn: Turn, answer: Bubbles) -> Bubbles:
    """That a complaint waits, with its buttons, above an answer; in its words alone where there is no room."""
    text = turn.say("waits.complaint")
    if len(answer) >= MOST_BUBBLES:
        return _led(turn, text, answer)
    return (turn.bubble(text, ways_back(turn), lasting=True), *answer)


def ways_back_from(turn: Turn) -> list[dict[str, str]]:
    """The same buttons as they are typed, as long as a complaint waits."""
    waits = any(map(waiting.is_draft, waiting.waiting(turn.dialog)))
    return [{"label": each.label, "action": each.action} for each in ways_back(turn)] if waits else []


def ways_back(turn: Turn) -> tuple[Button, ...]:
    """What she can do about a complaint that waits."""
    return turn.button("case_go_on", "complaint.card"), turn.button("case_no_more", "complaint.leave")


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
    manner = ".stranger" if name == first_contact.NAME and known.get("greeted") else ""
    lead = turn.say(f"interrupted.{name}{manner}")
    return (*shown, *_led(turn, lead, question, most=len(question)))


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
