"""The console's pages that stand in its bar, in order: one line a subject."""

from dataclasses import dataclass

from storage.officer_rights import Right


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A page and the right without which it is not shown; `key` is its name in the catalogue."""

    path: str
    key: str
    right: Right


ENTRIES: tuple[Entry, ...] = (
    Entry(path="/console", key="console.nav_home", right=Right.OWN_ACCOUNT),
    Entry(path="/console/alerts", key="drafting.nav", right=Right.SEE_ALERTS),
    Entry(path="/console/board", key="board.nav", right=Right.SEE_CRIES),
    Entry(path="/console/cases", key="casework.nav", right=Right.WORK_CASES),
    Entry(path="/console/shelters", key="drafting.nav_shelters", right=Right.SEE_ALERTS),
    Entry(path="/console/drills", key="drafting.nav_drills", right=Right.SEE_ALERTS),
    Entry(path="/console/relays", key="field.nav_relays", right=Right.MANAGE_RELAYS),
    Entry(path="/console/templates", key="drafting.nav_templates", right=Right.EDIT_WORDS),
    Entry(path="/console/officers", key="console.nav_officers", right=Right.MANAGE_OFFICERS),
    Entry(path="/console/agencies", key="console.nav_agencies", right=Right.MANAGE_OFFICERS),
    Entry(path="/console/duty", key="console.nav_duty", right=Right.OWN_ACCOUNT),
    Entry(path="/console/audit", key="console.nav_audit", right=Right.READ_AUDIT),
    Entry(path="/console/account", key="console.nav_account", right=Right.OWN_ACCOUNT),
)
