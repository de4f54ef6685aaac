"""Days in the Thai prose of forecasts: "ในช่วงวันที่ 8 – 13 พ.ค. 67", "วันที่ 7 และ 10 - 12 พฤษภาคม พ.ศ. 2567".

Years are Buddhist, with two digits or four; month and year stand once, at the end of what they are for. A year that is
not written is the one of the days around.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from broadcasts.source_reading import BUDDHIST_YEARS, common_year
from broadcasts.sources import SchemaDrift

LONGEST = timedelta(days=10)
"""No forecast of seven days says more at once."""

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            ("มกราคม", "ม.ค.", "มค"),
            ("กุมภาพันธ์", "ก.พ.", "กพ"),
            ("มีนาคม", "มี.ค.", "มีค"),
            ("เมษายน", "เม.ย.", "เมย"),
            ("พฤษภาคม", "พ.ค.", "พค"),
            ("มิถุนายน", "มิ.ย.", "มิย"),
            ("กรกฎาคม", "ก.ค.", "กค"),
            ("สิงหาคม", "ส.ค.", "สค"),
            ("กันยายน", "ก.ย.", "กย"),
            ("ตุลาคม", "ต.ค.", "ตค"),
            ("พฤศจิกายน", "พ.ย.", "พย"),
            ("ธันวาคม", "ธ.ค.", "ธค"),
        ),
        1,
    )
    for name in names
}
_MONTH = "|".join(
    re.escape(name).replace(r"\.", r"\.?\s?") for name in sorted(_MONTHS, key=len, reverse=True)
)
_DAY = rf"\d{{1,2}}(?:\s*(?:{_MONTH}))?(?:\s*(?:พ\.?\s?ศ\.?\s*)?(?:\d{{4}}|\d{{2}})(?!\d))?"
_JOINT = r"\s*(?:-|–|—|ถึง|และ|,|กับ)\s*(?:วันที่\s*)?"
_GROUP = re.compile(rf"(?:วันที่|ช่วงวันที่)\s*((?:{_DAY})(?:{_JOINT}(?:{_DAY}))*)")
_PARTED = re.compile(r"\s*(?:และ|,|กับ)\s*(?:วันที่\s*)?")
_RANGED = re.compile(r"\s*(?:-|–|—|ถึง)\s*(?:วันที่\s*)?")
_ONE = re.compile(rf"(\d{{1,2}})(?:\s*({_MONTH}))?(?:\s*(?:พ\.?\s?ศ\.?\s*)?(\d{{4}}|\d{{2}}))?")


@dataclass(frozen=True, kw_only=True)
class Period:
    """From one day to another, both included."""

    first: date
    last: date

    def holds(self, other: "Period") -> bool:
        return self.first <= other.first and other.last <= self.last


def periods_in(text: str, where: str, around: Period | None = None) -> list[tuple[Period, int, int]]:
    """The periods that a text names, each with where its words begin and end. Raises SchemaDrift.

    >>> [(found, start, end)] = periods_in("ในช่วงวันที่ 8 – 13 พ.ค. 67 มีฝน", "x")
    >>> found.first.isoformat(), found.last.isoformat()
    ('2024-05-08', '2024-05-13')
    """
    return [
        (period, found.start(), found.end())
        for found in _GROUP.finditer(text)
        for period in _periods(found[1], where, around)
    ]


def _periods(written: str, where: str, around: Period | None) -> Iterator[Period]:
    """Read from the end, since a month and a year hold for the days before them."""
    found: list[Period] = []
    month: int | None = around.last.month if around else None
    year: int | None = None
    following: date | None = None
    for part in reversed(_PARTED.split(written)):
        ends: list[date] = []
        for one in reversed(_RANGED.split(part)):
            matched = _ONE.fullmatch(one.strip())
            if matched is None:
                raise SchemaDrift(where, f"names no day but {one!r}")
            day, named, written_year = matched.groups()
            month = _MONTHS_READ[_bare(named)] if named else month
            year = _year(written_year) if written_year else year
            if month is None:
                raise SchemaDrift(where, f"names the day {one!r} without a month")
            found_day = _date(int(day), month, year, around, where)
            if following is not None and found_day > following and written_year is None:
                # 29 ธ.ค. - 4 ม.ค. 68: the year that stands at the end is not that of December.
                found_day = _date(int(day), month, found_day.year - 1, around, where)
            following = found_day
            ends.append(found_day)
        period = Period(first=ends[-1], last=ends[0])
        if len(ends) > 2 or not timedelta(0) <= period.last - period.first <= LONGEST:
            raise SchemaDrift(where, f"names the days {written!r}, which is no span of a week")
        found.append(period)
    yield from reversed(found)


def _date(day: int, month: int, year: int | None, around: Period | None, where: str) -> date:
    if year is None:
        if around is None:
            raise SchemaDrift(where, f"names day {day} of month {month} without a year")
        # The year of the days around, or its neighbour where those run over new year.
        year = around.first.year if month >= around.first.month else around.last.year
    try:
        return date(year, month, day)
    except ValueError as fault:
        raise SchemaDrift(where, f"names day {day} of month {month}, which there is not") from fault


def _year(written: str) -> int:
    """Two digits are Buddhist: 67 is 2567, which is 2024."""
    return common_year(int(written)) if len(written) == 4 else 2500 + int(written) - BUDDHIST_YEARS


def _bare(month: str) -> str:
    return re.sub(r"[.\s]", "", month)


_MONTHS_READ = {_bare(name): number for name, number in _MONTHS.items()}
