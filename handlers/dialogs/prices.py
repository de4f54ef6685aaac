"""What does it cost? Asked by words or by the tile; the answer is a free reply (voice.md 3.4, 3.19)."""

from collections.abc import Callable, Mapping
from datetime import date

from handlers.dialogs import price_mornings, price_thresholds
from handlers.turn import Bubbles, Turn
from storage.dialogs import leave
from storage.farming import crops_of
from storage.price_catalogue import products
from storage.price_series import Quote, is_old, newest_on, quotes
from storage.price_thresholds import rules_of
from storage.replies import Button, Picture
from storage.wording import prices as words

OFFERED = ("rice", "rubber", "cassava", "oil_palm", "maize")
"""What is offered to those of whom nothing is known."""

MOST_OFFERED = 4
FEWEST_DAYS_OF_A_CHART = 3


def choose(turn: Turn, _: str = "") -> Bubbles:
    """Which price? Her own products first."""
    leave(turn.dialog)
    if turn.is_sms:
        return turn.text_message("prices.sms.choose")
    buttons = [_product_button(turn, each) for each in _hers_first(turn)[:MOST_OFFERED]]
    if price_mornings.products_of(turn) or rules_of(turn.session, turn.person_id):
        buttons.append(turn.button("price_mine", "price.mine"))
    return (turn.bubble(turn.say("prices.choose"), [*buttons, turn.button("menu", "menu")]),)


def answer(turn: Turn, product_id: str, places: tuple[str, ...] = ()) -> Bubbles:
    """The latest prices of a product; of the markets of the place that was named, else of her own province."""
    leave(turn.dialog)
    if product_id not in products():
        return (turn.bubble(turn.say("prices.unknown"), (_others(turn), turn.button("menu", "menu"))),)
    found = quotes(turn.session, product_id, province=_province(turn, places))
    if not found:
        return _nothing(turn, product_id)
    today = _today(turn)
    if turn.is_sms:
        agency = turn.agency.name(turn.language)
        return (turn.bubble(words.text_message(product_id, found, today, turn.language, agency)),)
    *before, last = words.answer(product_id, found, today, turn.language)
    return (*(turn.bubble(text) for text in before), turn.bubble(last, _ways_on(turn, product_id, found)))


def by_words(turn: Turn, product_id: str | None, places: tuple[str, ...]) -> Bubbles:
    """A price was asked for, with or without a product."""
    return answer(turn, product_id, places) if product_id else choose(turn)


def chart(turn: Turn, product_id: str) -> Bubbles:
    """Thirty days: a picture where there is an address to fetch it from, and always in words."""
    leave(turn.dialog)
    found = quotes(turn.session, product_id) if product_id in products() else []
    if not found:
        return answer(turn, product_id)
    kinds = list(dict.fromkeys(quote.product for quote in found))
    if len(kinds) > 1:
        buttons = [_product_button(turn, each, "price.chart") for each in kinds[:MOST_OFFERED]]
        return (turn.bubble(turn.say("chart.which"), [*buttons, turn.button("menu", "menu")]),)
    return _chart_of(turn, found[0])


def _chart_of(turn: Turn, quote: Quote) -> Bubbles:
    buttons = (_tell(turn, quote.product), _others(turn), turn.button("menu", "menu"))
    if len(quote.days) < FEWEST_DAYS_OF_A_CHART:
        name = words.name_words(quote, turn.language)
        return (turn.bubble(turn.say("chart.too_few", name=name), buttons),)
    text = words.thirty_days(quote, turn.language)
    bubble = turn.bubble(text, buttons)
    if not turn.agency.public_url or turn.is_sms:
        return (bubble,)
    language = turn.language if turn.language == "en" else "th"
    day = f"{quote.latest.price_on:%Y-%m-%d}"
    address = f"{turn.agency.public_url.rstrip('/')}/charts/{language}/{quote.product}/{day}.png"
    return (
        bubble.model_copy(update={"picture": Picture(address=address, preview_address=address, alt=text)}),
    )


def _nothing(turn: Turn, product_id: str) -> Bubbles:
    text = turn.say("prices.none", name=products()[product_id].short_name(turn.language))
    buttons = (
        *(
            ()
            if products()[product_id].kinds
            else (turn.button("price_tell_new", f"price.new:{product_id}"),)
        ),
        _others(turn),
        turn.button("menu", "menu"),
    )
    return (turn.bubble(text, buttons),)


def _ways_on(turn: Turn, product_id: str, found: list[Quote]) -> list[Button]:
    if is_old(newest_on(found), _today(turn)):
        return [turn.button("price_tell_new", f"price.new:{found[0].product}"), _others(turn)]
    return [
        turn.button("price_chart", f"price.chart:{product_id}"),
        _tell(turn, product_id),
        turn.button("price_daily", f"price.daily:{product_id}"),
    ]


def _tell(turn: Turn, product_id: str) -> Button:
    return turn.button("price_tell", f"price.tell:{product_id}")


def _others(turn: Turn) -> Button:
    return turn.button("price_others", "prices")


def _product_button(turn: Turn, product_id: str, action: str = "price") -> Button:
    return Button(label=products()[product_id].label(turn.language), action=f"{action}:{product_id}")


def _hers_first(turn: Turn) -> list[str]:
    grown = [each.crop for each in crops_of(turn.session, turn.person_id) if each.crop in products()]
    waited = [each.product for each in rules_of(turn.session, turn.person_id)]
    return list(dict.fromkeys([*price_mornings.products_of(turn), *grown, *waited, *OFFERED]))


def _province(turn: Turn, places: tuple[str, ...]) -> str:
    known = (*places, *turn.places)
    return known[0][:2] if known else ""


def _today(turn: Turn) -> date:
    return turn.at.astimezone(turn.zone).date()


ACTIONS: Mapping[str, Callable[[Turn, str], Bubbles]] = {
    "prices": choose,
    "price": answer,
    "price.chart": chart,
    **price_thresholds.ACTIONS,
    **price_mornings.ACTIONS,
}
