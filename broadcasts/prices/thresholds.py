"""Telling those whose threshold a new price has passed (voice.md 3.5)."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, and_, update
from sqlmodel import Session, col, select

from broadcasts.audience import listed
from broadcasts.audience.listed import THRESHOLDS, bound_variant
from broadcasts.prices.releasing import release_variants
from storage.broadcasts import BroadcastKind, Form
from storage.database import Database
from storage.price_catalogue import source_name
from storage.price_series import Quote, headline, is_old
from storage.price_thresholds import ANY_NEW, bounds_passed, fire
from storage.price_units import Unit, level
from storage.prices import SAID, Price
from storage.replies import Bubble, Button
from storage.wording import prices as words
from storage.wording import say
from storage.wording.dates import BANGKOK

BOUNDS = {">": "over", ">=": "at_least", "<": "below", "<=": "at_most"}
_PAGE = 10_000


def watch(database: Database, at: datetime) -> str:
    """Compare the thresholds with every price that is new; what was done, in a sentence."""
    with database.read() as session:
        unwatched = select(Price.product).where(_is_unwatched()).distinct()
        products = sorted(session.exec(unwatched))
    told = 0
    for product in products:
        with database.write() as session:
            told += watch_product(session, product, at)
    return f"{len(products)} products with new prices, {told} thresholds passed"


def watch_product(session: Session, product: str, at: datetime) -> int:
    """Compare the thresholds of one product with its new price, and release what is to be said; how many passed.

    Only the series that is said first counts, only its latest price, and only while that is not old.
    """
    quote = headline(session, product)
    latest = quote.latest if quote else None
    is_new = latest is not None and latest.watched_at is None
    mark = update(Price).where(col(Price.product) == product, _is_unwatched())
    session.connection().execute(mark.values(watched_at=at))
    if quote is None or latest is None or not is_new:
        return 0
    if is_old(latest.price_on, at.astimezone(BANGKOK).date()):
        return 0
    assert latest.id is not None
    passed = fire(
        session,
        price_id=latest.id,
        product=product,
        unit=Unit(latest.unit),
        satang=latest.average,
        at=at,
    )
    if passed:
        _release(session, quote, latest.id, at)
    return passed


def _is_unwatched() -> ColumnElement[bool]:
    """Said, and not compared yet; a price that is held is compared when somebody has accepted it."""
    return and_(col(Price.watched_at).is_(None), col(Price.state).in_(SAID))


def _release(session: Session, quote: Quote, price_id: int, at: datetime) -> None:
    whom = {"of": THRESHOLDS, "price": price_id}
    needed = listed.count(session, whom)
    bounds = {bound_variant(*bound): bound for bound in bounds_passed(session, price_id)}

    def said(variant: str, language: str, form: Form) -> Sequence[Bubble]:
        return (_bubble(quote, *bounds[variant], language, form),)

    release_variants(
        session,
        kind=BroadcastKind.PRICE_PASSED,
        topic="",
        listed=whom,
        needed=needed,
        say=said,
        at=at,
    )


def _bubble(quote: Quote, op: str, amount: int, unit_name: str, language: str, form: Form) -> Bubble:
    unit = quote.unit if op == ANY_NEW else Unit(unit_name)
    fills = {
        "name": words.name_words(quote, language),
        "price": words.price_words(quote, quote.latest) if unit is quote.unit else _in(quote, unit),
        "unit": words.unit_words(unit, language),
        "source": source_name(quote.latest.source, language),
        "bound": ""
        if op == ANY_NEW
        else say(language, f"threshold.op.{BOUNDS[op]}", amount=words.bound_money(amount)),
    }
    ending = ".new" if op == ANY_NEW else ""
    if form is Form.SMS:
        day = words.short_day(quote.latest.price_on, language, with_year=True)
        return Bubble(text=say(language, f"threshold.sms.told{ending}", day=day, **fills))
    first = say(language, f"threshold.told{ending}", **fills)
    second = say(language, "threshold.told.source", day=words.day(quote.latest.price_on, language), **fills)
    buttons = (
        Button(label=say(language, "buttons.threshold_again"), action=f"price.tell:{quote.product}"),
        Button(label=say(language, "buttons.price_chart"), action=f"price.chart:{quote.product}"),
    )
    return Bubble(text=f"{first[:1].upper()}{first[1:]}\n{second}", buttons=buttons)


def _in(quote: Quote, unit: Unit) -> str:
    """The price in the unit in which the bound was set."""
    return words.money(round(quote.latest.level * 100 / level(100, unit)))
