"""Who may send to whom through a relay: a table that only proven bindings enter (``docs/protocol-relay.rst``).

An end is bound at a line (its address and the relay's port) after a cookie proved the address, a ticket of the control
server named the pair and the ticket's holder signed. Data goes from a line to the line of the pair's other end alone.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable
from typing import TypeVar

import attrs

from lanrage.core.budget import Budget
from lanrage.core.identity import verify_signature
from lanrage.core.rate import TokenBucket
from lanrage.core.relay import (
    Bind,
    BindRequest,
    Challenge,
    Draining,
    Message,
    Named,
    Refusal,
    Rejected,
    Unbind,
    Unknown,
)
from lanrage.core.relay_bindings import Answers, Binding, BindingWatcher, PairKey, PairWatcher, RelayLimits
from lanrage.core.relay_cookies import CookieJar, Line
from lanrage.core.relay_counters import Drop, RelayCounters
from lanrage.core.relay_revocations import Revocation, Revocations
from lanrage.core.tickets import Ticket, binding_statement, open_ticket
from lanrage.errors import CryptoError, DecodeError

K = TypeVar("K")

LIFETIME = 60
"""Seconds that a binding stands without a refresh; the node refreshes every few seconds."""
DRAINING_LONGEST = 255
"""Seconds that DRAINING can name, in its one byte."""


@attrs.define
class RelayTable:
    """The relay's decisions.

    :param server: the control server's Ed25519 public key, 32 bytes.
    :param random: `n` random bytes.
    :param watcher: is told of pairs.
    :param names: is told of bindings whose operation is known.
    :param began: when the relay started; UNKNOWN is sent for :data:`LIFETIME` after that. ``None`` = always.
    :ivar ways: the bindings again, by the relay's port and :attr:`Line.key`, for an adapter that reads packets as they
        lie in memory; it counts what it forwards as :meth:`forward` does.
    """

    server: bytes
    random: Callable[[int], bytes]
    limits: RelayLimits = RelayLimits()
    watcher: PairWatcher | None = None
    began: float | None = None
    names: BindingWatcher | None = None
    counters: RelayCounters = attrs.field(init=False, factory=RelayCounters)
    ways: dict[int, dict[bytes, Binding]] = attrs.field(init=False, factory=lambda: defaultdict(dict))
    _spent: dict[tuple[PairKey, bytes], tuple[TokenBucket, float]] = attrs.field(init=False, factory=dict)
    _lines: dict[Line, Binding] = attrs.field(init=False, factory=dict)
    _pairs: dict[PairKey, dict[bytes, Binding]] = attrs.field(init=False, factory=dict)
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

    def joined(self, wall: float) -> list[tuple[Line, Line, float]]:
        """The pairs that are joined now, for a watcher that comes late: see :meth:`PairWatcher.joined`."""
        return [
            (one.line, other.line, min(one.ticket.expires, other.ticket.expires) - wall)
            for one in self._lines.values()
            if (other := one.peer) is not None and one.line < other.line
        ]

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
        """What to tell an address that sent data without a binding; not too often, and only soon after a start.

        Later than that no binding is missed that a node still counts on, so whoever asks is a stranger.
        """
        if self.began is not None and now >= self.began + LIFETIME:
            return []
        if line in self._lines or not self._told.allow(line.host, now):
            return []
        return [(line, Unknown())]

    # --- control ------------------------------------------------------------------------------------------------------

    def control(self, message: Message, line: Line, now: float, wall: float) -> Answers:
        """Deal with a control message.

        :param now: seconds of a clock that only moves forward.
        :param wall: seconds since the epoch, for tickets.
        """
        if not self._may_ask(message, line, now):
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
            case Named():
                return self._name(message, line, now)
        self.counters.drop(Drop.UNEXPECTED)
        return []

    def _may_ask(self, message: Message, line: Line, now: float) -> bool:
        """Who shows the transaction of a binding that stands is no stranger, and does not wait behind strangers."""
        binding = self._lines.get(line)
        shown = message.transaction if isinstance(message, BindRequest | Unbind | Named) else None
        if binding is not None and binding.transaction == shown and binding.asking.take(now):
            return True
        return self._asked.allow(line.host, now)

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
        self._spent = {who: (bucket, at) for who, (bucket, at) in self._spent.items() if now - at < LIFETIME}

    def _name(self, message: Named, line: Line, now: float) -> Answers:
        """Each binding is named once: its holder may not fill the log."""
        binding = self._alive(line, now)
        if binding is not None and binding.transaction == message.transaction and not binding.operation:
            binding.operation = message.operation
            if self.names is not None:
                self.names.named(binding)
        return []

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
            if self.watcher is not None:
                self.watcher.joined(line, peer.line, min(ticket.expires, peer.ticket.expires) - wall)
            left = [answer for answer in left if answer[0] != peer.line] + [peer.bound(peer.until - now)]
        return [self._refresh(binding, now, wall), *left]

    def _enter(self, key: PairKey, message: Bind, ticket: Ticket, line: Line, now: float) -> Binding:
        # One that binds anew goes on where it was: a new binding is no new allowance.
        bucket, _ = self._spent.pop((key, ticket.holder), (None, 0.0))
        bucket = bucket or TokenBucket(self.limits.packets, self.limits.packets_burst)
        binding = Binding(line, ticket, message.transaction, message.signature, now, bucket)
        self._lines[line] = self.ways[line.local][line.key] = binding
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
        if binding.operation and self.names is not None:
            self.names.ended(binding)
        del self._lines[binding.line]
        self._spent[(ticket.party_id, ticket.pair), ticket.holder] = (binding.bucket, now)
        if len(self._spent) > self.limits.bindings:
            del self._spent[next(iter(self._spent))]
        self.ways[binding.line.local].pop(binding.line.key, None)
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
        if self.watcher is not None:
            self.watcher.parted(binding.line, peer.line)
        return [peer.bound(peer.until - now)]

    def _reject(self, line: Line, transaction: bytes, reason: Refusal) -> tuple[Line, Message]:
        self.counters.drop(Drop[reason.name])
        return line, Rejected(transaction, reason)


def _less(counts: Counter[K], key: K) -> None:
    """One less; what reached zero takes no room."""
    counts[key] -= 1
    if not counts[key]:
        del counts[key]
