"""What an officer's chat may do with drafts of alerts. Whoever joins the parts gives it to the conversation.

It writes and submits. Nothing here approves, rejects, releases or cancels: a chat has no such word.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from sqlmodel import Session

from storage.officers import Officer


class DeskRefused(Exception):
    """It cannot be done; `key` is the catalogue's sentence for the officer, with its fills. It is audited already."""

    def __init__(self, key: str, **fills: Any) -> None:
        super().__init__(key)
        self.key, self.fills = key, fills


@dataclass(frozen=True, kw_only=True)
class Situation:
    """A template of the house: what she chooses first."""

    id: str
    name: str


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """A draft as a chat shows it: what citizens would read, how many, until when, and what hinders it.

    `asks` are the names of what may be filled in, `shelters` those of the register in its area, by number.
    """

    number: int
    text: str
    recipients: int
    expires_at: datetime
    findings: Sequence[str]
    blocked: bool
    asks: Sequence[str]
    shelters: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Hand:
    """Who acts, in which transaction, and when."""

    session: Session
    officer: Officer
    at: datetime
    language: str


class Desk(Protocol):
    """Drafts of alerts for an officer. Everything raises DeskRefused where she may not, or it cannot be."""

    def situations(self, hand: Hand) -> Sequence[Situation]:
        """What may be chosen now, in the order of the house. Also refuses who may not draft at all."""

    def places(self, hand: Hand, text: str) -> tuple[str, ...]:
        """The codes of the places that words name, all of them hers."""

    def own_places(self, hand: Hand) -> tuple[str, ...]:
        """The codes of the places for which she acts."""

    def begin(self, hand: Hand, situation: str, level: str, places: Sequence[str]) -> int:
        """Begin a draft of a real warning; its number."""

    def change(self, hand: Hand, number: int, changes: Mapping[str, Any]) -> None:
        """Change `level`, `places`, `shelter_id`, or `words` (language -> name -> text) of a draft."""

    def look(self, hand: Hand, number: int) -> Sheet:
        """A draft as it stands."""

    def submit(self, hand: Hand, number: int) -> str:
        """Ask for a colleague's approval in the console; the name of whoever was asked, '' when nobody is left."""

    def drop(self, hand: Hand, number: int) -> None:
        """Drop a draft for good."""
