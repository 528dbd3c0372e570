"""Watches which path each pair has, as both ends' nodes tell it, and when each kind of path was first seen."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable
from threading import Event, Lock, Thread
from typing import Any

import attrs

from lanrage.errors import LanrageError
from lanrage.lab.folder import Folder
from lanrage.lab.node_call import Session
from lanrage.lab.paths import NONE, ORDER
from lanrage.lab.plan import Host
from lanrage.lab.process import POLL_S
from lanrage.lab.roles import node_socket

POLL_PATHS_S = 0.05
"""How often a node is asked whose times count: fine enough for limits of seconds."""
SLOW_S = 0.5
"""How often the others are: in a party of eighteen each answer costs a node some milliseconds of a shared core."""
ASK_TIMEOUT_S = 5.0
CHANGES_KEPT = 200
"""Of one pair's path: a pair that moved more often would be a figure, not a list to read."""

Pair = tuple[str, str]


@attrs.define
class Sighting:
    """One end's view of the other over time.

    :param path: as last seen.
    :param first: when each kind of path was first seen, in seconds of the monotonic clock.
    :param changes: when the path became another, and which, the newest last.
    :param known_at: when the node came to know the other: its first path's time less what the node says that it took.
    :param row: the member as last shown.
    """

    path: str = NONE
    first: dict[str, float] = attrs.field(factory=dict)
    changes: deque[tuple[float, str]] = attrs.field(factory=lambda: deque(maxlen=CHANGES_KEPT))
    known_at: float | None = None
    row: dict[str, Any] = attrs.field(factory=dict)

    def saw(self, row: dict[str, Any], when: float) -> None:
        """The node showed the member so."""
        if row["path"] != self.path:
            self.changes.append((when, row["path"]))
        self.row, self.path = row, row["path"]
        if self.path == NONE:
            return
        self.first.setdefault(self.path, when)
        took = row.get("join_to_path_ms")
        if self.known_at is None and took is not None:
            self.known_at = when - took / 1000

    def ms_to(self, path: str | None = None) -> float | None:
        """Milliseconds from knowing the other to a kind of path, or to any; ``None`` where there was none."""
        if self.known_at is None or not self.first or (path is not None and path not in self.first):
            return None
        when = min(self.first.values()) if path is None else self.first[path]
        return round(1000 * (when - self.known_at), 1)


@attrs.define
class Watch:
    """Asks every node, each by a thread of its own, until it is stopped.

    :param seen: by (who looks, at whom).
    """

    folder: Folder
    seen: dict[Pair, Sighting] = attrs.field(factory=dict)
    _intervals: dict[str, float] = attrs.field(factory=dict)
    _lock: Lock = attrs.field(factory=Lock)
    _stopped: Event = attrs.field(factory=Event)
    _threads: list[Thread] = attrs.field(factory=list)

    def __enter__(self) -> Watch:
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        for thread in self._threads:
            thread.join()

    def add(self, host: Host) -> None:
        """Watch a host's node, too."""
        self._intervals[host.name] = POLL_PATHS_S
        thread = Thread(target=self._ask, args=(host,), name=f"watch {host.name}", daemon=True)
        self._threads.append(thread)
        thread.start()

    def slow(self, host: Host) -> None:
        """Ask a node seldom from now on: no times of its own are wanted."""
        self._intervals[host.name] = SLOW_S

    def pair(self, first: str, second: str) -> tuple[Sighting, Sighting]:
        """What both ends saw of each other."""
        with self._lock:
            return self._of(first, second), self._of(second, first)

    def path(self, first: str, second: str) -> str:
        """The pair's path: the worse of what its ends have, since each has its own way to a relay."""
        return max((sighting.path for sighting in self.pair(first, second)), key=ORDER.index)

    def until(self, condition: Callable[[], bool], timeout: float) -> float | None:
        """Wait until a condition holds; the time of the monotonic clock when it did, ``None`` when it never did."""
        deadline = time.monotonic() + timeout
        while True:
            now = time.monotonic()
            if condition():
                return now
            if now > deadline:
                return None
            time.sleep(POLL_S)

    def until_paths(self, pairs: Iterable[Pair], paths: Iterable[str], timeout: float) -> float | None:
        """Wait until both ends of each pair have one of these kinds of path."""
        pairs, wanted = list(pairs), set(paths)
        return self.until(lambda: all(s.path in wanted for pair in pairs for s in self.pair(*pair)), timeout)

    def moves(self, first: str, second: str) -> int:
        """How often the pair's path was changed, by the end that counted more."""
        return max(int(sighting.row.get("moves", 0)) for sighting in self.pair(first, second))

    def _of(self, looks: str, at: str) -> Sighting:
        return self.seen.setdefault((looks, at), Sighting())

    def _ask(self, host: Host) -> None:
        while not self._stopped.is_set():
            try:
                with Session(node_socket(self.folder, host), ASK_TIMEOUT_S) as session:
                    while not self._stopped.is_set():
                        self._note(host, session)
            except LanrageError:
                self._stopped.wait(SLOW_S)  # it starts, or was killed on purpose: asked again until we end

    def _note(self, host: Host, session: Session) -> None:
        begin = time.monotonic()
        members = session.call("party.show").result["members"]
        when = time.monotonic()
        with self._lock:
            for row in members:
                if not row["me"]:
                    self._of(host.name, row["name"]).saw(row, when)
        self._stopped.wait(max(0.0, self._intervals[host.name] - (when - begin)))
