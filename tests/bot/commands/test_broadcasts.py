"""krajai broadcast and krajai outbox: what officers see while it goes out and after, and what they can do about it."""

import csv
import json
from pathlib import Path

import pytest
from sqlmodel import select

from bot.commands import progress
from broadcasts.delivery.planning import plan_page
from storage import batches
from storage.audit import AuditEntry
from storage.batches import Batch
from storage.broadcasts import Broadcast, move
from storage.database import Database
from storage.lifecycles import BatchState, BroadcastState
from tests.bot.commands.running import krajai
from tests.builders import account, citizen, released


@pytest.fixture(autouse=True)
def _nobody_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "NOBODY_WORKS_SECONDS", 0.02)
    monkeypatch.setattr(progress, "LOOK_SECONDS", 0.01)


@pytest.fixture
def gone_out(installation: Path) -> int:
    """A broadcast to three on SMS: one got it, one failed, of one nobody knows."""
    database = Database(f"sqlite:///{installation / 'krajai.db'}")
    with database.write() as session:
        now, sms = database.now(session), account(session, "sms")
        for number in range(3):
            citizen(session, f"+6681234567{number}", account_id=sms)
        broadcast = released(session, at=now)
        plan_page(session, broadcast.id or 0, now, {sms: 3})
        session.flush()
        broadcast_id = broadcast.id or 0
        batch = session.exec(select(Batch)).one()
        batch.state, batch.outcomes, batch.finished_at = BatchState.DONE, b"afu", now
        ids = batches.unpack(batch.recipients)
        batches.note(session, batch, ids[1:2], "failed", "=cmd|no such number", now)
        batches.note(session, batch, ids[2:], "unknown", "no answer", now)
        session.flush()
        move(session, broadcast_id, BroadcastState.DONE, now, by="delivery")
    database.close()
    return broadcast_id


def audit(installation: Path) -> list[AuditEntry]:
    database = Database(f"sqlite:///{installation / 'krajai.db'}")
    with database.read() as session:
        return list(session.exec(select(AuditEntry)))


def test_what_is_over_is_shown_with_its_reasons(gone_out: int) -> None:
    shown = krajai("broadcast", "show", str(gone_out))
    assert "planned 3, accepted 1, failed 1, unknown 1" in shown.said
    assert "1 unknown: no answer" in shown.said
    watched = krajai("broadcast", "show", str(gone_out), "--watch")
    assert "has ended: planned 3, accepted 1, failed 1, unknown 1" in watched.said
    bar, *reasons = watched.complained.splitlines()
    assert bar.startswith("accepted 1, failed 1, unknown 1 ")
    assert "3/3" in bar
    assert reasons == ["  1 failed: =cmd|no such number", "  1 unknown: no answer"]
    line = json.loads(krajai("broadcast", "show", str(gone_out), "--watch", "--json").said)
    assert (line["state"], line["planned"], line["accepted"], line["eta_seconds"]) == ("done", 3, 1, None)
    assert line["reasons"]["unknown: no answer"] == 1


def test_the_report_and_its_table(installation: Path, gone_out: int) -> None:
    shown = krajai("broadcast", "report", str(gone_out))
    assert shown.status == 0
    assert "5709 อ.แม่สาย" in shown.said
    found = krajai("broadcast", "report", str(gone_out), "--json").json
    assert found["total"] == {"accepted": 1, "failed": 1, "unknown": 1}
    assert list(found["channels"]) == ["sms/main"]
    assert found["times"]["first"] == found["times"]["last"] is not None

    assert krajai("broadcast", "report", str(gone_out), "--csv", "missed.csv").status == 0
    table = installation / "missed.csv"
    assert table.stat().st_mode & 0o777 == 0o600
    rows = list(csv.DictReader(table.read_text("utf-8-sig").splitlines()))
    assert [(row["address"], row["outcome"], row["notes"]) for row in rows] == [
        ("…671", "failed", "failed: =cmd|no such number"),
        ("…672", "unknown", "unknown: no answer"),
    ]
    again = krajai("broadcast", "report", str(gone_out), "--csv", "missed.csv")
    assert (again.status, "is not overwritten" in again.complained) == (1, True)
    whole = krajai("broadcast", "report", str(gone_out), "--csv", "-", "--everyone", "--with-addresses").said
    assert [row["address"] for row in csv.DictReader(whole.splitlines())] == [
        f"'+6681234567{n}" for n in range(3)
    ]
    exports = [each.detail for each in audit(installation) if each.action == "broadcast.export"]
    assert exports[-1] == {"everyone": True, "with_addresses": True}
    assert krajai("broadcast", "report", str(gone_out), "--everyone").status == 2
    assert "there is no broadcast 99" in krajai("broadcast", "report", "99").complained


def test_once_more_asks_first_and_warns_of_the_unknown(gone_out: int) -> None:
    asked = krajai("broadcast", "retry", str(gone_out), typed="n\n")
    assert (asked.status, "1 failed, 1 unknown" in asked.complained) == (1, True)
    assert "Send it once more to 1?" in asked.complained
    warned = krajai("broadcast", "retry", str(gone_out), "--unknown", typed="n\n")
    assert "WARNING: 1 of them may have got it already" in warned.complained
    made = krajai("broadcast", "retry", str(gone_out), "--yes", "--json").json
    assert (made["retry_of"], made["recipients"], made["state"]) == (gone_out, 1, "released")
    refused = krajai("broadcast", "retry", str(gone_out), "--yes")
    assert (refused.status, "still going out" in refused.complained) == (1, True)


def test_the_outbox_is_held_seen_and_let_go(installation: Path, gone_out: int) -> None:
    assert krajai("outbox", "resume", "--yes").complained == "krajai: the outbox is not held\n"
    assert "THE OUTBOX IS HELD" in krajai("outbox", "hold", "wrong words").said
    assert "is held already" in krajai("outbox", "hold", "again").complained
    krajai("broadcast", "retry", str(gone_out), "--yes")
    shown = krajai("outbox", "show", "--json").json
    assert shown["hold"]["reason"] == "wrong words"
    assert [each["waiting"] for each in shown["broadcasts"]] == [1]
    database = Database(f"sqlite:///{installation / 'krajai.db'}")
    with database.read() as session:
        assert session.get_one(Broadcast, gone_out).state == BroadcastState.DONE
    database.close()
    assert "Send 1 broadcasts to 1 or more" in krajai("outbox", "resume", typed="y\n").complained
    assert "The outbox is not held" in krajai("outbox", "show").said
    actions = [each.action for each in audit(installation)]
    assert {"outbox.hold", "outbox.let_go"} <= set(actions)
