"""Following a case: by its number, by what it is about, or from the list of one's own (voice.md 3.10).

Others' cases answer as cases that do not exist, in the same words and by the same query.
"""

from collections.abc import Callable, Mapping

from handlers.dialogs import cases_media
from handlers.dialogs.cases_desk import (
    case_in,
    case_to_change,
    desk_of,
    menu_button,
    mine_button,
    not_hers,
    tell_officers,
)
from handlers.turn import MOST_UNITS, Bubbles, Turn
from handlers.understanding import slots
from handlers.understanding.categories import Guess, guess_category
from handlers.understanding.places import places_in
from storage import media, places
from storage.cases import Case, CaseKind, add_words, case_id_of, case_of, cases_of, ticket, words_of
from storage.cases_categories import about
from storage.cases_following import note_miss
from storage.cases_privacy import privacy
from storage.cases_telling import short_stamp, solved_buttons
from storage.cases_timeline import CaseEvent, EventKind, event_words, timeline
from storage.dialogs import enter, leave
from storage.lifecycles import CaseState
from storage.place_reading import same_to_the_eye
from storage.replies import Button, ButtonKind, IncomingKind
from storage.wording import dates
from storage.wording.lengths import shorten, tidy, units

MORE = "case_more"
"""The dialog in which words and photos are added to a case."""

ticket_in = slots.ticket_in
"""How a message names a case."""

_UNSENT, _QUOTED = "unsent", 40
MOST_LISTED = 5
MOST_LINES = 4

_OVER = frozenset({CaseState.CLOSED.value, CaseState.CANCELLED.value})
_SAYS_WORDS = frozenset({EventKind.UPDATE, EventKind.DONE, EventKind.FORWARDED})
_LABEL_UNITS = 20


def mine(turn: Turn, _: str = "") -> Bubbles:
    """All that she reported or follows."""
    leave(turn.dialog)
    return _list(turn, cases_of(turn.session, turn.person_id))


def track(turn: Turn, typed: str = "") -> Bubbles:
    """A case by the number that was typed, else by what the words are about, else the list."""
    number = typed or ticket_in(turn.incoming.text)
    if number:
        return _by_number(turn, number)
    hers = cases_of(turn.session, turn.person_id)
    guess = guess_category(turn.incoming.text)
    alike = [case for case in hers if guess.score and case.category == guess.id]
    chosen = alike or hers
    return _show(turn, chosen[0]) if len(chosen) == 1 else _list(turn, chosen)


def has_any(turn: Turn) -> bool:
    """Whether she reported or follows anything."""
    return bool(cases_of(turn.session, turn.person_id))


def is_for_an_officer(turn: Turn) -> bool:
    """Whether words that are added now are what she wants to tell an officer."""
    case = _case_added_to(turn) if turn.dialog.name == MORE else None
    return case is not None and case.kind == CaseKind.HUMAN


def is_about_another(turn: Turn, guess: Guess) -> bool:
    """Whether words that would be added now are surely about something else, with a place of its own."""
    case = _case_added_to(turn)
    is_other = case is not None and case.kind == CaseKind.COMPLAINT and guess.id != case.category
    return is_other and guess.is_sure and places_in(turn.incoming.text).certain


def look(turn: Turn, argument: str) -> Bubbles:
    """A case by a button."""
    case = case_in(turn, argument)
    return _show(turn, case) if case is not None else not_hers(turn)


def more(turn: Turn, argument: str) -> Bubbles:
    """She wants to add something."""
    case = case_in(turn, argument)
    if case is None:
        return not_hers(turn)
    unsent = turn.dialog.known.get(_UNSENT, "") if turn.dialog.name == MORE else ""
    enter(turn.dialog, MORE, "words", case=case.number)
    asks = turn.say("cases.more.ask", ticket=ticket(case.number))
    if not unsent:
        return (turn.bubble(asks, _while_adding(turn)),)
    turn.dialog.known = {**turn.dialog.known, _UNSENT: unsent}
    words = shorten(tidy(privacy(turn.session).reveal(unsent)).replace("\n", " "), _QUOTED)
    also = turn.button("case_also", f"case.also:{case.number}")
    text = f"{turn.say('cases.more.unsent', words=words)}\n{asks}"
    return (turn.bubble(text, (also, *_while_adding(turn))),)


def answered_here(turn: Turn) -> None:
    """Words at an officer's case that wanted something else: they are answered, and offered to be sent there, too."""
    said = privacy(turn.session).conceal(turn.incoming.text)
    turn.dialog.known = {**turn.dialog.known, _UNSENT: said}


def also(turn: Turn, argument: str) -> Bubbles:
    """What was answered here shall be read by the officer, too."""
    case = case_to_change(turn, argument)
    if case is None:
        return not_hers(turn)
    said = turn.dialog.known.get(_UNSENT, "") if turn.dialog.name == MORE else ""
    if not said or turn.dialog.known.get("case") != case.number:
        return more(turn, argument)
    enter(turn.dialog, MORE, "words", case=case.number)
    _note_added(turn, case, privacy(turn.session).reveal(said))
    return (turn.bubble(turn.say("cases.more.added", ticket=ticket(case.number)), _while_adding(turn)),)


def words(turn: Turn) -> Bubbles:
    """Words and photos for the case she adds to."""
    case = case_to_change(turn, str(turn.dialog.known.get("case", "")))
    if case is None or case.state == CaseState.CANCELLED:
        leave(turn.dialog)
        return not_hers(turn)
    if turn.incoming.kind in cases_media.KINDS:
        return _add_media(turn, case)
    text = turn.incoming.text.strip()
    if turn.incoming.kind is IncomingKind.LOCATION and case.person_id == turn.person_id:
        case.latitude, case.longitude = turn.incoming.latitude, turn.incoming.longitude
        turn.session.add(case)
        text = text or turn.say("complaint.card.position")
    if not text:
        return more(turn, str(case.number))
    _note_added(turn, case, text)
    return (turn.bubble(turn.say("cases.more.added", ticket=ticket(case.number)), _while_adding(turn)),)


def enough(turn: Turn, _: str = "") -> Bubbles:
    """Nothing more to add."""
    leave(turn.dialog)
    return (turn.bubble(turn.say("cases.more.enough"), (mine_button(turn), menu_button(turn))),)


def _case_added_to(turn: Turn) -> Case | None:
    return case_in(turn, str(turn.dialog.known.get("case", "")))


def _by_number(turn: Turn, typed: str) -> Bubbles:
    ways_on = (mine_button(turn), menu_button(turn))
    case_id = case_id_of(same_to_the_eye(typed))
    if case_id is None:
        return (turn.bubble(turn.say("cases.wrong_digit", ticket=shorten(typed, 24)), ways_on),)
    case = case_of(turn.session, case_id, turn.person_id)
    if case is not None:
        return _show(turn, case)
    if not note_miss(turn.session, turn.person_id, turn.at):
        return (turn.bubble(turn.say("cases.too_many_looks"), ways_on),)
    return not_hers(turn)


def _show(turn: Turn, case: Case) -> Bubbles:
    leave(turn.dialog)
    title = turn.say("cases.show.title", ticket=ticket(case.number), what=_title(turn, case))
    lines = [
        _line(turn, case, event) for event in _shown(timeline(turn.session, case.number, public_only=True))
    ]
    if case.due_at is not None and case.state not in (*_OVER, CaseState.DONE):
        lines.append(turn.say("cases.due", day=dates.day(case.due_at, turn.language, turn.zone)))
    buttons = _buttons(turn, case)
    lasting = case.state == CaseState.DONE
    whole = "\n".join((title, *lines))
    if units(whole) <= MOST_UNITS:
        return (turn.bubble(whole, buttons, lasting=lasting),)
    *first, last = turn.in_bubbles([title, *lines], "cases.show.more")
    return (*(turn.bubble(text) for text in first), turn.bubble(last, buttons, lasting=lasting))


def _shown(events: list[CaseEvent]) -> list[CaseEvent]:
    """How it began, and what was last."""
    return events if len(events) <= MOST_LINES else [events[0], *events[1 - MOST_LINES :]]


def _line(turn: Turn, case: Case, event: CaseEvent) -> str:
    stamp = short_stamp(event.at, turn.at, turn.language, turn.zone)
    by = event.by if event.kind in (EventKind.CANCELLED, EventKind.REOPENED, EventKind.CLOSED) else ""
    key = f"cases.line.{event.kind}.{by}" if by else f"cases.line.{event.kind}"
    agency = desk_of(turn).agency(case, turn.language)
    words = event_words(turn.session, event)
    if event.kind in _SAYS_WORDS and not words:
        # What was written to somebody who had herself erased.
        key = f"{key}.no_words"
    said = turn.say(key, agency=agency, words=shorten(words, 80))
    return f"{stamp} {tidy(said)}"


def _title(turn: Turn, case: Case) -> str:
    """Her own words to her; to those who follow only what it is about, and where."""
    if case.person_id == turn.person_id and (said := words_of(turn.session, case)):
        return shorten(tidy(said).replace("\n", " "), 60)
    name = about(case.kind, case.category).name(turn.language)
    return f"{name} {places.short_name(case.place, turn.language)}" if case.place else name


def _buttons(turn: Turn, case: Case) -> list[Button]:
    buttons: list[Button] = []
    if case.state == CaseState.DONE and case.person_id == turn.person_id:
        buttons += solved_buttons(case, turn.language)
    elif case.state == CaseState.CLOSED and case.person_id == turn.person_id:
        buttons.append(turn.button("case_unsolved", f"case.unsolved:{case.number}"))
    if case.state not in _OVER:
        buttons.append(turn.button("case_add", f"case.more:{case.number}"))
    if case.kind != CaseKind.HUMAN:
        buttons.append(turn.button("case_officer", "human"))
    return [*buttons, turn.button("case_others", "cases"), menu_button(turn)]


def _list(turn: Turn, found: list[Case]) -> Bubbles:
    if not found:
        buttons = (turn.button("report", "complaint"), menu_button(turn))
        return (turn.bubble(turn.say("cases.none"), buttons),)
    lines = [
        turn.say(
            "cases.list.line",
            ticket=ticket(case.number),
            what=about(case.kind, case.category).name(turn.language),
            state=turn.say(f"cases.state.{case.state}"),
        )
        for case in found[:MOST_LISTED]
    ]
    if len(found) > MOST_LISTED:
        lines.append(turn.say("cases.list.more", count=len(found) - MOST_LISTED))
    labels = [
        f"{ticket(case.number)} {about(case.kind, case.category).name(turn.language)}"
        for case in found[:MOST_LISTED]
    ]
    chosen = [
        Button(
            label=label if units(label) <= _LABEL_UNITS else ticket(case.number), action=f"case:{case.number}"
        )
        for label, case in zip(labels, found, strict=False)
    ]
    text = shorten("\n".join((turn.say("cases.list.title"), *lines)), MOST_UNITS)
    return (turn.bubble(text, (*chosen, menu_button(turn))),)


def _add_media(turn: Turn, case: Case) -> Bubbles:
    came = cases_media.arrived(turn)
    if not came:
        return (turn.bubble(cases_media.why_not(turn), _while_adding(turn)),)
    count = media.count_photos(turn.session, case.number)
    if cases_media.photos(came) and count >= cases_media.MOST_PHOTOS:
        media.remove(turn.session, came)
        text = turn.say("cases.photo.enough", most=cases_media.MOST_PHOTOS)
        return (turn.bubble(text, _while_adding(turn)),)
    cases_media.attach(turn, [each.number for each in came], case)
    _note_added(turn, case, turn.incoming.text.strip())
    key = "cases.more.photos" if cases_media.photos(came) else "cases.more.file"
    text = turn.say(key, count=count + 1, ticket=ticket(case.number))
    return (turn.bubble(text, _while_adding(turn)),)


def _note_added(turn: Turn, case: Case, text: str) -> None:
    if case.person_id == turn.person_id and case.kind == CaseKind.HUMAN and not case.words:
        # What she wants to talk about is what the case is about.
        add_words(turn.session, case, text)
        text = ""
    tell_officers(turn, case, text)


def _while_adding(turn: Turn) -> tuple[Button, ...]:
    photo = Button(label=turn.say("buttons.case_send_photo"), action="photo", kind=ButtonKind.PHOTO)
    return (*(() if turn.is_sms else (photo,)), turn.button("case_enough", "case.enough"))


ACTIONS: Mapping[str, Callable[[Turn, str], Bubbles]] = {
    "cases": mine,
    "case": look,
    "case.more": more,
    "case.also": also,
    "case.enough": enough,
}
