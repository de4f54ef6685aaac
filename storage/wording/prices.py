"""Prices as citizens read them: asked for, in a text message, as thirty days in words (voice.md 1.3, 3.4, 3.19)."""

from collections.abc import Sequence
from datetime import date, datetime, time

from babel.dates import format_date
from pythainlp.util import thai_strftime

from storage.price_catalogue import products, source_name
from storage.price_series import Quote, is_old, newest_on
from storage.price_units import Unit
from storage.prices import Price
from storage.wording import dates
from storage.wording.catalogue import say
from storage.wording.lengths import units

MOST_UNITS = 200
MOST_LINES = 5
MOST_MORNING_BUBBLES = 2
MOST_SMS_UNITS = {"th": 134, "en": 160}


def money(satang: int) -> str:
    """Baht as they are said: satang where there are any, or where prices are small.

    >>> money(6120), money(6500), money(4010000), money(123450)
    ('61.20', '65.00', '40,100', '1,234.50')
    """
    whole = satang % 100 == 0 and abs(satang) >= 100_000
    return f"{satang // 100:,}" if whole else f"{satang / 100:,.2f}"


def bound_money(satang: int) -> str:
    """Baht as somebody sets them: without satang where there are none.

    >>> bound_money(6500), bound_money(250), bound_money(1500000)
    ('65', '2.50', '15,000')
    """
    return f"{satang // 100:,}" if satang % 100 == 0 else f"{satang / 100:,.2f}"


def unit_words(unit: Unit, language: str) -> str:
    return say(language, f"unit.{unit.value}")


def day(on: date, language: str) -> str:
    """ "วันศุกร์ที่ 20 พ.ย. 2569"."""
    return dates.day(datetime.combine(on, time(12), dates.BANGKOK), language)


def short_day(on: date, language: str, *, with_year: bool = False) -> str:
    """ "20 พ.ย.", "20 พ.ย. 2569"."""
    if language == "en":
        return format_date(on, "d MMM y" if with_year else "d MMM", locale="en")
    at = datetime.combine(on, time(12), dates.BANGKOK)
    return thai_strftime(at, "%-d %b %Y" if with_year else "%-d %b")


def change_words(satang: int, language: str) -> str:
    """ "ขึ้น 0.50 บาท", "ลง 0.25 บาท", "เท่าเดิม"."""
    if satang == 0:
        return say(language, "prices.same")
    return say(language, f"prices.{'up' if satang > 0 else 'down'}", amount=money(abs(satang)))


def price_words(quote: Quote, price: Price) -> str:
    """One price, or the span that was paid that day."""
    low, high = quote.satang(price, "low"), quote.satang(price, "high")
    return money(low) if low == high else f"{money(low)}-{money(high)}"


def name_words(quote: Quote, language: str) -> str:
    """The product with its grade."""
    return f"{products()[quote.product].name(language)} {quote.grade}".strip()


def answer(product_id: str, found: Sequence[Quote], today: date, language: str) -> list[str]:
    """What is said to somebody who asks for a product: texts for one or two bubbles."""
    if is_old(newest_on(found), today):
        return [_old(product_id, found, today, language)]
    if len(found) == 1:
        return [_single(product_id, found[0], language)]
    return _several(product_id, list(found[:MOST_LINES]), language)


def text_message(product_id: str, found: Sequence[Quote], today: date, language: str, agency: str) -> str:
    """The same in one text message of at most two segments."""
    newest = newest_on(found)
    days, text = (today - newest).days, ""
    for shown in range(min(len(found), MOST_LINES), 0, -1):
        text = say(
            language,
            "prices.sms.old" if is_old(newest, today) else "prices.sms",
            agency=agency,
            name=products()[product_id].short_name(language),
            day=short_day(newest, language, with_year=True),
            days=days,
            prices=short_prices(
                found[:shown], language, named=len(found) > 1, changes=not is_old(newest, today)
            ),
            source=sources_words(found[:shown], language),
        )
        if units(text) <= MOST_SMS_UNITS[language if language in MOST_SMS_UNITS else "en"]:
            break
    return text


def short_prices(found: Sequence[Quote], language: str, *, named: bool, changes: bool = True) -> str:
    """ "น้ำยางสด 61.20 ขึ้น 0.50 ยางแผ่นดิบ 64.75 ลง 0.25 บาท/กก.": the unit stands once, at the end."""
    said = []
    for quote in found:
        change = quote.change(quote.previous) if changes else None
        words = "" if change is None else change_words(change, language).removesuffix(f" {_baht(language)}")
        name = products()[quote.product].name(language) if named else quote.grade
        said.append(" ".join(part for part in (name, price_words(quote, quote.latest), words) if part))
    return f"{' '.join(said)} {unit_words(found[0].unit, language)}"


def prices_of_units(found: Sequence[Quote], language: str) -> str:
    """Prices of several products, those of one unit after each other, each group with its unit."""
    by_unit: dict[Unit, list[Quote]] = {}
    for quote in found:
        by_unit.setdefault(quote.unit, []).append(quote)
    return " ".join(short_prices(some, language, named=True) for some in by_unit.values())


def morning(found: Sequence[Quote], language: str) -> list[str]:
    """The prices of somebody's products this morning, in two bubbles at most; those of another day say which."""
    newest = newest_on(found)
    texts = [say(language, "daily.title", day=day(newest, language))]
    changes = any(quote.previous is not None for quote in found)
    foot = say(
        language, "daily.foot" if changes else "daily.foot.first", source=sources_words(found, language)
    )
    for quote in found:
        longer = f"{texts[-1]}\n{_line(quote, language, newest, named=True)}"
        if units(f"{longer}\n{foot}") <= MOST_UNITS and longer.count("\n") <= MOST_LINES:
            texts[-1] = longer
        elif len(texts) < MOST_MORNING_BUBBLES:
            texts.append(_line(quote, language, newest, named=True))
        else:
            break
    return [*texts[:-1], f"{texts[-1]}\n{foot}"]


def thirty_days(quote: Quote, language: str) -> str:
    """What a chart shows, in words: also the picture's alternative text."""
    days = quote.days
    highest, lowest = max(days, key=quote.satang), min(days, key=quote.satang)
    unit = unit_words(quote.unit, language)

    def extreme(key: str, price: Price) -> str:
        when = short_day(price.price_on, language)
        return say(language, f"chart.{key}", price=money(quote.satang(price)), unit=unit, day=when)

    change = quote.satang(days[-1]) - quote.satang(days[0])
    since = short_day(days[0].price_on, language)
    lines = [
        say(language, "chart.title", name=name_words(quote, language), day=day(days[-1].price_on, language)),
        say(language, "chart.latest", price=money(quote.satang(days[-1])), unit=unit),
        *(
            [say(language, "chart.flat")]
            if quote.satang(highest) == quote.satang(lowest)
            else [
                extreme("highest", highest),
                extreme("lowest", lowest),
                say(language, "chart.change", day=since, change=change_words(change, language)),
            ]
        ),
        say(language, "chart.source", source=source_name(quote.latest.source, language)),
    ]
    return "\n".join(map(_capital, lines))


def sources_words(found: Sequence[Quote], language: str) -> str:
    return " ".join(dict.fromkeys(source_name(each.latest.source, language) for each in found))


def _old(product_id: str, found: Sequence[Quote], today: date, language: str) -> str:
    product, newest = products()[product_id], newest_on(found)
    name = product.short_name(language) if product.kinds else product.name(language)
    title = say(language, "prices.old", name=name, day=day(newest, language), days=(today - newest).days)
    buyer = product.buyer(language) or say(language, "prices.buyer")
    foot = say(language, "prices.old.foot", buyer=buyer)
    lines = [
        _line(quote, language, newest, named=len(found) > 1, changes=False) for quote in found[:MOST_LINES]
    ]
    return _fitting(title, lines, foot)


def _single(product_id: str, quote: Quote, language: str) -> str:
    title = say(
        language,
        "prices.title",
        name=products()[product_id].name(language),
        day=day(quote.latest.price_on, language),
    )
    named = quote.product != product_id
    lines = [_line(quote, language, quote.latest.price_on, named=named, changes=False)]
    for key, since in (("yesterday", quote.previous), ("week", quote.week_ago)):
        if (change := quote.change(since)) is not None:
            lines.append(f"{say(language, f'prices.{key}')} {change_words(change, language)}")
    foot = say(
        language,
        "prices.foot.first",
        stage=_stage_words([quote], language),
        source=source_name(quote.latest.source, language),
    )
    return "\n".join(map(_capital, [title, *lines, foot]))


def _several(product_id: str, found: list[Quote], language: str) -> list[str]:
    newest = newest_on(found)
    title = say(
        language,
        "prices.title",
        name=products()[product_id].short_name(language),
        day=day(newest, language),
    )
    changes = any(quote.previous is not None for quote in found)
    foot = say(
        language,
        "prices.foot" if changes else "prices.foot.first",
        stage=_stage_words(found, language),
        source=sources_words(found, language),
    )
    first = _fitting(title, [_line(quote, language, newest, named=True) for quote in found], foot)
    weeks = [
        f"{name_words(quote, language)} {change_words(change, language)}"
        for quote in found
        if (change := quote.change(quote.week_ago)) is not None
    ]
    return [first, _fitting(say(language, "prices.week"), weeks, "")] if weeks else [first]


def _line(quote: Quote, language: str, newest: date, *, named: bool, changes: bool = True) -> str:
    product = products()[quote.product]
    change = quote.change(quote.previous) if changes else None
    of_another_day = quote.latest.price_on != newest
    parts = (
        product.name(language) if named else "",
        quote.grade if named else "",
        price_words(quote, quote.latest),
        unit_words(quote.unit, language),
        "" if named else quote.grade,
        "" if change is None else _change_in_line(change, language),
        f"({short_day(quote.latest.price_on, language)})" if of_another_day else "",
    )
    return _capital(" ".join(part for part in parts if part))


def _stage_words(found: Sequence[Quote], language: str) -> str:
    stages = list(dict.fromkeys(each.latest.stage for each in found))
    markets = {each.latest.market for each in found} - {""}
    words = " ".join(say(language, f"prices.stage.{stage}") for stage in stages)
    if not markets:
        return words
    where = markets.pop() if len(markets) == 1 else say(language, "prices.several_markets")
    return f"{words} {where}"


def _fitting(title: str, lines: list[str], foot: str) -> str:
    """As many lines as a bubble may hold, the first ones."""
    text = title
    for shown in range(len(lines), 0, -1):
        text = "\n".join(_capital(part) for part in (title, *lines[:shown], foot) if part)
        if units(text) <= MOST_UNITS:
            break
    return text


def _change_in_line(satang: int, language: str) -> str:
    """English lines are long; the unit stands before the change."""
    words = change_words(satang, language)
    return words if language != "en" else words.removesuffix(f" {_baht(language)}")


def _capital(line: str) -> str:
    """Names of products are small in English; a line begins with a capital. Thai has none."""
    return line[:1].upper() + line[1:]


def _baht(language: str) -> str:
    return say(language, "prices.up", amount="").split()[-1]
