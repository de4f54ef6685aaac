"""Trainings: what volunteers get, so that officers may practise. No alert comes of them, and no citizen gets one.

A training is a broadcast to a group of volunteers, marked at its beginning and end in every language; the way to an
alert is closed by its draft's mode, which the database does not let anybody change.
"""

from dataclasses import replace
from datetime import datetime

from sqlmodel import Session

from broadcasts.alerts.releasing import Preview, Words, accounts_on, obstacle_of_channels
from broadcasts.audience import listed
from broadcasts.delivery.estimates import Draft, people_by_account
from storage import broadcasts, quota
from storage.alert_drafts import AlertDraft
from storage.broadcasts import Broadcast, BroadcastKind, Form, Priority
from storage.replies import Bubble, Button
from storage.wording import LANGUAGES, say


def look(session: Session, draft: AlertDraft, preview: Preview, at: datetime) -> Preview:
    """The preview of an alert as a training of it."""
    words = marked(preview.words)
    would = agreed(session, draft, words, at)
    return replace(
        preview,
        words=words,
        audience=listed.count_by_channel(session, would.audience["listed"]),
        groups=(),
        draft=Draft(words=would.words, audience=would.audience, priority=Priority.ROUTINE),
        reached=0,
        announced=None,
        obstacle=obstacle_of_channels(session, draft.channels)
        or quota.first_refusal(session, people_by_account(session, would.audience, at), at)
        or None,
        hash=broadcasts.content_hash(would),
    )


def agreed(session: Session, draft: AlertDraft, words: Words, at: datetime) -> Broadcast:
    """What would go out, to nobody but the volunteers of the draft's group."""
    return broadcasts.agreed(
        kind=BroadcastKind.TRAINING,
        priority=Priority.ROUTINE,
        words=broadcasts.words_of(words),
        places=(),
        reached=(),
        topic="",
        expires_at=draft.expires_at,
        at=at,
        listed=listed.of_group(draft.group_name, accounts_on(session, draft.channels)),
    )


def marked(words: Words) -> Words:
    """The words of a warning as a training: said first and last, and nothing in it calls for help."""
    return {
        language: {
            variant: tuple(_marked(bubble, language, variant) for bubble in said)
            for variant, said in variants.items()
        }
        for language, variants in words.items()
        if language in LANGUAGES
    }


def _marked(bubble: Bubble, language: str, variant: str) -> Bubble:
    mark = say(language, "training.mark")
    parted = " " if variant.startswith(Form.SMS) else "\n"
    seen = Button(label=say(language, "buttons.exercise_seen"), action="exercise.seen")
    shown = () if variant.startswith((Form.GROUP, Form.SMS)) else (seen,)
    return Bubble(text=parted.join((mark, bubble.text, mark)), buttons=shown)
