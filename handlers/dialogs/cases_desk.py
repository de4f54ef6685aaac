"""What dialogs about cases share: the desk where cases are worked on, and the cases a citizen may see."""

from handlers.turn import Bubbles, Turn
from storage.cases import Case, case_of, locked
from storage.cases_agencies import read_agencies
from storage.cases_timeline import By, EventKind, add_event
from storage.cases_work import Desk
from storage.replies import Button

_LONGEST_ID = 18


def desk_of(turn: Turn) -> Desk:
    """The desk for steps that a citizen takes."""
    agencies = turn.agencies or read_agencies(turn.agency.name_th, turn.agency.name_en)
    return Desk(session=turn.session, at=turn.at, zone=turn.zone, agencies=agencies)


def case_in(turn: Turn, argument: str) -> Case | None:
    """The case that a button names, when it is hers or she follows it."""
    known = argument.isascii() and argument.isdigit() and len(argument) <= _LONGEST_ID
    return case_of(turn.session, int(argument), turn.person_id) if known else None


def own_case_in(turn: Turn, argument: str) -> Case | None:
    """The case that a button names, when she reported it herself; locked, since she is about to move it."""
    case = case_to_change(turn, argument)
    return case if case is not None and case.person_id == turn.person_id else None


def case_to_change(turn: Turn, argument: str) -> Case | None:
    """As `case_in`, as it is now and locked for whoever writes to it."""
    case = case_in(turn, argument)
    return locked(turn.session, case) if case is not None else None


def tell_officers(turn: Turn, case: Case, words: str) -> None:
    """Add what she says to a case, for the officers alone."""
    add_event(
        turn.session,
        case.number,
        EventKind.ADDED,
        turn.at,
        by=By.CITIZEN,
        words=words,
        person_id=turn.person_id,
        public=False,
    )


def not_hers(turn: Turn) -> Bubbles:
    """The answer to a button of a case that is not hers, or is none at all: the same for both."""
    return (turn.bubble(turn.say("cases.unknown"), (mine_button(turn), menu_button(turn))),)


def mine_button(turn: Turn) -> Button:
    return turn.button("case_mine", "cases")


def menu_button(turn: Turn) -> Button:
    return turn.button("menu", "menu")
