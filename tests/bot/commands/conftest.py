"""Fixtures for tests of commands."""

from tests.bot.commands.running import installation

__all__ = ["installation"]
