"""What a draft would be: its CAP document, the alert of that, the words on every channel, whom it reaches, its hash."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlmodel import Session

from broadcasts.alerts import releasing, training
from broadcasts.alerts.cap_model import CapAlert, MessageType, Status
from broadcasts.alerts.composing import SENDER, Composed, InWords, compose
from broadcasts.alerts.importing import stored_cap, written_here
from broadcasts.alerts.meaning import Level
from broadcasts.alerts.own_words import (
    BODY,
    CONSOLE,
    FILLS,
    GROUP,
    HOME_FROM_AT,
    MISSING_PERSON,
    NEXT_AT,
    ORDER,
    PREFIX,
    TEMPLATE,
    WHOLE,
)
from broadcasts.alerts.releasing import Preview
from broadcasts.alerts.templates import bodies, templates, whole_texts
from storage.agencies import Agency, agency
from storage.alert_drafts import AlertDraft, Mode
from storage.alerts import Alert
from storage.broadcasts import EVERY_PLACE
from storage.shelters import Shelter
from storage.wording import LANGUAGES, say
from storage.wording.areas import area_in_words

STATUSES: Mapping[str, Status] = {
    Mode.ACTUAL: Status.ACTUAL,
    Mode.EXERCISE: Status.EXERCISE,
    # CAP 1.2, 3.2.1: "Technical testing only, all recipients disregard". It is never stored as an alert.
    Mode.TRAINING: Status.TEST,
}

_LEVELS: Mapping[str, Level] = {"emergency": "emergency", "warning": "warning", "watch": "watch"}
# Where no shelter is chosen, the sentence that says how high the water stands needs not be left out for it.
_HIGH_GROUND = frozenset({"flood", "flash_flood", "dam_release", "high_waves"})
_NOT_IN_SENDERS = re.compile(r"[^A-Za-z0-9_-]+")


@dataclass(frozen=True, kw_only=True)
class View:
    """A draft as it would go out now. `alert` is not stored yet, but where an imported one is relayed."""

    draft: AlertDraft
    alert: Alert
    cap: CapAlert
    preview: Preview

    @property
    def hash(self) -> str:
        return self.preview.hash

    @property
    def recipients(self) -> int:
        """New ones and those who may have got what it corrects."""
        return sum(self.preview.audience.values()) + self.preview.reached

    def text(self, language: str) -> str:
        """What everybody reads in a chat; '' while there are no words."""
        said = self.preview.words.get(language, {}).get(EVERY_PLACE, ())
        return "\n\n".join(bubble.text for bubble in said)


def look(session: Session, draft: AlertDraft, at: datetime, zone: ZoneInfo) -> View:
    """The draft as it stands: as it was submitted, else as if it were submitted now."""
    alert, cap = _alert_of(session, draft, at, zone)
    preview = releasing.look(
        session,
        alert,
        cap,
        at,
        zone,
        exercise=draft.mode == Mode.EXERCISE,
        wide=draft.wide,
        channels=draft.channels,
    )
    view = View(draft=draft, alert=alert, cap=cap, preview=preview)
    return replace(view, preview=training.look(session, draft, preview, at)) if is_training(draft) else view


def is_training(draft: AlertDraft) -> bool:
    return draft.mode == Mode.TRAINING


def identifier_of(draft: AlertDraft, sent: datetime) -> str:
    """The identifier of a draft's document, fixed when it is submitted."""
    return f"{sender_of(draft.agency_id)}-{draft.number}.{draft.revision}-{sent:%Y%m%dT%H%M%SZ}"


def sender_of(agency_id: str) -> str:
    """Who composed it, for CAP: this installation, or one of its agencies."""
    return f"{SENDER}-{_NOT_IN_SENDERS.sub('_', agency_id)}" if agency_id else SENDER


def document_of(session: Session, draft: AlertDraft, sent: datetime, zone: ZoneInfo) -> bytes:
    """The CAP document of a draft, sent at that time. What citizens read stands in it as the description."""
    said = _composed(session, draft, sent)
    first = compose(said, zone)
    if not draft.places:
        return first
    alert, cap = _understood(session, draft, first, sent)
    words = releasing.look(session, alert, cap, sent, zone).words
    described = {
        language: replace(
            each, evidence="\n".join(bubble.text for bubble in words.get(language, {}).get(EVERY_PLACE, ()))
        )
        for language, each in said.words.items()
    }
    return compose(replace(said, words=described), zone)


def _alert_of(session: Session, draft: AlertDraft, at: datetime, zone: ZoneInfo) -> tuple[Alert, CapAlert]:
    if draft.relays_id is not None:
        alert = session.get_one(Alert, draft.relays_id, populate_existing=True)
        return alert, stored_cap(alert)
    document = draft.document or document_of(session, draft, at, zone)
    return _understood(session, draft, document, draft.sent_at or at)


def _understood(session: Session, draft: AlertDraft, document: bytes, at: datetime) -> tuple[Alert, CapAlert]:
    replaces = session.get_one(Alert, draft.replaces_id) if draft.replaces_id is not None else None
    alert, cap = written_here(session, document, origin=CONSOLE, at=at, replaces=replaces)
    # What an officer chose is not read out of her words again.
    alert.hazard = draft.hazard
    return alert, cap


def _composed(session: Session, draft: AlertDraft, sent: datetime) -> Composed:
    own = agency(session, draft.agency_id)
    assert own is not None
    template = templates().get(draft.template)
    return Composed(
        identifier=identifier_of(draft, sent),
        sender=sender_of(draft.agency_id),
        sent=sent.replace(microsecond=0),
        hazard=draft.hazard,
        level=_LEVELS.get(draft.level, "watch"),
        places=tuple(draft.places),
        words=_words(session, draft, own),
        expires=draft.expires_at,
        onset=draft.onset_at,
        certainty=draft.certainty or "Observed",
        event=_headline(draft, "en"),
        category=template.category if template else "",
        severity=draft.severity,
        urgency=draft.urgency,
        agency={language: own.name(language) for language in LANGUAGES},
        replaces=session.get_one(Alert, draft.replaces_id) if draft.replaces_id is not None else None,
        over=draft.over,
        withdrawn=draft.msg_type == MessageType.CANCEL and not draft.over,
        status=STATUSES[Mode(draft.mode)],
        contact=draft.phone,
    )


def _words(session: Session, draft: AlertDraft, own: Agency) -> dict[str, InWords]:
    shelter = session.get(Shelter, draft.shelter_id) if draft.shelter_id is not None else None
    words: dict[str, InWords] = {}
    for language in LANGUAGES:
        said = _said(draft, language)
        given = {name: said[name] for name in FILLS if said.get(name)}
        if shelter is not None:
            given.setdefault("shelter", shelter.name(language))
        elif given and draft.hazard in _HIGH_GROUND:
            given.setdefault("shelter", say(language, "drafting.high_ground"))
        given |= _of_all_languages(session, draft)
        if draft.hazard is not None and draft.msg_type != MessageType.CANCEL:
            for form, body in bodies(session, own.id, draft.template, draft.level, language).items():
                given[f"{BODY}{form}"] = body
        words[language] = InWords(
            headline=_headline(draft, language),
            instruction=said.get("instruction", ""),
            parameters={f"{PREFIX}{name}": value for name, value in given.items() if value},
        )
    if draft.msg_type == MessageType.ALERT and draft.mode == Mode.ACTUAL:
        for language, texts in whole_texts(draft.hazard, draft.level).items():
            whole = {f"{PREFIX}{WHOLE}{form}": text for form, text in texts.items()}
            words[language] = InWords(
                headline=_headline(draft, "en"), parameters={**words["en"].parameters, **whole}
            )
    return words


def _of_all_languages(session: Session, draft: AlertDraft) -> dict[str, str]:
    return {
        TEMPLATE: MISSING_PERSON if draft.template == MISSING_PERSON else "",
        GROUP: draft.group_name if draft.mode == Mode.EXERCISE else "",
        NEXT_AT: draft.next_at.isoformat() if draft.next_at else "",
        HOME_FROM_AT: draft.onset_at.isoformat() if draft.over and draft.onset_at else "",
        ORDER: draft.evacuation_by,
        "n": str(_updates_before(session, draft)) if draft.msg_type == MessageType.UPDATE else "",
    }


def _updates_before(session: Session, draft: AlertDraft) -> int:
    """Which update of the first alert it is, from 1."""
    number, alert_id = 0, draft.replaces_id
    while alert_id is not None:
        number += 1
        alert_id = session.get_one(Alert, alert_id).replaces_id
    return number


def _said(draft: AlertDraft, language: str) -> dict[str, str]:
    """What was filled in. What is a mere number or name stands for both languages, a sentence for its own."""
    said = draft.words.get(language, {})
    if language == LANGUAGES[0]:
        return dict(said)
    plain = {name: text for name, text in draft.words.get(LANGUAGES[0], {}).items() if text.isascii()}
    return {**plain, **said}


def _headline(draft: AlertDraft, language: str) -> str:
    """For lists and for other systems."""
    if own := _said(draft, language).get("headline", ""):
        return own
    template = templates().get(draft.template)
    name = (
        say(language, f"hazard.{draft.hazard}")
        if draft.hazard
        else template.name(language)
        if template
        else ""
    )
    where = area_in_words(draft.places, language) if draft.places else ""
    return " ".join(filter(None, (name, where))) or say(language, "drafting.untitled")


def submission_is_old(draft: AlertDraft, at: datetime) -> bool:
    """Whether so much time has passed since the submission that its stamp would mislead."""
    return draft.sent_at is not None and at - draft.sent_at > GOOD_FOR


GOOD_FOR = timedelta(hours=3)
"""So long a submission may wait: citizens read when it was sent."""
