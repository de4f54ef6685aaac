"""What I grow: the crop, the rai, the month of planting, in three taps; each may be left out (voice.md 3.1)."""

from collections.abc import Callable, Mapping
from datetime import date

from babel.dates import get_month_names
from pythainlp.util import thai_strftime

from handlers.dialogs import price_mornings
from handlers.dialogs.advice import name_of, place_of
from handlers.turn import Bubbles, Turn
from handlers.understanding.amounts import amount_in
from handlers.understanding.products import mentioned
from handlers.understanding.writing import soft, sounding, spaced
from storage import places
from storage.dialogs import enter, leave
from storage.farming import (
    ADVICE,
    MOST_CROPS,
    FarmCrop,
    crops,
    crops_of,
    follow_advice,
    forget_crop,
    note_crop,
    offered_crops,
)
from storage.replies import Button
from storage.subscriptions import open_subscriptions, subscribe

NAME = "farm"
MOST_RAI = 10_000
SKIP = "-"

_RAI = (5, 10, 20)
_MONTHS_BACK = 4
_MOST_CHOICES = 5
_LEAST_LETTERS = 3


def show(turn: Turn, _: str = "") -> Bubbles:
    """What she told, and what can be changed."""
    leave(turn.dialog)
    grown = crops_of(turn.session, turn.person_id)
    if not grown:
        text = turn.say("farm.none")
        return (turn.bubble(text, [turn.button("farm", "farm.ask"), turn.button("mine", "mine")]),)
    lines = [turn.say("farm.list"), *(line_of(turn, each) for each in grown)]
    *before, last = turn.in_bubbles(lines, "farm.more")
    buttons = [
        turn.button("farm_more", "farm.ask"),
        turn.button("farm_forget", "farm.forget"),
        turn.button("advice_today", "advice"),
        turn.button("mine", "mine"),
        turn.button("menu", "menu"),
    ]
    if not _wants_advice(turn):
        buttons.insert(2, turn.button("farm_advice", "farm.advice"))
    return (*(turn.bubble(text) for text in before), turn.bubble(last, buttons))


def ask(turn: Turn, _: str = "") -> Bubbles:
    """What do you grow?"""
    if len(crops_of(turn.session, turn.person_id)) >= MOST_CROPS:
        leave(turn.dialog)
        text = turn.say("farm.too_many", most=MOST_CROPS)
        return (turn.bubble(text, [turn.button("farm_forget", "farm.forget"), turn.button("menu", "menu")]),)
    return _ask_crop(turn, turn.say("farm.ask_crop"))


def type_crop(turn: Turn, _: str = "") -> Bubbles:
    """Another crop than those that are offered."""
    enter(turn.dialog, NAME, "crop")
    return (turn.bubble(turn.say("farm.type_crop"), (turn.button("later", "leave"),)),)


def crops_to_choose(turn: Turn) -> tuple[Button, ...]:
    """The buttons under "what do you grow?" where prices were just chosen (voice.md 3.1)."""
    offered = tuple(_crop_button(turn, each.id, "farm.first") for each in offered_crops())
    return (*offered, turn.button("type_it", "farm.type_first"), turn.button("later", "leave"))


def first_crop(turn: Turn, crop: str) -> Bubbles:
    """The crop whose prices she wants every morning; then the two other taps. Where her place is asked, only that."""
    said = price_mornings.begin(turn, crop)
    if crop not in crops() or turn.dialog.name == price_mornings.NAME:
        return said
    return (*(bubble.model_copy(update={"buttons": ()}) for bubble in said[:1]), *choose_crop(turn, crop))


def type_first(turn: Turn, _: str = "") -> Bubbles:
    """Another crop than those that are offered, with its prices."""
    asked = type_crop(turn)
    enter(turn.dialog, NAME, "crop", first=True)
    return asked


def choose_crop(turn: Turn, crop: str) -> Bubbles:
    """The crop is kept at once; the questions that follow may stay without an answer."""
    if note_crop(turn.session, turn.person_id, crop, turn.at) is None:
        return ask(turn)
    follow_advice(turn.session, turn.person_id, turn.contact_id, turn.at)
    enter(turn.dialog, NAME, "rai", crop=crop)
    return _ask_rai(turn, crop, turn.say("farm.ask_rai", crop=name_of(turn, crop)))


def choose_rai(turn: Turn, argument: str) -> Bubbles:
    """`argument` is crop:rai, `-` for not told."""
    crop, _, rai = argument.partition(":")
    row = _known(turn, crop)
    if row is None:
        return ask(turn)
    if rai.isascii() and rai.isdigit() and 0 < int(rai) <= MOST_RAI:
        row.rai = int(rai)
        turn.session.add(row)
    if crops()[crop].perennial:
        return _saved(turn, row)
    enter(turn.dialog, NAME, "planted", crop=crop)
    return _ask_planted(turn, crop, turn.say("farm.ask_planted", crop=name_of(turn, crop)))


def choose_month(turn: Turn, argument: str) -> Bubbles:
    """`argument` is crop:2026-11, `-` for not told."""
    crop, _, month = argument.partition(":")
    row = _known(turn, crop)
    if row is None:
        return ask(turn)
    if (planted_on := _month_of(month)) is not None:
        row.planted_on = planted_on
        turn.session.add(row)
    return _saved(turn, row)


def want_advice(turn: Turn, _: str = "") -> Bubbles:
    """From now on advice by the weather, for the place of her field."""
    grown = crops_of(turn.session, turn.person_id)
    place = place_of(turn)
    if not grown or place is None:
        return show(turn) if not grown else ask_place(turn)
    leave(turn.dialog)
    subscribe(turn.session, turn.person_id, turn.contact_id, ADVICE, place, turn.at)
    follow_advice(turn.session, turn.person_id, turn.contact_id, turn.at)
    turn.subscriptions = open_subscriptions(turn.session, turn.person_id)
    text = turn.say("farm.advice_on", crop=_names(turn, grown), place=places.short_name(place, turn.language))
    return (turn.bubble(text, (turn.button("advice_today", "advice"), turn.button("menu", "menu"))),)


def ask_place(turn: Turn) -> Bubbles:
    """No place of hers is known yet."""
    leave(turn.dialog)
    ways_on = (turn.location_button(), turn.button("type_it", "place.type"), turn.button("menu", "menu"))
    return (turn.bubble(turn.say("advice.ask_place"), ways_on),)


def forget(turn: Turn, crop: str = "") -> Bubbles:
    """Grown no more; which one is asked when `crop` is none of hers."""
    leave(turn.dialog)
    if forget_crop(turn.session, turn.person_id, crop):
        follow_advice(turn.session, turn.person_id, turn.contact_id, turn.at)
        text = turn.say("farm.forgotten", crop=name_of(turn, crop))
        return (turn.bubble(text, (turn.button("advice_mine", "farm"), turn.button("menu", "menu"))),)
    grown = crops_of(turn.session, turn.person_id)
    if not grown:
        return show(turn)
    buttons = [_crop_button(turn, each.crop, "farm.forget") for each in grown[:_MOST_CHOICES]]
    return (turn.bubble(turn.say("farm.ask_forget"), [*buttons, turn.button("later", "farm")]),)


def is_answer(turn: Turn) -> bool:
    """Whether words name what the question that waits is about: a crop, so many rai, a month."""
    typed, crop = turn.incoming.text, str(turn.dialog.known.get("crop", ""))
    if turn.dialog.step == "crop" or _known(turn, crop) is None:
        return _typed_crop(typed) is not None
    return _typed_rai(typed) is not None if turn.dialog.step == "rai" else _typed_month(typed) is not None


def words(turn: Turn) -> Bubbles:
    """What was typed while a question waits."""
    crop = str(turn.dialog.known.get("crop", ""))
    typed = turn.incoming.text
    if turn.dialog.step == "crop" or _known(turn, crop) is None:
        if (found := _typed_crop(typed)) is not None:
            return (first_crop if turn.dialog.known.get("first") else choose_crop)(turn, found)
        turn.dialog.not_understood += 1
        return _ask_crop(turn, turn.say("farm.unknown_crop"))
    if turn.dialog.step == "rai":
        if (rai := _typed_rai(typed)) is not None:
            return choose_rai(turn, f"{crop}:{rai}")
        turn.dialog.not_understood += 1
        return _ask_rai(turn, crop, turn.say("farm.not_rai"))
    month = _typed_month(typed)
    if month is not None:
        return choose_month(turn, f"{crop}:{_latest(turn, month):%Y-%m}")
    turn.dialog.not_understood += 1
    return _ask_planted(turn, crop, turn.say("farm.not_month"))


def again(turn: Turn) -> Bubbles:
    """The question where the dialog stands."""
    crop = str(turn.dialog.known.get("crop", ""))
    if turn.dialog.step == "crop" or _known(turn, crop) is None:
        return _ask_crop(turn, turn.say("farm.ask_crop"))
    if turn.dialog.step == "rai":
        return _ask_rai(turn, crop, turn.say("farm.ask_rai", crop=name_of(turn, crop)))
    return _ask_planted(turn, crop, turn.say("farm.ask_planted", crop=name_of(turn, crop)))


def asks_how_much(turn: Turn) -> bool:
    """A number that is typed now is so many rai, and no choice of a button."""
    return turn.dialog.name == NAME and turn.dialog.step == "rai"


def line_of(turn: Turn, row: FarmCrop) -> str:
    """One crop with what is known of it."""
    known = "_".join(
        name for name in ("rai", "planted") if getattr(row, {"planted": "planted_on"}.get(name, name))
    )
    key = f"farm.line.{known}" if known else "farm.line"
    month = _month_name(turn, row.planted_on) if row.planted_on else ""
    return turn.say(key, crop=name_of(turn, row.crop), rai=row.rai, month=month)


def _saved(turn: Turn, row: FarmCrop) -> Bubbles:
    leave(turn.dialog)
    text = turn.say("farm.saved", crop=line_of(turn, row))
    buttons = [turn.button("farm_more", "farm.ask"), turn.button("menu", "menu")]
    if _wants_advice(turn):
        return (turn.bubble(text, [turn.button("advice_today", "advice"), *buttons]),)
    return (
        turn.bubble(
            f"{text}\n{turn.say('farm.want_advice')}", [turn.button("farm_advice", "farm.advice"), *buttons]
        ),
    )


def _ask_crop(turn: Turn, text: str) -> Bubbles:
    enter(turn.dialog, NAME, "crop")
    buttons = [_crop_button(turn, each.id, "farm.crop") for each in offered_crops()]
    return (
        turn.bubble(text, [*buttons, turn.button("type_it", "farm.type"), turn.button("later", "leave")]),
    )


def _ask_rai(turn: Turn, crop: str, text: str) -> Bubbles:
    buttons = [Button(label=turn.say("farm.rai", rai=rai), action=f"farm.rai:{crop}:{rai}") for rai in _RAI]
    return (turn.bubble(text, [*buttons, turn.button("skip", f"farm.rai:{crop}:{SKIP}")]),)


def _ask_planted(turn: Turn, crop: str, text: str) -> Bubbles:
    today = turn.at.astimezone(turn.zone).date().replace(day=1)
    months = [_months_before(today, back) for back in range(_MONTHS_BACK)]
    buttons = [
        Button(label=_month_name(turn, month), action=f"farm.planted:{crop}:{month:%Y-%m}")
        for month in months
    ]
    return (turn.bubble(text, [*buttons, turn.button("skip", f"farm.planted:{crop}:{SKIP}")]),)


def _crop_button(turn: Turn, crop: str, action: str) -> Button:
    return Button(label=name_of(turn, crop), action=f"{action}:{crop}")


def _known(turn: Turn, crop: str) -> FarmCrop | None:
    return next((each for each in crops_of(turn.session, turn.person_id) if each.crop == crop), None)


def _names(turn: Turn, grown: list[FarmCrop]) -> str:
    first, *others = [name_of(turn, each.crop) for each in grown]
    return (
        turn.say("advice.crops", first=first, second=others[0])
        if len(others) == 1
        else " ".join([first, *others])
    )


def _wants_advice(turn: Turn) -> bool:
    return any(each.topic == ADVICE for each in turn.subscriptions)


def _month_of(written: str) -> date | None:
    try:
        return date.fromisoformat(f"{written}-01")
    except ValueError:
        return None


def _month_name(turn: Turn, month: date) -> str:
    """มิ.ย. 2569, Jun 2026."""
    if turn.language == "en":
        return f"{month:%b %Y}"
    return thai_strftime(turn.at.replace(year=month.year, month=month.month, day=1), "%b %Y")


def _months_before(month: date, back: int) -> date:
    number = month.year * 12 + month.month - 1 - back
    return date(number // 12, number % 12 + 1, 1)


def _latest(turn: Turn, month: int) -> date:
    """The last time there was such a month, this one included."""
    today = turn.at.astimezone(turn.zone).date()
    return date(today.year if month <= today.month else today.year - 1, month, 1)


def _typed_crop(typed: str) -> str | None:
    found = mentioned(sounding(spaced(typed)))
    return found.id if found is not None and found.id in crops() else None


def _typed_rai(typed: str) -> int | None:
    rai = amount_in(typed)
    return max(1, round(rai)) if rai is not None and 0.5 <= rai <= MOST_RAI else None


def _typed_month(typed: str) -> int | None:
    """A month by its name, Thai or English, whole or shortened, or by its number."""
    key = soft(typed)
    for language in ("th", "en"):
        for width in ("wide", "abbreviated"):
            names = get_month_names(width, "format", language)
            for number, name in names.items():
                written = soft(name)
                if written in key or (len(key) >= _LEAST_LETTERS and written.startswith(key)):
                    return int(number)
    number = amount_in(typed)
    return int(number) if number is not None and number in range(1, 13) else None


ACTIONS: Mapping[str, Callable[[Turn, str], Bubbles]] = {
    "farm": show,
    "farm.ask": ask,
    "farm.type": type_crop,
    "farm.first": first_crop,
    "farm.type_first": type_first,
    "farm.crop": choose_crop,
    "farm.rai": choose_rai,
    "farm.planted": choose_month,
    "farm.advice": want_advice,
    "farm.forget": forget,
}
