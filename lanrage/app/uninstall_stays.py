"""What ``lanrage uninstall`` leaves, and why: it is said, never done silently (``docs/desktop.rst``). Blocks."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import attrs

from lanrage.app.service_place import Place
from lanrage.core.mapping import PERMANENT, Lease
from lanrage.core.service_files import PIECES, ROLES, is_ours
from lanrage.core.undo import MAPPING
from lanrage.errors import DecodeError
from lanrage.store.undo import UndoJournal

JOURNAL = "undo.jsonl"
"""The undo journal, in a state folder."""
LOGS = (
    "lines in the system's journal, and log files that --log-file named",
    "the journal forgets by its own rules (journalctl --vacuum-time=...), and nobody keeps a list of those files",
)
FOLDERS = ("state folders of your own choice", "only you know them; name each by: lanrage uninstall --state-dir FOLDER")


@attrs.frozen
class Stay:
    """One thing that is left.

    :param why: and what to do about it.
    """

    what: str
    why: str


def journals(folders: Sequence[Path]) -> list[Path]:
    """The undo journals in state folders."""
    return [folder / JOURNAL for folder in folders if (folder / JOURNAL).is_file()]


def mappings(folders: Sequence[Path]) -> list[Lease]:
    """What routers may still map to this machine.

    :raises StoreError: a file is no journal.
    """
    found = []
    for path in journals(folders):
        for entry in UndoJournal(path).entries():
            if entry.kind == MAPPING:
                try:
                    found.append(Lease.decode(entry.old))
                except DecodeError:
                    continue
    return found


def stays(place: Place, folders: Sequence[Path], more: bool) -> Iterator[Stay]:
    """All that is left.

    :param folders: of state, as long as they are there.
    :param more: something of LANrage was here, so that it may have left what has no mark.
    """
    if any(place.has_package(role) for role in ROLES):
        yield Stay("the Debian package, with its services and user", "it is removed by: apt purge lanrage")
    for path in _drop_ins(place):
        yield Stay(path, "an administrator wrote it")
    for lease in mappings(folders):
        if lease.expires == PERMANENT or lease.expires > time.time():
            yield Stay(f"{lease.wish} at the router {lease.gateway}", _until(lease))
    if more:
        yield from (Stay(*LOGS), Stay(*FOLDERS))


def _drop_ins(place: Place) -> list[str]:
    """Files beside our units that we did not write."""
    units = [piece.target for piece in PIECES if piece.target.endswith((".service", ".socket"))]
    found = [f"{unit}.d/{each.name}" for unit in units for each in sorted(place.at(f"{unit}.d").glob("*.conf"))]
    return [path for path, text in place.standing(found).items() if not is_ours(text)]


def _until(lease: Lease) -> str:
    if lease.expires == PERMANENT:
        return "it did not answer and keeps the port open without an end: remove it on the router's own page"
    return (
        f"it did not answer, and closes the port by itself in {max(1, round((lease.expires - time.time()) / 60))} min"
    )
