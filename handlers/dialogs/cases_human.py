"""An officer is wanted: recorded as a case; how many wait before her and when the office is open are said (3.17).

`open_case_for` opens cases for other dialogs, too: a question that has no answer, a rumour that is asked about.
"""

from collections.abc import Callable, Mapping

from handlers.dialogs import cases_media
from handlers.dialogs.cases_desk import desk_of, menu_button, mine_button
from handlers.dialogs.cases_tracking import MORE, is_for_an_officer
from handlers.turn import Bubbles, Turn
from storage import audit
from storage.cases import (
    Case,
    CaseKind,
    open_case,
    open_case_of_kind,
    ticket,
    waiting_before,
    words_of,
)
from storage.cases_timeline import By, EventKind, add_event, timeline
from storage.cases_work import deadline, withdraw
from storage.dialogs import enter, leave
from storage.lifecycles import CaseState
from storage.replies import Button
from storage.wording import dates


def ask(turn: Turn, _: str = "") -> Bubbles:
    """She wants to talk to a person. One open wish is enough: a second one shows the first."""
    case = open_case_of_kind(turn.session, turn.person_id, CaseKind.HUMAN)
    if case is None:
        case = open_case_for(turn, CaseKind.HUMAN, "")
    enter(turn.dialog, MORE, "words", case=case.number)
    desk = desk_of(turn)
    agency = desk.agencies.named(case.agency)
    fills = {
        "ticket": ticket(case.number),
        "hours": agency.hours.in_words(),
        "count": waiting_before(turn.session, case),
        "day": "" if case.due_at is None else dates.day(case.due_at, turn.language, turn.zone),
        "agency": agency.name(turn.language),
    }
    if not agency.hours.are_open(turn.at, turn.zone):
        add = turn.button("case_add", f"case.more:{case.number}")
        return (turn.bubble(turn.say("cases.human.closed", **fills), (add, menu_button(turn))),)
    key = "cases.human.first" if fills["count"] == 0 else "cases.human.waiting"
    return (turn.bubble(turn.say(key, **fills), _while_waiting(turn)),)


def wait(turn: Turn, _: str = "") -> Bubbles:
    """She waits."""
    case = open_case_of_kind(turn.session, turn.person_id, CaseKind.HUMAN)
    if case is None:
        return ask(turn)
    return (turn.bubble(turn.say("cases.human.will_tell", ticket=ticket(case.number)), (menu_button(turn),)),)


def call_back(turn: Turn, _: str = "") -> Bubbles:
    """She does not wait; she is answered here later."""
    case = open_case_of_kind(turn.session, turn.person_id, CaseKind.HUMAN)
    if case is None:
        return ask(turn)
    add_event(
        turn.session,
        case.number,
        EventKind.CALLBACK,
        turn.at,
        by=By.CITIZEN,
        person_id=turn.person_id,
        public=False,
    )
    day = "" if case.due_at is None else dates.day(case.due_at, turn.language, turn.zone)
    text = turn.say("cases.human.call_back", ticket=ticket(case.number), day=day)
    return (turn.bubble(text, (mine_button(turn), menu_button(turn))),)


def give_up(turn: Turn, _: str = "") -> Bubbles:
    """She does not want an officer any more."""
    leave(turn.dialog)
    case = open_case_of_kind(turn.session, turn.person_id, CaseKind.HUMAN)
    if case is not None and case.state in (CaseState.NEW, CaseState.TAKEN):
        withdraw(desk_of(turn), case)
    return (turn.bubble(turn.say("cases.human.given_up"), (menu_button(turn),)),)


def never_mind(turn: Turn) -> Bubbles | None:
    """Never mind, where she wanted an officer: withdrawn if nothing is told, else she reads that it stays.

    None where words would not be added to such a case.
    """
    if not is_for_an_officer(turn):
        return None
    case = open_case_of_kind(turn.session, turn.person_id, CaseKind.HUMAN)
    if case is None:
        return None
    events = timeline(turn.session, case.number, public_only=False)
    if not words_of(turn.session, case) and all(each.kind != EventKind.ADDED for each in events):
        return give_up(turn)
    leave(turn.dialog)
    text = turn.say("cases.human.will_tell", ticket=ticket(case.number))
    buttons = (turn.button("case_give_up", "human.give_up"), menu_button(turn))
    return (turn.bubble(text, buttons),)


def ways_out_from(turn: Turn) -> list[dict[str, str]]:
    """The words by which she gives up waiting, also where no button bears them: outside of office hours."""
    if not is_for_an_officer(turn):
        return []
    return [{"label": turn.say("buttons.case_give_up"), "action": "human.give_up"}]


def open_case_for(
    turn: Turn, kind: CaseKind, words: str, *, category: str = "", place: str | None = None
) -> Case:
    """A case that another dialog opens for this person, with what she sent just before. Tell her its number only
    after this returned: it is stored together with the answer."""
    desk = desk_of(turn)
    known = place or (turn.places[0] if len(turn.places) == 1 else None)
    agency = desk.agencies.responsible(known, category or kind)
    case = Case(
        kind=kind,
        category=category,
        words=words,
        person_id=turn.person_id,
        contact_id=turn.contact_id,
        place=known,
        agency=agency.id,
        opened_at=turn.at,
        due_at=deadline(desk, kind, category, agency.id),
    )
    open_case(turn.session, case)
    cases_media.attach(turn, [each.number for each in cases_media.waiting(turn)], case)
    audit.record(
        turn.session,
        turn.at,
        actor=By.CITIZEN.value,
        action="case.opened",
        subject=f"case/{case.number}",
        detail={"kind": case.kind, "category": category, "agency": agency.id},
    )
    return case


def opened(turn: Turn, case: Case) -> Bubbles:
    """The number of a case that was just opened, who has it and until when an answer is due."""
    day = "" if case.due_at is None else dates.day(case.due_at, turn.language, turn.zone)
    agency = desk_of(turn).agency(case, turn.language)
    text = turn.say("cases.opened", ticket=ticket(case.number), agency=agency, day=day)
    add = turn.button("case_add", f"case.more:{case.number}")
    return (turn.bubble(text, (add, mine_button(turn), menu_button(turn))),)


def _while_waiting(turn: Turn) -> tuple[Button, ...]:
    return (
        turn.button("case_wait", "human.wait"),
        turn.button("case_call_back", "human.call_back"),
        turn.button("case_give_up", "human.give_up"),
    )


ACTIONS: Mapping[str, Callable[[Turn, str], Bubbles]] = {
    "human": ask,
    "human.wait": wait,
    "human.call_back": call_back,
    "human.give_up": give_up,
    "media.drop": cases_media.drop,
}
