"""The folder of files that citizens sent: each is named by a hash, readable by the owner alone, never run."""

import hashlib
import os
import re
import secrets
from dataclasses import dataclass
from pathlib import Path

from storage.cases_privacy import Privacy

_NAME = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, kw_only=True)
class MediaFolder:
    """`path` is made at the first file. Files are sealed as `privacy` says."""

    path: Path
    privacy: Privacy

    def keep(self, data: bytes) -> str:
        """Store bytes; the name of their file. It is whole or not there at all, whenever the machine stops."""
        stored = self.privacy.conceal_file(data)
        # Never the name of another file, not even of the same picture: each is removed alone.
        name = hashlib.sha256(secrets.token_bytes(16) + stored).hexdigest()
        target = self._file(name)
        # One by one: what mkdir makes on the way gets another mode.
        for folder in (self.path, target.parent):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        part = target.with_name(f".{name}.part")
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(stored)
            file.flush()
            os.fsync(file.fileno())
        part.replace(target)
        return name

    def read(self, name: str) -> bytes:
        """The bytes of a file. Raises FileNotFoundError, and SealBroken for one that was sealed with another key."""
        return self.privacy.reveal_file(self._file(name).read_bytes())

    def remove(self, name: str) -> None:
        """Delete a file; one that is gone already is as good."""
        self._file(name).unlink(missing_ok=True)

    def _file(self, name: str) -> Path:
        """In one of 256 folders, so that none grows too long to list."""
        if not _NAME.fullmatch(name):
            raise ValueError(f"{name!r} is not the name of a kept file")
        return self.path / name[:2] / name
