"""Tables for spreadsheets: CSV that Excel reads as UTF-8, in which nothing is a formula."""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from fastapi.responses import Response

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def as_csv(name: str, heads: Sequence[str], rows: Iterable[Sequence[object]], zone: ZoneInfo) -> Response:
    """The answer `<name>.csv`; times are those of `zone`. It is kept by no cache."""
    written = io.StringIO()
    writer = csv.writer(written)
    writer.writerow(heads)
    writer.writerows([_cell(each, zone) for each in row] for row in rows)
    headers = {"Content-Disposition": f'attachment; filename="{name}.csv"', "Cache-Control": "no-store"}
    return Response("\ufeff" + written.getvalue(), media_type="text/csv; charset=utf-8", headers=headers)


def _cell(value: object, zone: ZoneInfo) -> str:
    """As text; what a spreadsheet would take for a formula is defused, numbers are none.

    >>> _cell("=1+1", ZoneInfo("Asia/Bangkok")), _cell(-1.5, ZoneInfo("Asia/Bangkok"))
    ("'=1+1", '-1.5')
    """
    if isinstance(value, datetime):
        return value.astimezone(zone).isoformat(timespec="minutes")
    text = "" if value is None else str(value)
    is_number = isinstance(value, int | float)
    return f"'{text}" if text.startswith(_FORMULA_STARTS) and not is_number else text
