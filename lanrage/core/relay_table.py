"""Who may send to whom through a relay: a table that only proven bindings enter (``docs/protocol-relay.rst``).

An end is bound at a line (its address and the relay's port) after a cookie proved the address, a ticket of the control
server named the pair and the ticket's holder signed. Data goes from a line to the line of the pair's other end alone.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from typing import TypeVar

import attrs

from lanrage.core.budget import Budget
from lanrage.core.identity import verify_signature
from lanrage.core.rate import TokenBucket
from lanrage.core.relay import (
    Bind,
    BindRequest,
    Bound,
    Challenge,
    Draining,
    Message,
    Refusal,
    Rejected,
    Unbind,
    Unknown,
)
from lanrage.core.relay_cookies import CookieJar, Line
from lanrage.core.relay_counters import Drop, RelayCounters
from lanrage.core.relay_revocations import Revocation, Revocations
from lanrage.core.tickets import Pair, Ticket, binding_statement, open_ticket
from lanrage.errors import CryptoError, DecodeError

K = TypeVar("K")

LIFETIME = 60
"""Seconds that a binding stands without a refresh; the node refreshes every few seconds."""
DRAINING_LONGEST = 255
"""Seconds that DRAINING can name, in its one byte."""


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


@attrs.define(eq=False)
class Binding:
    """One end of a pair.

    :ivar until: when it ends, by the relay's own clock.
    :ivar peer: the other end, while it is bound.
    :ivar number: of the last BOUND.
    """

    line: Line
    ticket: Ticket
    transaction: bytes
    signature: bytes = attrs.field(repr=False)
    until: float
    bucket: TokenBucket
    peer: Binding | None = attrs.field(default=None, repr=False)
    number: int = 0

    def bound(self, lifetime: float) -> tuple[Line, Message]:
        """What its holder is told."""
        self.number += 1
        return self.line, Bound(self.transaction, self.number, max(0, int(lifetime)), self.peer is not None)


_PairKey = tuple[bytes, Pair]
"""Party and pair: two nodes may share several parties."""
Answers = list[tuple[Line, Message]]
"""What to send where; the last element of a line is the relay's own port from which it goes."""


@attrs.define
class RelayTable:
    """The relay's decisions.

    :param server: the control server's Ed25519 public key, 32 bytes.
    :param random: `n` random bytes.
    """

    server: bytes
    random: Callable[[int], bytes]
    limits: RelayLimits = RelayLimits()
    counters: RelayCounters = attrs.field(init=False, factory=RelayCounters)
    _lines: dict[Line, Binding] = attrs.field(init=False, factory=dict)
    _pairs: dict[_PairKey, dict[bytes, Binding]] = attrs.field(init=False, factory=dict)
    _held: Counter[bytes] = attrs.field(init=False, factory=Counter)
    _hosts: Counter[str] = attrs.field(init=False, factory=Counter)
    _revoked: Revocations = attrs.field(init=False, factory=Revocations)
    _ends_at: float | None = attrs.field(init=False, default=None)
    _jar: CookieJar = attrs.field(init=False)
    _asked: Budget[str] = attrs.field(init=False)
    _told: Budget[str] = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self._jar = CookieJar(self.random)
        self._asked = Budget(self.limits.control, self.limits.control_burst)
        self._told = Budget(self.limits.unknown, self.limits.unknown)

    def __len__(self) -> int:
        """Bindings that stand."""
        return len(self._lines)

    # --- data ---------------------------------------------------------------------------------------------------------

    def forward(self, line: Line, size: int, now: float) -> Line | None:
        """Where a datagram of `size` bytes that came in at `line` goes; ``None`` = it is dropped and counted.

        :param now: seconds of a clock that only moves forward.
        """
        binding = self._alive(line, now)
        if binding is None:
            self.counters.drop(Drop.UNBOUND)
            return None
        peer = binding.peer and self._alive(binding.peer.line, now)
        if peer is None:
            self.counters.drop(Drop.NO_PEER)
            return None
        if not binding.bucket.take(now):
            self.counters.drop(Drop.LIMITED)
            return None
        self.counters.forwarded_packets += 1
        self.counters.forwarded_bytes += size
        return peer.line

    def unknown(self, line: Line, now: float) -> Answers:
        """What to tell an address that sent data without a binding; not too often."""
        if line in self._lines or not self._told.allow(line.host, now):
            return []
        return [(line, Unknown())]

    # --- control ------------------------------------------------------------------------------------------------------

    def control(self, message: Message, line: Line, now: float, wall: float) -> Answers:
        """Deal with a control message.

        :param now: seconds of a clock that only moves forward.
        :param wall: seconds since the epoch, for tickets.
        """
        if not self._asked.allow(line.host, now):
            self.counters.drop(Drop.CONTROL_LIMITED)
            return []
        match message:
            case BindRequest():
                return self._request(message, line, now, wall)
            case Bind():
                return self._bind(message, line, now, wall)
            case Unbind():
                binding = self._alive(line, now)
                if binding is not None and binding.transaction == message.transaction:
                    return self._remove(binding, now)
        self.counters.drop(Drop.UNEXPECTED)
        return []

    def drain(self, ends_at: float, now: float) -> Answers:
        """Take no new pairs from now on; what to tell those that are bound.

        :param ends_at: when the relay stops, by the clock of `now`.
        """
        self._ends_at = ends_at
        return [self._draining(binding, now) for binding in self._lines.values()]

    def revoke(self, revocation: Revocation, now: float, wall: float) -> Answers:
        """End a holder's bindings in a party, and take those tickets no more; what to tell whom."""
        self._revoked.add(revocation, wall)
        answers: Answers = []
        for binding in [each for each in self._lines.values() if self._revoked.covers(each.ticket)]:
            answers += [*self._remove(binding, now), self._reject(binding.line, binding.transaction, Refusal.REVOKED)]
        return answers

    def expire(self, now: float, wall: float | None = None) -> None:
        """Forget what ended; to be called every few seconds."""
        if wall is not None:
            self._revoked.forget(wall)
        for binding in [each for each in self._lines.values() if each.until <= now]:
            self._remove(binding, now)

    def _request(self, message: BindRequest, line: Line, now: float, wall: float) -> Answers:
        binding = self._alive(line, now)
        if binding is None or binding.transaction != message.transaction:
            return [(line, Challenge(message.transaction, self._jar.bake(line, message.transaction, now)))]
        if wall >= binding.ticket.expires:
            return [*self._remove(binding, now), self._reject(line, message.transaction, Refusal.EXPIRED)]
        answers = [self._refresh(binding, now, wall)]
        return answers if self._ends_at is None else [*answers, self._draining(binding, now)]

    def _draining(self, binding: Binding, now: float) -> tuple[Line, Message]:
        left = 0.0 if self._ends_at is None else self._ends_at - now
        return binding.line, Draining(binding.transaction, min(DRAINING_LONGEST, max(0, math.ceil(left))))

    def _refresh(self, binding: Binding, now: float, wall: float) -> tuple[Line, Message]:
        lifetime = min(float(LIFETIME), binding.ticket.expires - wall)
        binding.until = now + lifetime
        return binding.bound(lifetime)

    def _bind(self, message: Bind, line: Line, now: float, wall: float) -> Answers:
        if not self._jar.knows(message.cookie, line, message.transaction, now):
            self.counters.drop(Drop.COOKIE)
            return [(line, Challenge(message.transaction, self._jar.bake(line, message.transaction, now)))]
        before = self._alive(line, now)
        again = before is not None and before.transaction == message.transaction
        if before is not None and again and before.signature == message.signature and wall < before.ticket.expires:
            return [self._refresh(before, now, wall)]  # a copy, or its answer was lost: proven already
        try:
            ticket = open_ticket(message.ticket, self.server)
        except (CryptoError, DecodeError):
            return [self._reject(line, message.transaction, Refusal.TICKET)]
        if wall >= ticket.expires:
            return [self._reject(line, message.transaction, Refusal.EXPIRED)]
        if self._revoked.covers(ticket):
            return [self._reject(line, message.transaction, Refusal.REVOKED)]
        try:
            signed = binding_statement(message.cookie, message.transaction, ticket.pair)
            verify_signature(ticket.holder, signed, message.signature)
        except CryptoError:
            return [self._reject(line, message.transaction, Refusal.HOLDER)]
        return self._place(message, ticket, line, now, wall)

    def _place(self, message: Bind, ticket: Ticket, line: Line, now: float, wall: float) -> Answers:
        key = (ticket.party_id, ticket.pair)
        if self._ends_at is not None and key not in self._pairs:
            return [self._reject(line, message.transaction, Refusal.DRAINING)]
        for end in list(self._pairs.get(key, {}).values()):
            self._alive(end.line, now)
        ends = self._pairs.get(key, {})
        others = [end for end in ends.values() if end.ticket.holder != ticket.holder and end.line != line]
        replaced = list(dict.fromkeys(old for old in (self._lines.get(line), ends.get(ticket.holder)) if old))
        if len(others) > 1 or self._is_full(ticket.holder, line.host, replaced, now):
            return [self._reject(line, message.transaction, Refusal.FULL)]
        left = [answer for old in replaced for answer in self._remove(old, now)]
        binding = self._enter(key, message, ticket, line, now)
        if others:
            peer = others[0]
            binding.peer, peer.peer = peer, binding
            left = [answer for answer in left if answer[0] != peer.line] + [peer.bound(peer.until - now)]
        return [self._refresh(binding, now, wall), *left]

    def _enter(self, key: _PairKey, message: Bind, ticket: Ticket, line: Line, now: float) -> Binding:
        bucket = TokenBucket(self.limits.packets, self.limits.packets_burst)
        binding = Binding(line, ticket, message.transaction, message.signature, now, bucket)
        self._lines[line] = binding
        self._pairs.setdefault(key, {})[ticket.holder] = binding
        self._held[ticket.holder] += 1
        self._hosts[line.host] += 1
        self.counters.bound += 1
        return binding

    def _is_full(self, holder: bytes, host: str, replaced: list[Binding], now: float) -> bool:
        own = sum(each.ticket.holder == holder for each in replaced)
        here = sum(each.line.host == host for each in replaced)

        def full() -> bool:
            limits, left = self.limits, len(self._lines) - len(replaced)
            held, hosted = self._held[holder] - own, self._hosts[host] - here
            return left >= limits.bindings or held >= limits.holder_bindings or hosted >= limits.host_bindings

        if full():
            self.expire(now)  # takes none of those to be replaced: all of them stand
        return full()

    def _alive(self, line: Line, now: float) -> Binding | None:
        binding = self._lines.get(line)
        if binding is not None and binding.until <= now:
            self._remove(binding, now)
            return None
        return binding

    def _remove(self, binding: Binding, now: float) -> Answers:
        """Forget a binding; its peer is told."""
        ticket, peer = binding.ticket, binding.peer
        del self._lines[binding.line]
        key = (ticket.party_id, ticket.pair)
        ends = self._pairs[key]
        del ends[ticket.holder]
        if not ends:
            del self._pairs[key]
        _less(self._held, ticket.holder)
        _less(self._hosts, binding.line.host)
        if peer is None:
            return []
        binding.peer = peer.peer = None
        return [peer.bound(peer.until - now)]

    def _reject(self, line: Line, transaction: bytes, reason: Refusal) -> tuple[Line, Message]:
        self.counters.drop(Drop[reason.name])
        return line, Rejected(transaction, reason)


def _less(counts: Counter[K], key: K) -> None:
    """One less; what reached zero takes no room."""
    counts[key] -= 1
    if not counts[key]:
        del counts[key]
