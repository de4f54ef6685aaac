"""Help: a cry is stored with its words and place, the hotlines are always said, and the way out is open."""

from handlers.dialogs.choosing_place import label
from handlers.dialogs.menu import ways_on
from handlers.turn import Bubbles, Turn
from storage import places
from storage.dialogs import enter, leave
from storage.replies import Button, IncomingKind
from storage.safety import SafetyAnswer, SafetyReport, open_cry

NAME = "rescue"


def check(turn: Turn, _: str = "") -> Bubbles:
    """The red tile: in danger now, or only a question?"""
    buttons = (turn.button("help_now", "rescue.now"), turn.button("only_asking", "rescue.asking"))
    return (turn.bubble(f"{turn.say('rescue.check')}\n{turn.say('rescue.hotlines')}", buttons, lasting=True),)


def cry(turn: Turn, _: str = "") -> Bubbles:
    """Somebody needs help: store it first, then say the hotlines, then ask where."""
    _store(turn, SafetyAnswer.NEED_HELP)
    enter(turn.dialog, NAME, "details")
    turn.dialog.not_understood = 0
    buttons = [turn.location_button()]
    buttons += [
        Button(label=label(code, turn.language), action=f"rescue.at:{code}") for code in turn.places[:2]
    ]
    buttons.append(turn.button("not_asking_help", "rescue.mistake"))
    return (
        turn.bubble(f"{turn.say('rescue.hotlines')}\n{turn.say('rescue.stored', time=turn.clock)}"),
        turn.bubble(turn.say("rescue.ask_details"), buttons, lasting=True),
    )


def at_place(turn: Turn, code: str) -> Bubbles:
    """She is at one of her places."""
    if places.place(code) is None:
        return cry(turn)
    _store(turn, SafetyAnswer.NEED_HELP, place=code)
    name = places.full_name(code, turn.language)
    return (turn.bubble(turn.say("rescue.place_known", place=name), _way_out(turn), lasting=True),)


def words(turn: Turn) -> Bubbles:
    """Whatever comes while help is asked for is kept with the cry."""
    incoming = turn.incoming
    if open_cry(turn.session, turn.contact_id) is None:
        leave(turn.dialog)
        return (turn.bubble(turn.say("not_understood.first"), ways_on(turn)),)
    if incoming.kind is IncomingKind.VOICE:
        _store(turn, SafetyAnswer.NEED_HELP)
        return (turn.bubble(turn.say("voice.rescue"), _way_out(turn), lasting=True),)
    if incoming.kind is IncomingKind.PHOTO:
        _store(turn, SafetyAnswer.NEED_HELP)
        return (turn.bubble(turn.say("photo.rescue"), _way_out(turn), lasting=True),)
    found = places.find(incoming.text) if incoming.kind is IncomingKind.TEXT else ()
    _store(turn, SafetyAnswer.NEED_HELP, place=found[0].code if len(found) == 1 else None)
    if incoming.kind is IncomingKind.LOCATION:
        return (
            turn.bubble(turn.say("rescue.location_stored", time=turn.clock), _way_out(turn), lasting=True),
        )
    text = (
        turn.say("rescue.more_stored", time=turn.clock),
        turn.say("rescue.advice"),
        turn.say("rescue.no_team"),
    )
    buttons = (turn.button("safe_now", "rescue.safe_now"), turn.button("worse", "rescue.worse"))
    return (turn.bubble("\n".join(text), buttons, lasting=True),)


def mistake(turn: Turn, _: str) -> Bubbles:
    """It was no cry for help."""
    if (report := open_cry(turn.session, turn.contact_id)) is not None:
        report.state = "withdrawn"
        turn.session.add(report)
    leave(turn.dialog)
    return (turn.bubble(turn.say("rescue.mistake"), ways_on(turn)),)


def asking(turn: Turn, _: str) -> Bubbles:
    """Only a question."""
    return (turn.bubble(turn.say("rescue.only_asking"), ways_on(turn)),)


def safe(turn: Turn, _: str = "") -> Bubbles:
    """I am safe. Anybody else?"""
    _store(turn, SafetyAnswer.SAFE)
    leave(turn.dialog)
    buttons = (turn.button("nobody", "rescue.nobody"), turn.button("somebody", "rescue.somebody"))
    return (turn.bubble(turn.say("rescue.safe", time=turn.clock), buttons, lasting=True),)


def safe_now(turn: Turn, _: str) -> Bubbles:
    """Safe after a cry for help."""
    _store(turn, SafetyAnswer.SAFE)
    leave(turn.dialog)
    return (turn.bubble(turn.say("rescue.safe_now", time=turn.clock), ways_on(turn)),)


def worse(turn: Turn, _: str) -> Bubbles:
    """It got worse: another row for the board, and the hotlines again."""
    _store(turn, SafetyAnswer.NEED_HELP)
    enter(turn.dialog, NAME, "details")
    return (turn.bubble(turn.say("rescue.worse", time=turn.clock), (turn.location_button(),), lasting=True),)


def nobody(turn: Turn, _: str) -> Bubbles:
    return (turn.bubble(turn.say("rescue.nobody"), ways_on(turn)),)


def somebody(turn: Turn, _: str) -> Bubbles:
    """A neighbour needs help: from here on it is a cry."""
    _store(turn, SafetyAnswer.NEED_HELP)
    enter(turn.dialog, NAME, "details")
    text = f"{turn.say('rescue.hotlines')}\n{turn.say('rescue.somebody')}"
    return (turn.bubble(text, (turn.location_button(), *_way_out(turn)), lasting=True),)


def _way_out(turn: Turn) -> tuple[Button, ...]:
    return (turn.button("safe_now", "rescue.safe_now"), turn.button("by_mistake", "rescue.mistake"))


def _store(turn: Turn, answer: SafetyAnswer, place: str | None = None) -> None:
    known = turn.places[0] if len(turn.places) == 1 else None
    turn.session.add(
        SafetyReport(
            contact_id=turn.contact_id,
            person_id=turn.person_id,
            answer=answer,
            words=turn.incoming.text,
            place=place or known,
            latitude=turn.incoming.latitude,
            longitude=turn.incoming.longitude,
            at=turn.at,
        )
    )
    turn.session.flush()
