"""Ports of an address of this machine, given to others' sockets: the same number if it is free, else one of ours."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import IPv4Address

import attrs

PORTS = range(61000, 65000)
"""Given where the own number is taken: above those that Linux gives to programs (ip_local_port_range, to 60999)."""

EACH = 64
"""Ports of one owner: a game and its browser use a handful; more only one who wants to use them up."""

IDLE_SECONDS = 300.0
"""A port that its owner did not send from for so long is taken back."""

REST_SECONDS = 200.0
"""A port that was taken back is given to nobody else so long: the kernel remembers flows through it (conntrack, UDP:
120 s after the last packet, and it is asked in turns)."""

Socket = tuple[IPv4Address, int]
"""Owner's address and port."""


@attrs.define
class _Given:
    port: int
    used: float


@attrs.define
class PortBook:
    """Who has which port.

    :param free: whether nobody on this machine listens to a port.
    """

    free: Callable[[int], bool]
    _given: dict[Socket, _Given] = attrs.field(factory=dict)
    _taken: dict[int, Socket] = attrs.field(factory=dict)
    _resting: dict[int, float] = attrs.field(factory=dict)
    _next: int = 0

    def find(self, owner: Socket, now: float) -> int | None:
        """The port that was given to this socket; it is in use now."""
        given = self._given.get(owner)
        if given is None:
            return None
        given.used = now
        return given.port

    def give(self, owner: Socket, now: float) -> int | None:
        """A port for a socket that has none; ``None`` where its owner has enough, or all are taken."""
        if sum(1 for address, _ in self._given if address == owner[0]) >= EACH:
            return None
        port = owner[1] if self._may(owner[1], now) else self._another(now)
        if port is not None:
            self._given[owner] = _Given(port, now)
            self._taken[port] = owner
        return port

    def take_back(self, now: float, owners: Callable[[IPv4Address], bool]) -> dict[Socket, int]:
        """End what is idle, or whose owner is not there any more; what was ended.

        :param owners: whether an address may own ports.
        """
        old = {
            owner: given.port
            for owner, given in self._given.items()
            if now - given.used > IDLE_SECONDS or not owners(owner[0])
        }
        for owner, port in old.items():
            del self._given[owner], self._taken[port]
            self._resting[port] = now + REST_SECONDS
        return old

    def given(self) -> dict[Socket, int]:
        """All that are given now."""
        return {owner: given.port for owner, given in self._given.items()}

    def _may(self, port: int, now: float) -> bool:
        if port in self._taken or self._resting.get(port, now) > now:
            return False
        self._resting.pop(port, None)
        return self.free(port)

    def _another(self, now: float) -> int | None:
        for step in range(len(PORTS)):
            port = PORTS[(self._next + step) % len(PORTS)]
            if self._may(port, now):
                self._next = (port - PORTS.start + 1) % len(PORTS)
                return port
        return None
