"""Files that many projects test against and that lie beside the repository, not in it."""

import os
from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared"


def shared(path: str) -> Path:
    """The file or folder ``path`` of the shared folder.

    Skips the test when the folder is missing, as it is for anyone with the repository alone; in CI,
    where it must be there, the test fails instead.
    """
    found = SHARED / path
    if found.exists():
        return found
    reason = f"needs {path} of the folder {SHARED.name} beside the repository"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)
