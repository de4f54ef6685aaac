"""A chart of thirty days for a telephone: large words, Buddhist years in Thai, the last price written out.

Thai marks need raqm and FriBiDi. What the picture shows is also said in words (storage/wording/prices.py), because a
picture alone reaches nobody who listens.
"""

import io
from datetime import date, timedelta
from functools import cache
from importlib.resources import files

from PIL import Image, ImageDraw, ImageFont, features

from storage.price_catalogue import source_name
from storage.price_series import Quote
from storage.wording import prices as words
from storage.wording import say

WIDTH, HEIGHT = 1040, 1040
"""Square, the width of LINE's large pictures."""

_PAPER, _INK, _QUIET = (255, 255, 255), (20, 48, 84), (86, 100, 120)
_LINE, _GRID = (0, 90, 160), (214, 222, 232)
_LEFT, _RIGHT, _TOP, _BOTTOM = 190, 60, 330, 190
_TITLE, _PRICE, _SMALL = 54, 84, 40
_FONT_FILE = files("fontpkg_noto_sans_thai") / "files" / "NotoSansThai[wdth,wght].ttf"
_REGULAR, _BOLD, _FULL_WIDTH = 420, 650, 100
_FINER = 2
_STEPS = (1, 2, 5)


class ChartNotDrawn(Exception):
    """The chart cannot be drawn; the message says why."""


def draw(quote: Quote, language: str) -> bytes:
    """The days of a quote as PNG. Raises ChartNotDrawn for fewer than two days, or without the shaping of Thai."""
    if not (features.check("raqm") and features.check("fribidi")):
        raise ChartNotDrawn("Thai marks would collide without raqm and FriBiDi: install Debian's libfribidi0")
    if len(quote.days) < 2:
        raise ChartNotDrawn("a line needs two days")
    picture = Image.new("RGB", (WIDTH * _FINER, HEIGHT * _FINER), _PAPER)
    pen = ImageDraw.Draw(picture)
    _write_head(pen, quote, language)
    _draw_days(pen, quote, language)
    _write_foot(pen, quote, language)
    smooth = picture.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS).quantize(64)
    written = io.BytesIO()
    smooth.save(written, "PNG", optimize=True)
    return written.getvalue()


def _write_head(pen: ImageDraw.ImageDraw, quote: Quote, language: str) -> None:
    name = words.name_words(quote, language)
    _text(pen, 60, 50, name[:1].upper() + name[1:], _TITLE, _INK, bold=True, widest=WIDTH - 120)
    price = f"{words.price_words(quote, quote.latest)} {words.unit_words(quote.unit, language)}"
    _text(pen, 60, 122, price, _PRICE, _LINE, bold=True, widest=WIDTH - 120)
    change = quote.satang(quote.days[-1]) - quote.satang(quote.days[0])
    since = words.short_day(quote.days[0].price_on, language)
    changed = say(language, "chart.change", day=since, change=words.change_words(change, language))
    _text(pen, 60, 238, changed, _SMALL, _QUIET, widest=WIDTH - 120)


def _write_foot(pen: ImageDraw.ImageDraw, quote: Quote, language: str) -> None:
    latest = words.day(quote.latest.price_on, language)
    source = say(language, "chart.source", source=source_name(quote.latest.source, language))
    _text(pen, 60, HEIGHT - 112, latest, _SMALL, _QUIET, widest=WIDTH - 120)
    _text(pen, 60, HEIGHT - 60, source, _SMALL, _QUIET, widest=WIDTH - 120)


def _draw_days(pen: ImageDraw.ImageDraw, quote: Quote, language: str) -> None:
    first, last = quote.days[0].price_on, quote.days[-1].price_on
    values = [quote.satang(day) for day in quote.days]
    marks = _marks(min(values), max(values))
    low, high = marks[0], marks[-1]
    width, height = WIDTH - _LEFT - _RIGHT, HEIGHT - _TOP - _BOTTOM

    def x_of(day: date) -> float:
        return _LEFT + width * (day - first).days / max((last - first).days, 1)

    def y_of(satang: float) -> float:
        return _TOP + height * (high - satang) / (high - low)

    for mark in marks:
        _line(pen, [(_LEFT, y_of(mark)), (WIDTH - _RIGHT, y_of(mark))], _GRID, 2)
        _text(pen, _LEFT - 18, y_of(mark), words.bound_money(mark), _SMALL, _QUIET, anchor="rm")
    for day, anchor in _days_named(first, last):
        _text(
            pen,
            x_of(day),
            HEIGHT - _BOTTOM + 16,
            words.short_day(day, language),
            _SMALL,
            _QUIET,
            anchor=anchor,
        )
    points = [(x_of(day.price_on), y_of(value)) for day, value in zip(quote.days, values, strict=True)]
    _line(pen, points, _LINE, 8)
    for x, y in points:
        _dot(pen, x, y, 7)
    _dot(pen, *points[-1], 15)


def _marks(lowest: int, highest: int) -> list[int]:
    """Round amounts around what was paid, three to six, in satang.

    >>> _marks(6000, 6510)
    [6000, 6200, 6400, 6600]
    """
    span = max(highest - lowest, highest // 50, 10)
    power = 1
    while True:
        for step in (power * each for each in _STEPS):
            first, last = lowest // step * step, -(-max(highest, lowest + 1) // step) * step
            if (last - first) // step <= 4 and span <= step * 5:
                return list(range(first, max(last, first + 2 * step) + 1, step))
        power *= 10


def _days_named(first: date, last: date) -> list[tuple[date, str]]:
    """The first, the middle and the last day, and how their names are anchored."""
    if (last - first).days < 8:
        return [(first, "la"), (last, "ra")]
    middle = first + timedelta(days=(last - first).days // 2)
    return [(first, "la"), (middle, "ma"), (last, "ra")]


def _text(
    pen: ImageDraw.ImageDraw,
    x: float,
    y: float,
    written: str,
    size: int,
    colour: tuple[int, int, int],
    *,
    bold: bool = False,
    anchor: str = "la",
    widest: int = 0,
) -> None:
    font = _font(size * _FINER, bold)
    while widest and font.getlength(written) > widest * _FINER and size > 24:
        size -= 2
        font = _font(size * _FINER, bold)
    pen.text((x * _FINER, y * _FINER), written, font=font, fill=colour, anchor=anchor)


def _line(
    pen: ImageDraw.ImageDraw, points: list[tuple[float, float]], colour: tuple[int, int, int], width: int
) -> None:
    pen.line([(x * _FINER, y * _FINER) for x, y in points], fill=colour, width=width * _FINER, joint="curve")


def _dot(pen: ImageDraw.ImageDraw, x: float, y: float, radius: int) -> None:
    box = [(x - radius) * _FINER, (y - radius) * _FINER, (x + radius) * _FINER, (y + radius) * _FINER]
    pen.ellipse(box, fill=_LINE)


@cache
def _font(size: int, bold: bool) -> ImageFont.FreeTypeFont:
    font = ImageFont.truetype(str(_FONT_FILE), size, layout_engine=ImageFont.Layout.RAQM)
    font.set_variation_by_axes([_BOLD if bold else _REGULAR, _FULL_WIDTH])
    return font
