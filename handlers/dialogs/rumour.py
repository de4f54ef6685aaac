"""Is it true? What is known officially till now, never a guess; the question is kept for an officer (voice.md 3.20)."""

from handlers.dialogs.cases_human import open_case_for
from handlers.dialogs.choosing_place import named
from handlers.dialogs.warnings_near_me import live_warnings_in, shown
from handlers.turn import Bubbles, Turn
from storage.cases import CaseKind, add_words, open_case_of_kind, ticket, words_of
from storage.dialogs import leave
from storage.replies import Button


def answer(turn: Turn, codes: tuple[str, ...] = ()) -> Bubbles:
    """The warnings that hold in `codes`, without any in her own places."""
    leave(turn.dialog)
    places = list(codes[:1]) or turn.places
    live = live_warnings_in(turn, places) if places else []
    kept = turn.say("rumour.kept", ticket=_keep(turn, places))
    if live:
        return (
            *shown(turn, live[:1], places),
            turn.bubble(f"{turn.say('rumour.live')}\n{kept}", _ways_on(turn)),
        )
    known = (
        turn.say("rumour.none", time=turn.clock, place=named(turn, places))
        if places
        else turn.say("rumour.no_place", time=turn.clock)
    )
    return (turn.bubble(known), turn.bubble(f"{kept}\n{turn.say('rumour.first')}", _ways_on(turn)))


def _keep(turn: Turn, places: list[str]) -> str:
    """The question as a case; while an officer has not answered the last one, this goes with it."""
    case = open_case_of_kind(turn.session, turn.person_id, CaseKind.RUMOUR)
    if case is None:
        place = places[0] if len(places) == 1 else None
        return ticket(open_case_for(turn, CaseKind.RUMOUR, turn.incoming.text, place=place).number)
    if turn.incoming.text not in words_of(turn.session, case):
        add_words(turn.session, case, turn.incoming.text)
    return ticket(case.number)


def _ways_on(turn: Turn) -> tuple[Button, ...]:
    return turn.button("need_help", "rescue.now"), turn.button("menu", "menu")
