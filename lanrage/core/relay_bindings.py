"""What a relay's table holds, how much of it, and who is told (:mod:`lanrage.core.relay_table`)."""

from __future__ import annotations

from typing import Any, Protocol

import attrs

from lanrage.core.rate import TokenBucket
from lanrage.core.relay import Bound, Message
from lanrage.core.relay_cookies import Line
from lanrage.core.tickets import Pair, Ticket

ASK_RATE, ASK_BURST = 2.0, 10.0
"""Refreshes of one binding a second, and at once; a node asks each second at most, and a few times when it moves."""


@attrs.frozen
class RelayLimits:
    """How much one relay carries; each is there so that no client can take what others need.

    :param bindings: in all; about 1 KiB each.
    :param holder_bindings: of one identity: a party of 64 needs 63, twice that while it roams.
    :param host_bindings: of one host, whoever holds them: identities cost nothing, addresses do.
    :param packets: a second, of one binding: a game's LAN traffic and a file copy of about 50 Mbit/s.
    :param packets_burst: packets at once.
    :param control: control messages a second from one host; a school behind one address starts a party at once.
    :param control_burst: control messages at once.
    :param unknown: UNKNOWN messages a second to one host.
    """

    bindings: int = 16384
    holder_bindings: int = 128
    host_bindings: int = 1024
    packets: float = 5000.0
    packets_burst: float = 5000.0
    control: float = 200.0
    control_burst: float = 600.0
    unknown: float = 10.0


class PairWatcher(Protocol):
    """Is told which lines the table joins, at once and in order."""

    def joined(self, one: Line, other: Line, seconds: float) -> None:
        """Data passes between these two, unless they part, for at most so many seconds: until a ticket ends."""

    def parted(self, one: Line, other: Line) -> None:
        """It does no longer."""


class BindingWatcher(Protocol):
    """Is told of bindings whose operation is known."""

    def named(self, binding: Binding) -> None:
        """Its holder said which operation led to it."""

    def ended(self, binding: Binding) -> None:
        """It ended; it had such a name."""


@attrs.define(eq=False)
class Binding:
    """One end of a pair.

    :ivar until: when it ends, by the relay's own clock.
    :ivar peer: the other end, while it is bound.
    :ivar number: of the last BOUND.
    :param bucket: of its data.
    :ivar operation: which led to it, as its holder said; empty = unknown.
    :param asking: of its own refreshes, which nobody else can use up.
    :ivar handle: what the adapter keeps with it.
    """

    line: Line
    ticket: Ticket
    transaction: bytes
    signature: bytes = attrs.field(repr=False)
    until: float
    bucket: TokenBucket
    asking: TokenBucket = attrs.field(factory=lambda: TokenBucket(ASK_RATE, ASK_BURST), repr=False)
    peer: Binding | None = attrs.field(default=None, repr=False)
    number: int = 0
    operation: str = ""
    handle: Any = attrs.field(default=None, repr=False)

    def bound(self, lifetime: float) -> tuple[Line, Message]:
        """What its holder is told."""
        self.number += 1
        return self.line, Bound(self.transaction, self.number, max(0, int(lifetime)), self.peer is not None)


PairKey = tuple[bytes, Pair]
"""Party and pair: two nodes may share several parties."""
Answers = list[tuple[Line, Message]]
"""What to send where; the last element of a line is the relay's own port from which it goes."""
