"""What an alert says to citizens, per language and variant, in the order of voice.md 2.1."""

from datetime import datetime
from zoneinfo import ZoneInfo

from broadcasts.alerts import meaning
from broadcasts.alerts.cap_model import CapAlert, CapInfo, Certainty, MessageType, Status
from broadcasts.alerts.importing import infos_in_order
from storage.alerts import Alert
from storage.broadcasts import EVERY_PLACE
from storage.replies import Bubble, Button
from storage.wording import LANGUAGES, dates, say
from storage.wording.areas import area_in_words
from storage.wording.issuers import issuer_name
from storage.wording.warnings import free_warning, warning

HELP_PHONE = "1784"
"""The disaster hotline of the Department of Disaster Prevention and Mitigation (voice.md 3.1 names it)."""

_KINDS = {MessageType.ALERT: "alert", MessageType.UPDATE: "update", MessageType.CANCEL: "cancel"}


def words_of_alert(
    alert: Alert, cap: CapAlert, replaced: Alert | None, at: datetime, zone: ZoneInfo
) -> dict[str, dict[str, tuple[Bubble, ...]]]:
    """The bubbles for every language, and for readers of every province of a wide area: theirs is named first."""
    provinces = sorted({code[:2] for code in alert.places})
    variants = [EVERY_PLACE, *provinces] if len(alert.places) > 1 else [EVERY_PLACE]
    return {
        language: {
            variant: (_bubble(alert, cap, replaced, at, zone, language, variant or None),)
            for variant in variants
        }
        for language in LANGUAGES
    }


def kind_of(alert: Alert) -> str:
    """alert, update, cancel or exercise: which frame the words stand in."""
    return "exercise" if alert.status == Status.EXERCISE else _KINDS[MessageType(alert.msg_type)]


def _bubble(
    alert: Alert,
    cap: CapAlert,
    replaced: Alert | None,
    at: datetime,
    zone: ZoneInfo,
    language: str,
    near: str | None,
) -> Bubble:
    infos = infos_in_order(cap)
    main = infos[0] if infos else None
    fills = {
        "who": issuer_name(alert.sender, main.sender_name if main else None, language),
        "sent": dates.stamp(alert.sent, language, zone),
        "where": area_in_words(alert.places, language, near=near),
        "when": dates.span(alert.effective_at, alert.expires_at, at, language, zone),
        "until": dates.until(alert.expires_at, at, language, zone),
        "phone": HELP_PHONE,
    }
    if replaced is not None:
        fills["time"] = dates.stamp(replaced.sent, language, zone)
    kind, level = kind_of(alert), alert.level or "watch"
    if alert.hazard is not None:
        text = warning(
            language,
            form="chat",
            kind=kind,
            level=level,
            hazard=alert.hazard,
            fills=fills,
            observed=main is not None and main.certainty is Certainty.OBSERVED,
        )
    else:
        text = _in_the_issuers_words(cap, main, alert, language, kind, level, fills)
    buttons = _buttons(kind, level, language)
    return Bubble(text=text, buttons=buttons, lasting=kind != "cancel" and level == "emergency")


def _in_the_issuers_words(
    cap: CapAlert,
    main: CapInfo | None,
    alert: Alert,
    language: str,
    kind: str,
    level: str,
    fills: dict[str, str],
) -> str:
    said = meaning.info_for(cap, language) or main
    return free_warning(
        language,
        form="chat",
        kind=kind,
        level=level,
        what=((said.headline or said.event) if said else "") or alert.headline or alert.identifier,
        do=said.instruction if said else None,
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
    elif kind == "cancel":
        chosen = (("near_me", "near_me"), ("menu", "menu"))
    elif level == "emergency":
        chosen = (("safe", "safe"), ("need_help", "rescue.now"))
    else:
        chosen = (("rescue", "rescue.check"), ("menu", "menu"))
    return tuple(Button(label=say(language, f"buttons.{key}"), action=action) for key, action in chosen)
