"""Is it solved? Stars, and what should have been better; "not yet" opens the case again (voice.md 3.11)."""

from collections.abc import Callable, Mapping

from handlers.dialogs.cases_desk import desk_of, menu_button, mine_button, not_hers, own_case_in
from handlers.dialogs.cases_tracking import MORE, look
from handlers.turn import MOST_BUBBLES, Bubbles, Turn
from storage.cases import Case, ticket
from storage.cases_telling import manner
from storage.cases_work import give_reason, rate, solved, unsolved
from storage.dialogs import enter, leave
from storage.lifecycles import CASE, CaseState, allowed
from storage.replies import Button, ButtonKind

REASON = "case_reason"
"""The dialog in which she writes what should have been better."""

GOOD = 4
"""From so many stars on nothing is asked."""

_REASONS = ("slow", "wrong_fix", "rude")


def is_solved(turn: Turn, argument: str) -> Bubbles:
    """It works: the case is closed, stars are asked for."""
    case = own_case_in(turn, argument)
    if case is None:
        return not_hers(turn)
    if case.state == CaseState.DONE:
        solved(desk_of(turn), case)
    elif case.state != CaseState.CLOSED:
        return look(turn, argument)
    leave(turn.dialog)
    stars = range(1, 6) if turn.is_sms else range(5, 0, -1)
    buttons = [Button(label=str(number), action=f"case.star:{number}:{case.number}") for number in stars]
    buttons.append(turn.button("case_no_stars", "case.thanks"))
    return (
        turn.bubble(
            turn.say(f"cases.closing.stars.{'sms' if turn.is_sms else manner(case)}"), buttons, lasting=True
        ),
    )


def is_unsolved(turn: Turn, argument: str, *, said: bool = False) -> Bubbles:
    """It does not: open again, and what is wrong still? `said` where she has told already, and that is kept."""
    case = own_case_in(turn, argument)
    if case is None:
        return not_hers(turn)
    if not allowed(CASE, case.state, CaseState.REOPENED):
        return look(turn, argument)
    desk = desk_of(turn)
    unsolved(desk, case)
    enter(turn.dialog, MORE, "words", case=case.number)
    key = "cases.closing.reopened_said" if said else "cases.closing.reopened"
    text = turn.say(key, ticket=ticket(case.number), agency=desk.agency(case, turn.language))
    photo = Button(label=turn.say("buttons.case_send_photo"), action="photo", kind=ButtonKind.PHOTO)
    enough = turn.button("case_enough", "case.enough")
    return (turn.bubble(text, (enough,) if turn.is_sms else (photo, enough)),)


def star(turn: Turn, argument: str) -> Bubbles:
    """`argument` is stars:case."""
    given, _, number = argument.partition(":")
    case = own_case_in(turn, number)
    if case is None or given not in {"1", "2", "3", "4", "5"}:
        return not_hers(turn)
    if case.state != CaseState.CLOSED:
        return _not_closed(turn, case)
    rate(desk_of(turn), case, int(given))
    if int(given) >= GOOD:
        return _thanks(turn)
    enter(turn.dialog, REASON, "words", case=case.number)
    buttons = [turn.button(f"case_reason.{each}", f"case.reason:{each}:{case.number}") for each in _REASONS]
    buttons.append(turn.button("case_type_reason", f"case.reason::{case.number}"))
    return (turn.bubble(turn.say("cases.closing.reason"), (*buttons, menu_button(turn))),)


def reason(turn: Turn, argument: str) -> Bubbles:
    """`argument` is reason:case; without a reason she types it."""
    chosen, _, number = argument.partition(":")
    case = own_case_in(turn, number)
    if case is None:
        return not_hers(turn)
    if chosen not in _REASONS:
        enter(turn.dialog, REASON, "words", case=case.number)
        return (turn.bubble(turn.say("cases.closing.type_reason"), (menu_button(turn),)),)
    give_reason(desk_of(turn), case, chosen)
    return _thanks(turn)


def words(turn: Turn) -> Bubbles:
    """The reason in her own words."""
    case: Case | None = own_case_in(turn, str(turn.dialog.known.get("case", "")))
    if case is None or not turn.incoming.text.strip():
        return _thanks(turn)
    give_reason(desk_of(turn), case, turn.incoming.text.strip())
    return _thanks(turn)


def _not_closed(turn: Turn, case: Case) -> Bubbles:
    """Stars from before it was opened again: none are counted, and how it stands is said."""
    lead = turn.say("cases.closing.no_stars_yet", ticket=ticket(case.number))
    shown = look(turn, str(case.number))
    return (turn.bubble(lead), *shown[-(MOST_BUBBLES - 1) :])


def _thanks(turn: Turn, _: str = "") -> Bubbles:
    leave(turn.dialog)
    return (turn.bubble(turn.say("cases.closing.thanks"), (mine_button(turn), menu_button(turn))),)


ACTIONS: Mapping[str, Callable[[Turn, str], Bubbles]] = {
    "case.solved": is_solved,
    "case.unsolved": is_unsolved,
    "case.star": star,
    "case.reason": reason,
    "case.thanks": _thanks,
}
