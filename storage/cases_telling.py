"""What those whom a case concerns are told of it: its reporter and its followers, each in her language.

Everything leaves through the outbox, in the transaction of the step itself. The questions that come with it can be
answered by number or by the words of a button, so they are remembered as what was offered last.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from babel.dates import format_date
from pythainlp.util import thai_strftime
from sqlmodel import Session

from storage import outbox
from storage.cases import Case, CaseKind, ticket
from storage.cases_following import followers
from storage.dialogs import dialog_of, note_crossing, remember_offer
from storage.lifecycles import ContactState
from storage.people import Contact, Person
from storage.replies import Bubble, Button
from storage.wording import dates, say
from storage.wording.lengths import shorten, tidy, units

ANSWER_DAYS = 7
"""So long a citizen has to say whether what is done is done; then the case is closed."""

MOST_UNITS = 200
MOST_WORDS_UNITS = 500
"""The longest words of an officer: three bubbles with what stands around them."""

_KEEP_THEIR_CHOICES = frozenset({"rescue", "complaint"})
"""Dialogs whose question is still the last one: a number that is typed next answers it, and not what came between."""

_ASKED = frozenset(CaseKind) - {CaseKind.PRAISE, CaseKind.SUGGESTION}


@dataclass(frozen=True)
class Listener:
    """Somebody who is told of a case."""

    contact_id: int
    language: str
    is_reporter: bool


Words = Callable[[Listener], Sequence[Bubble]]


def is_asked(case: Case) -> bool:
    """Whether its reporter is asked if it is solved; thanks and ideas are not solved by anybody."""
    return case.kind in _ASKED


def listeners(session: Session, case: Case) -> Iterator[Listener]:
    """Who can be reached: the reporter first, then the followers."""
    found = [(case.contact_id, True)] + [(each.contact_id, False) for each in followers(session, case.number)]
    for contact_id, is_reporter in found:
        contact = session.get(Contact, contact_id) if contact_id is not None else None
        if contact is None or contact.id is None or contact.state != ContactState.ACTIVE:
            continue
        person = session.get_one(Person, contact.person_id)
        yield Listener(contact.id, person.language, is_reporter)


def tell(session: Session, case: Case, words: Words, at: datetime) -> int:
    """Say to each listener what `words` makes for her; how many were told."""
    told = 0
    for each in list(listeners(session, case)):
        told += say_and_offer(session, each.contact_id, tuple(words(each)), at)
    return told


def say_and_offer(session: Session, contact_id: int, bubbles: tuple[Bubble, ...], at: datetime) -> bool:
    """Say something that was not asked for, so that its buttons can be typed; False for nothing to say.

    Whoever calls for help or makes a complaint is told, too, but her next words still belong to that.
    """
    if outbox.say_to(session, contact_id, bubbles, at, important=True) is None:
        return False
    dialog = dialog_of(session, contact_id, at)
    if dialog.name not in _KEEP_THEIR_CHOICES:
        remember_offer(dialog, bubbles, at)
    elif any(bubble.buttons for bubble in bubbles):
        note_crossing(dialog)
    session.add(dialog)
    return True


def taken(case: Case, agency: str, zone: ZoneInfo, language: str) -> Sequence[Bubble]:
    """Somebody has it now, and until when there will be an answer."""
    lines = [say(language, "cases.told.taken", ticket=ticket(case.number), agency=agency)]
    if case.due_at is not None:
        lines.append(say(language, "cases.due", day=dates.day(case.due_at, language, zone)))
    return (_bubble("\n".join(lines), _look(case, language)),)


def updated(case: Case, agency: str, words: str, language: str) -> Sequence[Bubble]:
    """What the agency says while it works."""
    first = say(language, "cases.told.update", ticket=ticket(case.number), agency=agency)
    return _with_words(first, words, "", _look(case, language), lasting=False)


def forwarded(case: Case, agency: str, words: str, zone: ZoneInfo, language: str) -> Sequence[Bubble]:
    """Another agency has it now, and why; the day of the answer stays the one she was told."""
    first = say(language, "cases.told.forwarded", ticket=ticket(case.number), agency=agency)
    last = say(language, "cases.due", day=dates.day(case.due_at, language, zone)) if case.due_at else ""
    return _with_words(first, words, last, _look(case, language), lasting=False)


def done(case: Case, agency: str, words: str, zone: ZoneInfo, listener: Listener) -> Sequence[Bubble]:
    """It is done, says the agency; is it? Only the reporter is asked."""
    language = listener.language
    first = say(language, "cases.told.update", ticket=ticket(case.number), agency=agency)
    if not listener.is_reporter or not is_asked(case) or case.done_at is None:
        return _with_words(first, words, "", _look(case, language), lasting=False)
    closes_on = dates.day(case.done_at + timedelta(days=ANSWER_DAYS), language, zone)
    question = say(language, f"cases.ask_done.{manner(case)}", day=closes_on)
    return _with_words(first, words, question, solved_buttons(case, language), lasting=True)


def reopened(case: Case, agency: str, words: str, language: str) -> Sequence[Bubble]:
    """It is open again."""
    first = say(language, "cases.told.reopened", ticket=ticket(case.number), agency=agency)
    return _with_words(first, words, "", _look(case, language), lasting=False)


def cancelled(case: Case, agency: str, words: str, language: str) -> Sequence[Bubble]:
    """It will not be worked on, and why."""
    first = say(language, "cases.told.cancelled", ticket=ticket(case.number), agency=agency)
    buttons = (_button(language, "case_officer", "human"), _menu(language))
    return _with_words(first, words, "", buttons, lasting=False)


def closed_unanswered(case: Case, language: str) -> Sequence[Bubble]:
    """Nobody said that it is not done."""
    text = say(language, "cases.told.closed", ticket=ticket(case.number), days=ANSWER_DAYS)
    unsolved = _button(language, "case_unsolved", f"case.unsolved:{case.number}")
    return (_bubble(text, (unsolved, *_look(case, language)), lasting=True),)


def solved_buttons(case: Case, language: str) -> tuple[Button, ...]:
    """Is it done?"""
    how = manner(case)
    return (
        _button(language, f"case_solved.{how}", f"case.solved:{case.number}"),
        _button(language, "case_unsolved", f"case.unsolved:{case.number}"),
    )


def manner(case: Case) -> str:
    """A repair works or does not; a question is answered or not."""
    return "repair" if case.kind in (CaseKind.COMPLAINT, CaseKind.DAMAGE) else "answer"


def short_stamp(at: datetime, now: datetime, language: str, zone: ZoneInfo) -> str:
    """A line's time: "20 พ.ย. 20.05 น.", "20 Nov 20:05"; with the year where it is another one."""
    local, clock = at.astimezone(zone), dates.clock(at, language, zone)
    if local.year != now.astimezone(zone).year or (local.hour, local.minute) == (0, 0):
        return dates.stamp(at, language, zone)
    day = format_date(local, "d MMM", locale="en") if language == "en" else thai_strftime(local, "%-d %b")
    return f"{day} {clock}"


def _with_words(
    first: str, words: str, last: str, buttons: Sequence[Button], *, lasting: bool
) -> tuple[Bubble, ...]:
    """An officer's words with what stands before and after them, in as few bubbles as they need."""
    whole = "\n".join(part for part in (first, words, last) if part)
    if units(whole) <= MOST_UNITS:
        return (_bubble(whole, buttons, lasting=lasting),)
    texts = _pieces(f"{first}\n{words}")
    if last and units(f"{texts[-1]}\n{last}") <= MOST_UNITS:
        texts[-1] = f"{texts[-1]}\n{last}"
    elif last:
        texts.append(last)
    return (*(Bubble(text=text) for text in texts[:-1]), _bubble(texts[-1], buttons, lasting=lasting))


def _pieces(words: str) -> list[str]:
    rest, pieces = tidy(words), list[str]()
    while rest:
        piece = shorten(rest, MOST_UNITS) or rest[:MOST_UNITS]
        pieces.append(piece)
        rest = rest[len(piece) :].lstrip()
    return pieces


def _look(case: Case, language: str) -> tuple[Button, ...]:
    return _button(language, "case_look", f"case:{case.number}"), _menu(language)


def _menu(language: str) -> Button:
    return _button(language, "menu", "menu")


def _button(language: str, key: str, action: str) -> Button:
    return Button(label=say(language, f"buttons.{key}"), action=action)


def _bubble(text: str, buttons: Sequence[Button], *, lasting: bool = False) -> Bubble:
    return Bubble(text=text, buttons=tuple(buttons), lasting=lasting)
