"""Prices every morning, only for those who ask for it: a subscription `price:<product>` in one of her places."""

from collections.abc import Callable, Mapping

from handlers.dialogs.choosing_place import found_or_ask
from handlers.turn import Bubbles, Turn
from storage import places
from storage.dialogs import enter, leave
from storage.price_catalogue import products
from storage.price_thresholds import close, rules_of
from storage.quiet_hours import DAILY_HOUR
from storage.subscriptions import open_subscriptions, subscribe, unsubscribe
from storage.wording import dates

NAME = "price_mornings"
TOPIC = "price:"
MOST_PRODUCTS = 5
"""So many products fit into one morning's message."""


def products_of(turn: Turn) -> list[str]:
    """The products whose prices she gets every morning."""
    topics = (each.topic for each in turn.subscriptions if each.topic.startswith(TOPIC))
    return list(dict.fromkeys(name for topic in topics if (name := topic.removeprefix(TOPIC)) in products()))


def begin(turn: Turn, product_id: str) -> Bubbles:
    """Send it every morning; where she has no place yet, one is asked for."""
    leave(turn.dialog)
    product = products().get(product_id)
    if product is None:
        return (turn.bubble(turn.say("prices.unknown"), (turn.button("price_others", "prices"),)),)
    name = product.short_name(turn.language)
    known = products_of(turn)
    if product_id in known:
        return _said(turn, turn.say("daily.already", name=name, time=_hour(turn)), product_id)
    if len(known) >= MOST_PRODUCTS:
        buttons = (turn.button("price_mine", "price.mine"), turn.button("menu", "menu"))
        return (turn.bubble(turn.say("daily.too_many", most=MOST_PRODUCTS), buttons),)
    hers = sorted({each.place for each in turn.subscriptions})
    if not hers:
        return _ask_place(turn, product_id)
    return _open(turn, product_id, (turn.places or hers)[0])


def typed(turn: Turn) -> Bubbles:
    """The place was asked for."""
    product_id = turn.dialog.known.get("product", "")
    code, question = found_or_ask(turn, f"price.daily_at:{product_id}:")
    return _open(turn, product_id, code) if code else question


def at_place(turn: Turn, argument: str) -> Bubbles:
    """`argument` is product:code."""
    product_id, _, code = argument.partition(":")
    if product_id not in products() or places.place(code) is None:
        return begin(turn, product_id)
    return _open(turn, product_id, code)


def end(turn: Turn, product_id: str) -> Bubbles:
    """No more mornings of a product and its kinds, or of all with an empty one."""
    leave(turn.dialog)
    chosen = products().get(product_id)
    for each in _and_kinds(product_id) if chosen else products_of(turn):
        unsubscribe(turn.session, turn.person_id, turn.at, topic=f"{TOPIC}{each}")
    turn.subscriptions = open_subscriptions(turn.session, turn.person_id)
    name = chosen.short_name(turn.language) if chosen else ""
    buttons = (turn.button("prices", "prices"), turn.button("mine", "mine"), turn.button("menu", "menu"))
    return (turn.bubble(turn.say("daily.ended", name=name), buttons),)


def end_all_of(turn: Turn, product_id: str) -> Bubbles | None:
    """No more mornings of a product, and no price of it that she wished to hear; None where she gets neither."""
    hers = {*products_of(turn), *(each.product for each in rules_of(turn.session, turn.person_id))}
    if not hers & {*_and_kinds(product_id)}:
        return None
    close(turn.session, turn.person_id, turn.at, of=_and_kinds(product_id))
    return end(turn, product_id)


def _and_kinds(product_id: str) -> tuple[str, ...]:
    return (product_id, *products()[product_id].kinds)


def _ask_place(turn: Turn, product_id: str) -> Bubbles:
    enter(turn.dialog, NAME, "place", product=product_id)
    buttons = (turn.location_button(), turn.button("later", "leave"))
    return (turn.bubble(turn.say("daily.ask_place"), buttons),)


def _open(turn: Turn, product_id: str, code: str) -> Bubbles:
    leave(turn.dialog)
    turn.person.consented_at = turn.person.consented_at or turn.at
    turn.person.stopped_at = None
    subscribe(turn.session, turn.person_id, turn.contact_id, f"{TOPIC}{product_id}", code, turn.at)
    turn.subscriptions = open_subscriptions(turn.session, turn.person_id)
    name = products()[product_id].short_name(turn.language)
    return _said(turn, turn.say("daily.ready", name=name, time=_hour(turn)), product_id)


def _said(turn: Turn, text: str, product_id: str) -> Bubbles:
    buttons = (
        turn.button("settings", "hours"),
        turn.button("daily_end", f"price.daily_end:{product_id}"),
        turn.button("menu", "menu"),
    )
    return (turn.bubble(text, buttons),)


def _hour(turn: Turn) -> str:
    hour = turn.person.routine_hour if turn.person.routine_hour is not None else DAILY_HOUR
    at = turn.at.astimezone(turn.zone).replace(hour=hour, minute=0)
    return dates.clock(at, turn.language, turn.zone)


ACTIONS: Mapping[str, Callable[[Turn, str], Bubbles]] = {
    "price.daily": begin,
    "price.daily_at": at_place,
    "price.daily_end": end,
}
