"""A database for the processes of one test."""

import shutil
from pathlib import Path

import pytest


@pytest.fixture
def url(migrated_file: Path, tmp_path: Path) -> str:
    """The address of a migrated, empty SQLite file."""
    shutil.copy(migrated_file, tmp_path / "krajai.db")
    return f"sqlite:///{tmp_path}/krajai.db"
