"""The duty roster: who is asked at which place and hour, and who is next when there is no answer.

Those nearest to the place are asked first, by rank; then the district, the province, the country. An office of one
person so borrows its approvers from above.
"""

from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlmodel import Field, Session, SQLModel, col, select

from storage import places as register
from storage.agencies import agency
from storage.columns import Json, PlaceCode, UtcDateTime
from storage.officer_rights import Right, acting_places, covers, has_right
from storage.officers import Officer, OfficerState, officers

COUNTRY = ""
"""The place of a shift for the whole country."""

DAY_MINUTES = 24 * 60
EVERY_DAY = (1, 2, 3, 4, 5, 6, 7)


class DutyShift(SQLModel, table=True):
    """An officer is on duty for `place` on these ISO weekdays, from one minute of the day to another, local time.

    A shift whose `until_minute` is not after its `from_minute` ends on the next day. Of several at one place the one
    of the lowest `rank` is asked first.
    """

    __tablename__ = "duty_shift"

    id: int | None = Field(default=None, primary_key=True)
    officer_id: int = Field(foreign_key="officer.id", index=True)
    place: str = Field(sa_type=PlaceCode)
    weekdays: list[int] = Field(default_factory=lambda: list(EVERY_DAY), sa_type=Json)
    from_minute: int = 0
    until_minute: int = 0
    rank: int = 1
    first_on: date | None = None
    last_on: date | None = None
    created_at: datetime = Field(sa_type=UtcDateTime)
    removed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)

    def holds(self, at: datetime, zone: ZoneInfo) -> bool:
        """Whether it is going on; a shift over midnight belongs to the day on which it began.

        >>> from datetime import UTC
        >>> night = DutyShift(officer_id=1, place="57", weekdays=[6], from_minute=1200, until_minute=360,
        ...     created_at=datetime(2026, 1, 1, tzinfo=UTC))
        >>> bangkok = ZoneInfo("Asia/Bangkok")
        >>> night.holds(datetime(2026, 11, 21, 20, tzinfo=UTC), bangkok)  # Sunday, 3.00 in Bangkok
        True
        >>> night.holds(datetime(2026, 11, 20, 20, tzinfo=UTC), bangkok)  # Saturday, 3.00
        False
        """
        local = at.astimezone(zone)
        minute = local.hour * 60 + local.minute
        if self.from_minute < self.until_minute:
            return self.from_minute <= minute < self.until_minute and self._is_on(local.date())
        if minute >= self.from_minute and self._is_on(local.date()):
            return True
        return minute < self.until_minute and self._is_on(local.date() - timedelta(days=1))

    def _is_on(self, day: date) -> bool:
        begun = self.first_on is None or self.first_on <= day
        ended = self.last_on is not None and day > self.last_on
        return day.isoweekday() in self.weekdays and begun and not ended


def shifts(session: Session) -> list[DutyShift]:
    """The whole roster, by place, rank and hour."""
    query = select(DutyShift).where(col(DutyShift.removed_at).is_(None))
    return list(
        session.exec(query.order_by(col(DutyShift.place), col(DutyShift.rank), col(DutyShift.from_minute)))
    )


def common_place(places: Sequence[str]) -> str:
    """The smallest place around all of these; the country where they share no province, or nobody knows where it is.

    >>> common_place(["570906", "5707"]), common_place(["57", "50"]), common_place(["5709"]), common_place([])
    ('57', '', '5709', '')
    """
    if not places:
        return COUNTRY
    first, last = min(places), max(places)
    length = max(
        (size for size in (2, 4, 6, 8) if first[:size] == last[:size] and len(first[:size]) == size),
        default=0,
    )
    return first[:length]


def on_duty(session: Session, place: str, at: datetime, *, zone: ZoneInfo) -> list[Officer]:
    """Who is on duty around this place now, in the order in which they are asked, each once; active officers only."""
    around = {place, COUNTRY, *(register.ancestors(place) if place else ())}
    now = [shift for shift in shifts(session) if shift.place in around and shift.holds(at, zone)]
    now.sort(key=lambda shift: (-len(shift.place), shift.rank, shift.id or 0))
    ids = dict.fromkeys(shift.officer_id for shift in now)
    found = (session.get(Officer, each) for each in ids)
    return [each for each in found if each is not None and each.state == OfficerState.ACTIVE]


def line(
    session: Session, places: Sequence[str], at: datetime, *, right: Right, zone: ZoneInfo
) -> list[Officer]:
    """All who may be asked for this right in all of these places, in order.

    First those on duty; after them everybody else with the right, the smallest area first: an alert at night must not
    wait for a roster that nobody filled in. A cry from nobody knows where is everybody's who works on cries.
    """
    allowed: dict[int, tuple[tuple[int, str], Officer]] = {}
    for each in officers(session):
        acting = acting_places(each, agency(session, each.agency_id))
        if each.id is not None and has_right(each, right) and _covers(acting, places, right):
            allowed[each.id] = ((_area(acting), each.name), each)
    first = [each for each in on_duty(session, common_place(places), at, zone=zone) if each.id in allowed]
    rest = sorted(allowed.values(), key=lambda found: found[0])
    return [*first, *(each for _, each in rest if each not in first)]


def next_in_line(
    session: Session,
    places: Sequence[str],
    at: datetime,
    *,
    right: Right,
    zone: ZoneInfo,
    asked: Collection[int] = (),
) -> Officer | None:
    """Whom to ask next; `asked` are those who were asked before, or who must not be (an alert's author)."""
    return next(
        (each for each in line(session, places, at, right=right, zone=zone) if each.id not in asked), None
    )


def _covers(acting: Sequence[str], places: Sequence[str], right: Right) -> bool:
    return covers(acting, places) if places else right == Right.WORK_CRIES


def _area(acting: Sequence[str]) -> int:
    """Larger for more: villages count 1, subdistricts 100, districts 100 squared."""
    return sum(int(100 ** ((8 - len(code)) // 2)) for code in acting)
