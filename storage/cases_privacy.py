"""Citizens' words and photos at rest: sealed where the installation has a secret key, as they came where it has none.

Which of the two is told once for a database (`use_secret_key`); what was kept before a key was set stays readable.
docs/decisions/0007 tells why no key is made up where none is set.
"""

from dataclasses import dataclass, field
from typing import Any

from sqlmodel import Session

from storage.database import Database
from storage.sealing import seal, seal_bytes, unseal, unseal_bytes

_OPTION = "krajai_privacy"
_PURPOSE = "case"
_SEALED, _PLAIN = "sealed:", "plain:"
_SEALED_FILE, _PLAIN_FILE = b"krajai sealed\n", b"krajai plain\n"


@dataclass(frozen=True)
class Privacy:
    """How private things are kept. Raises SealBroken where something was sealed with another key."""

    secret_key: str = field(default="", repr=False)

    def conceal(self, words: str) -> str:
        """Words as they are stored; '' stays ''."""
        if words and self.secret_key:
            return _SEALED + seal(self.secret_key, {"words": words}, purpose=_PURPOSE)
        return _PLAIN + words if words.startswith((_SEALED, _PLAIN)) else words

    def reveal(self, stored: str) -> str:
        """The words that were stored.

        >>> Privacy().reveal(Privacy().conceal("sealed: or not?"))
        'sealed: or not?'
        """
        if stored.startswith(_SEALED):
            return str(unseal(self.secret_key, stored.removeprefix(_SEALED), purpose=_PURPOSE)["words"])
        return stored.removeprefix(_PLAIN)

    def conceal_file(self, data: bytes) -> bytes:
        """A file's bytes as they are stored."""
        if not self.secret_key:
            return _PLAIN_FILE + data if data.startswith((_SEALED_FILE, _PLAIN_FILE)) else data
        return _SEALED_FILE + seal_bytes(self.secret_key, data, purpose=_PURPOSE)

    def reveal_file(self, stored: bytes) -> bytes:
        """The bytes that were stored."""
        if not stored.startswith(_SEALED_FILE):
            return stored.removeprefix(_PLAIN_FILE)
        return unseal_bytes(self.secret_key, stored.removeprefix(_SEALED_FILE), purpose=_PURPOSE)


def use_secret_key(database: Database, secret_key: str) -> None:
    """From here on all that is private goes into this database sealed with the key, or as it comes without one."""
    option: dict[str, Any] = {_OPTION: Privacy(secret_key)}
    database.engine = database.engine.execution_options(**option)
    database.writer = database.writer.execution_options(**option)


def privacy(session: Session) -> Privacy:
    """How this session's database keeps private things."""
    found = session.get_bind().get_execution_options().get(_OPTION)
    return found if isinstance(found, Privacy) else Privacy()
