"""krajai advice: the rules of advice, today's advice for a place, and officers' bulletins."""

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from bot.commands.console import WRONG_USE, JsonOption, console, fail, opened, write_json

if TYPE_CHECKING:
    from storage.advice_rules import Rule

app = typer.Typer(
    help="Advice by the weather to those who farm, and officers' bulletins.", no_args_is_help=True
)

AsJson = Annotated[bool, JsonOption]
As = Annotated[
    str | None, typer.Option("--as", help="The officer who acts; needed as soon as one officer exists.")
]
RuleId = Annotated[str, typer.Argument(help="A rule by crop and name, such as rice/ripe-before-rain.")]


@app.command("list")
def list_(
    crop: Annotated[str | None, typer.Option(help="Only the rules of this crop, such as rice.")] = None,
    as_json: AsJson = False,
) -> None:
    """List the rules: crop and name, what calls for them, when, and who confirmed them."""
    found = [each for each in _rules() if crop in (None, each.crop)]
    with opened() as krajai, krajai.database.read() as session:
        from storage.advising import confirmed_rules

        confirmed = confirmed_rules(session)
    if as_json:
        write_json({"rules": [_as_json(each, confirmed) for each in found]})
        return
    for rule in found:
        state = "confirmed" if rule.id in confirmed else "unverified"
        months = ",".join(map(str, rule.months)) or "always"
        console.print(f"{rule.id:32} {state:11} {','.join(rule.when):34} {months:16} {rule.do('th')}")
    console.print(f"{len(found)} rules, {sum(rule.id in confirmed for rule in found)} of them confirmed")


@app.command()
def show(rule_id: RuleId, as_json: AsJson = False) -> None:
    """Show one rule with its words, and how they would be read."""
    rule = _rule(rule_id)
    with opened() as krajai, krajai.database.read() as session:
        from storage.advising import confirmed_rules

        shown = _as_json(rule, confirmed_rules(session))
    if as_json:
        write_json(shown)
        return
    for name, value in shown.items():
        console.print(f"{name:12} {value}")


@app.command()
def lint(
    folder: Annotated[
        Path | None, typer.Option("--folder", help="A folder of your own rules instead of Krajai's.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check every rule: what it must have, lengths, plain words, days."""
    from broadcasts.advice import linting
    from storage.advice_rules import read_files

    if folder is not None and not folder.is_dir():
        fail(f"--folder {folder}: is no folder", WRONG_USE)
    faults = linting.lint(folder, datetime.now(UTC).date())
    count = sum(len(each.rules) for each in read_files(folder))
    if as_json:
        write_json({"rules": count, "faults": faults})
    else:
        for fault in faults:
            console.print(fault)
        console.print(f"{count} rules, {len(faults)} faults")
    if faults:
        raise typer.Exit(1)


@app.command()
def confirm(rule_id: RuleId, as_: As = None) -> None:
    """Stand for a rule as an officer of agriculture: from now on it is sent out, as long as it stays as it is."""
    from storage import advising
    from storage.officers import UnknownOfficer, actor

    rule = _rule(rule_id)
    with opened() as krajai:
        try:
            with krajai.database.write() as session:
                by, now = actor(session, as_), krajai.database.now(session)
                advising.confirm(session, rule, now, by=by)
        except UnknownOfficer as refused:
            fail(str(refused))
        console.print(f"{rule.id} confirmed by {by}: {rule.do('th')}")


@app.command()
def today(
    place: Annotated[str, typer.Option(help="A place by its code or name, such as 5709 or แม่สาย.")],
    crop: Annotated[list[str], typer.Option(help="A crop, such as rice; may be given several times.")],
    day: Annotated[str | None, typer.Option(help="Another day than today, such as 2026-11-21.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show the advice of a day for a place and crops, confirmed or not."""
    from storage.advice_words import advice_text
    from storage.advising import advice_for
    from storage.farming import crops

    if unknown := [each for each in crop if each not in crops()]:
        fail(f"--crop {unknown[0]}: no such crop (known: {', '.join(crops())})", WRONG_USE)
    code = _place(place)
    with opened() as krajai, krajai.database.read() as session:
        on = _day(day) if day else krajai.database.now(session).astimezone(krajai.settings.zone).date()
        found = advice_for(session, code, crop, on, also_unconfirmed=True)
    if as_json:
        told = (
            {}
            if found is None
            else {"rule": found.rule.id, "confirmed": found.confirmed, "severe": found.severe}
        )
        texts = {} if found is None else {language: advice_text(found, language) for language in ("th", "en")}
        write_json({"day": on.isoformat(), "place": code, **told, "words": texts})
        return
    if found is None:
        console.print(f"no advice for {on}: no rule fits, or there is no forecast (`krajai sources`)")
        return
    console.print(f"{found.rule.id}, {'confirmed' if found.confirmed else 'unverified: not sent out'}")
    console.print(f"\n{advice_text(found, 'th')}\n\n{advice_text(found, 'en')}")


@app.command()
def send(
    th: Annotated[str, typer.Option(help="The words in Thai, as farmers read them.")],
    en: Annotated[str, typer.Option(help="The same in English.")],
    until: Annotated[
        str, typer.Option(help="Until when it holds: a day to its end, or a time (2026-11-25T18:00).")
    ],
    place: Annotated[list[str], typer.Option(help="A place by code or name; may be given several times.")],
    crop: Annotated[
        str, typer.Option(help="Only those who grow this, such as rice; else all who want advice.")
    ] = "",
    as_: As = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Send it; without this it is only shown.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show a bulletin to those who grow something, how it reads and how many it reaches; with --yes, send it."""
    from broadcasts.advice import bulletins
    from broadcasts.advice.bulletins import BulletinRefused
    from storage.officers import UnknownOfficer, actor

    codes = [_place(each) for each in place]
    with opened() as krajai:
        zone = krajai.settings.zone
        who = {language: krajai.agency.name(language) for language in ("th", "en")}
        ends = _time(until, zone)
        try:
            with krajai.database.read() as session:
                actor(session, as_)
                now = krajai.database.now(session)
                planned = bulletins.bulletin(crop, codes, {"th": th, "en": en}, ends, now)
                shown = bulletins.preview(session, planned, now, who, zone)
            sent = None
            if yes:
                with krajai.database.write() as session:
                    by, now = actor(session, as_), krajai.database.now(session)
                    sent = bulletins.send(session, planned, now, who, zone, by=by).id
        except (BulletinRefused, UnknownOfficer) as refused:
            fail(str(refused))
    words = {
        language: {form.value: text for form, text in forms.items()}
        for language, forms in shown.texts.items()
    }
    if as_json:
        write_json(
            {"broadcast": sent, "words": words, "audience": shown.audience, "obstacle": shown.obstacle}
        )
        return
    for language, forms in words.items():
        for form, text in forms.items():
            console.print(f"[{language}, {form}]\n{text}\n")
    for channel, number in shown.audience.items():
        console.print(f"audience on {channel}: {number:,}")
    if not shown.audience:
        console.print("audience: nobody in these places wants advice about this")
    if shown.obstacle:
        console.print(f"cannot be sent now: {shown.obstacle}")
    console.print(f"sent as broadcast {sent}" if sent else "not sent: look at it, then add --yes")


def _rules() -> "tuple[Rule, ...]":
    from storage.advice_rules import RuleBroken, rules

    try:
        return rules()
    except RuleBroken as broken:
        fail(f"{broken} (all faults: krajai advice lint)")


def _rule(rule_id: str) -> "Rule":
    found = next((each for each in _rules() if each.id == rule_id), None)
    if found is None:
        fail(f"no rule is called {rule_id!r}: see krajai advice list")
    return found


def _place(named: str) -> str:
    from storage import places

    found = places.find(named)
    if not found:
        fail(f"--place {named}: no such place; look it up with `krajai places find`", WRONG_USE)
    same_level = [each for each in found if each.level == found[0].level]
    if len(same_level) > 1:
        choices = ", ".join(f"{each.code} {places.full_name(each.code, 'th')}" for each in same_level[:5])
        fail(f"--place {named}: may be {choices}: give the code", WRONG_USE)
    return found[0].code


def _day(written: str) -> date:
    try:
        return date.fromisoformat(written)
    except ValueError:
        fail(f"--day {written}: write a day, such as 2026-11-21", WRONG_USE)


def _time(written: str, zone: ZoneInfo) -> datetime:
    """A time, or the end of a day."""
    try:
        if len(written) == len("2026-11-21"):
            return datetime.combine(date.fromisoformat(written) + timedelta(days=1), time(), zone)
        found = datetime.fromisoformat(written)
        return found if found.tzinfo is not None else found.replace(tzinfo=zone)
    except ValueError:
        fail(f"--until {written}: write a day or a time, such as 2026-11-25 or 2026-11-25T18:00", WRONG_USE)


def _as_json(rule: "Rule", confirmed: set[str]) -> dict[str, Any]:
    return {
        "id": rule.id,
        "crop": rule.crop,
        "stage": rule.stage,
        "when": list(rule.when),
        "severe": list(rule.severe),
        "months": list(rule.months),
        "days": list(rule.days or ()),
        "rain_percent": rule.percent,
        "th": rule.do("th"),
        "en": rule.do("en"),
        "source": rule.source,
        "confirmed": rule.id in confirmed,
        "checked_on": rule.checked_on,
        "file": rule.file,
    }
