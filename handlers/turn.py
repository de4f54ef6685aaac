"""One turn of a conversation: what came in, from whom, and what an answer needs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from zoneinfo import ZoneInfo

from sqlmodel import Session

from handlers.desk import Desk
from storage.broadcasts import Broadcast, Form, bubbles_for, variant_for
from storage.cases_agencies import Agencies
from storage.dialogs import Dialog
from storage.people import Contact, Person
from storage.replies import Bubble, Button, ButtonKind, Incoming
from storage.subscriptions import WARNING, Subscription, open_subscriptions
from storage.wording import dates, say
from storage.wording.lengths import units

Bubbles = tuple[Bubble, ...]

MOST_UNITS = 200
"""The longest bubble, warnings aside (voice.md 1.1)."""

MOST_BUBBLES = 3
"""The most bubbles of one turn."""

_MOST_LINES = 5
# The line with the rest comes on top.
_ROOM_FOR_LINES = 180


@dataclass(frozen=True, kw_only=True)
class Agency:
    """Who runs this installation, as citizens read it."""

    name_th: str
    name_en: str
    retention_reason_th: str = ""
    retention_reason_en: str = ""
    """Why what is left of cases outlives who reported them, as the agency's officer confirmed it; '' until then."""
    phone: str = ""
    """Where citizens ask, as it is said: "053-731-234"; empty where there is none to give."""
    public_url: str = ""
    """Where their telephones can fetch pictures from; empty where there is no such address."""

    def name(self, language: str) -> str:
        return self.name_en if language == "en" else self.name_th

    def retention_reason(self, language: str) -> str:
        return self.retention_reason_en if language == "en" else self.retention_reason_th


@dataclass(kw_only=True)
class Turn:
    """All changes made through `session` are committed together with the answer."""

    session: Session
    at: datetime
    contact: Contact
    person: Person
    dialog: Dialog
    incoming: Incoming
    agency: Agency
    zone: ZoneInfo
    form: Form = Form.CHAT
    agencies: Agencies | None = None
    """Who answers for cases; None where all of them are the agency's own."""

    desk: Desk | None = None
    """Where officers' chats draft alerts; None where they do not."""

    is_settled: bool = False
    """Whether what was being told has been sent, given up or erased in this turn: it waits no more."""

    speaks: str = ""
    """The language of what is said, where it is not hers."""

    @property
    def language(self) -> str:
        return self.speaks or self.person.language

    @property
    def contact_id(self) -> int:
        assert self.contact.id is not None
        return self.contact.id

    @property
    def person_id(self) -> int:
        assert self.person.id is not None
        return self.person.id

    @property
    def clock(self) -> str:
        """The time of this turn, as it is said."""
        return dates.clock(self.at, self.language, self.zone)

    @cached_property
    def subscriptions(self) -> list[Subscription]:
        """What the person receives when the turn begins."""
        return open_subscriptions(self.session, self.person_id)

    @property
    def places(self) -> list[str]:
        """The places she wants warnings of, by code."""
        return [each.place for each in self.subscriptions if each.topic == WARNING]

    def say(self, key: str, /, **fills: object) -> str:
        """A sentence of the catalogue in her language."""
        return say(self.language, key, **fills)

    @property
    def is_sms(self) -> bool:
        """Whether this is a text message: short words without buttons, where voice.md has them."""
        return self.form is Form.SMS

    def text_message(self, key: str, /, **fills: object) -> Bubbles:
        """The words of a text message; they name the agency, since a sender's number tells nobody who it is."""
        return (Bubble(text=self.say(key, agency=self.agency.name(self.language), **fills)),)

    def words_of(self, broadcast: Broadcast, place: str) -> Bubbles:
        """What a broadcast says to her, as somebody in `place`, in the form of this conversation."""
        variant = variant_for(broadcast.words, self.language, self.form, place[:2])
        return bubbles_for(broadcast, self.language, variant)

    def offers(self, action: str) -> bool:
        """Whether a button of this action stands below what was said last."""
        return any(each["action"] == action for each in self.dialog.offered)

    def button(self, key: str, action: str) -> Button:
        """A button with the label `buttons.<key>`."""
        return Button(label=self.say(f"buttons.{key}"), action=action)

    def location_button(self, key: str = "send_location") -> Button:
        """A button that asks the phone for its position."""
        return Button(label=self.say(f"buttons.{key}"), action="location", kind=ButtonKind.LOCATION)

    def in_bubbles(self, lines: Sequence[str], rest_key: str) -> list[str]:
        """The lines in as many texts as a turn may have, then how many lines are left."""
        texts: list[str] = [lines[0]]
        for number, line in enumerate(lines[1:], 1):
            longer = f"{texts[-1]}\n{line}"
            if longer.count("\n") <= _MOST_LINES and units(longer) <= _ROOM_FOR_LINES:
                texts[-1] = longer
            elif len(texts) < MOST_BUBBLES:
                texts.append(line)
            else:
                return [*texts[:-1], f"{texts[-1]}\n{self.say(rest_key, count=len(lines) - number)}"]
        return texts

    def bubble(self, text: str, buttons: Sequence[Button] = (), *, lasting: bool = False) -> Bubble:
        return Bubble(text=text, buttons=tuple(buttons), lasting=lasting)
