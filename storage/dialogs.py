"""A conversation of several steps, kept as data between messages, so that it survives a restart."""

from datetime import datetime
from typing import Any

from sqlmodel import Field, Session, SQLModel

from storage.columns import BigId, Json, UtcDateTime
from storage.replies import Bubble

_CROSSED = "crossed"


class Dialog(SQLModel, table=True):
    """Where a contact stands: the dialog's name ('' for none), its step, what it knows so far.

    `offered` are the buttons shown last, so that they can also be typed or chosen by number. `memory` outlives the
    dialogs: what was said today already, how fast she writes (`handlers/attention.py`).
    """

    __tablename__ = "dialog"

    contact_id: int = Field(primary_key=True, foreign_key="contact.id", sa_type=BigId)
    name: str = ""
    step: str = ""
    known: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    offered: list[dict[str, str]] = Field(default_factory=list, sa_type=Json)
    not_understood: int = 0
    memory: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    updated_at: datetime = Field(sa_type=UtcDateTime)


def dialog_of(session: Session, contact_id: int, at: datetime) -> Dialog:
    """The dialog of a contact, a new one when there was none."""
    found = session.get(Dialog, contact_id)
    if found is None:
        found = Dialog(contact_id=contact_id, updated_at=at)
        session.add(found)
    return found


def enter(dialog: Dialog, name: str, step: str, **known: Any) -> None:
    """Go to a step; `known` replaces what was known."""
    dialog.name, dialog.step, dialog.known = name, step, known


def leave(dialog: Dialog) -> None:
    """End whatever dialog runs."""
    enter(dialog, "", "")


def note_crossing(dialog: Dialog) -> None:
    """Another choice was offered in the middle of the dialog: a number or a yes that comes next may answer either."""
    dialog.memory = {**dialog.memory, _CROSSED: True}


def was_crossed(dialog: Dialog) -> bool:
    """Whether that has happened since this was asked last."""
    crossed = bool(dialog.memory.get(_CROSSED))
    if crossed:
        dialog.memory = {key: value for key, value in dialog.memory.items() if key != _CROSSED}
    return crossed


def remember_offer(dialog: Dialog, bubbles: tuple[Bubble, ...], at: datetime) -> None:
    """Keep the buttons of the last bubble that has any: a number or a typed label answers them.

    Where nothing was said, the last answer is still the one on her screen.
    """
    dialog.updated_at = at
    if not bubbles:
        return
    offered = next((bubble.buttons for bubble in reversed(bubbles) if bubble.buttons), ())
    dialog.offered = [
        {"label": button.label, "action": button.action, "kind": button.kind} for button in offered
    ]
