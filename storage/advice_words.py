"""The words of an advice: what to do first, then the weather it is about, then who says so and from when that is."""

from datetime import UTC, date, datetime

from babel.dates import format_date
from pythainlp.util import thai_strftime

from storage import places
from storage.advising import Advice
from storage.farming import crops
from storage.forecasts import Condition, regions
from storage.replies import Bubble, Button
from storage.wording import say

_RAIN = frozenset({Condition.HEAVY_RAIN, Condition.THUNDERSTORM, Condition.RAIN})


def advice_bubbles(advice: Advice, language: str) -> tuple[Bubble, ...]:
    """As it is said in a chat; an advice that nobody confirmed says so in a bubble of its own."""
    buttons = (
        Button(label=say(language, "buttons.advice_mine"), action="farm"),
        Button(label=say(language, "buttons.menu"), action="menu"),
    )
    told = Bubble(text=advice_text(advice, language), buttons=buttons if advice.confirmed else ())
    if advice.confirmed:
        return (told,)
    return (
        told,
        Bubble(text=say(language, "advice.unconfirmed"), buttons=buttons),
    )


def advice_text(advice: Advice, language: str) -> str:
    """The advice in one bubble."""
    text = say(
        language,
        "advice.text",
        crop=_crop(advice, language),
        do=advice.rule.do(language),
        where=area_name(advice.area, language),
        when=days(advice.starts_on, advice.ends_on, language),
        weather=weather(advice, language),
        source=say(language, f"advice.by.{advice.forecast_by}"),
        issued=days(advice.issued_on, advice.issued_on, language),
    )
    if advice.rule.checked_on is None:
        return text
    return f"{text}\n{say(language, 'advice.method', source=advice.rule.source)}"


def advice_line(advice: Advice, language: str) -> str:
    """The advice as one line of another message, such as the morning's prices."""
    return say(
        language,
        "advice.line",
        crop=_crop(advice, language),
        do=advice.rule.do(language),
        weather=say(language, f"advice.weather.{advice.condition}"),
        when=days(advice.starts_on, advice.ends_on, language),
    )


def advice_beside(advice: Advice, language: str, buttons: tuple[Button, ...]) -> Bubble:
    """The advice as the last bubble of another message, whose buttons come first; with who forecast the weather."""
    text = say(
        language,
        "advice.beside",
        line=advice_line(advice, language),
        where=area_name(advice.area, language),
        source=say(language, f"advice.by.{advice.forecast_by}"),
    )
    change = Button(label=say(language, "buttons.advice_mine"), action="farm")
    return Bubble(text=text, buttons=(*buttons, change))


def advice_sms(advice: Advice, language: str) -> str:
    """The advice as a text message of at most two segments."""
    text = advice_line(advice, language)
    return text if advice.confirmed else f"{text} {say(language, 'advice.unconfirmed.short')}"


def weather(advice: Advice, language: str) -> str:
    """The weather with how much of it, as far as the forecast says."""
    words = say(language, f"advice.weather.{advice.condition}")
    degrees = {Condition.COLD: advice.low, Condition.HEAT: advice.high}.get(advice.condition)
    if degrees is not None:
        return say(language, f"advice.degrees.{advice.condition}", weather=words, degrees=round(degrees))
    if advice.condition in _RAIN and advice.rain_percent is not None:
        low, high = advice.rain_percent
        percent = f"{high}" if low == high else f"{low}-{high}"
        return say(language, "advice.percent", weather=words, percent=percent)
    if advice.condition in _RAIN and advice.rain_mm is not None:
        return say(language, "advice.millimetres", weather=words, millimetres=round(advice.rain_mm))
    return words


def area_name(area: str, language: str) -> str:
    """A region or a province, as it is called in a sentence."""
    if (region := regions().get(area)) is not None:
        return str(region["says"]["th" if language == "th" else "en"])
    return places.short_name(area, language)


def days(first: date, last: date, language: str) -> str:
    """Days with their year, since advice is forwarded: "8-13 พ.ค. 2569", "30 Apr-2 May 2026".

    >>> days(date(2026, 5, 8), date(2026, 5, 13), "en"), days(date(2026, 12, 30), date(2027, 1, 2), "en")
    ('8-13 May 2026', '30 Dec 2026-2 Jan 2027')
    """
    whole = _said(last, language, "%-d %b %Y", "d MMM y")
    if first == last:
        return whole
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day}-{whole}"
    if first.year == last.year:
        return f"{_said(first, language, '%-d %b', 'd MMM')}-{whole}"
    return f"{_said(first, language, '%-d %b %Y', 'd MMM y')}-{whole}"


def _crop(advice: Advice, language: str) -> str:
    """The crop as a sentence begins with it."""
    name = crops()[advice.rule.crop].name(language)
    return name[:1].upper() + name[1:]


def _said(day: date, language: str, thai: str, other: str) -> str:
    if language == "en":
        return format_date(day, other, locale="en")
    return thai_strftime(datetime(day.year, day.month, day.day, tzinfo=UTC), thai)
