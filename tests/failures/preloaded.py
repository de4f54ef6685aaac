"""What every process of the suite needs, loaded once: the fork server imports this, and each server is a fork of it.

A process of its own takes eight seconds of a core to load packages and word lists, and there are dozens here.
"""

from importlib import import_module

from sqlalchemy.orm import configure_mappers

from bot.text.splitting import load_words
from handlers.understanding.warm import warm

NEEDED = (
    "bot.channels.line",
    "bot.channels.line_sdk",
    "bot.channels.sms_kannel",
    "bot.channels.sms_smpp",
    "bot.channels.telegram",
    "bot.commands.alerts",
    "bot.commands.broadcasts",
    "bot.commands.processes",
    "storage.tables",
    "tests.failures.child",
)

for name in NEEDED:
    import_module(name)
configure_mappers()
load_words()
warm()
