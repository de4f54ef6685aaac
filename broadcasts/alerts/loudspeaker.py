"""What relays announce in their villages: short, said twice, numbers as they are spoken (voice.md 2.1)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlmodel import Session

from broadcasts.alerts.cap_model import CapAlert, MessageType
from broadcasts.alerts.own_words import group_of
from broadcasts.alerts.words import HELP_PHONE, kind_of, who_and_what
from broadcasts.audience import listed
from storage import broadcasts, relays
from storage.alerts import Alert
from storage.broadcasts import EVERY_PLACE, Broadcast, BroadcastKind, Form, Priority
from storage.replies import Bubble, Button
from storage.wording import LANGUAGES, say
from storage.wording.catalogue import has
from storage.wording.lengths import tidy
from storage.wording.spoken import spoken

ANNOUNCED = "relay.announced"
"""The action of a relay's button; the alert's number follows."""


def script(
    alert: Alert, cap: CapAlert, replaced: Alert | None, at: datetime, zone: ZoneInfo, language: str
) -> str:
    """What is read aloud for an alert; `replaced` as in `words_of_alert`."""
    who, what = who_and_what(alert, cap, replaced, at, zone, language)
    kind = kind_of(alert, cap, replaced)
    key = f"field.script.{kind}" if has(language, f"field.script.{kind}") else "field.script.alert"
    call = say(language, "field.script.call", phone=HELP_PHONE) if alert.level == "emergency" else ""
    call = "" if kind in ("cancel", "all_clear", "exercise") else call
    fills = {
        name: spoken(tidy(text), language) for name, text in (("who", who), ("what", what), ("call", call))
    }
    return tidy(say(language, key, **fills))


@dataclass(frozen=True, kw_only=True)
class Announcement:
    """How many relays are asked to announce an alert, by account id too, and what they read aloud, by language."""

    relays: int
    copies: Mapping[int, int]
    scripts: dict[str, str]


def announcement(
    session: Session,
    alert: Alert,
    cap: CapAlert,
    line: list[Alert],
    at: datetime,
    zone: ZoneInfo,
    on: Sequence[int] = (),
) -> Announcement | None:
    """What a release would ask of the relays over it and of those who were told of its `line`, what it replaces.

    None where there are none. `on` are the accounts it goes out on, () for all, and bind those alone who were told
    nothing before. An exercise of a group is no relay's business, and a Cancel goes to those who were told
    of its line alone: nobody takes back what she never announced.
    """
    if group_of(alert, cap) or not (concerned := relays.count(session, _concerned(alert, line, on))):
        return None
    before = _before(line)
    scripts = {language: script(alert, cap, before, at, zone, language) for language in LANGUAGES}
    return Announcement(relays=concerned.total(), copies=concerned, scripts=scripts)


def tell_relays(
    session: Session,
    alert: Alert,
    cap: CapAlert,
    line: list[Alert],
    released: Broadcast,
    at: datetime,
    zone: ZoneInfo,
    on: Sequence[int] = (),
) -> Broadcast | None:
    """Send an alert that was just `released` to those of its `announcement`; None where there are none."""
    assert alert.id is not None
    announced = announcement(session, alert, cap, line, at, zone, on)
    if announced is None:
        return None
    before = _before(line)
    words = {
        language: _words(alert.id, read_aloud, language)
        | {Form.SMS.value: (_text_message(alert, cap, before, at, zone, language),)}
        for language, read_aloud in announced.scripts.items()
    }
    broadcast = broadcasts.release(
        session,
        kind=BroadcastKind.RELAY,
        priority=Priority(released.priority),
        words=broadcasts.words_of(words),
        places=(),
        # She is told because she agreed to announce, whatever she receives as a citizen.
        topic="",
        expires_at=alert.expires_at,
        by=released.released_by,
        at=at,
        listed=listed.of_relays(alert.id),
    )
    assert broadcast.id is not None
    relays.tell(session, alert.id, _concerned(alert, line, on), broadcast.id, at)
    return broadcast


def _concerned(alert: Alert, line: list[Alert], on: Sequence[int]) -> relays.Concerned:
    places = () if alert.msg_type == MessageType.CANCEL else alert.places
    replaced = [each.id for each in line if each.id is not None]
    return relays.Concerned(places=places, replaced=replaced, accounts=on)


def _before(line: list[Alert]) -> Alert | None:
    return next((each for each in line if each.broadcast_id is not None), None)


def _words(alert_id: int, read_aloud: str, language: str) -> dict[str, tuple[Bubble, ...]]:
    button = Button(label=say(language, "buttons.announced"), action=f"{ANNOUNCED}:{alert_id}")
    asked = Bubble(text=say(language, "field.announced_ask"), buttons=(button,), lasting=True)
    lead = say(language, "field.read_aloud")
    return {EVERY_PLACE: (Bubble(text=f"{lead}\n{read_aloud}"), asked)}


def _text_message(
    alert: Alert, cap: CapAlert, before: Alert | None, at: datetime, zone: ZoneInfo, language: str
) -> Bubble:
    """Once, as it is written: whoever reads it aloud knows how, and each segment costs."""
    who, what = who_and_what(alert, cap, before, at, zone, language)
    mark = say(language, "field.exercise_mark") if alert.status == "Exercise" else ""
    return Bubble(text=tidy(say(language, "field.read_aloud.sms", who=who, what=what, mark=mark)))
