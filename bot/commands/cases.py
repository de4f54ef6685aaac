"""krajai case: list, show, take, update, note, forward, close, reopen, cancel, file, media."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table
from sqlmodel import Session

from bot.commands import case_media
from bot.commands.case_media import in_short, write_new
from bot.commands.console import WRONG_USE, JsonOption, console, fail, opened, write_json
from bot.media import media_folder
from bot.wiring import Krajai
from storage import cases, cases_work, media, places
from storage.audit import record
from storage.cases import Case, CaseKind, UnknownCase, place_words_of, ticket, words_of
from storage.cases_agencies import Agencies, AgenciesRefused
from storage.cases_categories import about, categories
from storage.cases_following import followers
from storage.cases_timeline import event_words, timeline
from storage.cases_work import Desk, WordsRefused
from storage.lifecycles import CaseState, ForbiddenTransition, MediaState
from storage.officers import UnknownOfficer, actor
from storage.places import full_name
from storage.sealing import SealBroken
from storage.wording import dates

app = typer.Typer(help="Complaints and requests: take them, answer them, close them.", no_args_is_help=True)

Ticket = Annotated[str, typer.Argument(help="The ticket number, such as 4217-7.")]
Words = Annotated[str, typer.Argument(help="What the citizen reads; at most 500 letters.")]
As = Annotated[
    str | None, typer.Option("--as", help="The officer who acts; needed as soon as one officer exists.")
]
AsJson = Annotated[bool, JsonOption]

Step = Callable[[Desk, str], Case]

_REFUSALS = (UnknownCase, ForbiddenTransition, WordsRefused, SealBroken)
_SHOWN_WORDS = 60


@app.command("list")
def list_(
    state: Annotated[
        str | None, typer.Option(help="Only cases in this state; open ones where none is named.")
    ] = None,
    kind: Annotated[str | None, typer.Option(help="Only this kind, such as complaint or human.")] = None,
    category: Annotated[str | None, typer.Option(help="Only this category, such as road.")] = None,
    agency: Annotated[
        str | None, typer.Option(help="Only cases of the agency with this id; '' for the own one.")
    ] = None,
    place: Annotated[
        str | None,
        typer.Option(help="Only cases in this place, by its code, as `krajai places find` shows it."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show cases, the one that is due first comes first (at most 100)."""
    for name, value, known in (
        ("--state", state, list(CaseState)),
        ("--kind", kind, list(CaseKind)),
        ("--category", category, list(categories())),
    ):
        if value is not None and value not in known:
            fail(f"{name} {value}: give one of {', '.join(known)}", WRONG_USE)
    if place is not None and places.place(place) is None:
        fail(f"--place {place}: give the code that `krajai places find {place}` shows", WRONG_USE)
    with opened() as krajai, krajai.database.read() as session:
        if agency is not None:
            _require_agency(krajai, agency)
        found = cases.listed(
            session,
            states=(state,) if state else cases.OPEN_STATES,
            kind=kind,
            category=category,
            agency=agency,
            place=place,
        )
        if as_json:
            write_json({"cases": [_as_json(session, case) for case in found]})
            return
        table = Table("ticket", "state", "about", "where", "due", "officer", "words", box=None)
        for case in found:
            table.add_row(*_row(krajai, session, case))
        console.print(table)


@app.command()
def show(ticket_number: Ticket, as_: As = None, as_json: AsJson = False) -> None:
    """Show a case whole: words, place, files and all that happened. Looking is audited."""
    with opened() as krajai:
        try:
            with krajai.database.write() as session:
                by, now = actor(session, as_), krajai.database.now(session)
                case = cases.case_by_ticket(session, ticket_number)
                record(session, now, actor=by, action="case.shown", subject=f"case/{case.number}")
                shown = _whole(session, case)
        except (*_REFUSALS, UnknownOfficer) as refused:
            fail(str(refused))
        if as_json:
            write_json(shown)
        else:
            _print_whole(krajai, shown)


@app.command()
def take(ticket_number: Ticket, as_: As = None, as_json: AsJson = False) -> None:
    """Take a case; the citizen reads that somebody has it now."""
    _step(lambda desk, by: cases_work.take(desk, ticket_number, by), as_, as_json)


@app.command()
def update(ticket_number: Ticket, words: Words, as_: As = None, as_json: AsJson = False) -> None:
    """Tell the citizen how far it is."""
    _step(lambda desk, by: cases_work.update(desk, ticket_number, by, words), as_, as_json)


@app.command()
def note(
    ticket_number: Ticket,
    words: Annotated[str, typer.Argument(help="What officers read; citizens do not.")],
    as_: As = None,
    as_json: AsJson = False,
) -> None:
    """Write something down for the other officers."""
    _step(lambda desk, by: cases_work.note(desk, ticket_number, by, words), as_, as_json)


@app.command()
def forward(
    ticket_number: Ticket,
    agency: Annotated[str, typer.Argument(help="The id of the agency that gets it; '' for the own one.")],
    words: Words,
    as_: As = None,
    as_json: AsJson = False,
) -> None:
    """Send a case to another agency; the citizen reads to whom and why, and the deadline stays."""
    _step(lambda desk, by: cases_work.forward(desk, ticket_number, by, agency, words), as_, as_json)


@app.command()
def close(ticket_number: Ticket, words: Words, as_: As = None, as_json: AsJson = False) -> None:
    """Say what was done; the citizen is asked whether it is solved, and after a week it is closed."""
    _step(lambda desk, by: cases_work.close(desk, ticket_number, by, words), as_, as_json)


@app.command()
def reopen(ticket_number: Ticket, words: Words, as_: As = None, as_json: AsJson = False) -> None:
    """Open a case again that is done or closed, with a new deadline."""
    _step(lambda desk, by: cases_work.reopen(desk, ticket_number, by, words), as_, as_json)


@app.command()
def cancel(ticket_number: Ticket, words: Words, as_: As = None, as_json: AsJson = False) -> None:
    """End a case that will not be worked on; the citizen reads why."""
    _step(lambda desk, by: cases_work.cancel(desk, ticket_number, by, words), as_, as_json)


@app.command()
def file(
    ticket_number: Ticket,
    number: Annotated[int, typer.Argument(help="The file's number, as `krajai case show` lists it.")],
    to: Annotated[Path, typer.Argument(help="Where to write it; a file that exists is not overwritten.")],
    as_: As = None,
) -> None:
    """Write a photo, voice note or file of a case to a file of your own. It is audited."""
    with opened() as krajai:
        try:
            with krajai.database.write() as session:
                by, now = actor(session, as_), krajai.database.now(session)
                case = cases.case_by_ticket(session, ticket_number)
                kept = [each for each in media.of_case(session, case.number) if each.number == number]
                if not kept or kept[0].state != MediaState.KEPT:
                    fail(f"case {ticket_number} has no kept file {number}")
                data = media_folder(krajai).read(kept[0].file)
                record(
                    session,
                    now,
                    actor=by,
                    action="case.file_shown",
                    subject=f"case/{case.number}",
                    detail={"file": number},
                )
            write_new(to, data)
        except (*_REFUSALS, UnknownOfficer) as refused:
            fail(str(refused))
        except OSError as fault:
            fail(f"the file cannot be read or written: {fault}")
    console.print(f"{len(data):,} bytes ({kept[0].media_type}) written to {to}")


app.command("media")(case_media.list_or_write)


def _step(step: Step, as_: str | None, as_json: bool) -> None:
    with opened() as krajai:
        try:
            with krajai.database.write() as session:
                by = actor(session, as_)
                case = step(_desk(krajai, session), by)
                told = _as_json(session, case)
        except (*_REFUSALS, UnknownOfficer, AgenciesRefused) as refused:
            fail(str(refused))
        if as_json:
            write_json(told)
        else:
            console.print(f"case {told['ticket']} is {told['state']}")


def agencies_of(krajai: Krajai) -> Agencies:
    """Who answers for what at this installation. Raises AgenciesRefused."""
    return krajai.agencies


def _require_agency(krajai: Krajai, agency: str) -> None:
    try:
        known = [each.id for each in agencies_of(krajai).others]
    except AgenciesRefused as refused:
        fail(str(refused))
    if agency and agency not in known:
        ids = ", ".join(["'' for the own one", *known])
        fail(f"--agency {agency}: give one of {ids}", WRONG_USE)


def _desk(krajai: Krajai, session: Session) -> Desk:
    return Desk(
        session=session,
        at=krajai.database.now(session),
        zone=krajai.settings.zone,
        agencies=agencies_of(krajai),
    )


def _row(krajai: Krajai, session: Session, case: Case) -> tuple[str, ...]:
    words = " ".join(words_of(session, case).split())
    return (
        ticket(case.number),
        case.state,
        about(case.kind, case.category).name_th + (" (confidential)" if case.confidential else ""),
        full_name(case.place, "th") if case.place else "-",
        dates.stamp(case.due_at, "th", krajai.settings.zone) if case.due_at else "-",
        case.officer or "-",
        words if len(words) <= _SHOWN_WORDS else words[:_SHOWN_WORDS] + "…",
    )


def _as_json(session: Session, case: Case) -> dict[str, Any]:
    times = {"opened_at": case.opened_at, "due_at": case.due_at, "closed_at": case.closed_at}
    return {
        "ticket": ticket(case.number),
        "kind": case.kind,
        "category": case.category,
        "state": case.state,
        "agency": case.agency,
        "officer": case.officer,
        "place": case.place,
        "words": words_of(session, case),
        "anonymous": case.anonymous,
        "confidential": case.confidential,
        "rating": case.rating,
        **{name: at.isoformat() if at else None for name, at in times.items()},
    }


def _whole(session: Session, case: Case) -> dict[str, Any]:
    """Who she is stays out of it: an officer answers on her channel without knowing it."""
    return {
        **_as_json(session, case),
        "place_words": place_words_of(session, case),
        "latitude": case.latitude,
        "longitude": case.longitude,
        "followers": len(followers(session, case.number)),
        "rating_reason": cases_work.reason_of(session, case),
        "files": [in_short(each) for each in media.of_case(session, case.number)],
        "timeline": [
            {
                "at": event.at.isoformat(),
                "kind": event.kind,
                "by": event.by_name or event.by,
                "public": event.public,
                "words": event_words(session, event),
            }
            for event in timeline(session, case.number, public_only=False)
        ],
    }


def _print_whole(krajai: Krajai, shown: dict[str, Any]) -> None:
    heading = about(shown["kind"], shown["category"]).name_th
    console.print(f"case {shown['ticket']} {heading}, {shown['state']}, officer {shown['officer'] or '-'}")
    agency = agencies_of(krajai).named(shown["agency"]).name_th
    console.print(f"  for {agency}, due {shown['due_at'] or '-'}")
    where = [shown["place_words"], full_name(shown["place"], "th") if shown["place"] else ""]
    if shown["latitude"] is not None:
        where.append(f"{shown['latitude']}, {shown['longitude']}")
    console.print(f"  where: {' / '.join(filter(None, where)) or '-'}")
    marks = [name for name in ("anonymous", "confidential") if shown[name]]
    console.print(f"  {', '.join([*marks, str(shown['followers']) + ' followers'])}")
    console.print(f"\n{shown['words']}\n")
    for each in shown["files"]:
        console.print(f"  file {each['number']}: {each['kind']} {each['state']}, {each['size']:,} bytes")
    for event in shown["timeline"]:
        told = "" if event["public"] else " (not told)"
        console.print(f"  {event['at']} {event['kind']} by {event['by']}{told} {event['words']}")
    if shown["rating"]:
        console.print(f"  stars: {shown['rating']} {shown['rating_reason']}")
