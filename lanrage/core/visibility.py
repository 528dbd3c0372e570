"""How far a tagged datagram came on its way from this machine's socket to a socket at each member
(``docs/protocol-visibility.rst``)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from enum import IntEnum
from ipaddress import IPv4Address

import attrs

TAG_BYTES = 8


class Stage(IntEnum):
    """Where a datagram was seen, in the order of its way."""

    CAPTURED = 1  # read from the LAN card here
    CARRIED = 2  # handed to the tunnel for that member
    RECEIVED = 3  # the member's node has it and its rules let it through
    INJECTED = 4  # the member's LAN card took it
    HEARD = 5  # a socket of the member's node got it


SENTENCES = {
    Stage.CAPTURED: "this machine's broadcast did not reach its own LAN card's reader: a firewall drops it on the way "
    "out, a route leads it elsewhere, or lan.capture is off",
    Stage.CARRIED: "it was not sent to this member: its node says that nothing listens there, or the tunnel refused it",
    Stage.RECEIVED: "the member's node did not confirm it: the path lost it, a firewall there drops UDP port 4666 of "
    "the tunnel, or its node is older or answered too many probes",
    Stage.INJECTED: "the member's node has it, but its LAN card did not take it: the card is down or its queue is full",
    Stage.HEARD: "the member's LAN card took it, but no socket got it: a firewall there drops what comes in by the LAN "
    "card, or its reverse path filter is strict",
}
"""What it means that this stage is the first one missing."""


@attrs.frozen
class Report:
    """What a member says of one tagged datagram; that it says so is the stage "received".

    :param tag: of the datagram.
    :param turn: which datagram of a probe.
    :param injected: seconds from received to injected, if it was.
    :param heard: seconds from received to heard, if it was.
    :param held: seconds from received to this report.
    """

    tag: bytes
    turn: int
    injected: float | None
    heard: float | None
    held: float


Marks = dict[Stage, float]
"""Seconds from the socket's send to each stage that was confirmed."""


@attrs.define
class Sighting:
    """One tagged datagram and what became of it.

    :param members: from whom an answer is awaited.
    :param sent: when it left the socket.
    """

    tag: bytes
    turn: int
    members: frozenset[IPv4Address]
    sent: float
    captured: float | None = None
    _carried: dict[IPv4Address, float] = attrs.field(factory=dict)
    _reports: dict[IPv4Address, tuple[Report, float]] = attrs.field(factory=dict)

    def carried(self, members: Collection[IPv4Address], now: float) -> None:
        """The tunnel took it for these members."""
        for member in members:
            self._carried.setdefault(member, now)

    def reported(self, member: IPv4Address, report: Report, now: float) -> bool:
        """A member answered; only its first answer counts.

        :return: whether it was awaited.
        """
        if member not in self.members or member in self._reports or self.captured is None:
            return False
        self._reports[member] = (report, now)
        return True

    def marks(self, member: IPv4Address) -> Marks:
        """The stages that are confirmed for a member.

        Clocks of two machines cannot be compared: the moment of "received" is taken to be in the middle of the time
        that question and answer were on their way.
        """
        marks: Marks = {}
        if self.captured is not None:
            marks[Stage.CAPTURED] = self.captured - self.sent
        answer = self._reports.get(member)
        left = self._carried.get(member, self.captured if answer is not None else None)
        if left is not None:
            marks[Stage.CARRIED] = left - self.sent
        if answer is not None and left is not None:
            report, came = answer
            received = (left - self.sent) + max(0.0, came - left - report.held) / 2
            marks[Stage.RECEIVED] = received
            if report.injected is not None:
                marks[Stage.INJECTED] = received + report.injected
            if report.heard is not None:
                marks[Stage.HEARD] = received + report.heard
        return marks

    def complete(self) -> bool:
        """Every member's socket heard it."""
        return all(Stage.HEARD in self.marks(member) for member in self.members)


def best(sightings: Sequence[Sighting], member: IPv4Address) -> Marks:
    """Of several datagrams, what became of the one that came farthest; the earliest of equals."""
    return max((each.marks(member) for each in sightings), key=lambda marks: max(marks, default=0), default={})


def first_missing(marks: Marks) -> Stage | None:
    """Where the way ends: the stage after the last confirmed one; ``None`` if a socket heard it."""
    last = max(marks, default=0)
    return None if last == Stage.HEARD else Stage(last + 1)
