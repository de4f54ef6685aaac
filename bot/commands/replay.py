"""krajai replay: what recorded answers of sources would have made Krajai say."""

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from bot.commands.console import WRONG_USE, JsonOption, console, fail, opened, write_json

if TYPE_CHECKING:
    from bot.recordings import Recording
    from bot.replay_events import Event, Said


def replay(
    folder: Annotated[Path, typer.Argument(help="A folder of recorded answers; see docs/sources.md.")],
    from_: Annotated[
        str | None, typer.Option("--from", help="A day or time, such as 2026-09-25 or 2026-09-25T16:00.")
    ] = None,
    to: Annotated[str | None, typer.Option(help="A day, to its end, or a time.")] = None,
    as_json: Annotated[bool, JsonOption] = False,
) -> None:
    """Play recorded answers of sources with the clock in hand: what would be said, to how many, where.

    Nothing is sent.
    """
    from bot.recordings import Moment, RecordingRefused, open_recording
    from bot.replaying import replay as play
    from bot.replaying import replay_database
    from broadcasts.schedule import SCHEDULE, sources_in

    with opened() as krajai:
        zone = krajai.settings.zone
        try:
            recording = open_recording(folder, sources_in(SCHEDULE))
        except RecordingRefused as refused:
            fail(str(refused))
        start, until = _range(recording, from_, to, zone)
        moment = Moment(at=start)
        with replay_database(krajai.database, moment, start - timedelta(days=1)) as database:
            events = list(play(database, krajai.settings, SCHEDULE, recording, moment, until))
    if as_json:
        write_json(
            {
                "from": start.isoformat(),
                "to": until.isoformat(),
                "answers": len(recording.answers),
                "ignored": list(recording.ignored),
                "events": [_as_json(event) for event in events],
            }
        )
        return
    console.print(
        f"{len(recording.answers)} recorded answers, from {_shown(start, zone)} to {_shown(until, zone)}"
    )
    if recording.ignored:
        console.print(f"no answer of a source, or not a whole one: {', '.join(recording.ignored)}")
    for event in events:
        _print(event, zone)
    console.print(
        f"{sum(1 for event in events if _is_said(event))} things would have happened; nothing was sent"
    )


def _range(
    recording: "Recording", from_: str | None, to: str | None, zone: ZoneInfo
) -> tuple[datetime, datetime]:
    first, last = recording.answers[0].at, recording.answers[-1].at
    start = _time("--from", from_, zone, of_day=0) if from_ else first - timedelta(minutes=1)
    until = _time("--to", to, zone, of_day=1) if to else last + timedelta(days=1)
    if until <= start:
        fail(f"--to {to or until.isoformat()} is not after --from {from_ or start.isoformat()}", WRONG_USE)
    return start, until


def _time(option: str, written: str, zone: ZoneInfo, *, of_day: int) -> datetime:
    """A time, or the beginning (0) or the end (1) of a day in the installation's zone."""
    try:
        if len(written) == len("2026-09-25"):
            day = date.fromisoformat(written) + timedelta(days=of_day)
            return datetime(day.year, day.month, day.day, tzinfo=zone)
        found = datetime.fromisoformat(written)
        return found if found.tzinfo is not None else found.replace(tzinfo=zone)
    except ValueError:
        fail(f"{option} {written}: write a day or a time, such as 2026-09-25 or 2026-09-25T16:00", WRONG_USE)


def _is_said(event: "Event") -> bool:
    return hasattr(event, "what")


def _print(event: "Event", zone: ZoneInfo) -> None:
    from bot.replay_events import Said

    if isinstance(event, Said):
        _print_said(event, zone)
    else:
        console.print(f"{_shown(event.at, zone)}  {event.name}: {event.result}")


def _print_said(said: "Said", zone: ZoneInfo) -> None:
    from storage.wording.areas import area_in_words

    about = " ".join(filter(None, (said.level, said.hazard)))
    where = area_in_words(said.places, "th") if said.places else "nowhere"
    console.print(f"{_shown(said.at, zone)}  {said.what}: {said.subject} {about}, {where}")
    if not said.texts:
        return
    if said.expires_at is not None:
        console.print(f"    until {_shown(said.expires_at, zone)}")
    audience = ", ".join(f"{number:,} on {channel}" for channel, number in said.audience.items()) or "nobody"
    reached = f"; up to {said.reached:,} of what it replaces" if said.reached else ""
    console.print(f"    to {audience}{reached}")
    for remark in said.remarks:
        console.print(f"    look at: {remark}")
    if said.obstacle:
        console.print(f"    cannot be released: {said.obstacle}")
    for language, texts in said.texts.items():
        for text in texts:
            console.print(f"    [{language}] " + text.replace("\n", "\n         "))


def _as_json(event: "Event") -> dict[str, Any]:
    values = {name: getattr(event, name) for name in event.__dataclass_fields__}
    return {
        "kind": "said" if _is_said(event) else "visit",
        **{
            name: value.isoformat() if isinstance(value, datetime) else value
            for name, value in values.items()
        },
    }


def _shown(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M}"
