"""What waits in the memory of a dialog till another has ended: its place there, for dialogs and for who pauses them."""

from collections.abc import Mapping, Sequence
from typing import Any

from storage.dialogs import Dialog

COMPLAINT = "complaint"
"""The dialog in which she writes what is sent to nobody before she says yes."""

MOST_DRAFTS = 10
MOST_OTHERS = 3
"""Of dialogs in which nothing was told: the latest stands for those of its kind before."""

_PAUSED = "paused"
_DROPPED = "dropped"


def waiting(dialog: Dialog) -> list[dict[str, Any]]:
    """The dialogs that wait, the latest last: `name`, `step`, what is `known` of each, and whether she was `told`."""
    return list(dialog.memory.get(_PAUSED, ()))


def keep_waiting(dialog: Dialog, entries: Sequence[Mapping[str, Any]]) -> None:
    """These wait, and no others."""
    memory = {key: value for key, value in dialog.memory.items() if key != _PAUSED}
    dialog.memory = {**memory, _PAUSED: list(entries)} if entries else memory


def keep(dialog: Dialog, name: str, step: str, known: Mapping[str, Any]) -> None:
    """A dialog waits. Of complaints each one is something she told; beyond `MOST_DRAFTS` the oldest goes, which is
    noted for `was_dropped`."""
    entry = {"name": name, "step": step, "known": dict(known), "told": False}
    before = waiting(dialog)
    if is_draft(entry):
        told = [each for each in before if is_draft(each)]
        over = told[: max(0, len(told) + 1 - MOST_DRAFTS)]
        if over:
            dialog.memory = {**dialog.memory, _DROPPED: True}
        keep_waiting(dialog, [*(each for each in before if each not in over), entry])
        return
    others = [each for each in before if not is_draft(each) and each["name"] != name]
    over = others[: max(0, len(others) + 1 - MOST_OTHERS)]
    keep_waiting(
        dialog,
        [*(each for each in before if is_draft(each) or (each in others and each not in over)), entry],
    )


def was_dropped(dialog: Dialog) -> bool:
    """Whether a draft had to go since this was asked last."""
    dropped = bool(dialog.memory.get(_DROPPED))
    if dropped:
        dialog.memory = {key: value for key, value in dialog.memory.items() if key != _DROPPED}
    return dropped


def is_draft(entry: Mapping[str, Any]) -> bool:
    """Whether an entry is a complaint in which something was told."""
    known = entry["known"]
    return entry["name"] == COMPLAINT and bool(known.get("words") or known.get("media"))


def drafts(dialog: Dialog) -> list[dict[str, Any]]:
    """The complaints that are told and not sent: those that wait, and the one that runs."""
    running = {"name": dialog.name, "step": dialog.step, "known": dialog.known}
    return [entry for entry in (*waiting(dialog), running) if is_draft(entry)]


def media_of_drafts(dialog: Dialog) -> frozenset[int]:
    """The files that belong to one of them."""
    return frozenset(each for entry in drafts(dialog) for each in entry["known"].get("media", ()))
