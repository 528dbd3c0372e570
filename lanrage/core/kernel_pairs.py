"""Which pairs the kernel forwards: the table tells of pairs, an adapter takes what has to change, in batches.

Whatever cannot go by the kernel (IPv6, an end on the relay's own machine) is passed on in userspace, as all pairs are
until the kernel has them. See ``docs/protocol-relay.rst``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

import attrs

from lanrage.core.relay_cookies import Line

SourceOf = Callable[[str], str | None]
"""The relay's own address from which packets to a host leave; ``None`` = there is no way, or not by IPv4."""


class Mapped(NamedTuple):
    """What the kernel does with data that comes in at a line.

    :param line: where it comes in.
    :param own: the relay's address there.
    :param peer: where it goes, and the relay's port from which it leaves.
    :param peer_own: the relay's address from which it leaves.
    :param seconds: until the kernel forgets it by itself, 0 = never; Python forgets it sooner.
    """

    line: Line
    own: str
    peer: Line
    peer_own: str
    seconds: int

    @property
    def way(self) -> tuple[str, Line, str]:
        """What a flow of this line depends on."""
        return self.own, self.peer, self.peer_own


@attrs.frozen
class Batch:
    """What has to change in the kernel.

    :param removed: to be taken out, and their flows forgotten.
    :param added: to be put in, after their lines' old flows are forgotten.
    :param renewed: of those that stay, the new time.
    """

    removed: tuple[Mapped, ...] = ()
    added: tuple[Mapped, ...] = ()
    renewed: tuple[Mapped, ...] = ()

    def __bool__(self) -> bool:
        """Whether there is anything."""
        return bool(self.removed or self.added or self.renewed)


@attrs.define
class KernelPairs:
    """A watcher of the relay's table that remembers what the kernel has and what it should have.

    :param changed: called after each change; what has to be done is fetched later by :meth:`take`.
    """

    changed: Callable[[], None]
    _wanted: dict[Line, tuple[Line, float]] = attrs.field(init=False, factory=dict)
    _loaded: dict[Line, Mapped] = attrs.field(init=False, factory=dict)
    _dirty: dict[Line, None] = attrs.field(init=False, factory=dict)

    def __len__(self) -> int:
        """Lines that the kernel has."""
        return len(self._loaded)

    def joined(self, one: Line, other: Line, seconds: float) -> None:
        """See :class:`lanrage.core.relay_table.PairWatcher`."""
        self._wanted[one], self._wanted[other] = (other, seconds), (one, seconds)
        self._touch(one, other)

    def parted(self, one: Line, other: Line) -> None:
        """See :class:`lanrage.core.relay_table.PairWatcher`."""
        for line, peer in ((one, other), (other, one)):
            if self._wanted.get(line, (None,))[0] == peer:
                del self._wanted[line]
        self._touch(one, other)

    def take(self, source_of: SourceOf) -> Batch:
        """What changed since the last call; the caller does it, or calls :meth:`lost`."""
        removed, added, renewed = [], [], []
        for line in self._dirty:
            old, new = self._loaded.pop(line, None), self._mapped(line, source_of)
            if new is not None:
                self._loaded[line] = new
            if old is not None and new is not None and old.way == new.way:
                renewed.append(new)
                continue
            if old is not None:
                removed.append(old)
            if new is not None:
                added.append(new)
        self._dirty.clear()
        return Batch(tuple(removed), tuple(added), tuple(renewed))

    def lost(self) -> tuple[Mapped, ...]:
        """The kernel has nothing any more: all that is wanted is to be put in by the next :meth:`take`.

        :return: what it had.
        """
        had = tuple(self._loaded.values())
        self._loaded.clear()
        self._dirty = dict.fromkeys(self._wanted)
        return had

    def _touch(self, *lines: Line) -> None:
        for line in lines:
            if line in self._wanted or line in self._loaded:
                self._dirty[line] = None
            else:  # it came and went before anybody asked
                self._dirty.pop(line, None)
        self.changed()

    def _mapped(self, line: Line, source_of: SourceOf) -> Mapped | None:
        if line not in self._wanted:
            return None
        peer, seconds = self._wanted[line]
        own, peer_own = source_of(line.host), source_of(peer.host)
        if own is None or peer_own is None or own == line.host or peer_own == peer.host:
            return None
        return Mapped(line, own, peer, peer_own, max(1, int(seconds)))


def flows(entries: Iterable[Mapped]) -> list[tuple[Line, str]]:
    """The line and the relay's address of each: what names a flow in the kernel's connection tracking."""
    return [(entry.line, entry.own) for entry in entries]
