"""Takes back what an undo journal tells: at a stop, and at the start after a crash (docs/links.rst)."""

from __future__ import annotations

from twisted.internet.interfaces import IReactorThreads
from twisted.logger import Logger

from lanrage.core.undo import GUARD, MAPPING, UndoEntry
from lanrage.errors import LanrageError
from lanrage.interfaces import IUndoJournal
from lanrage.net.devices import remove_device
from lanrage.net.forwarding import restore_forwarding
from lanrage.net.guard import remove_guard
from lanrage.net.processes import Program
from lanrage.net.punch_table import remove_table
from lanrage.net.threads import in_thread

log = Logger()


async def undo_all(reactor: IReactorThreads, journal: IUndoJournal) -> int:
    """Take every change back, the newest first, and forget it; what cannot be taken back stays in the journal.

    Mappings at routers are not of this machine (:func:`lanrage.app.mapping_leases.remove_leftovers`).

    :return: how many were taken back.
    """
    done = 0
    for entry in reversed([each for each in journal.entries() if each.kind != MAPPING]):
        try:
            await in_thread(reactor, undo_entry, entry, journal)
        except LanrageError as error:
            log.warn("{kind} {name} is left: {error}", kind=entry.kind, name=entry.name, error=str(error))
        else:
            log.info("{kind} {name} of an earlier run is gone", kind=entry.kind, name=entry.name)
            done += 1
    return done


def undo_entry(entry: UndoEntry, journal: IUndoJournal) -> None:
    """Take one change back and forget it; blocks.

    :raises LanrageError: it cannot be taken back, and stays in the journal.
    """
    if entry.kind == "process":
        program = Program.parse(entry.old)
        if program is not None:
            program.end()
    elif entry.kind == "punch-table":
        remove_table(entry.name)
    elif entry.kind == "forwarding":
        restore_forwarding(entry)
    elif entry.kind == GUARD:
        remove_guard(entry)
    else:
        remove_device(entry.name, marked=False)
    journal.forget(entry)
