"""Settings of a state folder on which no process runs."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import msgspec

from lanrage.app.settings_book import SettingsBook
from lanrage.app.settings_start import Start
from lanrage.app.settings_trial import trials_of
from lanrage.core.setting import ALL
from lanrage.core.settings_schema import SETTINGS
from lanrage.errors import BadInput

READING = frozenset({"settings.list", "settings.show", "settings.sets", "settings.export"})
"""These need not be alone."""


def perform_offline(folder: Path, name: str, args: dict[str, Any]) -> Any:
    """Carry an operation out on the file; every setting of every role may be changed.

    :raises BadInput: as the operation, or field ``state-dir``.
    :raises Refused: ``node_running``.
    """
    try:
        os.listdir(folder)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise BadInput("state-dir", f"{folder} is no folder") from error
    except OSError as error:
        raise BadInput("state-dir", f"{folder} cannot be read: {error.strerror}; use sudo") from error
    start = Start.plain(folder, ALL)
    table = {row: attrs.evolve(each, roles=(*each.roles, ALL)) for row, each in SETTINGS.items()}
    start = attrs.evolve(start, table=table)
    book = SettingsBook(start, *trials_of(ALL), runs=False)
    if name in READING:
        return msgspec.to_builtins(_CALLS[name](book, args))
    with start.file.held():
        return msgspec.to_builtins(_CALLS[name](book, args))


_CALLS: dict[str, Callable[[SettingsBook, dict[str, Any]], msgspec.Struct]] = {
    "settings.list": lambda book, args: book.listing(),
    "settings.show": lambda book, args: book.show(args["name"]),
    "settings.set": lambda book, args: book.set(args["values"]),
    "settings.reset": lambda book, args: book.reset(args["name"]),
    "settings.save": lambda book, args: book.save(args["set_name"]),
    "settings.activate": lambda book, args: book.activate(args["set_name"]),
    "settings.delete": lambda book, args: book.delete(args["set_name"]),
    "settings.sets": lambda book, args: book.sets(),
    "settings.export": lambda book, args: book.export(args["set_name"]),
    "settings.import": lambda book, args: book.bring_in(args["toml"], args["replace"]),
}
