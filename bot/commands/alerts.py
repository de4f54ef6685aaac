"""krajai alert: import, list, show, release, stop."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from bot.commands.alert_submitting import needs_approval, submit_alert
from bot.commands.console import WRONG_USE, JsonOption, console, fail, opened, write_json
from bot.commands.estimates import estimate_json, print_estimate
from bot.commands.progress import watch_broadcast
from bot.fetching import MOST_BYTES, FetchRefused, fetch_document
from bot.wiring import Krajai
from broadcasts.alerts import releasing
from broadcasts.alerts.automatic import ORIGIN
from broadcasts.alerts.cap_model import CapRefused
from broadcasts.alerts.importing import import_alerts
from broadcasts.alerts.own_words import CONSOLE
from broadcasts.alerts.releasing import NotReleasable, Preview, UnknownAlert
from broadcasts.delivery.estimates import Estimate, estimate
from storage import batches
from storage.alerts import Alert, alerts
from storage.broadcasts import EVERY_PLACE
from storage.lifecycles import AlertState, ForbiddenTransition
from storage.officers import UnknownOfficer, actor
from storage.wording import LANGUAGES, dates
from storage.wording.areas import area_in_words

app = typer.Typer(help="Warnings: CAP in, released to those they concern.", no_args_is_help=True)

AlertId = Annotated[int, typer.Argument(help="The alert's number, as `krajai alert list` shows it.")]
As = Annotated[
    str | None, typer.Option("--as", help="The officer who acts; needed as soon as one officer exists.")
]
AsJson = Annotated[bool, JsonOption]


@app.command("import")
def import_(
    source: Annotated[str, typer.Argument(help="A CAP file, a http(s) address, or - for standard input.")],
    rehearsal: Annotated[
        bool, typer.Option(help="Take it as if it had been sent now. Only where no real channel is on.")
    ] = False,
    as_: As = None,
    as_json: AsJson = False,
) -> None:
    """Read CAP alerts and store them as drafts. Nothing is sent."""
    with opened() as krajai:
        if rehearsal and len(krajai.channels) > 1:
            fail(
                "--rehearsal is refused: real channels are on, and a rehearsed warning reads like a real one"
            )
        try:
            data = _read(source)
            with krajai.database.write() as session:
                by, now = actor(session, as_), krajai.database.now(session)
                imported = import_alerts(
                    session, data, origin=_origin(source), by=by, at=now, rehearsal=rehearsal
                )
        except (CapRefused, FetchRefused, UnknownOfficer) as refused:
            fail(f"{source}: {refused}")
        if as_json:
            write_json({"alerts": [{**_as_json(each.alert), "new": each.new} for each in imported]})
            return
        for each in imported:
            _print_draft(krajai, each.alert, new=each.new)


@app.command("list")
def list_(
    state: Annotated[
        str | None, typer.Option(help="Only alerts in this state, such as draft or released.")
    ] = None,
    drafts: Annotated[
        bool, typer.Option("--drafts", help="Only drafts that wait for an officer, with what they rest on.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show alerts, the newest first (at most 100)."""
    if drafts and state not in (None, AlertState.DRAFT):
        fail(f"--drafts and --state {state}: give one of them", WRONG_USE)
    state = AlertState.DRAFT.value if drafts else state
    if state is not None and state not in list(AlertState):
        fail(f"--state {state}: give one of {', '.join(AlertState)}", WRONG_USE)
    with opened() as krajai:
        with krajai.database.read() as session:
            found = alerts(session, state=state)
        if as_json:
            write_json({"alerts": [_as_json(alert) for alert in found]})
            return
        table = Table("number", "state", "kind", "level", "hazard", "where", "expires", "from", box=None)
        for alert in found:
            where = area_in_words(alert.places, "th") if alert.places else "?"
            expires = dates.stamp(alert.expires_at, "th", krajai.settings.zone)
            kind = f"{alert.status} {alert.msg_type}"
            row = (alert.state, kind, alert.level or "-", alert.hazard or "-", where, expires, alert.sender)
            table.add_row(str(alert.id), *row)
            if drafts:
                for remark in (alert.headline, *alert.remarks):
                    table.add_row("", "", "", "", "", f"  {remark}", "", "")
        console.print(table)


@app.command()
def show(alert_id: AlertId, as_json: AsJson = False) -> None:
    """Show an alert: its words, its audience, what became of it."""
    with opened() as krajai:
        preview = _preview(krajai, alert_id)
        tally = _tally(krajai, preview.alert)
        if as_json:
            estimated = estimate_json(_estimate(krajai, preview))
            write_json({**_preview_json(preview), "estimate": estimated, "delivery": tally})
            return
        _print_preview(krajai, preview)
        if tally:
            console.print(
                "delivery: " + ", ".join(f"{name} {number}" for name, number in tally.items() if number)
            )


@app.command()
def release(
    alert_id: AlertId,
    as_: As = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask; for scripts.")] = False,
    exercise: Annotated[
        bool, typer.Option(help="Release an exercise; citizens read that it is one.")
    ] = False,
    wide: Annotated[bool, typer.Option(help="Allow an area of more than half of the country.")] = False,
    watch: Annotated[bool, typer.Option(help="Follow the delivery until it is done.")] = True,
    as_json: AsJson = False,
) -> None:
    """Send an alert to everyone it concerns, or, once there are officers, submit it to a colleague's approval."""
    with opened() as krajai:
        preview = _preview(krajai, alert_id, exercise=exercise, wide=wide)
        if preview.obstacle:
            fail(f"alert {alert_id} cannot be released: {preview.obstacle}")
        if preview.alert.rehearsal and len(krajai.channels) > 1:
            fail(f"alert {alert_id} cannot be released: it is a rehearsal, and real channels are on")
        _require_actor(krajai, as_)
        if not as_json:
            _print_preview(krajai, preview)
        if not yes and not typer.confirm(_question(preview), default=False, err=True):
            fail("not released")
        if needs_approval(krajai) and not preview.alert.rehearsal:
            submit_alert(krajai, alert_id, as_, wide=wide, as_json=as_json)
            return
        try:
            with krajai.database.write() as session:
                by, now = actor(session, as_), krajai.database.now(session)
                broadcast = releasing.release(
                    session,
                    alert_id,
                    by=by,
                    at=now,
                    zone=krajai.settings.zone,
                    exercise=exercise,
                    wide=wide,
                )
        except (NotReleasable, UnknownOfficer, ForbiddenTransition) as refused:
            fail(f"alert {alert_id}: {refused}")
        assert broadcast.id is not None
        delivery = watch_broadcast(krajai, broadcast.id, quiet=as_json) if watch else None
        if as_json:
            write_json(
                {"alert": alert_id, "broadcast": broadcast.id, "state": "released", "delivery": delivery}
            )
        else:
            console.print(f"alert {alert_id} released as broadcast {broadcast.id} by {broadcast.released_by}")


@app.command()
def stop(alert_id: AlertId, as_: As = None, as_json: AsJson = False) -> None:
    """Stop an alert that is going out: whoever has not been sent it will not be."""
    with opened() as krajai:
        try:
            with krajai.database.write() as session:
                by, now = actor(session, as_), krajai.database.now(session)
                alert = releasing.stop(session, alert_id, by=by, at=now)
        except (UnknownAlert, UnknownOfficer, ForbiddenTransition) as refused:
            fail(str(refused))
        tally = _tally(krajai, alert)
        if as_json:
            write_json({**_as_json(alert), "delivery": tally})
        else:
            console.print(
                f"alert {alert_id} stopped; accepted {tally['accepted']}, not sent {tally['not_sent']}"
            )


def _origin(source: str) -> str:
    """Where it came from; a file that bears the name of a feed or of the console is neither."""
    return f"./{source}" if source.startswith((CONSOLE, ORIGIN)) else source


def _read(source: str) -> bytes:
    """At most a little more than a CAP file may have; the reader refuses what is too large."""
    if source == "-":
        return sys.stdin.buffer.read(MOST_BYTES + 1)
    if source.startswith(("http://", "https://")):
        return fetch_document(source)
    try:
        with Path(source).open("rb") as file:
            return file.read(MOST_BYTES + 1)
    except OSError as fault:
        fail(f"{source} cannot be read ({fault.strerror}): give a CAP file, a http(s) address, or -")


def _require_actor(krajai: Krajai, as_: str | None) -> None:
    """Before anything is asked; the release itself looks again."""
    try:
        with krajai.database.read() as session:
            actor(session, as_)
    except UnknownOfficer as refused:
        fail(str(refused))


def _preview(krajai: Krajai, alert_id: int, *, exercise: bool = False, wide: bool = False) -> Preview:
    try:
        with krajai.database.read() as session:
            now = krajai.database.now(session)
            return releasing.preview(
                session, alert_id, now, krajai.settings.zone, exercise=exercise, wide=wide
            )
    except UnknownAlert as unknown:
        fail(str(unknown))


def _estimate(krajai: Krajai, preview: Preview) -> Estimate:
    with krajai.database.read() as session:
        now = krajai.database.now(session)
        return estimate(
            session,
            preview.draft,
            krajai.channels,
            krajai.forms,
            now,
            groups=preview.groups,
            fallback=krajai.fallback,
        )


def _tally(krajai: Krajai, alert: Alert) -> dict[str, int]:
    if alert.broadcast_id is None:
        return {}
    with krajai.database.read() as session:
        return batches.tally(session, alert.broadcast_id)


def _question(preview: Preview) -> str:
    reach = (
        ", ".join(f"{number:,} on {channel}" for channel, number in preview.audience.items())
        or "nobody by place"
    )
    if preview.reached:
        reach += f", and {preview.reached:,} who may have got the alert it replaces"
    return f"Release alert {preview.alert.id} ({preview.alert.status} {preview.alert.msg_type}) to {reach}?"


def _print_draft(krajai: Krajai, alert: Alert, *, new: bool) -> None:
    console.print(f"alert {alert.id} {'imported as a draft' if new else f'is known already ({alert.state})'}")
    _print_preview(krajai, _preview(krajai, alert.id or 0))


def _print_preview(krajai: Krajai, preview: Preview) -> None:
    alert = preview.alert
    console.print(f"  {alert.sender} {alert.identifier} ({alert.status} {alert.msg_type}), {alert.state}")
    console.print(
        f"  level {alert.level or '-'}, hazard {alert.hazard or 'unknown'}: {alert.headline}", markup=False
    )
    console.print(f"  expires {dates.stamp(alert.expires_at, 'th', krajai.settings.zone)}")
    for remark in alert.remarks:
        console.print(f"  look at: {remark}", markup=False)
    for language in LANGUAGES:
        for bubble in preview.words.get(language, {}).get(EVERY_PLACE, ()):
            console.print(f"\n[{language}]", markup=False)
            console.print(bubble.text, markup=False)
    console.print()
    for channel, number in preview.audience.items():
        console.print(f"  audience on {channel}: {number:,}")
    if alert.state == AlertState.DRAFT and (preview.audience or preview.reached):
        print_estimate(_estimate(krajai, preview), krajai.settings.zone)
    if not preview.audience and not preview.reached:
        console.print("  audience: nobody is subscribed to these places")
    if preview.reached:
        console.print(f"  reached by what it replaces: up to {preview.reached:,}")
    if preview.obstacle:
        console.print(f"  cannot be released now: {preview.obstacle}", markup=False)


def _preview_json(preview: Preview) -> dict[str, Any]:
    return {
        **_as_json(preview.alert),
        "words": {
            language: [bubble.text for bubble in variants.get(EVERY_PLACE, ())]
            for language, variants in preview.words.items()
        },
        "audience": preview.audience,
        "reached": preview.reached,
        "obstacle": preview.obstacle,
    }


def _as_json(alert: Alert) -> dict[str, Any]:
    return {
        "id": alert.id,
        "identifier": alert.identifier,
        "sender": alert.sender,
        "sent": alert.sent.isoformat(),
        "status": alert.status,
        "msg_type": alert.msg_type,
        "state": alert.state,
        "hazard": alert.hazard,
        "level": alert.level,
        "headline": alert.headline,
        "places": alert.places,
        "expires_at": alert.expires_at.isoformat(),
        "remarks": alert.remarks,
        "replaces": alert.replaces_id,
        "broadcast": alert.broadcast_id,
        "rehearsal": alert.rehearsal,
    }
