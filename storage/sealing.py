"""Sealing: what is secret is stored encrypted with a key made of KRAJAI_SECRET_KEY (Fernet: AES-128-CBC and HMAC)."""

import base64
import json
from typing import Any

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

LEAST_SECRET_KEY_BYTES = 16

_OTHER_KEY = (
    "a sealed value does not open: KRAJAI_SECRET_KEY is not the one it was sealed with; set that one again"
)


class SealBroken(Exception):
    """Something sealed cannot be opened with this KRAJAI_SECRET_KEY; the message says what to do."""


def seal(secret_key: str, value: dict[str, Any], *, purpose: str) -> str:
    """`value` sealed for one purpose; another purpose's seal cannot be opened in its place."""
    return _fernet(secret_key, purpose).encrypt(json.dumps(value).encode()).decode()


def seal_bytes(secret_key: str, data: bytes, *, purpose: str) -> bytes:
    """As `seal`, for the bytes of a file."""
    return _fernet(secret_key, purpose).encrypt(data)


def unseal_bytes(secret_key: str, sealed: bytes, *, purpose: str) -> bytes:
    """What `seal_bytes` sealed. Raises SealBroken."""
    try:
        return _fernet(secret_key, purpose).decrypt(sealed)
    except InvalidToken:
        raise SealBroken(_OTHER_KEY) from None


def unseal(secret_key: str, sealed: str, *, purpose: str) -> dict[str, Any]:
    """What `seal` sealed. Raises SealBroken.

    >>> unseal("a key of sixteen bytes", seal("a key of sixteen bytes", {"a": 1}, purpose="p"), purpose="p")
    {'a': 1}
    """
    try:
        opened: dict[str, Any] = json.loads(_fernet(secret_key, purpose).decrypt(sealed.encode()))
    except InvalidToken:
        raise SealBroken(_OTHER_KEY) from None
    return opened


def _fernet(secret_key: str, purpose: str) -> Fernet:
    if len(secret_key.encode()) < LEAST_SECRET_KEY_BYTES:
        raise SealBroken(
            f"KRAJAI_SECRET_KEY has fewer than {LEAST_SECRET_KEY_BYTES} bytes: set a long random one "
            "(python3 -c 'import secrets; print(secrets.token_urlsafe(32))') and keep it"
        )
    derive = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=f"krajai/{purpose}".encode())
    return Fernet(base64.urlsafe_b64encode(derive.derive(secret_key.encode())))
