"""Advice for what somebody grows, by the weather where she is: today's, or an honest none."""

from collections.abc import Callable, Mapping, Sequence

from pythainlp.tokenize import word_tokenize

from handlers.dialogs import own_places
from handlers.turn import Bubbles, Turn
from handlers.understanding.products import mentioned, products
from handlers.understanding.writing import sounding, spaced
from storage import places
from storage.advice_words import advice_bubbles, advice_sms
from storage.advising import DAYS_AHEAD, advice_for, planting
from storage.dialogs import leave
from storage.farming import ADVICE, crops_of, offered_crops
from storage.forecasts import forecasts_for
from storage.own_places import Called
from storage.replies import Button


def today(turn: Turn, crop: str = "") -> Bubbles:
    """Today's advice for a crop, or for all she grows."""
    return _advice(turn, crop, "")


def by_words(turn: Turn, crop: str | None, named: Sequence[str]) -> Bubbles:
    """คำแนะนำข้าว แม่สาย: for the crop and the place that were named, else for her own."""
    return _advice(turn, _crop_in(turn.incoming.text) or crop or "", named[0] if named else "")


def place_of(turn: Turn) -> str | None:
    """Where her field is: the place she calls so, else where she wants advice, else her first."""
    called = own_places.names(turn)
    farm = next((code for code, name in called.items() if name == Called.FARM), None)
    wanted = [each.place for each in turn.subscriptions if each.topic == ADVICE]
    every = [each.place for each in turn.subscriptions]
    return farm or next(iter([*wanted, *every]), None)


def name_of(turn: Turn, crop: str) -> str:
    """A product in her language."""
    known = products()[crop]
    return known.name_th if turn.language == "th" else known.name_en


def _advice(turn: Turn, crop: str, named: str) -> Bubbles:
    leave(turn.dialog)
    grown = crops_of(turn.session, turn.person_id)
    wanted = [crop] if crop in products() else [each.crop for each in grown]
    if not wanted:
        return _ask_crop(turn)
    place = named if places.place(named) is not None else place_of(turn)
    if place is None:
        ways_on = (turn.location_button(), turn.button("type_it", "place.type"), turn.button("menu", "menu"))
        return (turn.bubble(turn.say("advice.ask_place"), ways_on),)
    on = turn.at.astimezone(turn.zone).date()
    found = advice_for(turn.session, place, wanted, on, planted=planting(grown), also_unconfirmed=True)
    if found is None:
        return _none(turn, wanted, place, is_known=bool(forecasts_for(turn.session, place, on, DAYS_AHEAD)))
    if turn.is_sms:
        return (turn.bubble(advice_sms(found, turn.language)),)
    return advice_bubbles(found, turn.language)


def _crop_in(text: str) -> str:
    """The crop that a word of the message names: here a short name needs no price beside it."""
    found = (mentioned(sounding(spaced(word))) for word in word_tokenize(text, keep_whitespace=False))
    return max((each.id for each in found if each is not None), key=len, default="")


def _none(turn: Turn, wanted: Sequence[str], place: str, *, is_known: bool) -> Bubbles:
    key = "advice.none" if is_known else "advice.no_forecast"
    text = turn.say(key, crop=_crops_in_words(turn, wanted), place=places.short_name(place, turn.language))
    buttons = [
        turn.button("farm", "farm"),
        turn.button("talk_to_officer", "human"),
        turn.button("menu", "menu"),
    ]
    if not any(each.topic == ADVICE for each in turn.subscriptions):
        buttons.insert(0, turn.button("farm_advice", "farm.advice"))
    return (turn.bubble(text, buttons),)


def _crops_in_words(turn: Turn, wanted: Sequence[str]) -> str:
    first, *others = [name_of(turn, each) for each in wanted]
    return (
        turn.say("advice.crops", first=first, second=others[0])
        if len(others) == 1
        else " ".join([first, *others])
    )


def _ask_crop(turn: Turn) -> Bubbles:
    buttons = [Button(label=each.name(turn.language), action=f"advice:{each.id}") for each in offered_crops()]
    text = turn.say("advice.ask_crop")
    return (turn.bubble(text, [*buttons, turn.button("farm", "farm.ask"), turn.button("menu", "menu")]),)


ACTIONS: Mapping[str, Callable[[Turn, str], Bubbles]] = {"advice": today}
