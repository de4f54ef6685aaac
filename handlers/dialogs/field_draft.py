"""A draft of a warning from an officer's chat, in a few steps.

Danger, level, places, what may be filled in, then the words as citizens would read them, then submitted. The draft is
one of the console's from the moment its places are known, so that nothing is lost whatever happens to the chat. It is
always of a real warning: exercises and trainings are begun in the console, where they look like what they are.
"""

from collections.abc import Callable, Mapping, Sequence

from handlers.desk import Hand, Sheet
from handlers.dialogs.field_desk import NAME, Step, as_officer, back_button, desk_of, tapped
from handlers.dialogs.place_labels import place_buttons
from handlers.turn import Bubbles, Turn
from handlers.understanding.keywords import same_label, says_whole
from storage.dialogs import enter, leave
from storage.place_reading import same_to_the_eye
from storage.replies import Button, IncomingKind
from storage.wording import dates
from storage.wording.lengths import shorten
from storage.wording.warnings import LEVELS

MOST_SITUATIONS = 4
MOST_PLACES = 4
MOST_SHELTERS = 4
MOST_FINDINGS = 3
SHELTER = "shelter"
LABEL_UNITS = 20


def by_words(turn: Turn) -> Bubbles | None:
    """An officer wants to draft; None for everybody else, and for all other words."""
    text = turn.incoming.text if turn.incoming.kind is IncomingKind.TEXT else ""
    return as_officer(turn, _ask_situation) if says_whole(text, "desk_draft") else None


def draft(turn: Turn, _: str = "") -> Bubbles:
    """Begin a draft."""
    return tapped(turn, _ask_situation)


def situations(turn: Turn, first: str) -> Bubbles:
    """Further situations, from number `first` on."""
    start = int(first) if first.isascii() and first.isdigit() and len(first) < 4 else 0
    return tapped(turn, lambda turn, hand: _ask_situation(turn, hand, start))


def choose_situation(turn: Turn, situation: str) -> Bubbles:
    def act(turn: Turn, hand: Hand) -> Bubbles:
        if situation not in {each.id for each in desk_of(turn).situations(hand)}:
            return _ask_situation(turn, hand)
        return _ask_level(turn, situation)

    return tapped(turn, act)


def choose_level(turn: Turn, level: str) -> Bubbles:
    def act(turn: Turn, hand: Hand) -> Bubbles:
        if level not in LEVELS or not turn.dialog.known.get("situation"):
            return _ask_situation(turn, hand)
        if number := _number(turn):
            desk_of(turn).change(hand, number, {"level": level})
            return _review(turn, hand)
        enter(turn.dialog, NAME, "places", **{**turn.dialog.known, "level": level})
        return _ask_places(turn, hand)

    return tapped(turn, act)


def choose_place(turn: Turn, code: str) -> Bubbles:
    def act(turn: Turn, hand: Hand) -> Bubbles:
        if code not in desk_of(turn).own_places(hand):
            return _ask_places(turn, hand)
        return _placed(turn, hand, (code,))

    return tapped(turn, act)


def choose_shelter(turn: Turn, number: str) -> Bubbles:
    def act(turn: Turn, hand: Hand) -> Bubbles:
        if number.isascii() and number.isdigit() and len(number) < 10:
            desk_of(turn).change(hand, _number(turn), {"shelter_id": int(number)})
        return _next_fill(turn, hand)

    return tapped(turn, act)


def change(turn: Turn, what: str) -> Bubbles:
    """`what` of a draft is to be another: level, places or words."""

    def act(turn: Turn, hand: Hand) -> Bubbles:
        if not _number(turn):
            return _ask_situation(turn, hand)
        if what == "level":
            return _ask_level(turn, str(turn.dialog.known["situation"]))
        if what == "places":
            enter(turn.dialog, NAME, "places", **turn.dialog.known)
            return _ask_places(turn, hand)
        enter(turn.dialog, NAME, "fill", **{**turn.dialog.known, "asked": []})
        return _next_fill(turn, hand)

    return tapped(turn, act)


def skip(turn: Turn, _: str = "") -> Bubbles:
    return tapped(turn, _next_fill)


def submit(turn: Turn, _: str = "") -> Bubbles:
    """To a colleague, who approves in the console or nowhere."""

    def act(turn: Turn, hand: Hand) -> Bubbles:
        number = _number(turn)
        if not number:
            return _ask_situation(turn, hand)
        asked = desk_of(turn).submit(hand, number)
        leave(turn.dialog)
        key = "officer.submitted" if asked else "officer.submitted_nobody"
        text = turn.say(key, number=number, name=asked, time=turn.clock)
        return (turn.bubble(text, (turn.button("desk", "desk"), turn.button("menu", "menu"))),)

    return tapped(turn, act)


def drop(turn: Turn, _: str = "") -> Bubbles:
    def act(turn: Turn, hand: Hand) -> Bubbles:
        number = _number(turn)
        if number:
            desk_of(turn).drop(hand, number)
        leave(turn.dialog)
        text = turn.say("officer.dropped", number=number) if number else turn.say("officer.left_nothing")
        return (turn.bubble(text, (turn.button("desk", "desk"), turn.button("menu", "menu"))),)

    return tapped(turn, act)


def go_out(turn: Turn, _: str = "") -> Bubbles:
    """Leave the steps; a draft that was begun stays in the console."""
    number = _number(turn)
    leave(turn.dialog)
    text = turn.say("officer.left", number=number) if number else turn.say("officer.left_nothing")
    return (turn.bubble(text, (turn.button("desk", "desk"), turn.button("menu", "menu"))),)


def back(turn: Turn) -> Bubbles:
    """One step back."""

    def act(turn: Turn, hand: Hand) -> Bubbles:
        if _number(turn) and turn.dialog.step != "review":
            return _review(turn, hand)
        if turn.dialog.step == "review":
            return change(turn, "places")
        if turn.dialog.step == "places":
            return _ask_level(turn, str(turn.dialog.known.get("situation", "")))
        return _ask_situation(turn, hand) if turn.dialog.step == "level" else go_out(turn)

    return tapped(turn, act)


def words(turn: Turn) -> Bubbles:
    """What she types at a step."""
    return tapped(turn, lambda turn, hand: _STEPS.get(turn.dialog.step, _review)(turn, hand))


def _typed_situation(turn: Turn, hand: Hand) -> Bubbles:
    typed = same_to_the_eye(turn.incoming.text)
    known = desk_of(turn).situations(hand)
    exact = [each for each in known if same_label(turn.incoming.text, each.name) or each.id == typed]
    near = [
        each
        for each in known
        if len(typed) > 2 and (typed in same_to_the_eye(each.name) or same_to_the_eye(each.name) in typed)
    ]
    if len(exact) == 1:
        return _ask_level(turn, exact[0].id)
    if near:
        buttons = [_button(each.name, f"desk.situation:{each.id}") for each in near[:MOST_SITUATIONS]]
        return (turn.bubble(turn.say("officer.which_situation"), [*buttons, _out(turn)]),)
    turn.dialog.not_understood += 1
    first, *rest = _ask_situation(turn, hand)
    return (first.model_copy(update={"text": turn.say("officer.unknown_situation")}), *rest)


def _typed_level(turn: Turn, _: Hand) -> Bubbles:
    for level in LEVELS:
        if same_label(turn.incoming.text, turn.say(f"level.{level}")):
            return choose_level(turn, level)
    turn.dialog.not_understood += 1
    return _ask_level(turn, str(turn.dialog.known["situation"]))


def _typed_places(turn: Turn, hand: Hand) -> Bubbles:
    return _placed(turn, hand, desk_of(turn).places(hand, turn.incoming.text))


def _typed_fill(turn: Turn, hand: Hand) -> Bubbles:
    asked: list[str] = turn.dialog.known.get("asked", [])
    if asked:
        said = " ".join(turn.incoming.text.split())
        desk_of(turn).change(hand, _number(turn), {"words": {turn.language: {asked[-1]: said}}})
    return _next_fill(turn, hand)


_STEPS: Mapping[str, Step] = {
    "situation": _typed_situation,
    "level": _typed_level,
    "places": _typed_places,
    "fill": _typed_fill,
}


def _ask_situation(turn: Turn, hand: Hand, start: int = 0) -> Bubbles:
    known = desk_of(turn).situations(hand)
    start = start if start < len(known) else 0
    enter(turn.dialog, NAME, "situation")
    shown = known[start : start + MOST_SITUATIONS]
    buttons = [_button(each.name, f"desk.situation:{each.id}") for each in shown]
    following = start + MOST_SITUATIONS
    buttons.append(turn.button("other_danger", f"desk.more:{following if following < len(known) else 0}"))
    return (turn.bubble(turn.say("officer.ask_situation"), [*buttons, _out(turn)]),)


def _ask_level(turn: Turn, situation: str) -> Bubbles:
    enter(turn.dialog, NAME, "level", **{**turn.dialog.known, "situation": situation})
    buttons = [_button(turn.say(f"level.{level}"), f"desk.level:{level}") for level in LEVELS]
    return (turn.bubble(turn.say("officer.ask_level"), [*buttons, back_button(turn), _out(turn)]),)


def _ask_places(turn: Turn, hand: Hand) -> Bubbles:
    hers = desk_of(turn).own_places(hand)
    offered = place_buttons(hers, "desk.place:", turn.language) if len(hers) <= MOST_PLACES else []
    return (turn.bubble(turn.say("officer.ask_places"), [*offered, back_button(turn), _out(turn)]),)


def _placed(turn: Turn, hand: Hand, codes: Sequence[str]) -> Bubbles:
    desk, known = desk_of(turn), dict(turn.dialog.known)
    if number := _number(turn):
        desk.change(hand, number, {"places": list(codes)})
        return _review(turn, hand)
    number = desk.begin(hand, str(known["situation"]), str(known["level"]), codes)
    enter(turn.dialog, NAME, "fill", **{**known, "draft": number, "asked": []})
    return _next_fill(turn, hand)


def _next_fill(turn: Turn, hand: Hand) -> Bubbles:
    """What may be filled in, one at a time; all of it can be left out."""
    number = _number(turn)
    if not number:
        return _ask_situation(turn, hand)
    sheet = desk_of(turn).look(hand, number)
    asked: list[str] = list(turn.dialog.known.get("asked", []))
    name = next((each for each in sheet.asks if each not in asked), None)
    if name is None:
        return _review(turn, hand)
    enter(turn.dialog, NAME, "fill", **{**turn.dialog.known, "asked": [*asked, name]})
    shelters = list(sheet.shelters.items())[:MOST_SHELTERS] if name == SHELTER else []
    buttons = [_button(label, f"desk.shelter:{at}") for at, label in shelters]
    key = "officer.ask_shelter" if name == SHELTER else "officer.ask_fill"
    label = turn.say(f"drafting.fill_{name}") if name != SHELTER else ""
    return (turn.bubble(turn.say(key, what=label), [*buttons, turn.button("skip", "desk.skip"), _out(turn)]),)


def _review(turn: Turn, hand: Hand) -> Bubbles:
    number = _number(turn)
    if not number:
        return _ask_situation(turn, hand)
    sheet = desk_of(turn).look(hand, number)
    enter(turn.dialog, NAME, "review", **turn.dialog.known)
    return (
        turn.bubble(sheet.text),
        turn.bubble(_summary(turn, sheet), _review_buttons(turn, sheet), lasting=True),
    )


def _summary(turn: Turn, sheet: Sheet) -> str:
    until = dates.until(sheet.expires_at, turn.at, turn.language, turn.zone, "sms")
    lines = [turn.say("officer.review", number=sheet.number, count=f"{sheet.recipients:,}", until=until)]
    return "\n".join([*lines, *sheet.findings[:MOST_FINDINGS]])


def _review_buttons(turn: Turn, sheet: Sheet) -> list[Button]:
    sends = [] if sheet.blocked else [turn.button("submit", "desk.submit")]
    fills = [turn.button("change_words", "desk.change:words")] if sheet.asks else []
    return [
        *sends,
        turn.button("change_places", "desk.change:places"),
        turn.button("change_level", "desk.change:level"),
        *fills,
        turn.button("keep_draft", "desk.out"),
        turn.button("drop_draft", "desk.drop"),
    ]


def _number(turn: Turn) -> int:
    return int(turn.dialog.known.get("draft", 0))


def _button(label: str, action: str) -> Button:
    return Button(label=shorten(label, LABEL_UNITS), action=action)


def _out(turn: Turn) -> Button:
    return turn.button("leave_draft", "desk.out")


ACTIONS: Mapping[str, Callable[[Turn, str], Bubbles]] = {
    "desk.draft": draft,
    "desk.more": situations,
    "desk.situation": choose_situation,
    "desk.level": choose_level,
    "desk.place": choose_place,
    "desk.shelter": choose_shelter,
    "desk.change": change,
    "desk.skip": skip,
    "desk.submit": submit,
    "desk.drop": drop,
    "desk.out": go_out,
    "desk.back": lambda turn, _: back(turn),
}
