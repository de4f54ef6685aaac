"""What an alert says to citizens, per language and variant, in the order of voice.md 2.1."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo

from broadcasts.alerts.cap_model import CapAlert, CapInfo, Certainty, MessageType, Status
from broadcasts.alerts.composing import ALL_CLEAR, VALUE
from broadcasts.alerts.importing import infos_in_order
from broadcasts.alerts.meaning import language_of
from broadcasts.alerts.own_words import (
    BODY,
    FILLS,
    HOME_FROM_AT,
    MISSING_PERSON,
    NEXT_AT,
    ORDER,
    TEMPLATE,
    WHOLE,
    filled,
    languages,
    parameters,
    time_of,
)
from storage.alerts import Alert
from storage.broadcasts import EVERY_PLACE, Form, variant_name
from storage.replies import Bubble, Button
from storage.wording import LANGUAGES, dates, say
from storage.wording.areas import area_in_words
from storage.wording.issuers import issuer_name
from storage.wording.lengths import shorten, tidy
from storage.wording.warnings import free_warning, limit_units, units, warning, what_happens

HELP_PHONE = "1784"
"""The disaster hotline of the Department of Disaster Prevention and Mitigation (voice.md 3.1 names it)."""

_KINDS = {MessageType.ALERT: "alert", MessageType.UPDATE: "update", MessageType.CANCEL: "cancel"}

# What happened at a time, where others last until one.
_MOMENTS = frozenset({"earthquake"})
_MOST_VALUE_LETTERS = 12
_MOST_FREE_UNITS = 90
"""Of an issuer's own advice, where somebody else says it."""

Wording = Literal["chat", "sms"]


@dataclass(frozen=True, kw_only=True)
class _Wordiness:
    """How many words the facts may take: names of the area, dates beside "tomorrow", the issuer's name (an issuer that
    Krajai does not know may call itself anything), when it begins, when it ends, twice so where the frame says it too,
    and which message it replaces."""

    names: int = 1
    dates_form: Wording = "sms"
    issuer_form: Wording = "sms"
    issuer_units: int = 40
    says_start: bool = True
    says_end: bool = True
    says_replaced: bool = True
    says_until: bool = True


# Tried in this order until the text fits. In a chat the last line says when the warning ends, in a text message
# nothing else does; a text message that is still too long costs a third segment.
_LADDERS: dict[Wording, tuple[_Wordiness, ...]] = {
    "chat": (
        _Wordiness(names=3, dates_form="chat", issuer_form="chat", issuer_units=60),
        _Wordiness(names=2, dates_form="chat", issuer_form="chat", issuer_units=60),
        _Wordiness(names=1, dates_form="chat", issuer_form="chat", issuer_units=60),
        _Wordiness(issuer_form="chat", issuer_units=60),
        _Wordiness(),
        _Wordiness(issuer_units=30, says_end=False),
        _Wordiness(issuer_units=30, says_end=False, says_replaced=False),
        _Wordiness(issuer_units=30, says_end=False, says_replaced=False, says_until=False),
    ),
    "sms": (
        _Wordiness(names=3),
        _Wordiness(names=2),
        _Wordiness(),
        _Wordiness(issuer_units=20, says_replaced=False),
        _Wordiness(issuer_units=20, says_replaced=False, says_start=False),
    ),
}
# An issuer's own words take what room the facts leave, so beside them the facts are brief from the start.
_LADDERS_OF_FREE_WORDS: dict[Wording, tuple[_Wordiness, ...]] = {
    "chat": (_Wordiness(issuer_form="chat"), *_LADDERS["chat"][-4:]),
    "sms": _LADDERS["sms"][-3:],
}


@dataclass(frozen=True, kw_only=True)
class _Said:
    """One alert on its way into words; `replaced` is the alert that went out before it, if one did."""

    alert: Alert
    cap: CapAlert
    main: CapInfo | None
    replaced: Alert | None
    at: datetime
    zone: ZoneInfo


def words_of_alert(
    alert: Alert, cap: CapAlert, replaced: Alert | None, at: datetime, zone: ZoneInfo
) -> dict[str, dict[str, tuple[Bubble, ...]]]:
    """The bubbles for every language and form, and for readers of each province of a wide area: theirs is named first.

    `replaced` is the released alert that this one updates or cancels; without one an Update reads as an alert, since
    nobody here got another before it.
    """
    infos = infos_in_order(cap)
    said = _Said(alert=alert, cap=cap, main=infos[0] if infos else None, replaced=replaced, at=at, zone=zone)
    provinces = sorted({code[:2] for code in alert.places})
    nears = [EVERY_PLACE, *provinces] if len(alert.places) > 1 else [EVERY_PLACE]
    return {
        language: {
            variant_name(form, near): (_bubble(said, language, near or None, form),)
            for form in Form
            for near in nears
        }
        for language in (*LANGUAGES, *languages(alert, cap))
    }


def who_and_what(
    alert: Alert, cap: CapAlert, replaced: Alert | None, at: datetime, zone: ZoneInfo, language: str
) -> tuple[str, str]:
    """Who says it, and what, in the few words of a text message but without its frame: to be said by somebody else."""
    infos = infos_in_order(cap)
    said = _Said(alert=alert, cap=cap, main=infos[0] if infos else None, replaced=replaced, at=at, zone=zone)
    kind, level = kind_of(alert, cap, replaced), alert.level or "watch"
    fills = _fills(said, language, None, Form.SMS, _Wordiness(names=2, issuer_form="chat", issuer_units=60))
    if kind == MISSING_PERSON:
        return fills["who"], tidy(say(language, "missing_person.sms", **fills | {"who": ""}))
    if alert.hazard is None:
        own = next((each for each in infos if language_of(each) == language), said.main)
        headline = (own.headline or own.event) if own else alert.headline
        do = shorten((own.instruction or "") if own else "", _MOST_FREE_UNITS)
        where = f"{fills['where']} {fills['when']}"
        return fills["who"], tidy(say(language, "free.sms", what=headline, where=where, do=do))
    body = parameters(alert, cap, language).get(f"{BODY}sms")
    observed = said.main is not None and said.main.certainty is Certainty.OBSERVED
    what = what_happens(
        language,
        form="sms",
        kind=kind,
        level=level,
        hazard=alert.hazard,
        fills=fills,
        observed=observed,
        body=body,
    )
    return fills["who"], what


def says_over(cap: CapAlert) -> bool:
    """Whether it says that a danger has passed (CAP 1.2, 3.2.2, responseType), not that a warning was a mistake."""
    return any(ALL_CLEAR in info.response_types for info in cap.infos)


def kind_of(alert: Alert, cap: CapAlert, replaced: Alert | None) -> str:
    """alert, update, cancel, all_clear, exercise or missing_person: which frame the words stand in."""
    if alert.status == Status.EXERCISE:
        return "exercise"
    if alert.msg_type != MessageType.CANCEL and parameters(alert, cap, "th").get(TEMPLATE) == MISSING_PERSON:
        return MISSING_PERSON
    if alert.msg_type == MessageType.CANCEL and says_over(cap):
        return "all_clear"
    kind = _KINDS[MessageType(alert.msg_type)]
    return "alert" if kind == "update" and replaced is None else kind


def _bubble(said: _Said, language: str, near: str | None, form: Form) -> Bubble:
    kind, level = kind_of(said.alert, said.cap, said.replaced), said.alert.level or "watch"
    wording: Wording = "sms" if form is Form.SMS else "chat"
    text = ""
    for wordiness in (_LADDERS if said.alert.hazard is not None else _LADDERS_OF_FREE_WORDS)[wording]:
        fills = _fills(said, language, near, form, wordiness)
        text = _text(said, kind, level, fills, language, wording)
        if units(text) <= limit_units(language, wording, text):
            break
    emergency = kind not in ("cancel", "all_clear", MISSING_PERSON) and level == "emergency"
    # A group is warned; what is answered is between one person and Krajai. A text message has room for an
    # emergency's buttons only.
    shown = form is Form.CHAT or (form is Form.SMS and emergency)
    buttons = _buttons(kind, level, language) if shown else ()
    return Bubble(text=text, buttons=buttons, lasting=emergency and shown)


def _fills(said: _Said, language: str, near: str | None, form: Form, wordiness: _Wordiness) -> dict[str, str]:
    alert, at, zone = said.alert, said.at, said.zone
    own = next((info for info in said.cap.infos if language_of(info) == language), said.main)
    written = _measured(said, language) | _written(said, language, wordiness)
    # What has no catalogue brings whole texts; names and times in them are in Latin letters.
    language = language if language in LANGUAGES else LANGUAGES[1]
    sender_name = own.sender_name if own else None
    who = issuer_name(alert.sender, sender_name, language, wordiness.issuer_form)
    fills = {
        "who": shorten(who, wordiness.issuer_units),
        "sent": dates.stamp(alert.sent, language, zone),
        "where": area_in_words(alert.places, language, near=near, most=wordiness.names),
        "when": _when(said, language, wordiness),
        "until": dates.until(alert.expires_at, at, language, zone, wordiness.dates_form)
        if wordiness.says_until
        else "",
        "phone": HELP_PHONE,
    }
    fills |= written
    if form is Form.GROUP:
        fills["help"] = say(language, "help.group.emergency", phone=HELP_PHONE)
    if said.replaced is not None and wordiness.says_replaced:
        fills["time"] = _time(said, said.replaced.sent, language, wordiness)
    return fills


def _measured(said: _Said, language: str) -> dict[str, str]:
    """What a source measured, as Krajai composed it; a long one would be somebody's own use of the parameter."""
    for info in said.cap.infos:
        if language_of(info) == language:
            found = (each.value for each in info.parameters if each.value_name == VALUE)
            value = next(found, "")
            return {"value": value} if 0 < len(value) <= _MOST_VALUE_LETTERS else {}
    return {}


def _written(said: _Said, language: str, wordiness: _Wordiness) -> dict[str, str]:
    """What the officers of this console wrote into their alert."""
    own = parameters(said.alert, said.cap, language)
    fills = {name: own[name] for name in (*FILLS, ORDER) if own.get(name)}
    if contact := next((info.contact for info in said.cap.infos if own and info.contact), None):
        fills["phone"] = contact
    for name, written in (("next", own.get(NEXT_AT, "")), ("home_from", own.get(HOME_FROM_AT, ""))):
        if (at := time_of(written)) is not None:
            spoken = language if language in LANGUAGES else LANGUAGES[1]
            fills[name] = _time(said, at, spoken, wordiness)
    return fills


def _when(said: _Said, language: str, wordiness: _Wordiness) -> str:
    start = said.alert.effective_at if wordiness.says_start else None
    if start is not None and said.alert.hazard in _MOMENTS:
        return dates.moment(start, said.at, language, said.zone, wordiness.dates_form)
    if start is not None and start > said.at and not wordiness.says_end:
        return dates.moment(start, said.at, language, said.zone, wordiness.dates_form)
    return dates.span(start, said.alert.expires_at, said.at, language, said.zone, wordiness.dates_form)


def _time(said: _Said, sent: datetime, language: str, wordiness: _Wordiness) -> str:
    """When the earlier message was sent, or the next one comes: by the clock today, with its day on any other."""
    at, zone = said.at, said.zone
    if sent.astimezone(zone).date() == at.astimezone(zone).date():
        return dates.clock(sent, language, zone)
    if wordiness.dates_form == "sms":
        return dates.moment(sent, at, language, zone, "sms")
    return dates.stamp(sent, language, zone)


def _text(said: _Said, kind: str, level: str, fills: dict[str, str], language: str, wording: Wording) -> str:
    own = parameters(said.alert, said.cap, language)
    if whole := own.get(f"{WHOLE}{wording}"):
        return filled(whole, fills) or _text(said, kind, level, fills, LANGUAGES[1], wording)
    if kind == MISSING_PERSON:
        return tidy(say(language, f"missing_person.{wording}", **fills))
    if said.alert.hazard is None:
        return _in_the_issuers_words(said, kind, level, fills, language, wording)
    return warning(
        language,
        form=wording,
        kind=kind,
        level=level,
        hazard=said.alert.hazard,
        fills=fills,
        observed=said.main is not None and said.main.certainty is Certainty.OBSERVED,
        body=own.get(f"{BODY}{wording}"),
    )


def _in_the_issuers_words(
    said: _Said, kind: str, level: str, fills: dict[str, str], language: str, wording: Wording
) -> str:
    in_language = (info for info in infos_in_order(said.cap) if language_of(info) == language)
    own = next(in_language, said.main)
    headline = (own.headline or own.event) if own else ""
    return free_warning(
        language,
        form=wording,
        kind=kind,
        level=level,
        what=headline or said.alert.headline or said.alert.identifier,
        do=own.instruction if own else None,
        who=fills["who"],
        sent=fills["sent"],
        where=fills["where"],
        when=fills["when"],
        until=fills["until"],
        phone=fills["phone"],
        time=fills.get("time"),
    )


def _buttons(kind: str, level: str, language: str) -> tuple[Button, ...]:
    chosen: tuple[tuple[str, str], ...]
    if kind == "exercise":
        chosen = (("exercise_seen", "exercise.seen"),)
    elif kind in ("cancel", "all_clear", MISSING_PERSON):
        chosen = (("near_me", "near_me"), ("menu", "menu"))
    elif level == "emergency":
        chosen = (("safe", "safe"), ("need_help", "rescue.now"))
    else:
        chosen = (("rescue", "rescue.check"), ("menu", "menu"))
    language = language if language in LANGUAGES else LANGUAGES[1]
    return tuple(Button(label=say(language, f"buttons.{key}"), action=action) for key, action in chosen)
