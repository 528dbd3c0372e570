"""Heads of the party's ledger, told among its members, so that nobody can hide a record from one of them.

A pure machine (``docs/protocol-party.rst``): inputs carry `now` (seconds, of a clock that only moves forward), outputs
are actions. A member tells its head; who is behind asks for what it lacks, one member at a time; two heads of one epoch
are an alarm, since a chain of hashes has one head at each height.
"""

from __future__ import annotations

from collections.abc import Callable

import attrs

from lanrage.core.rate import TokenBucket

HASH_BYTES = 32
"""BLAKE2s or SHA-256 of the last record."""
HEAD_INTERVAL, HEAD_JITTER = 30.0, 6.0
"""Seconds between two tellings to each member, more or less by at most so many: a party of 16 costs 8 small datagrams
a second over all, and what a server hides is known within a minute although datagrams get lost."""
ASK_WAIT = 1.0
"""Seconds in which what was asked for should come; then the next member that has more is asked."""
ASK_PAUSE = 0.2
"""Seconds without another record after which an answer is taken to be over, and the rest is asked for."""
ASK_TRIES = 4
"""How often a member is asked in vain for what it claims to have, until it claims again."""
CLAIM_RATE, CLAIM_BURST = 0.1, 3.0
"""Claims a second, and at once, that make a member worth asking anew: one that lies costs few questions."""
TELL_RATE, TELL_BURST = 0.5, 5.0
"""Heads a second, and at once, that a member which is behind is told in answer to its own."""
WANT_RATE, WANT_BURST = 2.0, 8.0
"""Questions a second, and at once, that one member gets answered: each may cost many datagrams."""


@attrs.frozen
class Head:
    """How far a ledger goes.

    :param epoch: number of the last record, 0 for none.
    :param hash: of the last record, 32 bytes.
    """

    epoch: int
    hash: bytes


@attrs.frozen
class SendHead:
    """Tell this member our head."""

    to: bytes


@attrs.frozen
class SendWant:
    """Ask this member for the records after an epoch."""

    to: bytes
    after: int


@attrs.frozen
class SendRecords:
    """Send this member the records after an epoch."""

    to: bytes
    after: int


@attrs.frozen
class Forked:
    """This member has another record at our epoch: somebody signed two histories."""

    who: bytes
    head: Head


HeadAction = SendHead | SendWant | SendRecords | Forked


@attrs.define
class _Peer:
    """What one member told, and how much of it is listened to."""

    head: Head | None = None
    asked: int = 0
    forked: bool = False
    claims: TokenBucket = attrs.field(factory=lambda: TokenBucket(CLAIM_RATE, CLAIM_BURST))
    tells: TokenBucket = attrs.field(factory=lambda: TokenBucket(TELL_RATE, TELL_BURST))
    wants: TokenBucket = attrs.field(factory=lambda: TokenBucket(WANT_RATE, WANT_BURST))


@attrs.define
class Heads:
    """Our head and what the members told of theirs.

    :param own: our ledger's head.
    :param jitter: draws a number from 0 to 1.
    """

    own: Head
    jitter: Callable[[], float]
    _peers: dict[bytes, _Peer] = attrs.field(init=False, factory=dict)
    _next_telling: float | None = attrs.field(init=False, default=None)
    _asked_until: float = attrs.field(init=False, default=0.0)

    # --- inputs -------------------------------------------------------------------------------------------------------

    def ready(self, who: bytes, now: float) -> list[HeadAction]:
        """The link to a member is up."""
        if who in self._peers:
            return []
        self._peers[who] = _Peer()
        if self._next_telling is None:
            self._next_telling = now + self._interval()
        return [SendHead(who)]

    def gone(self, who: bytes) -> None:
        """The link to a member is down, or it is a member no more."""
        self._peers.pop(who, None)
        if not self._peers:
            self._next_telling = None

    def changed(self, head: Head, now: float) -> list[HeadAction]:
        """Our ledger grew."""
        if head == self.own:
            return []
        self.own, self._asked_until = head, now + ASK_PAUSE
        actions: list[HeadAction] = []
        for who, peer in self._peers.items():
            peer.asked = 0
            if peer.head is None or peer.head.epoch < head.epoch:
                actions.append(SendHead(who))
            else:
                actions += self._compare(who, peer, peer.head)
        return actions

    def heard(self, who: bytes, head: Head, now: float) -> list[HeadAction]:
        """A member told its head; one whose link is not known to be up must be reachable, since it was heard."""
        actions = self.ready(who, now)
        peer = self._peers[who]
        if peer.head is None or head.epoch >= peer.head.epoch:
            peer.head = head
        if head.epoch > self.own.epoch:
            if peer.claims.take(now):
                peer.asked = 0
            return actions + self._ask(now)
        if head.epoch < self.own.epoch:
            if not actions and peer.tells.take(now):
                actions.append(SendHead(who))
            return actions
        return actions + self._compare(who, peer, head)

    def wanted(self, who: bytes, after: int, now: float) -> list[HeadAction]:
        """A member asks for the records after an epoch."""
        peer = self._peers.get(who)
        if peer is None or after >= self.own.epoch or not peer.wants.take(now):
            return []
        return [SendRecords(who, after)]

    def tick(self, now: float) -> list[HeadAction]:
        """Do what is due."""
        actions: list[HeadAction] = []
        if self._next_telling is not None and self._next_telling <= now:
            self._next_telling = now + self._interval()
            actions += [SendHead(who) for who in self._peers]
        return actions + self._ask(now)

    def deadline(self) -> float | None:
        """When :meth:`tick` is due next; ``None`` = never."""
        times = [] if self._next_telling is None else [self._next_telling]
        if self._ahead():
            times.append(self._asked_until)
        return min(times, default=None)

    # --- within -------------------------------------------------------------------------------------------------------

    def _interval(self) -> float:
        return HEAD_INTERVAL + HEAD_JITTER * (2 * self.jitter() - 1)

    def _compare(self, who: bytes, peer: _Peer, head: Head) -> list[HeadAction]:
        if head.epoch != self.own.epoch or head.hash == self.own.hash or peer.forked:
            return []
        peer.forked = True
        return [Forked(who, head)]

    def _ahead(self) -> list[tuple[int, int, bytes]]:
        """Who claims more than we have and is worth asking, the best first."""
        return sorted(
            (peer.asked, -peer.head.epoch, who)
            for who, peer in self._peers.items()
            if peer.head is not None and peer.head.epoch > self.own.epoch and peer.asked < ASK_TRIES
        )

    def _ask(self, now: float) -> list[HeadAction]:
        if now < self._asked_until:
            return []
        ahead = self._ahead()
        if not ahead:
            return []
        who = ahead[0][2]
        self._peers[who].asked += 1
        self._asked_until = now + ASK_WAIT
        return [SendWant(who, self.own.epoch)]
