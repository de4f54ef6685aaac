"""Second factors: codes of an authenticator (TOTP, RFC 6238), passkeys (WebAuthn), recovery codes for the drawer."""

import hashlib
import secrets
from datetime import datetime
from enum import StrEnum

import pyotp
from sqlalchemy import Index, text
from sqlmodel import Field, Session, SQLModel, col, select, update

from storage.columns import BigId, UtcDateTime
from storage.sealing import seal, unseal

STEP_SECONDS = 30
STEPS_EITHER_WAY = 1
"""A telephone's clock may be off by half a minute."""

RECOVERY_CODES = 10
_RECOVERY_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"


class FactorKind(StrEnum):
    TOTP = "totp"
    PASSKEY = "passkey"


class OfficerFactor(SQLModel, table=True):
    """`secret`: the sealed TOTP secret, or a passkey's public key; `counter`: the last TOTP step, or signatures."""

    __tablename__ = "officer_factor"
    __table_args__ = (
        Index(
            "officer_factor_credential",
            "credential_id",
            unique=True,
            sqlite_where=text("credential_id <> ''"),
            postgresql_where=text("credential_id <> ''"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    officer_id: int = Field(foreign_key="officer.id", index=True)
    kind: str
    name: str = ""
    credential_id: str = ""
    secret: str = Field(repr=False)
    counter: int = Field(default=0, sa_type=BigId)
    created_at: datetime = Field(sa_type=UtcDateTime)
    used_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    removed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class RecoveryCode(SQLModel, table=True):
    """One of ten; 79 random bits, so that a plain hash is enough."""

    __tablename__ = "officer_recovery_code"

    id: int | None = Field(default=None, primary_key=True)
    officer_id: int = Field(foreign_key="officer.id", index=True)
    code_hash: str = Field(repr=False)
    created_at: datetime = Field(sa_type=UtcDateTime)
    used_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


def factors(session: Session, officer_id: int, kind: FactorKind | None = None) -> list[OfficerFactor]:
    """An officer's second factors, the oldest first."""
    query = select(OfficerFactor).where(
        OfficerFactor.officer_id == officer_id, col(OfficerFactor.removed_at).is_(None)
    )
    if kind is not None:
        query = query.where(OfficerFactor.kind == kind)
    return list(session.exec(query.order_by(col(OfficerFactor.id))))


def new_totp_secret() -> str:
    """160 random bits in base 32, as authenticators take them."""
    return pyotp.random_base32()


def totp_uri(secret: str, name: str, issuer: str) -> str:
    """What the QR code says to an authenticator."""
    return pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name=issuer)


def totp_step(secret: str, code: str, at: datetime, *, after: int = 0) -> int | None:
    """The step whose code this is, near now and later than `after`; None when the code is wrong or spent.

    >>> from datetime import UTC, timedelta
    >>> at = datetime(2026, 11, 21, 12, 40, tzinfo=UTC)
    >>> code = pyotp.TOTP("JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP").at(at)
    >>> totp_step("JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP", code, at) == int(at.timestamp()) // 30
    True
    >>> totp_step("JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP", code, at + timedelta(minutes=2)) is None
    True
    """
    given = "".join(code.split())
    if len(given) != 6 or not (given.isascii() and given.isdigit()):
        return None
    generator, now = pyotp.TOTP(secret), int(at.timestamp()) // STEP_SECONDS
    for step in range(now - STEPS_EITHER_WAY, now + STEPS_EITHER_WAY + 1):
        if secrets.compare_digest(generator.generate_otp(step), given):
            return step if step > after else None
    return None


def add_totp(
    session: Session, officer_id: int, secret: str, at: datetime, *, secret_key: str, step: int
) -> None:
    """Keep a TOTP secret whose code of `step` she has just shown. Raises SealBroken."""
    sealed = seal(secret_key, {"secret": secret}, purpose=_purpose(officer_id))
    session.add(
        OfficerFactor(
            officer_id=officer_id,
            kind=FactorKind.TOTP,
            secret=sealed,
            counter=step,
            created_at=at,
            used_at=at,
        )
    )
    session.flush()


def use_totp(session: Session, officer_id: int, code: str, at: datetime, *, secret_key: str) -> bool:
    """Whether it is a code of hers that was not used before; it is used by this. Raises SealBroken."""
    for factor in factors(session, officer_id, FactorKind.TOTP):
        secret = str(unseal(secret_key, factor.secret, purpose=_purpose(officer_id))["secret"])
        step = totp_step(secret, code, at, after=factor.counter)
        if step is not None and factor.id is not None:
            return _advance(session, factor.id, step, at)
    return False


def add_passkey(
    session: Session,
    officer_id: int,
    credential_id: str,
    public_key: str,
    at: datetime,
    *,
    name: str,
    counter: int,
) -> None:
    """Keep a passkey whose registration was verified; id and key are base64url."""
    session.add(
        OfficerFactor(
            officer_id=officer_id,
            kind=FactorKind.PASSKEY,
            name=name[:60],
            credential_id=credential_id,
            secret=public_key,
            counter=counter,
            created_at=at,
        )
    )
    session.flush()


def use_passkey(session: Session, factor_id: int, counter: int, at: datetime) -> bool:
    """Write down a verified use; False when its counter went back, which a copied key's would (0 does not count)."""
    if counter == 0:
        _touch(session, factor_id, at)
        return True
    return _advance(session, factor_id, counter, at)


def remove(session: Session, officer_id: int, factor_id: int, at: datetime) -> bool:
    """Take one of her factors away; False when it is not hers, or her last."""
    hers = {each.id for each in factors(session, officer_id)}
    if factor_id not in hers or len(hers) < 2:
        return False
    session.connection().execute(
        update(OfficerFactor).where(col(OfficerFactor.id) == factor_id).values(removed_at=at, secret="")
    )
    return True


def remove_all(session: Session, officer_id: int, at: datetime) -> None:
    """Take all of them away, recovery codes too: she starts anew by an invitation."""
    connection = session.connection()
    hers = col(OfficerFactor.officer_id) == officer_id
    connection.execute(
        update(OfficerFactor)
        .where(hers, col(OfficerFactor.removed_at).is_(None))
        .values(removed_at=at, secret="")
    )
    _spend_recovery_codes(session, officer_id, at)


def new_recovery_codes(session: Session, officer_id: int, at: datetime) -> list[str]:
    """Ten new codes, told once; the earlier ones are void."""
    _spend_recovery_codes(session, officer_id, at)
    codes = ["".join(secrets.choice(_RECOVERY_LETTERS) for _ in range(16)) for _ in range(RECOVERY_CODES)]
    session.add_all(
        RecoveryCode(officer_id=officer_id, code_hash=_hash(code), created_at=at) for code in codes
    )
    session.flush()
    return ["-".join(code[at : at + 4] for at in range(0, 16, 4)) for code in codes]


def use_recovery_code(session: Session, officer_id: int, code: str, at: datetime) -> bool:
    """Whether it is one of hers that was not used before; it is used by this."""
    given = "".join(each for each in code.casefold() if each.isalnum())
    used = session.connection().execute(
        update(RecoveryCode)
        .where(
            col(RecoveryCode.officer_id) == officer_id,
            col(RecoveryCode.code_hash) == _hash(given),
            col(RecoveryCode.used_at).is_(None),
        )
        .values(used_at=at)
    )
    return bool(used.rowcount)


def recovery_codes_left(session: Session, officer_id: int) -> int:
    """How many codes she has left."""
    query = select(RecoveryCode.id).where(
        RecoveryCode.officer_id == officer_id, col(RecoveryCode.used_at).is_(None)
    )
    return len(session.exec(query).all())


def _advance(session: Session, factor_id: int, counter: int, at: datetime) -> bool:
    """Only forward, also when two requests come at once with the same code."""
    moved = session.connection().execute(
        update(OfficerFactor)
        .where(
            col(OfficerFactor.id) == factor_id,
            col(OfficerFactor.counter) < counter,
            col(OfficerFactor.removed_at).is_(None),
        )
        .values(counter=counter, used_at=at)
    )
    return bool(moved.rowcount)


def _touch(session: Session, factor_id: int, at: datetime) -> None:
    session.connection().execute(
        update(OfficerFactor).where(col(OfficerFactor.id) == factor_id).values(used_at=at)
    )


def _spend_recovery_codes(session: Session, officer_id: int, at: datetime) -> None:
    session.connection().execute(
        update(RecoveryCode)
        .where(col(RecoveryCode.officer_id) == officer_id, col(RecoveryCode.used_at).is_(None))
        .values(used_at=at)
    )


def _purpose(officer_id: int) -> str:
    return f"officer_totp/{officer_id}"


def _hash(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()
