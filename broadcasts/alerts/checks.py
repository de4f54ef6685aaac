"""Looking a draft over: what keeps it from going out, and what an officer should look at before it does."""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Any

from sqlmodel import Session

from broadcasts.alerts.cap_model import MessageType
from broadcasts.alerts.conflicts import conflicts
from broadcasts.alerts.drafted import View, submission_is_old
from broadcasts.alerts.meaning import level_of
from broadcasts.alerts.own_words import MISSING_PERSON
from broadcasts.alerts.templates import is_expired, templates
from broadcasts.audience.counting import count_groups
from broadcasts.audience.selection import AudienceRule
from broadcasts.delivery.estimates import EarlierBroadcast
from storage import places as register
from storage.alert_drafts import AlertDraft, Mode
from storage.broadcasts import EVERY_PLACE, Form, variant_name
from storage.wording import LANGUAGES
from storage.wording.lengths import units
from storage.wording.warnings import limit_units

MOST_PROVINCES = 3
"""An area of more needs a word more from an officer; a province's own office never has so many."""

MOST_EARLIER = 2
"""Warnings of one day over a place; people stop reading after that."""

LONG_EXPIRY = timedelta(hours=24)

_LINK = re.compile(r"https?://|www\.|\b[a-z0-9-]+\.(?:com|net|org|th|me|ly|io)\b", re.IGNORECASE)
_CAPITALS = re.compile(r"\b[A-Z]{4,}\b")
_ABBREVIATIONS = frozenset({"LINE"})
_LEAVE = {"th": ("อพยพ",), "en": ("evacuat",)}


@dataclass(frozen=True, kw_only=True)
class Finding:
    """`key` is a sentence of the catalogue, with its fills. What `blocks` keeps the draft from being submitted."""

    key: str
    blocks: bool
    fills: Mapping[str, Any] = field(default_factory=dict)


def check(
    session: Session,
    view: View,
    acting_places: Sequence[str],
    at: datetime,
    *,
    earlier: Sequence[EarlierBroadcast] = (),
) -> list[Finding]:
    """All findings, what blocks first. `acting_places` are those of whoever looks: author or approver."""
    found = [*_errors(view, acting_places, at), *_unsettled(session, view, at)]
    if not found and view.preview.obstacle:
        found.append(_error("obstacle", reason=view.preview.obstacle))
    return [*found, *_warnings(view, earlier), *_left_out(session, view, at)]


def lint(text: str, language: str) -> list[Finding]:
    """What is wrong with words while they are being written: jargon, links, capitals, signs."""
    found = [
        _warning("jargon", word=word, say=say)
        for word, say in plain_words().get(language, {}).items()
        if word in text
    ]
    if _LINK.search(text):
        found.append(_warning("link"))
    if capitals := [word for word in _CAPITALS.findall(text) if word not in _ABBREVIATIONS]:
        found.append(_warning("capitals", word=capitals[0]))
    if "!!" in text:
        found.append(_warning("signs"))
    return found


def blocks(findings: Sequence[Finding]) -> bool:
    return any(each.blocks for each in findings)


@cache
def plain_words() -> Mapping[str, Mapping[str, str]]:
    """language -> word of an office -> what to say instead (voice.md 1.2)."""
    return tomllib.loads((files("knowledge") / "plain_words.toml").read_text(encoding="utf-8"))


def _errors(view: View, acting_places: Sequence[str], at: datetime) -> Iterator[Finding]:
    draft, cancels = view.draft, view.draft.msg_type == MessageType.CANCEL
    codes = view.alert.places
    if not codes:
        yield _error("no_place")
    outside = [code for code in codes if not any(register.contains(own, code) for own in acting_places)]
    if outside:
        yield _error("outside", places=outside)
    if len({code[:2] for code in codes}) > MOST_PROVINCES and not draft.wide:
        yield _error("wide", provinces=len({code[:2] for code in codes}))
    if view.alert.expires_at <= at:
        yield _error("expired")
    if submission_is_old(draft, at):
        yield _error("old")
    if is_expired(draft.template, at):
        yield _error("template_due")
    if draft.relays_id is None and not cancels:
        yield from _own_errors(view)
    if draft.mode == Mode.TRAINING and not draft.group_name:
        yield _error("no_group")
    if draft.mode != Mode.ACTUAL and cancels:
        yield _error("exercise_ends")


def _own_errors(view: View) -> Iterator[Finding]:
    draft = view.draft
    if not draft.level:
        yield _error("no_level")
    elif view.cap.infos and level_of(view.cap.infos[0]) != draft.level:
        yield _error("level_differs")
    if draft.hazard is None and draft.template != MISSING_PERSON:
        for language in LANGUAGES:
            if not draft.words.get(language, {}).get("headline"):
                yield _error(f"no_headline_{language}")
    if draft.template == MISSING_PERSON:
        missing = [name for name in ("name", "age", "looks") if not draft.words.get("th", {}).get(name)]
        if missing:
            yield _error("no_person")
    if _orders_to_leave(draft) and not _has_shelter(draft):
        yield _error("no_shelter")
    if _orders_to_leave(draft) and not draft.evacuation_by:
        yield _error("no_office")


def _warnings(view: View, earlier: Sequence[EarlierBroadcast]) -> Iterator[Finding]:
    draft = view.draft
    for language in LANGUAGES:
        for said in draft.words.get(language, {}).values():
            yield from lint(said, language)
        yield from _lengths(view, language)
    if draft.msg_type != MessageType.CANCEL and view.alert.expires_at - view.alert.sent > LONG_EXPIRY:
        yield _warning("long_expiry")
    template = templates().get(draft.template)
    if (
        template is not None
        and "shelter" in template.fills(draft.level or "watch")
        and not _has_shelter(draft)
    ):
        yield _warning("shelter_unnamed")
    if len(earlier) >= MOST_EARLIER:
        yield _warning("fatigue", count=len(earlier))
    if draft.mode == Mode.ACTUAL and view.alert.places and not view.recipients:
        yield _warning("nobody")
    if draft.relays_id is not None:
        for remark in view.alert.remarks:
            yield _warning("remark", remark=remark)


def _left_out(session: Session, view: View, at: datetime) -> Iterator[Finding]:
    """Who would get it, were it not for the channels that an officer chose."""
    draft, audience = view.draft, view.preview.draft.audience
    if not draft.channels or "listed" in audience or not audience["places"]:
        return
    rule = AudienceRule(topic=audience["topic"], places=tuple(audience["places"]), at=at)
    everybody = sum(group.copies for group in count_groups(session, rule))
    count = max(everybody - sum(view.preview.audience.values()), 0)
    yield _warning("channels", channels=tuple(draft.channels), count=count)


def _lengths(view: View, language: str) -> Iterator[Finding]:
    variants = view.preview.words.get(language, {})
    for form, key in ((Form.SMS, "sms_long"), (Form.CHAT, "chat_long")):
        for bubble in variants.get(variant_name(form, EVERY_PLACE), ()):
            most = limit_units(language, "sms" if form is Form.SMS else "chat", bubble.text)
            over = units(bubble.text) - most
            if over > 0 and view.draft.mode != Mode.TRAINING:
                yield _warning(key, language=language, over=over, most=most)
            if form is Form.SMS and _LINK.search(bubble.text):
                yield _warning("link")


def _unsettled(session: Session, view: View, at: datetime) -> Iterator[Finding]:
    for each in conflicts(session, view, at):
        if not each.settled:
            yield _error(f"conflict_{each.about}", number=each.number, sender=each.alert.sender)


def _orders_to_leave(draft: AlertDraft) -> bool:
    return bool(draft.evacuation_by) or any(
        word in text.casefold()
        for language, words in _LEAVE.items()
        for text in draft.words.get(language, {}).values()
        for word in words
    )


def _has_shelter(draft: AlertDraft) -> bool:
    return draft.shelter_id is not None or bool(draft.words.get("th", {}).get("shelter"))


def _error(name: str, **fills: Any) -> Finding:
    return Finding(key=f"drafting.check_{name}", blocks=True, fills=fills)


def _warning(name: str, **fills: Any) -> Finding:
    return Finding(key=f"drafting.check_{name}", blocks=False, fills=fills)
