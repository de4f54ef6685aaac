"""The picture of a rich menu: large words, one pictogram each, colours whose contrast does not depend on the light.

Sizes: LINE Developers, "Rich menu image requirements". Words carry the meaning; the red of a call for help and the
pictograms only repeat it.
"""

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from PIL import Image, ImageDraw, ImageFont, features

WIDTH, HEIGHT = 2500, 1686
MOST_BYTES = 1024 * 1024
"""LINE's limit for the file."""

_FONT_FILE = files("fontpkg_noto_sans_thai") / "files" / "NotoSansThai[wdth,wght].ttf"
_BOLD, _FULL_WIDTH = 650, 100
_LARGEST, _SMALLEST = 170, 60
_MARGIN = 60
_LINE_HEIGHT = 1.35
_GAP = 6
_ICON = 300
_FINER = 3

Colour = tuple[int, int, int]


class MenuNotDrawn(Exception):
    """The picture cannot be drawn on this machine; the message says what is missing."""


@dataclass(frozen=True, kw_only=True)
class Look:
    """Colours of a tile: `ink` on `paper` has a contrast of at least 7 : 1 (WCAG 2.2, 1.4.6)."""

    paper: Colour
    ink: Colour


CALM = Look(paper=(243, 246, 250), ink=(20, 48, 84))
RED = Look(paper=(160, 16, 24), ink=(255, 255, 255))
GREEN = Look(paper=(6, 88, 48), ink=(255, 255, 255))
_BETWEEN: Colour = (20, 48, 84)


@dataclass(frozen=True, kw_only=True)
class DrawnTile:
    """One tile of the picture, in pixels. `pictogram` is a key of `PICTOGRAMS`."""

    left: int
    top: int
    width: int
    height: int
    words: str
    pictogram: str
    look: Look


def draw(tiles: Sequence[DrawnTile]) -> bytes:
    """The menu as PNG. Raises MenuNotDrawn where Thai marks could not be placed, or when the file is too large."""
    if not (features.check("raqm") and features.check("fribidi")):
        raise MenuNotDrawn("Thai marks would collide without raqm and FriBiDi: install Debian's libfribidi0")
    picture = Image.new("RGB", (WIDTH, HEIGHT), _BETWEEN)
    size = min(_fitting_size(tile) for tile in tiles)
    for tile in tiles:
        _draw_tile(picture, tile, size)
    written = io.BytesIO()
    picture.save(written, "PNG")
    if written.tell() > MOST_BYTES:
        raise MenuNotDrawn(f"the picture has {written.tell()} bytes; LINE takes {MOST_BYTES}")
    return written.getvalue()


def _draw_tile(picture: Image.Image, tile: DrawnTile, size: int) -> None:
    brush = ImageDraw.Draw(picture)
    box = (tile.left + _GAP, tile.top + _GAP, tile.left + tile.width - _GAP, tile.top + tile.height - _GAP)
    brush.rectangle(box, fill=tile.look.paper)
    lines = _lines(tile, size)
    line_height = round(size * _LINE_HEIGHT)
    block = _block_height(len(lines), size)
    top = tile.top + (tile.height - block) // 2
    middle = tile.left + tile.width // 2
    picture.paste(tile.look.ink, (middle - _ICON // 2, top), _pictogram(tile.pictogram))
    for number, line in enumerate(lines):
        at = (middle, top + block - line_height * (len(lines) - number) + line_height // 2)
        brush.text(at, line, font=_font(size), fill=tile.look.ink, anchor="mm")


def _fitting_size(tile: DrawnTile) -> int:
    return next((size for size in range(_LARGEST, _SMALLEST, -2) if _fits(tile, size)), _SMALLEST)


def _fits(tile: DrawnTile, size: int) -> bool:
    lines = _lines(tile, size)
    widest = max(_font(size).getlength(line) for line in lines)
    high = _block_height(len(lines), size)
    return widest <= tile.width - 2 * _MARGIN and high <= tile.height - 2 * _MARGIN


def _block_height(lines: int, size: int) -> int:
    """Pictogram, gap and words."""
    return _ICON + round(size * 0.55) + round(size * _LINE_HEIGHT) * lines


def _lines(tile: DrawnTile, size: int) -> list[str]:
    """The words on one line, or, where they have spaces, on as few as their width asks for."""
    lines = [""]
    for word in tile.words.split(" "):
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and _font(size).getlength(longer) > tile.width - 2 * _MARGIN:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


@cache
def _font(size: int) -> ImageFont.FreeTypeFont:
    font = ImageFont.truetype(str(_FONT_FILE), size, layout_engine=ImageFont.Layout.RAQM)
    font.set_variation_by_axes([_BOLD, _FULL_WIDTH])
    return font


def _pictogram(name: str) -> Image.Image:
    """Its mask, drawn finer and made smaller, so that its edges are smooth."""
    side = _ICON * _FINER
    mask = Image.new("L", (side, side), 0)
    PICTOGRAMS[name](ImageDraw.Draw(mask), side)
    return mask.resize((_ICON, _ICON), Image.Resampling.LANCZOS)


Pen = ImageDraw.ImageDraw


def _warning(pen: Pen, side: int) -> None:
    corners = [(side * 0.5, side * 0.08), (side * 0.97, side * 0.9), (side * 0.03, side * 0.9)]
    pen.polygon(corners, fill=255)
    pen.rounded_rectangle((side * 0.46, side * 0.36, side * 0.54, side * 0.64), side * 0.04, fill=0)
    pen.ellipse((side * 0.45, side * 0.7, side * 0.55, side * 0.8), fill=0)


def _coin(pen: Pen, side: int) -> None:
    _disc(pen, side)
    pen.text((side * 0.5, side * 0.5), "฿", font=_font(round(side * 0.62)), fill=0, anchor="mm")


def _question(pen: Pen, side: int) -> None:
    _disc(pen, side)
    pen.text((side * 0.5, side * 0.5), "?", font=_font(round(side * 0.7)), fill=0, anchor="mm")


def _speech(pen: Pen, side: int) -> None:
    pen.rounded_rectangle((side * 0.04, side * 0.12, side * 0.96, side * 0.74), side * 0.14, fill=255)
    pen.polygon([(side * 0.2, side * 0.7), (side * 0.48, side * 0.7), (side * 0.2, side * 0.95)], fill=255)
    for centre in (0.28, 0.5, 0.72):
        pen.ellipse(_around(side, centre, 0.43, 0.06), fill=0)


def _list(pen: Pen, side: int) -> None:
    pen.rounded_rectangle((side * 0.14, side * 0.04, side * 0.86, side * 0.96), side * 0.08, fill=255)
    for line in (0.27, 0.5, 0.73):
        pen.ellipse(_around(side, 0.28, line, 0.045), fill=0)
        pen.rounded_rectangle(
            (side * 0.4, side * (line - 0.035), side * 0.74, side * (line + 0.035)), side * 0.03, fill=0
        )


def _lifebuoy(pen: Pen, side: int) -> None:
    _disc(pen, side)
    for start in (45, 135, 225, 315):
        pen.pieslice(_around(side, 0.5, 0.5, 0.41), start - 14, start + 14, fill=0)
    pen.ellipse(_around(side, 0.5, 0.5, 0.25), fill=255)
    pen.ellipse(_around(side, 0.5, 0.5, 0.18), fill=0)


def _check(pen: Pen, side: int) -> None:
    _disc(pen, side)
    points = [(side * 0.28, side * 0.52), (side * 0.45, side * 0.69), (side * 0.74, side * 0.34)]
    pen.line(points, fill=0, width=round(side * 0.1), joint="curve")
    for x, y in (points[0], points[-1]):
        pen.ellipse((x - side * 0.05, y - side * 0.05, x + side * 0.05, y + side * 0.05), fill=0)


def _disc(pen: Pen, side: int) -> None:
    pen.ellipse(_around(side, 0.5, 0.5, 0.46), fill=255)


def _around(side: int, x: float, y: float, radius: float) -> tuple[float, float, float, float]:
    return side * (x - radius), side * (y - radius), side * (x + radius), side * (y + radius)


PICTOGRAMS: dict[str, Callable[[Pen, int], None]] = {
    "warning": _warning,
    "coin": _coin,
    "speech": _speech,
    "list": _list,
    "question": _question,
    "lifebuoy": _lifebuoy,
    "check": _check,
}
