"""What a complaint is about, typed instead of tapped: ถนน, น้ำท่วม, ทุจริต at the question for it tell nothing yet."""

from collections.abc import Iterator
from dataclasses import replace

from handlers.dialogs.complaint_draft import Draft
from handlers.turn import Turn
from handlers.understanding.keywords import without_politeness
from handlers.understanding.writing import soft
from storage.cases import CaseKind
from storage.cases_categories import OTHER, categories, groups

_LEAST_LETTERS = 3


def named(turn: Turn, draft: Draft) -> Draft | None:
    """The complaint with the category or the group that the words are the name of; None for all other words."""
    if turn.dialog.step != "category" or draft.kind != CaseKind.COMPLAINT:
        return None
    typed = soft(without_politeness(turn.incoming.text))
    for name, ids in groups().items():
        if typed in _parts(turn.say(f"buttons.case_group.{name}")):
            return replace(draft, group=name, category=ids[0] if len(ids) == 1 else "")
    for each in categories().values():
        labels = (turn.say(f"case_category.{each.id}"), each.name_th, each.name_en)
        # A single word of the lists is a name, too: ท่อ, ไฟ.
        if each.id != OTHER and (
            any(typed in _parts(label) for label in labels) or typed in map(soft, each.weak)
        ):
            return replace(draft, category=each.id, group="")
    return None


def _parts(label: str) -> Iterator[str]:
    """The label and its words."""
    yield soft(label)
    yield from (soft(word) for word in label.replace(",", " ").split() if len(word) >= _LEAST_LETTERS)
