"""What the pages of drafts share: who acts, which draft, what is said about it, how it looks on every channel."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session

from bot.web.console.transport import RequestRefused
from bot.web.console.visits import OfficerVisit
from bot.web.previews import CHANNELS, Preview, previews
from broadcasts.alerts.approving import note_refusal
from broadcasts.alerts.checks import Finding, check
from broadcasts.alerts.conflicts import Conflict, conflicts
from broadcasts.alerts.drafted import View, is_training, look
from broadcasts.alerts.drafting import Acting, DraftRefused
from broadcasts.alerts.templates import templates
from broadcasts.delivery.estimates import Estimate, estimate
from storage import alert_drafts
from storage import places as register
from storage.alert_drafts import AlertDraft, Mode, UnknownDraft
from storage.broadcasts import EVERY_PLACE, Form, variant_name
from storage.lifecycles import DraftState
from storage.officer_rights import Right, covers
from storage.wording import LANGUAGES, say
from storage.wording.areas import area_in_words

ALERTS = "/console/alerts"
MOST_ID = 2**31 - 1
MOST_SEGMENTS = 2
"""Of a text message (voice.md 2.2); a third one is paid for."""

SPOKEN = {
    "th": "ไทย",
    "en": "English",
    "my": "မြန်မာ",
    "lo": "ລາວ",
    "km": "ខ្មែរ",
    "ms": "Melayu",
    "vi": "Tiếng Việt",
}
"""Each language by its own name."""


@dataclass(frozen=True, kw_only=True)
class Looked:
    """A draft as a page shows it: `screens` are (language, channel -> preview)."""

    view: View
    findings: list[Finding]
    conflicts: list[Conflict]
    estimate: Estimate
    screens: list[tuple[str, dict[str, Preview]]]

    @property
    def draft(self) -> AlertDraft:
        return self.view.draft


def acting_of(visit: OfficerVisit) -> Acting:
    """Who acts on this request."""
    if visit.agency is None:
        raise RequestRefused(403, "console.error_no_right")
    return Acting(officer=visit.officer, agency=visit.agency, at=visit.at, zone=visit.krajai.settings.zone)


def draft_of(visit: OfficerVisit, session: Session, draft_id: int) -> AlertDraft:
    """A draft that she may see: her agency's, or one for places where she may see alerts."""
    if draft_id > MOST_ID:
        raise RequestRefused(404, "console.error_not_found")
    try:
        draft = alert_drafts.draft(session, draft_id)
    except UnknownDraft as unknown:
        raise RequestRefused(404, "console.error_not_found") from unknown
    if draft.agency_id != visit.officer.agency_id and not covers(visit.places, draft.places):
        visit.refuse(Right.SEE_ALERTS, draft.places)
    return draft


def look_at(visit: OfficerVisit, session: Session, draft: AlertDraft) -> Looked:
    """All that a page shows of it."""
    view = look(session, draft, visit.at, visit.krajai.settings.zone)
    estimated = estimate(
        session,
        view.preview.draft,
        visit.krajai.channels,
        visit.krajai.forms,
        visit.at,
        groups=None if "listed" in view.preview.draft.audience else view.preview.groups,
        fallback=visit.krajai.fallback,
    )
    findings = check(session, view, visit.places, visit.at, earlier=estimated.earlier)
    screens = _screens(visit, view)
    for language, by_channel in screens:
        if "sms" in by_channel and by_channel["sms"].segments > MOST_SEGMENTS and not is_training(draft):
            fills = {"language": language, "segments": by_channel["sms"].segments}
            findings.append(Finding(key="drafting.check_sms_segments", blocks=False, fills=fills))
    return Looked(
        view=view,
        findings=list({(each.key, str(each.fills)): each for each in findings}.values()),
        conflicts=conflicts(session, view, visit.at),
        estimate=estimated,
        screens=screens,
    )


def sentence(visit: OfficerVisit, key: str, fills: Mapping[str, Any]) -> str:
    """A finding or a refusal in her language."""
    language = visit.language
    said = dict(fills)
    if isinstance(said.get("places"), (list, tuple)):
        said["places"] = ", ".join(register.full_name(code, language) for code in said["places"][:5])
    if isinstance(said.get("channels"), tuple):
        said["channels"] = ", ".join(say(language, f"drafting.channel_{each}") for each in said["channels"])
    return say(language, key, **said)


def refused(visit: OfficerVisit, draft_id: int, act: str, fault: DraftRefused) -> str:
    """Audit a refusal; the sentence for her."""
    with visit.writing() as session:
        note_refusal(session, acting_of(visit), draft_id, act, fault)
    return sentence(visit, fault.key, fault.fills)


def note_refused_beginning(visit: OfficerVisit, act: str, fault: DraftRefused) -> None:
    """Audit that no draft was begun."""
    visit.audit("alert_draft.refuse", "alert_draft/new", {"act": act, "reason": fault.key})


def title_of(draft: AlertDraft, language: str) -> str:
    """The draft in one line: level, hazard, where."""
    template = templates().get(draft.template)
    own = draft.words.get(language, {}).get("headline") or draft.words.get("th", {}).get("headline", "")
    hazard = say(language, f"hazard.{draft.hazard}") if draft.hazard else ""
    name = hazard or own
    name = name or (template.name(language) if template else say(language, "drafting.untitled"))
    level = say(language, f"level.{draft.level}") if draft.level else ""
    where = area_in_words(draft.places, language) if draft.places else ""
    kind = say(language, f"drafting.kind_{kind_of(draft)}")
    return " · ".join(filter(None, (kind, level, name, where)))


def kind_of(draft: AlertDraft) -> str:
    """alert, update, cancel, all_clear: what it is for whoever reads the list."""
    if draft.msg_type == "Cancel":
        return "all_clear" if draft.over else "cancel"
    return "update" if draft.msg_type == "Update" else "alert"


def may_edit(visit: OfficerVisit, draft: AlertDraft) -> bool:
    open_states: Sequence[str] = (DraftState.EDITING, DraftState.SUBMITTED, DraftState.REJECTED)
    return (
        visit.can(Right.DRAFT_ALERTS)
        and draft.agency_id == visit.officer.agency_id
        and draft.state in open_states
        and draft.relays_id is None
    )


def mode_class(draft: AlertDraft) -> str:
    """Live, exercise and training look different everywhere."""
    return {Mode.EXERCISE.value: "mode-exercise", Mode.TRAINING.value: "mode-training"}.get(draft.mode, "")


def _screens(visit: OfficerVisit, view: View) -> list[tuple[str, dict[str, Preview]]]:
    words, chosen = view.preview.words, view.draft.channels
    # The simulator shows chats as the real channels do.
    shown = [
        each for each in CHANNELS if not chosen or each in chosen or (each != "sms" and "local" in chosen)
    ]
    ordered = [
        *(each for each in LANGUAGES if each in words),
        *(each for each in words if each not in LANGUAGES),
    ]
    found = []
    for language in ordered:
        if said := words[language]:
            chat = said[EVERY_PLACE]
            text_message = said.get(variant_name(Form.SMS, EVERY_PLACE), chat)
            drawn = previews(chat, text_message, visit.krajai.settings)
            found.append((language, {channel: drawn[channel] for channel in shown}))
    return found
