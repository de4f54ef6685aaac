"""What all processes of a benchmark know; those that are to start quickly import only this."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LINE_SECRET = "0123456789abcdef0123456789abcdef"
