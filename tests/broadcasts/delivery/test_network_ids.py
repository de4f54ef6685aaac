"""Receipts of networks that name their own id of a message, at any process and before its answer."""

from datetime import timedelta

import pytest
from sqlmodel import Session, select

from broadcasts.delivery.receipts import Effect, ReceiptStatus, apply_network_receipt, note_network_id
from storage import receipts
from storage.batches import Batch
from storage.database import Database
from storage.receipts import NETWORK_IDS_KEPT_DAYS, NetworkId
from tests import builders
from tests.broadcasts.delivery.test_receipts import batch_of
from tests.builders import NOW

DELIVERED, FAILED = ReceiptStatus.DELIVERED, ReceiptStatus.NOT_DELIVERED


def unknown(session: Session) -> tuple[Batch, int, str]:
    """A batch with one recipient of whom nothing is known, its account, and how receipts name her."""
    batch, [contact] = batch_of(session, "u")
    return batch, builders.account(session, "sms"), f"b{batch.id}.{contact}"


@pytest.mark.parametrize("receipt_comes_first", [False, True])
def test_a_receipt_says_what_became_of_it(database: Database, receipt_comes_first: bool) -> None:
    with database.write() as session:
        batch, account, reference = unknown(session)
        if receipt_comes_first:
            assert apply_network_receipt(session, account, "M1", DELIVERED, NOW) is Effect.KEPT
            # An id that begins alike is another's.
            note_network_id(session, account, "M", "m999", NOW)
            assert bytes(batch.outcomes) == b"u"
        note_network_id(session, account, "M1", reference, NOW)
        if not receipt_comes_first:
            assert apply_network_receipt(session, account, "M1", DELIVERED, NOW) is Effect.RESOLVED
        session.refresh(batch)
        assert bytes(batch.outcomes) == b"a"


def test_an_id_means_what_the_network_called_last(database: Database) -> None:
    """Networks count anew after a restart."""
    with database.write() as session:
        batch, account, reference = unknown(session)
        note_network_id(session, account, "M1", "m999", NOW)
        note_network_id(session, account, "M1", reference, NOW)
        assert apply_network_receipt(session, account, "M1", FAILED, NOW) is Effect.RESOLVED
        session.refresh(batch)
        assert bytes(batch.outcomes) == b"f"


def test_another_accounts_network_says_nothing_of_it(database: Database) -> None:
    with database.write() as session:
        batch, account, reference = unknown(session)
        other = builders.account(session, "telegram")
        note_network_id(session, account, "M1", reference, NOW)
        assert apply_network_receipt(session, other, "M1", DELIVERED, NOW) is Effect.KEPT
        session.refresh(batch)
        assert bytes(batch.outcomes) == b"u"


def test_ids_are_kept_as_long_as_receipts_may_come(database: Database) -> None:
    with database.write() as session:
        _, account, reference = unknown(session)
        note_network_id(session, account, "M1", reference, NOW)
        receipts.forget_old(session, NOW + timedelta(days=NETWORK_IDS_KEPT_DAYS, seconds=-1))
        assert len(session.exec(select(NetworkId)).all()) == 1
        receipts.forget_old(session, NOW + timedelta(days=NETWORK_IDS_KEPT_DAYS, seconds=1))
        assert session.exec(select(NetworkId)).all() == []
