"""Plots as SVG text, made without any package: bars for who did how much, lines for what changed over time."""

from collections.abc import Mapping, Sequence
from html import escape

_WIDTH, _LEFT, _ROW, _HEIGHT = 760, 300, 30, 260
_COLOURS = ("#14406b", "#c2410c", "#4d7c0f", "#7e22ce", "#0e7490")
_STYLE = 'font-family="sans-serif" font-size="14"'


def bars(title: str, unit: str, values: Sequence[tuple[str, float]]) -> str:
    """A bar for each name, its value beside it."""
    most = max((value for _, value in values), default=0.0) or 1.0
    drawn = [_text(10, 24, f"{title}, {unit}", bold=True)]
    for row, (name, value) in enumerate(values):
        y = 44 + row * _ROW
        width = max(value / most * (_WIDTH - _LEFT - 100), 1)
        drawn.append(_text(10, y + 15, name))
        drawn.append(
            f'<rect x="{_LEFT}" y="{y}" width="{width:.1f}" height="20" fill="{_COLOURS[row > 0]}"/>'
        )
        drawn.append(_text(_LEFT + width + 6, y + 15, f"{value:,.0f}"))
    return _picture(60 + len(values) * _ROW, drawn)


def lines(title: str, unit: str, named: Mapping[str, Sequence[tuple[float, float]]]) -> str:
    """A line for each name over seconds."""
    points = [point for line in named.values() for point in line]
    last = max((at for at, _ in points), default=0.0) or 1.0
    most = max((value for _, value in points), default=0.0) or 1.0
    left, right, top, bottom = 70, _WIDTH - 20, 60, _HEIGHT - 30
    drawn = [
        _text(10, 24, f"{title}, {unit}", bold=True),
        f'<path d="M{left} {top}V{bottom}H{right}" fill="none" stroke="#555"/>',
        _text(10, top + 5, f"{most:,.0f}"),
        _text(left, bottom + 20, "0 s"),
        _text(right - 50, bottom + 20, f"{last:,.0f} s"),
    ]
    for number, (name, line) in enumerate(named.items()):
        colour = _COLOURS[number % len(_COLOURS)]
        path = " ".join(
            f"{left + at / last * (right - left):.1f},{bottom - value / most * (bottom - top):.1f}"
            for at, value in line
        )
        drawn.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        drawn.append(_text(left + number * 220, 46, name, colour=colour))
    return _picture(_HEIGHT, drawn)


def _text(x: float, y: float, said: str, *, bold: bool = False, colour: str = "#111") -> str:
    weight = ' font-weight="bold"' if bold else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" fill="{colour}"{weight} {_STYLE}>{escape(said)}</text>'


def _picture(height: int, drawn: Sequence[str]) -> str:
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{height}">'
    return "\n".join((head, '<rect width="100%" height="100%" fill="#fff"/>', *drawn, "</svg>\n"))
