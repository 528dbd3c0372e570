"""``kill -9`` at random moments of a process that writes, and what of its acknowledged changes is then on disk.

``python -m tests.bench.persister_crash FOLDER SEED`` is that process. Each of its writers has one row whose number it
raises, again and again, as soon as the last one is on disk. It says ``have WRITER NUMBER`` for what it finds at its
start, ``ready``, and ``done WRITER NUMBER`` for each number that is on disk; others write what need not be durable, and
backups are made meanwhile.
"""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import attrs
from twisted.internet.defer import Deferred
from twisted.internet.task import LoopingCall, deferLater, react
from twisted.internet.threads import deferToThread

from lanrage.core.world_rows import PartyRow, Put, SeenRow
from lanrage.errors import StoreError
from lanrage.store.backup import make_backup
from lanrage.store.database_file import connect, faults
from lanrage.store.journal import Journal
from lanrage.store.sqlite import SqliteStore
from lanrage.store.state_folder import StateFolder

WRITERS = 24
ROOT = Path(__file__).parents[2]


def party_id(writer: int) -> str:
    """A writer's key."""
    return f"{writer:032x}"


class Writer:
    """The process that is killed."""

    def __init__(self, reactor: Any, folder: Path, seed: int) -> None:
        self._reactor, self._folder, self._random = reactor, folder, random.Random(seed)
        self._store = SqliteStore(reactor, folder)
        self._journal = Journal(reactor, self._store, ())

    async def run(self) -> None:
        """Write until killed."""
        rows = await self._store.open()
        self._journal = Journal(self._reactor, self._store, rows)
        numbers = {row.party_id: row.revision for row in rows if isinstance(row, PartyRow)}
        for writer in range(WRITERS):
            say(f"have {writer} {numbers.get(party_id(writer), 0)}")
        say("ready")
        LoopingCall(self._presence).start(0.003)
        LoopingCall(self._backup).start(0.15, now=False)
        for writer in range(WRITERS):
            Deferred.fromCoroutine(self._write(writer, numbers.get(party_id(writer), 0)))
        await Deferred()

    async def _write(self, writer: int, number: int) -> None:
        while True:
            number += 1
            charter = self._random.randbytes(self._random.randint(50, 4000))
            self._journal.add([Put(PartyRow(party_id(writer), charter, number))])
            await self._journal.committed()
            say(f"done {writer} {number}")
            await deferLater(self._reactor, self._random.uniform(0, 0.01), lambda: None)

    def _presence(self) -> None:
        self._journal.add([Put(SeenRow(self._random.randbytes(1) * 32, time.time()))])

    def _backup(self) -> Deferred[Any]:
        made = deferToThread(make_backup, StateFolder(self._folder), time.time())
        return made.addErrback(lambda failure: failure.trap(StoreError))


def say(line: str) -> None:
    """One line to the parent, in one call: what is said cannot be lost with the process."""
    os.write(1, f"{line}\n".encode())


@attrs.define
class Tally:
    """What all rounds found.

    :ivar acknowledged: changes that were said to be on disk; ``lost`` those that were not there after a kill.
    :ivar invented: writers whose row is newer than the one change that was under way.
    :ivar broken: rounds after which the file or a backup has a fault.
    """

    rounds: int = 0
    acknowledged: int = 0
    lost: int = 0
    invented: int = 0
    broken: int = 0
    last: dict[int, int] = attrs.field(factory=dict)

    def heard(self, line: str) -> None:
        """One line of the process."""
        word, *numbers = line.split()
        if word == "ready":
            return
        writer, number = map(int, numbers)
        known = self.last.get(writer, 0)
        if word == "have":
            self.lost += max(0, known - number)
            self.invented += number > known + 1
        else:
            self.acknowledged += 1
        self.last[writer] = number


def one_life(folder: Path, seed: int, tally: Tally) -> None:
    """Start the process, kill it at a random moment, hear what it had acknowledged."""
    chance = random.Random(seed)
    command = [sys.executable, "-m", "tests.bench.persister_crash", str(folder), str(seed)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        at_start = chance.random() < 0.2
        killer = threading.Timer(chance.uniform(0.2, 0.8), process.kill)
        if at_start:
            killer.start()
        for line in process.stdout:
            if not line.endswith("\n"):
                break  # cut off by the kill: not said
            if line == "ready\n" and not at_start:
                killer = threading.Timer(chance.uniform(0.0, 0.5), process.kill)
                killer.start()
            tally.heard(line)
        process.kill()
        killer.cancel()


def whole(path: Path) -> bool:
    """Whether SQLite finds no fault in a file."""
    with contextlib.closing(connect(path, "ro")) as connection:
        return not faults(connection, thorough=True)


def crash_loop(rounds: int, seed: int) -> dict[str, Any]:
    """Kill and look, again and again; the last life only looks."""
    folder = Path(tempfile.mkdtemp(prefix="lanrage-bench-"))
    tally = Tally()
    try:
        for number in range(rounds):
            one_life(folder, seed + number, tally)
            tally.rounds += 1
            state = StateFolder(folder)
            paths = [backup.path for backup in state.backups()] + [state.path] * state.path.exists()
            tally.broken += not all(whole(path) for path in paths if path.stat().st_size)
        command = [sys.executable, "-m", "tests.bench.persister_crash", str(folder), "0"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
            assert process.stdout is not None
            for line in process.stdout:
                if line == "ready\n":
                    break
                tally.heard(line)
            process.kill()
    finally:
        shutil.rmtree(folder)
    return {
        "rounds": tally.rounds,
        "acknowledged": tally.acknowledged,
        "acknowledged_lost": tally.lost,
        "invented": tally.invented,
        "broken": tally.broken,
    }


def main(reactor: Any, folder: str, seed: str) -> Deferred[None]:
    """The process."""
    return Deferred.fromCoroutine(Writer(reactor, Path(folder), int(seed)).run())


if __name__ == "__main__":
    react(main, sys.argv[1:])
