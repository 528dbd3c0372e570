"""A machine in memory on which games run: processes and ports, and a kernel that tells of them or does not."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import attrs
from twisted.internet.defer import Deferred, fail, succeed

from lanrage.app.game_listens import Listens
from lanrage.app.game_senses import Senses
from lanrage.core.game_detection import RunningGame
from lanrage.core.game_match import GameIndex, Owner
from lanrage.core.game_programs import ProcessSeen, in_system, waits_for_name
from lanrage.core.play_ports import Proto, Span
from lanrage.errors import MissingRight
from lanrage.net.game_facts import Sighting
from lanrage.net.game_first_look import Verdict


@attrs.define(eq=False)
class MemoryMachine:
    """The machine.

    :ivar tells: its kernel tells of programs that start.
    :ivar processes: by pid.
    :ivar away: pids in another network.
    :ivar owners: programs with open ports.
    :ivar spans: where games listen; ``trees``: what they have started.
    """

    tells: bool = True
    processes: dict[int, ProcessSeen] = attrs.field(factory=dict)
    away: set[int] = attrs.field(factory=set)
    owners: list[Owner] = attrs.field(factory=list)
    spans: dict[str, tuple[Span, ...]] = attrs.field(factory=dict)
    trees: dict[str, frozenset[int]] = attrs.field(factory=dict)
    events: MemoryEvents | None = None
    looked: list[int] = attrs.field(factory=list)
    whole_looks: int = 0
    seconds: Callable[[], float] = lambda: 0.0
    port_looks: list[float] = attrs.field(factory=list)
    handed: list[int] = attrs.field(factory=list)

    def senses(self) -> Senses:
        """All that looks at it."""

        def events(reactor: Any) -> MemoryEvents:
            del reactor
            return MemoryEvents(self)

        make: Any = Senses
        senses: Senses = make(
            events,
            lambda index: MemoryFirst(self, index),
            lambda index, networks: MemoryLooks(self, index, networks),
            lambda: MemoryOwners(self),
            self.listens,
        )
        return senses

    def run(self, pid: int, exe: str, *argv: str, told: bool = True) -> None:
        """A process goes over to a program."""
        self.processes[pid] = ProcessSeen(pid, exe, exe.rpartition("/")[2][:15], argv or (exe,))
        if told and self.events is not None:
            self.events.started(pid)

    def listens(self, games: Iterable[RunningGame], trees: bool) -> Mapping[str, Listens]:
        """See :func:`lanrage.app.game_listens.look_at_games`."""
        return {
            each.game: Listens(self.spans.get(each.game, ()), self.trees.get(each.game, frozenset()) if trees else None)
            for each in games
        }

    @property
    def open_descriptors(self) -> int:
        """Of those that were handed out."""
        return sum(_is_open(descriptor) for descriptor in self.handed)


def _is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


@attrs.define(eq=False)
class MemoryEvents:
    """See :class:`lanrage.net.process_events.ProcessEvents`."""

    machine: MemoryMachine
    started: Callable[[int], None] = lambda pid: None
    missed: Callable[[], None] = lambda: None

    def open(self, started: Callable[[int], None], missed: Callable[[], None]) -> Deferred[None]:
        """See there."""
        if not self.machine.tells:
            return fail(MissingRight("the kernel does not tell"))
        self.started, self.missed = started, missed
        self.machine.events = self
        return succeed(None)

    def close(self) -> None:
        """See there."""
        self.machine.events = None


@attrs.define(eq=False)
class MemoryFirst:
    """See :class:`lanrage.net.game_first_look.FirstLook`."""

    machine: MemoryMachine
    index: GameIndex

    def use(self, index: GameIndex) -> None:
        """See there."""
        self.index = index

    def look(self, pid: int) -> Verdict:
        """See there."""
        seen = self.machine.processes.get(pid)
        if seen is None:
            return Verdict.GONE
        if self.index.may_be(seen.exe) or waits_for_name(seen) or "wine" in seen.exe:
            return Verdict.LOOK
        return Verdict.DISMISS if in_system(seen.exe) else Verdict.STRANGER


@attrs.define(eq=False)
class MemoryLooks:
    """See :class:`lanrage.net.game_facts.Looks`."""

    machine: MemoryMachine
    index: GameIndex
    networks: frozenset[int]

    def look_at(self, pids: Sequence[int]) -> list[Sighting]:
        """See there."""
        self.machine.looked += pids
        return [self.look(pid) for pid in pids]

    def all(self) -> tuple[list[Sighting], frozenset[int]]:
        """See there."""
        self.machine.whole_looks += 1
        first = MemoryFirst(self.machine, self.index)
        verdicts = {pid: first.look(pid) for pid in list(self.machine.processes)}
        found = [self.look(pid) for pid, verdict in verdicts.items() if verdict is Verdict.LOOK]
        return found, frozenset(pid for pid, verdict in verdicts.items() if verdict is Verdict.STRANGER)

    def look(self, pid: int) -> Sighting:
        """See there."""
        seen = self.machine.processes.get(pid)
        result = self.index.process(seen) if seen is not None and pid not in self.machine.away else None
        if result is None:
            return Sighting(pid, again=seen is not None and waits_for_name(seen))
        descriptor = os.open("/dev/null", os.O_RDONLY)
        self.machine.handed.append(descriptor)
        return Sighting(pid, result, descriptor, 50.0)


@attrs.define(eq=False)
class MemoryOwners:
    """See :class:`lanrage.net.game_sockets.PortOwners`."""

    machine: MemoryMachine

    def find(self, wanted: Callable[[Proto, int], bool]) -> list[Owner]:
        """See there."""
        self.machine.port_looks.append(self.machine.seconds())
        return [owner for owner in self.machine.owners if any(wanted(*port) for port in owner.ports)]
