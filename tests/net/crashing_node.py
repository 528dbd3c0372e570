"""A program for tests: makes a tunnel, says so, and waits for its end, which comes by SIGKILL.

Arguments: NAME of the device, PATH of the undo journal.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import react

from lanrage.net.userspace import UserspaceTunnel
from lanrage.store.undo import UndoJournal
from tests.contracts_links import MTU, new_key


async def main(reactor: Any, name: str, path: str) -> None:
    """Make the tunnel and wait for ever."""
    await UserspaceTunnel(reactor, name, UndoJournal(Path(path))).create(new_key(), 0, MTU)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await Deferred()


if __name__ == "__main__":
    react(lambda reactor, *arguments: Deferred.fromCoroutine(main(reactor, *arguments)), sys.argv[1:])
