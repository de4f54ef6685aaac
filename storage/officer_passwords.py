"""Officers' passwords: Argon2id (RFC 9106), and a rule for choosing them (NIST SP 800-63B, 3.1.1)."""

import secrets
import unicodedata
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError

LEAST_LETTERS = 12
MOST_LETTERS = 200

_HASHER = PasswordHasher()
_OFTEN = ("password", "krajai", "qwerty", "12345678", "11111111", "admin", "รหัสผ่าน", "กระจาย")


class PasswordRefused(ValueError):
    """A password that is not taken; `key` is the catalogue's sentence that says why."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


def hash_password(password: str, *, name: str = "") -> str:
    """What is stored of a password. Raises PasswordRefused when it is too short, too long or easily guessed."""
    chosen = _normal(password)
    if len(chosen) < LEAST_LETTERS:
        raise PasswordRefused("console.password_short")
    if len(chosen) > MOST_LETTERS:
        raise PasswordRefused("console.password_long")
    told = chosen.casefold()
    for word in (*_OFTEN, *(part for part in [_normal(name).casefold()] if len(part) > 3)):
        told = told.replace(word, "")
    if len(set(chosen)) < 5 or len(told) < LEAST_LETTERS // 2:
        raise PasswordRefused("console.password_guessable")
    return _HASHER.hash(chosen)


def is_password(stored: str, password: str) -> bool:
    """Whether it is the password; takes as long for an officer without one, or for no officer at all ('')."""
    try:
        _HASHER.verify(stored or _nobodys(), _normal(password)[: MOST_LETTERS + 1])
    except (VerifyMismatchError, VerificationError, InvalidHashError):
        return False
    return bool(stored)


def renewed(stored: str, password: str) -> str:
    """The hash of a password that was right: anew where it was made with weaker parameters than today's."""
    return _HASHER.hash(_normal(password)) if _HASHER.check_needs_rehash(stored) else stored


def _normal(password: str) -> str:
    # Thai keyboards and telephones compose marks differently.
    return unicodedata.normalize("NFKC", password)


@cache
def _nobodys() -> str:
    """The hash of a password that nobody has, made once a process."""
    return _HASHER.hash(secrets.token_urlsafe())
