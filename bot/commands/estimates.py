"""How an estimate reads at the terminal, before a release."""

from dataclasses import asdict
from datetime import tzinfo
from typing import Any

from rich.table import Table

from bot.commands.console import console
from broadcasts.delivery.estimates import AccountEstimate, Estimate
from storage import places

MOST_DISTRICTS = 20


def estimate_json(found: Estimate) -> dict[str, Any]:
    """For scripts."""
    return {**asdict(found), "recipients": found.recipients, "seconds": found.seconds}


def print_estimate(found: Estimate, zone: tzinfo) -> None:
    """For the officer who is about to release."""
    table = Table(
        "channel", "people", "also corrects", "requests", "ahead", "to the last", "costs", "quota", box=None
    )
    for each in found.accounts:
        table.add_row(
            each.account,
            f"{each.recipients:,}" + ("" if each.connected else " (switched off)"),
            f"up to {each.reached:,}" if each.reached else "-",
            f"{each.requests:,}",
            f"{each.ahead:,}" if each.ahead else "-",
            duration(each.seconds) if each.connected else "-",
            _cost(each),
            _quota(each),
        )
    console.print(table)
    if len(found.accounts) > 1:
        console.print(
            f"  all together {found.recipients:,} people, {duration(found.seconds)} to the last of them"
        )
    for each in found.accounts:
        if each.with_wishes:
            console.print(f"  {each.account}: {each.with_wishes:,} of them get it at an hour they wished")
        if each.quota and each.quota.refusal:
            console.print(f"  look at: {each.quota.refusal}")
    if (texts := found.texts_instead) is not None:
        console.print(
            f"  text messages instead, to those who have blocked us on LINE: {texts.within_cap:,} of {texts.people:,} "
            f"people, {texts.satang / 100:,.2f} baht for all; at most {texts.cap_satang / 100:,.2f} baht are spent"
        )
    for district in found.districts[:MOST_DISTRICTS]:
        console.print(f"  {place_name(district.place)}: {district.recipients:,}")
    if len(found.districts) > MOST_DISTRICTS:
        rest = found.districts[MOST_DISTRICTS:]
        console.print(f"  {len(rest)} more districts: {sum(each.recipients for each in rest):,}")
    for earlier in found.earlier:
        at = earlier.released_at.astimezone(zone)
        console.print(
            f"  sent there within a day: broadcast {earlier.broadcast_id} ({earlier.kind}, {earlier.state}) at "
            f"{at:%d.%m. %H:%M} by {earlier.released_by}, to {earlier.recipients:,}"
        )


def place_name(code: str) -> str:
    """A place as officers know it, with its code."""
    return f"{code} {places.full_name(code, 'th')}" if places.place(code) else code


def duration(seconds: float) -> str:
    """A time to wait, rounded up.

    >>> duration(0.4), duration(75), duration(7260)
    ('1 s', '1 min 15 s', '2 h 1 min')
    """
    whole = max(1, int(seconds + 0.999)) if seconds else 0
    hours, minutes, left = whole // 3600, whole % 3600 // 60, whole % 60
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {left} s" if minutes else f"{left} s"


def _cost(each: AccountEstimate) -> str:
    if not each.segments:
        return "-"
    price = "price not set" if each.satang is None else f"{each.satang / 100:,.2f} baht"
    return f"{each.segments:,} segments, {price}"


def _quota(each: AccountEstimate) -> str:
    known = each.quota
    if known is None:
        return "-"
    if known.asked_at is None:
        return f"needs {known.needed:,}; not asked yet"
    if known.limit is None:
        return f"needs {known.needed:,}; no limit"
    return f"needs {known.needed:,} of {known.left:,} left, {known.reserve:,} kept for emergencies"
