"""Help: a cry is stored with its words and place, the hotlines are always said, and the way out is open."""

from handlers.dialogs import beside, cases_media, rescue_board
from handlers.dialogs.menu import menu, ways_on
from handlers.dialogs.place_labels import place_buttons
from handlers.dialogs.warnings_near_me import live_warnings_in
from handlers.turn import MOST_BUBBLES, MOST_UNITS, Bubbles, Turn
from handlers.understanding.despair import despairs
from handlers.understanding.keywords import is_rescue
from handlers.understanding.places import places_in
from handlers.understanding.short_answers import says_no, says_safe_when_asked, sounds_over
from storage import places
from storage.dialogs import enter, leave
from storage.replies import Button, IncomingKind
from storage.safety import SafetyAnswer, SafetyReport, keep_report, open_cry
from storage.wording.lengths import units

NAME = "rescue"
BEGINS = frozenset({"rescue.check", "rescue.now"})
"""The buttons that begin it."""

_HOTLINE = "1669"
_WATER = frozenset({"flood", "flash_flood", "dam_release", "tsunami"})

_MOST_ALIKE = 2
"""So often the same is said after a cry; then it is said in fewer words."""

_UNHEARD = {
    IncomingKind.VOICE: "voice.rescue",
    IncomingKind.PHOTO: "photo.rescue",
    IncomingKind.STICKER: "sticker.after_warning",
}


def check(turn: Turn, _: str = "") -> Bubbles:
    """The red tile: in danger now, or only a question? Words instead of an answer are a cry."""
    enter(turn.dialog, NAME, "check")
    buttons = (turn.button("help_now", "rescue.now"), turn.button("only_asking", "rescue.asking"))
    return (turn.bubble(f"{turn.say('rescue.check')}\n{turn.say('rescue.hotlines')}", buttons, lasting=True),)


def cry(turn: Turn, _: str = "") -> Bubbles:
    """Somebody needs help: store it first, then say the hotlines, then ask where."""
    _store(turn, SafetyAnswer.NEED_HELP, place=_place_in_words(turn))
    _enter_details(turn)
    return beside.said(turn, _stored)


def above(turn: Turn, answer: Bubbles) -> Bubbles:
    """The answer to words that are perhaps a cry: the hotlines and the button first, unless it says them itself."""
    if any(_HOTLINE in bubble.text for bubble in answer):
        return answer
    if turn.is_sms:
        return (turn.bubble(turn.say("rescue.sms.concern")), *answer)[:MOST_BUBBLES]
    button = turn.button("ask_for_help", "rescue.now")
    first = turn.bubble(turn.say("rescue.concern"), (button,), lasting=True)
    if len(answer) < MOST_BUBBLES:
        return (first, *answer)
    # No room for a bubble of its own: what the first two said stands in one.
    *said, last = answer
    text = "\n".join(bubble.text for bubble in said)
    if units(text) > MOST_UNITS:
        return (first, *said[-1:], last)
    buttons = [button for bubble in said for button in bubble.buttons]
    return (first, turn.bubble(text, buttons, lasting=bool(buttons)), last)


def ask_again(turn: Turn) -> Bubbles:
    """The hotlines and the question, after something else was said in between."""
    return beside.said(turn, lambda each: (each.bubble(each.say("rescue.hotlines")), *_ask_where(each)))


def at_place(turn: Turn, code: str) -> Bubbles:
    """She is at one of her places."""
    if places.place(code) is None:
        return cry(turn)
    _store(turn, SafetyAnswer.NEED_HELP, place=code)
    _enter_details(turn)
    return beside.said(turn, lambda each: _place_known(each, code))


def how_to_share(turn: Turn) -> Bubbles:
    """The words of the location button were typed, which sends no location."""
    return beside.said(
        turn, lambda each: (each.bubble(each.say("rescue.how_to_share"), _way_out(each), lasting=True),)
    )


def words(turn: Turn) -> Bubbles:
    """Whatever comes while help is asked for is kept with the cry."""
    if turn.dialog.step == "check":
        return cry(turn)
    if open_cry(turn.session, turn.contact_id) is None:
        return menu(turn)
    text = turn.incoming.text if turn.incoming.kind is IncomingKind.TEXT else ""
    is_asked = turn.offers("rescue.still")
    if is_asked and says_safe_when_asked(text):
        return safe_now(turn, "")
    not_kept = cases_media.why_not(turn) if cases_media.is_one_too_many(turn) else ""
    _store(turn, SafetyAnswer.NEED_HELP, place=_place_in_words(turn))
    if is_asked and says_no(text):
        return beside.said(turn, _still_open)
    if sounds_over(text) and _times(turn, "asked_if_safe") <= _MOST_ALIKE:
        return beside.said(turn, _ask_if_safe)
    times = _times(turn, "heard")
    return beside.said(turn, lambda each: _heard_more(each, not_kept, times))


def keep_words(turn: Turn) -> None:
    """Words that are answered as something else may belong to the danger, too: who helps reads them."""
    _store(turn, SafetyAnswer.NEED_HELP, place=_place_in_words(turn))


def still(turn: Turn, _: str = "") -> Bubbles:
    """Help is needed yet: asked, because her words sounded as if it were over."""
    if open_cry(turn.session, turn.contact_id) is None:
        return cry(turn)
    _enter_details(turn)
    return beside.said(turn, _still_open)


def _times(turn: Turn, what: str) -> int:
    """How often this has now been said since the cry."""
    known = turn.dialog.known
    turn.dialog.known = {**known, what: int(known.get(what, 0)) + 1}
    return int(turn.dialog.known[what])


def _ask_if_safe(turn: Turn) -> Bubbles:
    buttons = (turn.button("safe_now", "rescue.safe_now"), turn.button("still_help", "rescue.still"))
    return (turn.bubble(turn.say("rescue.ask_if_safe"), buttons, lasting=True),)


def _still_open(turn: Turn) -> Bubbles:
    text = f"{turn.say('rescue.still_open')}\n{turn.say('rescue.hotlines')}"
    return (turn.bubble(text, (turn.location_button(), *_safe_or_worse(turn)), lasting=True),)


def _heard_more(turn: Turn, not_kept: str, times: int) -> Bubbles:
    incoming = turn.incoming
    if not_kept:
        return (turn.bubble(not_kept, (turn.location_button(), *_safe_or_worse(turn)), lasting=True),)
    if incoming.kind is IncomingKind.LOCATION:
        return (
            turn.bubble(turn.say("rescue.location_stored", time=turn.clock), _way_out(turn), lasting=True),
        )
    if (key := _UNHEARD.get(incoming.kind)) is not None:
        where = () if incoming.kind is IncomingKind.STICKER else (turn.location_button(),)
        return (turn.bubble(turn.say(key), (*where, *_safe_or_worse(turn)), lasting=True),)
    if despairs(incoming.text):
        more = f"{turn.say('rescue.hotlines')}\n{turn.say('rescue.more_stored', time=turn.clock)}"
        return (
            turn.bubble(turn.say("rescue.despair")),
            turn.bubble(more, _safe_or_worse(turn), lasting=True),
        )
    text = (
        turn.say("rescue.more_stored", time=turn.clock),
        turn.say("rescue.advice_water" if _water_is_near(turn) else "rescue.advice"),
        turn.say("rescue.no_team"),
    )[: 1 if times > _MOST_ALIKE else None]
    answer = turn.bubble("\n".join(text), _safe_or_worse(turn), lasting=True)
    return (turn.bubble(turn.say("rescue.hotlines")), answer) if is_rescue(incoming.text) else (answer,)


def mistake(turn: Turn, _: str = "") -> Bubbles:
    """It was no cry for help."""
    if (report := open_cry(turn.session, turn.contact_id)) is None:
        return menu(turn)
    report.state = "withdrawn"
    turn.session.add(report)
    rescue_board.note_end(turn, "mistake")
    answer = beside.said(turn, lambda each: (each.bubble(each.say("rescue.mistake"), ways_on(each)),))
    leave(turn.dialog)
    return answer


def asking(turn: Turn, _: str) -> Bubbles:
    """Only a question."""
    leave(turn.dialog)
    return (turn.bubble(turn.say("rescue.only_asking"), ways_on(turn)),)


def safe(turn: Turn, _: str = "") -> Bubbles:
    """I am safe. Anybody else?"""
    _store(turn, SafetyAnswer.SAFE)
    leave(turn.dialog)
    if turn.is_sms:
        return turn.text_message("rescue.sms.safe", time=turn.clock)
    buttons = (turn.button("nobody", "rescue.nobody"), turn.button("somebody", "rescue.somebody"))
    return (turn.bubble(turn.say("rescue.safe", time=turn.clock), buttons, lasting=True),)


def safe_now(turn: Turn, _: str) -> Bubbles:
    """Safe after a cry for help."""
    _store(turn, SafetyAnswer.SAFE)
    answer = beside.said(
        turn, lambda each: (each.bubble(each.say("rescue.safe_now", time=each.clock), ways_on(each)),)
    )
    leave(turn.dialog)
    return answer


def worse(turn: Turn, _: str) -> Bubbles:
    """It got worse: another row for the board, and the hotlines again."""
    _store(turn, SafetyAnswer.NEED_HELP)
    _enter_details(turn)
    return beside.said(turn, _worse)


def nobody(turn: Turn, _: str) -> Bubbles:
    return (turn.bubble(turn.say("rescue.nobody"), ways_on(turn)),)


def somebody(turn: Turn, _: str) -> Bubbles:
    """A neighbour needs help: from here on it is a cry."""
    _store(turn, SafetyAnswer.NEED_HELP)
    _enter_details(turn)
    text = f"{turn.say('rescue.hotlines')}\n{turn.say('rescue.somebody')}"
    return (turn.bubble(text, (turn.location_button(), *_way_out(turn)), lasting=True),)


def _enter_details(turn: Turn) -> None:
    """What else she says belongs to the cry; in which languages she is answered stays as it was."""
    known = turn.dialog.known if turn.dialog.name == NAME else {}
    enter(turn.dialog, NAME, "details", **(beside.wanted(turn) or beside.kept(known)))


def comfort(turn: Turn) -> Bubbles:
    """Who sees no way on and asks for nobody: kind words, the mental health line, and the way to help."""
    if turn.is_sms:
        return turn.text_message("rescue.sms.despair")
    text = f"{turn.say('rescue.despair')}\n{turn.say('rescue.despair.hurt')}"
    return (turn.bubble(text, (turn.button("ask_for_help", "rescue.now"),), lasting=True),)


def _stored(turn: Turn) -> Bubbles:
    is_despair = despairs(turn.incoming.text)
    if turn.is_sms:
        return turn.text_message("rescue.sms.despair" if is_despair else "rescue.sms.stored")
    stored = turn.say("rescue.stored", time=turn.clock)
    if is_despair:
        # So cut, each fits beside its English.
        kind, hotlines = turn.say("rescue.despair"), turn.say("rescue.hotlines")
        where = f"{stored}\n{turn.say('rescue.despair.where')}"
        return (turn.bubble(kind), turn.bubble(hotlines), *_ask_where(turn, where))
    return (turn.bubble(f"{turn.say('rescue.hotlines')}\n{stored}"), *_ask_where(turn))


def _place_known(turn: Turn, code: str) -> Bubbles:
    name = places.full_name(code, turn.language)
    return (turn.bubble(turn.say("rescue.place_known", place=name), _way_out(turn), lasting=True),)


def _worse(turn: Turn) -> Bubbles:
    buttons = (turn.location_button(), turn.button("safe_now", "rescue.safe_now"))
    return (turn.bubble(turn.say("rescue.worse", time=turn.clock), buttons, lasting=True),)


def _ask_where(turn: Turn, question: str = "") -> Bubbles:
    buttons = [
        turn.location_button(),
        *place_buttons(turn.places[:2], "rescue.at:", turn.language),
        *beside.switch(turn),
        turn.button("not_asking_help", "rescue.mistake"),
    ]
    return (turn.bubble(question or turn.say("rescue.ask_details"), buttons, lasting=True),)


def _way_out(turn: Turn) -> tuple[Button, ...]:
    return (turn.button("safe_now", "rescue.safe_now"), turn.button("by_mistake", "rescue.mistake"))


def _safe_or_worse(turn: Turn) -> tuple[Button, ...]:
    return (turn.button("safe_now", "rescue.safe_now"), turn.button("worse", "rescue.worse"))


def _water_is_near(turn: Turn) -> bool:
    return any(alert.hazard in _WATER for alert, _ in live_warnings_in(turn, turn.places))


def _place_in_words(turn: Turn) -> str | None:
    """The place that the message names, when it can be one only."""
    if turn.incoming.kind is not IncomingKind.TEXT:
        return None
    found = places_in(turn.incoming.text)
    return found.codes[0] if found.certain else None


def _store(turn: Turn, answer: SafetyAnswer, place: str | None = None) -> None:
    known = turn.places[0] if len(turn.places) == 1 else None
    live = live_warnings_in(turn, turn.places) if turn.places else []
    report = SafetyReport(
        contact_id=turn.contact_id,
        person_id=turn.person_id,
        broadcast_id=live[0][1].id if live else None,
        answer=answer,
        words=turn.incoming.text,
        place=place or known,
        latitude=turn.incoming.latitude,
        longitude=turn.incoming.longitude,
        at=turn.at,
    )
    keep_report(turn.session, report)
    rescue_board.note(turn, report)
    if answer is SafetyAnswer.NEED_HELP:
        cases_media.attach_to_cry(turn, report)
