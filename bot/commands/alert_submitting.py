"""`krajai alert release` once there are officers: it is submitted, and a colleague approves it in the console."""

from typing import Any

from bot.commands.console import console, fail, write_json
from bot.wiring import Krajai
from broadcasts.alerts import approving, drafting
from broadcasts.alerts.drafted import look
from broadcasts.alerts.drafting import Acting, DraftRefused
from storage.agencies import agency
from storage.alert_drafts import AlertDraft
from storage.broadcasts import Broadcast
from storage.lifecycles import DraftState
from storage.officers import UnknownOfficer, actor, named, officers
from storage.wording import say


def needs_approval(krajai: Krajai) -> bool:
    """Whether one person's word is not enough any more."""
    with krajai.database.read() as session:
        return bool(officers(session))


def submit_alert(krajai: Krajai, alert_id: int, as_: str | None, *, wide: bool, as_json: bool) -> None:
    """Submit an imported alert as it came. A Cancel goes out at once: taking a warning back needs one officer."""
    try:
        draft, broadcast = _submit(krajai, alert_id, as_, wide=wide)
    except UnknownOfficer as refused:
        fail(f"alert {alert_id}: {refused}")
    except DraftRefused as refused:
        fail(f"alert {alert_id}: {say('en', refused.key, **refused.fills)}")
    told: dict[str, Any] = {"alert": alert_id, "draft": draft.number, "state": draft.state}
    if broadcast is not None:
        told["broadcast"] = broadcast.id
    if as_json:
        write_json(told)
    elif broadcast is not None:
        console.print(f"alert {alert_id} released as broadcast {broadcast.id} by {broadcast.released_by}")
    else:
        console.print(f"alert {alert_id} waits for a colleague's approval as draft {draft.number}:")
        console.print(f"  {krajai.public_url}/console/alerts/{draft.number}")


def _submit(
    krajai: Krajai, alert_id: int, as_: str | None, *, wide: bool
) -> tuple[AlertDraft, Broadcast | None]:
    with krajai.database.write() as session:
        officer = named(session, actor(session, as_))
        assert officer is not None
        own = agency(session, officer.agency_id)
        assert own is not None
        acting = Acting(
            officer=officer, agency=own, at=krajai.database.now(session), zone=krajai.settings.zone
        )
        draft = drafting.begin_relay(session, acting, alert_id, wide=wide)
        if draft.state == DraftState.EDITING:
            draft = approving.submit(session, acting, draft.number, draft.revision)
        if not approving.is_cancel(draft):
            return draft, None
        seen = look(session, draft, acting.at, acting.zone).hash
        return draft, approving.cancel(session, acting, draft.number, seen=seen)
