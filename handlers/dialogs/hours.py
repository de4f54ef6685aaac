"""Settings: when what is not urgent may come, and in which language. Emergencies come at any hour, and that is said."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime

from handlers.turn import Bubbles, Turn
from handlers.understanding.clock_words import span_in
from handlers.understanding.keywords import speaks_of_quiet_hours, wants_quiet_nights
from storage.dialogs import enter, leave
from storage.place_reading import same_to_the_eye
from storage.quiet_hours import DAILY_HOUR, NIGHT
from storage.replies import Button
from storage.wording import dates

NAME = "hours"

_OFFERED = ((21, 6), (22, 5), (23, 7))
_TYPED = re.compile(r"(\d{1,2})(?:[.:]00)?\s*(?:น\.?)?\D{1,12}?(\d{1,2})(?:[.:]00)?\s*(?:น\.?)?")


def show(turn: Turn, _: str = "") -> Bubbles:
    """What is set, and what can be changed."""
    leave(turn.dialog)
    return _state(turn, "")


def rest_at_night(turn: Turn, _: str = "") -> Bubbles:
    return _set(turn, *NIGHT)


def always(turn: Turn, _: str = "") -> Bubbles:
    turn.person.quiet_from_hour = turn.person.quiet_until_hour = turn.person.routine_hour = None
    return _state(turn, turn.say("hours.saved"))


def once_a_day(turn: Turn, _: str = "") -> Bubbles:
    turn.person.routine_hour = DAILY_HOUR
    return _state(turn, turn.say("hours.saved"))


def at_once(turn: Turn, _: str = "") -> Bubbles:
    turn.person.routine_hour = None
    return _state(turn, turn.say("hours.saved"))


def ask(turn: Turn, _: str = "") -> Bubbles:
    """Which hours? Three to choose from, or typed."""
    enter(turn.dialog, NAME, "hours")
    buttons = [
        Button(label=_span(turn, first, end), action=f"hours.set:{first}-{end}") for first, end in _OFFERED
    ]
    return (turn.bubble(turn.say("hours.ask"), [*buttons, turn.button("later", "hours")]),)


def choose(turn: Turn, argument: str) -> Bubbles:
    """`argument` is from-until, in full hours."""
    hours = _hours(argument)
    return _set(turn, *hours) if hours else ask(turn)


def wanted(turn: Turn) -> tuple[int, int] | None:
    """The quiet hours of clear words for them, of a night, and of any two hours below the settings; else None."""
    text = turn.incoming.text
    if wants_quiet_nights(text):
        return NIGHT
    span = span_in(text)
    is_a_night = span is not None and span.is_all and span.is_a_night
    is_one = speaks_of_quiet_hours(text) or is_a_night or _is_typed_below(turn)
    return _hours(text) if is_one else None


def keep_to(turn: Turn, hours: tuple[int, int]) -> Bubbles:
    """Nothing that is not urgent comes between these hours."""
    return _set(turn, *hours)


def is_answer(text: str) -> bool:
    """Whether words are hours: 21-5, ๒๒.๐๐ ถึง ๖.๐๐ น."""
    return wants_quiet_nights(text) or _hours(text) is not None


def words(turn: Turn) -> Bubbles:
    """Hours that were typed."""
    text = turn.incoming.text
    hours = NIGHT if wants_quiet_nights(text) else _hours(text)
    if hours is None:
        turn.dialog.not_understood += 1
        (question,) = ask(turn)
        text = f"{turn.say('not_understood.plain')}\n{question.text}"
        return (question.model_copy(update={"text": text}),)
    return _set(turn, *hours)


def in_words(turn: Turn) -> str:
    """What is set, as a line."""
    person = turn.person
    first, end = person.quiet_from_hour, person.quiet_until_hour
    texts = [turn.say("hours.at_once" if person.routine_hour is None else "hours.daily", time=_daily(turn))]
    if first is not None and end is not None:
        texts.append(turn.say("hours.quiet", hours=_span(turn, first, end)))
    return " ".join(texts) if turn.language == "th" else ", ".join(texts) + "."


def _state(turn: Turn, before: str) -> Bubbles:
    turn.session.add(turn.person)
    person = turn.person
    lines = [before, in_words(turn), turn.say("hours.emergencies")]
    often = (
        turn.button("once_a_day", "hours.daily")
        if person.routine_hour is None
        else turn.button("at_once", "hours.at_once")
    )
    buttons = (
        turn.button("quiet_nights", "hours.night"),
        turn.button("other_hours", "hours.ask"),
        turn.button("any_time", "hours.always"),
        often,
        turn.button("language", "language"),
        turn.button("menu", "menu"),
    )
    return (turn.bubble("\n".join(line for line in lines if line), buttons),)


def _set(turn: Turn, first: int, end: int) -> Bubbles:
    leave(turn.dialog)
    turn.person.quiet_from_hour, turn.person.quiet_until_hour = first, end
    return _state(turn, turn.say("hours.saved"))


def _is_typed_below(turn: Turn) -> bool:
    """Whether hours alone were typed below the settings: 22-6 is no ticket there."""
    if not any(each["action"] == "hours.ask" for each in turn.dialog.offered):
        return False
    span = span_in(turn.incoming.text)
    is_all = span is not None and span.is_all
    return is_all or _TYPED.fullmatch(same_to_the_eye(turn.incoming.text)) is not None


def _hours(text: str) -> tuple[int, int] | None:
    if (span := span_in(text)) is not None:
        return span.first, span.end
    found = _TYPED.search(same_to_the_eye(text))
    if found is None:
        return None
    first, end = int(found[1]) % 24, int(found[2]) % 24
    return (first, end) if int(found[1]) <= 24 and int(found[2]) <= 24 and first != end else None


def _daily(turn: Turn) -> str:
    return _clock(turn, turn.person.routine_hour if turn.person.routine_hour is not None else DAILY_HOUR)


def _clock(turn: Turn, hour: int) -> str:
    return dates.clock(_at(turn, hour), turn.language, turn.zone)


def _at(turn: Turn, hour: int) -> datetime:
    return turn.at.astimezone(turn.zone).replace(hour=hour, minute=0)


def _span(turn: Turn, first: int, end: int) -> str:
    """22.00-6.00 น."""
    start = _clock(turn, first)
    plain = start.removesuffix(" น.")
    return turn.say("dates.clock_range", start=plain, end=_clock(turn, end))


ACTIONS: Mapping[str, Callable[[Turn, str], Bubbles]] = {
    "hours": show,
    "hours.night": rest_at_night,
    "hours.always": always,
    "hours.daily": once_a_day,
    "hours.at_once": at_once,
    "hours.ask": ask,
    "hours.set": choose,
}
