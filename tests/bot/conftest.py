"""What every installation of these tests has."""

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def _photos_of_a_test_end_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KRAJAI_MEDIA_FOLDER", str(tmp_path / "media"))
