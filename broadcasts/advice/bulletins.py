"""Bulletins: an officer's own words to those who grow something in some places, looked at before they go out."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlmodel import Session

from broadcasts.audience.counting import count
from broadcasts.audience.selection import AudienceRule
from broadcasts.delivery.estimates import people_by_account
from storage import broadcasts, places, quota
from storage.broadcasts import EVERY_PLACE, Broadcast, BroadcastKind, Form, Priority, words_of
from storage.farming import ADVICE, crops
from storage.replies import Bubble
from storage.wording import LANGUAGES, dates, say
from storage.wording.lengths import tidy, units

MOST_UNITS = 200
"""Of a bubble (voice.md 1.1)."""

MOST_SMS_UNITS: Mapping[str, int] = {"th": 134, "en": 306}
"""Two segments: 2 x 67 in UCS-2, 2 x 153 in the alphabet of GSM."""

LONGEST = timedelta(days=14)


class BulletinRefused(ValueError):
    """The bulletin cannot be sent; the message says what is wrong and the mend."""


@dataclass(frozen=True, kw_only=True)
class Bulletin:
    """What an officer wants said: to growers of `crop` (every farmer where it is ''), in `places`, until `until`."""

    crop: str
    places: tuple[str, ...]
    words: Mapping[str, str]
    until: datetime


@dataclass(frozen=True, kw_only=True)
class BulletinPreview:
    """What would be read, by language and form, and how many on each channel; `obstacle` is why it may not go."""

    texts: Mapping[str, Mapping[Form, str]]
    audience: Mapping[str, int]
    obstacle: str = ""


def bulletin(
    crop: str, named: Sequence[str], words: Mapping[str, str], until: datetime, at: datetime
) -> Bulletin:
    """A bulletin that may be sent. Raises BulletinRefused."""
    if crop and crop not in crops():
        raise BulletinRefused(f"--crop {crop}: no such crop; `krajai advice list` shows those with rules")
    if not named:
        raise BulletinRefused("no place: name at least one with --place")
    try:
        codes = places.simplify(named)
    except places.UnknownPlace as unknown:
        raise BulletinRefused(f"--place: {unknown}") from unknown
    for language in LANGUAGES:
        if not tidy(words.get(language, "")):
            raise BulletinRefused(f"no words in {language!r}: give them with --{language}")
    if until <= at:
        raise BulletinRefused("--until has passed: name a time ahead")
    if until > at + LONGEST:
        raise BulletinRefused(
            f"--until is more than {LONGEST.days} days ahead: advice by then is another one"
        )
    told = {language: tidy(words[language]) for language in LANGUAGES}
    return Bulletin(crop=crop, places=codes, words=told, until=until)


def preview(
    session: Session, planned: Bulletin, at: datetime, who: Mapping[str, str], zone: ZoneInfo
) -> BulletinPreview:
    """What would be said to whom; `who` is the sender's name by language. BulletinRefused when it is too long."""
    texts = {language: _texts(planned, language, at, who[language], zone) for language in LANGUAGES}
    for language, forms in texts.items():
        for form, most in ((Form.CHAT, MOST_UNITS), (Form.SMS, MOST_SMS_UNITS[language])):
            over = units(forms[form]) - most
            if over > 0:
                raise BulletinRefused(f"--{language} is too long for {form}: shorten it by {over} letters")
    audience = count(session, AudienceRule(topic=_topic(planned), places=planned.places, at=at))
    refused = quota.first_refusal(session, _takes(session, planned, at), at)
    return BulletinPreview(texts=texts, audience=audience, obstacle=refused)


def send(
    session: Session, planned: Bulletin, at: datetime, who: Mapping[str, str], zone: ZoneInfo, *, by: str
) -> Broadcast:
    """Release the bulletin, in the routine class. Raises BulletinRefused."""
    shown = preview(session, planned, at, who, zone)
    if shown.obstacle:
        raise BulletinRefused(shown.obstacle)
    words = {
        language: {
            EVERY_PLACE: (Bubble(text=forms[Form.CHAT]),),
            Form.SMS.value: (Bubble(text=forms[Form.SMS]),),
        }
        for language, forms in shown.texts.items()
    }
    if refused := quota.take(session, _takes(session, planned, at), at):
        raise BulletinRefused(refused)
    return broadcasts.release(
        session,
        kind=BroadcastKind.ADVICE,
        priority=Priority.ROUTINE,
        words=words_of(words),
        places=planned.places,
        topic=_topic(planned),
        expires_at=planned.until,
        by=by,
        at=at,
    )


def _takes(session: Session, planned: Bulletin, at: datetime) -> Counter[int]:
    """What it takes of each account's quota."""
    to = {"topic": _topic(planned), "places": planned.places, "reached": ()}
    return people_by_account(session, to, at)


def _topic(planned: Bulletin) -> str:
    return f"{ADVICE}:{planned.crop}" if planned.crop else ADVICE


def _texts(planned: Bulletin, language: str, at: datetime, who: str, zone: ZoneInfo) -> dict[Form, str]:
    crop = crops()[planned.crop].name(language) if planned.crop else say(language, "advice.bulletin.everyone")
    until = dates.stamp(planned.until, language, zone)
    sent = dates.stamp(at, language, zone)
    words = planned.words[language]
    return {
        Form.CHAT: say(language, "advice.bulletin", crop=crop, who=who, sent=sent, words=words, until=until),
        Form.SMS: say(language, "advice.bulletin.sms", crop=crop, who=who, words=words, until=until),
    }
