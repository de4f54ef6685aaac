"""Officers' drafts: begun from a template, from an alert that came in, blank, or to follow one that went out; edited.

Nothing here reaches anybody. Every edit makes the draft another one: what was submitted or approved before is void.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from sqlmodel import Session

from broadcasts.alerts.cap_model import Certainty, MessageType, Severity, Status, Urgency
from broadcasts.alerts.importing import infos_in_order, stored_cap
from broadcasts.alerts.meaning import infos_for, language_of
from broadcasts.alerts.own_words import FILLS, PREFIX
from broadcasts.alerts.templates import is_expired, templates
from storage import alert_drafts, drill_members
from storage import places as register
from storage.agencies import Agency
from storage.alert_drafts import AlertDraft, Mode
from storage.alerts import Alert
from storage.audit import entries, record
from storage.lifecycles import AlertState, DraftState
from storage.officer_rights import Right, acting_places, has_right
from storage.officers import Officer, named
from storage.people import accounts
from storage.shelters import Shelter
from storage.wording import LANGUAGES
from storage.wording.warnings import LEVELS

LASTS = timedelta(hours=24)
"""Unless an officer says so."""

Follows = Literal["update", "cancel", "all_clear"]

WORDS_OF_HER_OWN = ("headline", "instruction")
MOST_LETTERS = {"headline": 120, "instruction": 300, "reason": 60, "change": 120, "do": 120, "prevent": 60}
_MOST_LETTERS = 40

# Severity, urgency and certainty of a level; what is not observed is said as expected.
CERTAINTIES: Mapping[str, Certainty] = {
    "emergency": Certainty.OBSERVED,
    "warning": Certainty.LIKELY,
    "watch": Certainty.POSSIBLE,
}
_CHOICES: Mapping[str, tuple[str, ...]] = {
    "level": LEVELS,
    "severity": tuple(Severity),
    "urgency": tuple(Urgency),
    "certainty": tuple(Certainty),
}
_FREE = frozenset({"onset_at", "expires_at", "next_at", "wide"})


class DraftRefused(Exception):
    """It cannot be done with this draft; `key` is the sentence of the catalogue for the officer, with its fills."""

    def __init__(self, key: str, **fills: object) -> None:
        super().__init__(f"{key} {fills}" if fills else key)
        self.key, self.fills = key, fills


@dataclass(frozen=True, kw_only=True)
class Acting:
    """Who acts, for which agency, and when."""

    officer: Officer
    agency: Agency
    at: datetime
    zone: ZoneInfo

    @property
    def officer_id(self) -> int:
        assert self.officer.id is not None
        return self.officer.id

    @property
    def places(self) -> tuple[str, ...]:
        return acting_places(self.officer, self.agency)


def begin(
    session: Session, acting: Acting, *, mode: Mode = Mode.ACTUAL, template: str = "", level: str = ""
) -> AlertDraft:
    """A draft from a template, or blank. Raises DraftRefused."""
    _require_author(acting)
    found = templates().get(template)
    if template and found is None:
        raise DraftRefused("drafting.error_template", template=template)
    if is_expired(template, acting.at):
        raise DraftRefused("drafting.error_template_due", template=template)
    draft = _new(acting, mode, template=template)
    draft.hazard = found.hazard if found else None
    draft.expires_at = acting.at + (timedelta(hours=found.lasts_hours) if found else LASTS)
    if level:
        _set(draft, {"level": level})
    return alert_drafts.add(session, draft, acting.officer.name)


def begin_from_alert(
    session: Session, acting: Acting, alert_id: int, *, mode: Mode = Mode.ACTUAL
) -> AlertDraft:
    """A draft of our own with what an imported alert says, to be changed. Raises DraftRefused."""
    _require_author(acting)
    alert = _alert(session, alert_id)
    cap = stored_cap(alert)
    fitting = next((each.id for each in templates().values() if each.hazard == alert.hazard), "")
    draft = _new(acting, mode, template=fitting if alert.hazard else "", based_on_id=alert_id)
    draft.hazard, draft.level, draft.places = alert.hazard, alert.level or "", list(alert.places)
    draft.onset_at, draft.expires_at = alert.effective_at, alert.expires_at
    if infos := infos_in_order(cap):
        draft.certainty = infos[0].certainty
    for language in LANGUAGES:
        for info in infos_for(cap, language)[:1]:
            said = {"headline": info.headline or info.event, "instruction": info.instruction or ""}
            draft.words = {
                **draft.words,
                language: {name: text[: MOST_LETTERS[name]] for name, text in said.items() if text},
            }
    return alert_drafts.add(session, draft, acting.officer.name, based_on=alert_id)


def begin_relay(session: Session, acting: Acting, alert_id: int, *, wide: bool = False) -> AlertDraft:
    """The wish to release an imported alert as it came; the one that is open already, if there is one.

    Whoever imported it herself has had a hand in it. Raises DraftRefused.
    """
    _require_author(acting)
    alert = _alert(session, alert_id)
    if alert.state != AlertState.DRAFT:
        raise DraftRefused("drafting.error_not_waiting", number=alert_id)
    known = alert_drafts.open_relay(session, alert_id)
    if known is not None:
        return known
    draft = _new(
        acting,
        Mode.EXERCISE if alert.status == Status.EXERCISE else Mode.ACTUAL,
        relays_id=alert_id,
        hazard=alert.hazard,
        level=alert.level or "",
        msg_type=alert.msg_type,
        places=list(alert.places),
        replaces_id=alert.replaces_id,
        wide=wide,
    )
    draft.expires_at, draft.onset_at = alert.expires_at, alert.effective_at
    alert_drafts.add(session, draft, acting.officer.name, relays=alert_id)
    for entry in entries(session, action="alert.import", subject=f"alert/{alert_id}"):
        if entry.subject == f"alert/{alert_id}" and (importer := named(session, entry.actor)):
            alert_drafts.touch(session, draft, importer.id or 0, acting.at)
    return draft


def begin_following(session: Session, acting: Acting, alert_id: int, follows: Follows) -> AlertDraft:
    """The prepared Update, Cancel or all-clear of an alert that went out: it says all that the first one said.

    Raises DraftRefused.
    """
    _require_author(acting, Right.STOP_ALERTS if follows == "cancel" else Right.DRAFT_ALERTS)
    alert = _alert(session, alert_id)
    if alert.broadcast_id is None or alert.msg_type == MessageType.CANCEL:
        raise DraftRefused("drafting.error_not_out", number=alert_id)
    if alert.status == Status.EXERCISE:
        raise DraftRefused("drafting.error_exercise_ends", number=alert_id)
    before = alert_drafts.draft_of_alert(session, alert_id)
    draft = _new(
        acting,
        Mode.ACTUAL,
        template=before.template if before else "",
        replaces_id=alert_id,
        hazard=alert.hazard,
        level=alert.level or "",
        places=list(alert.places),
        msg_type=MessageType.UPDATE if follows == "update" else MessageType.CANCEL,
        over=follows == "all_clear",
        phone=before.phone if before else "",
        words=_words_before(alert, before),
        shelter_id=before.shelter_id if before and follows == "update" else None,
        evacuation_by=before.evacuation_by if before and follows == "update" else "",
        channels=list(before.channels) if before and follows != "cancel" else [],
    )
    draft.expires_at = max(alert.expires_at, acting.at + timedelta(hours=1))
    draft.onset_at = alert.effective_at if follows == "update" else acting.at
    draft.certainty = before.certainty if before else ""
    return alert_drafts.add(session, draft, acting.officer.name, follows=alert_id, as_=follows)


def edit(
    session: Session, acting: Acting, draft_id: int, revision: int, changes: Mapping[str, Any]
) -> AlertDraft:
    """Change a draft. Whatever was submitted or approved of it is void by that.

    `changes` are columns: level, severity, urgency, certainty, places, wide, onset_at, expires_at, next_at, phone,
    shelter_id, evacuation_by, group_name, channels ([] for all), and words (language -> name -> text, put over
    the earlier ones).
    Raises DraftRefused, also when somebody else has changed it since `revision`.
    """
    draft = own_draft(session, acting, draft_id, lock=True)
    if draft.relays_id is not None:
        raise DraftRefused("drafting.error_relay")
    if draft.revision != revision:
        raise DraftRefused("drafting.error_changed")
    if draft.state not in (DraftState.EDITING, DraftState.SUBMITTED, DraftState.REJECTED):
        raise DraftRefused("drafting.error_decided")
    was = draft.state
    # First: nothing of what is submitted changes, as the database sees it, whenever it is asked below.
    draft.state = DraftState.EDITING
    _set(draft, changes)
    if draft.group_name and draft.group_name not in drill_members.groups(session):
        raise DraftRefused("drafting.error_group", group=draft.group_name)
    if unknown := set(draft.channels) - {each.channel for each in accounts(session)}:
        raise DraftRefused("drafting.error_channel", channel=", ".join(sorted(unknown)))
    if draft.shelter_id is not None and session.get(Shelter, draft.shelter_id) is None:
        raise DraftRefused("drafting.error_shelter")
    draft.revision, draft.changed_at = revision + 1, acting.at
    draft.document, draft.identifier, draft.sent_at, draft.submitted_by = None, "", None, None
    draft.settled, draft.reason, draft.decided_at = {}, "", None
    session.add(draft)
    session.flush()
    alert_drafts.touch(session, draft, acting.officer_id, acting.at)
    detail = {"revision": draft.revision, "fields": sorted(changes), "was": was}
    record(
        session,
        acting.at,
        actor=acting.officer.name,
        action="alert_draft.edit",
        subject=draft.subject,
        detail=detail,
    )
    return draft


def own_draft(session: Session, acting: Acting, draft_id: int, *, lock: bool = False) -> AlertDraft:
    """A draft of her agency, which she may write. Raises DraftRefused."""
    _require_author(acting)
    draft = alert_drafts.draft(session, draft_id, lock=lock)
    if draft.agency_id != acting.officer.agency_id:
        raise DraftRefused("drafting.error_other_agency")
    return draft


def _new(acting: Acting, mode: Mode, **values: Any) -> AlertDraft:
    return AlertDraft(
        mode=mode.value,
        agency_id=acting.officer.agency_id,
        author_id=acting.officer_id,
        expires_at=acting.at + LASTS,
        created_at=acting.at,
        changed_at=acting.at,
        **values,
    )


def _set(draft: AlertDraft, changes: Mapping[str, Any]) -> None:
    for name, value in changes.items():
        if name == "words":
            draft.words = _words(draft.words, value)
        elif name == "places":
            draft.places = _codes(value)
        elif name == "channels":
            draft.channels = sorted(set(value))
        elif name in _CHOICES:
            if value and value not in _CHOICES[name]:
                raise DraftRefused("drafting.error_choice", name=name)
            setattr(draft, name, str(value))
        elif name in ("phone", "evacuation_by", "group_name"):
            setattr(draft, name, " ".join(str(value).split())[:60])
        elif name == "shelter_id" or name in _FREE:
            setattr(draft, name, value)
        else:
            raise DraftRefused("drafting.error_choice", name=name)
    if draft.level and not draft.certainty:
        draft.certainty = CERTAINTIES[draft.level]


def _words(before: Mapping[str, Any], changes: Mapping[str, Mapping[str, str]]) -> dict[str, dict[str, str]]:
    words = {language: dict(said) for language, said in before.items()}
    for language, said in changes.items():
        if language not in LANGUAGES or not set(said) <= {*WORDS_OF_HER_OWN, *FILLS}:
            raise DraftRefused("drafting.error_choice", name=language)
        for name, text in said.items():
            written = "\n".join(" ".join(line.split()) for line in text.splitlines() if line.strip())
            most = MOST_LETTERS.get(name, _MOST_LETTERS)
            if len(written) > most:
                raise DraftRefused("drafting.error_long", most=most, text=written[:20])
            words.setdefault(language, {})[name] = written
    return {language: {name: text for name, text in said.items() if text} for language, said in words.items()}


def _codes(codes: Sequence[str]) -> list[str]:
    try:
        return list(register.simplify(codes))
    except register.UnknownPlace as unknown:
        raise DraftRefused("drafting.error_place", place=unknown.code) from unknown


def _words_before(alert: Alert, before: AlertDraft | None) -> dict[str, dict[str, str]]:
    if before is not None:
        return {
            language: {name: text for name, text in said.items() if name not in ("change", "do", "reason")}
            for language, said in before.words.items()
        }
    found: dict[str, dict[str, str]] = {}
    for info in infos_in_order(stored_cap(alert)):
        language = language_of(info)
        if language in LANGUAGES and language not in found:
            values = {each.value_name.removeprefix(PREFIX): each.value for each in info.parameters}
            found[language] = {"headline": (info.headline or info.event)[: MOST_LETTERS["headline"]]}
            found[language] |= {name: values[name][:_MOST_LETTERS] for name in FILLS if values.get(name)}
    return found


def _alert(session: Session, alert_id: int) -> Alert:
    found = session.get(Alert, alert_id, populate_existing=True)
    if found is None:
        raise DraftRefused("drafting.error_no_alert", number=alert_id)
    return found


def _require_author(acting: Acting, right: Right = Right.DRAFT_ALERTS) -> None:
    if not has_right(acting.officer, right):
        raise DraftRefused("drafting.error_no_right")
