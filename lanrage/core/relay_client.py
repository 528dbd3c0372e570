"""A node's end of one binding at a relay, as a pure machine (``docs/protocol-relay.rst``)."""

from __future__ import annotations

import enum
import hashlib
from collections.abc import Callable

import attrs

from lanrage.core.relay import (
    TRANSACTION_BYTES,
    Bind,
    BindRequest,
    Bound,
    Challenge,
    Draining,
    Message,
    Named,
    Refusal,
    Rejected,
    Unbind,
    Unknown,
)
from lanrage.core.tickets import Pair, binding_statement

RETRY_FIRST, RETRY_LAST = 0.1, 2.0
"""Seconds until a message is repeated, doubling from the first to the last: a restarted relay is met within 2 s."""
REFRESH = 4.0
"""Seconds between refreshes: keeps the tightest NAT open, and a relay that restarted is noticed within 5 s."""
REFRESH_WAITING = 1.0
"""Seconds between refreshes while the other end is not there: should the word of its coming get lost, this tells."""
DOUBT_TRIES = 2
"""Refreshes sent without an answer, over 0.1 s, after which it is not sure that the relay is still reached."""
REFRESH_TRIES = 5
"""Refreshes sent without an answer, over 3 s, after which the relay is taken for gone."""
NAMINGS = 2
"""The relay hears the operation after so many of its answers: one may get lost, and an old relay minds none."""
_TRANSACTION_LABEL = b"lanrage relay transaction v1\0"

FAILURES = {
    Refusal.TICKET: "refused",
    Refusal.EXPIRED: "expired",
    Refusal.HOLDER: "refused",
    Refusal.REVOKED: "revoked",
    Refusal.DRAINING: "draining",
}
"""What :attr:`RelayClient.failed` says; another ticket is needed, or another relay. A full relay is asked again."""


class State(enum.Enum):
    """Where a binding stands."""

    IDLE = "idle"
    """Not started, or stopped."""
    ASKING = "asking"
    """Waits for the relay's cookie."""
    BINDING = "binding"
    """Showed cookie, ticket and signature."""
    BOUND = "bound"
    """The relay holds the binding."""
    FAILED = "failed"
    """The relay refused for good."""


@attrs.define
class RelayClient:
    """Binds, refreshes, and binds again when the relay forgot.

    :param ticket: as issued by the control server.
    :param pair: the WireGuard keys of both ends, the lower one first.
    :param sign: signs by the node's identity key.
    :param operation: which led to it, for the relay's log; empty = none.
    :ivar failed: ``expired``, ``refused`` or ``revoked`` when only another ticket helps, ``draining`` when only another
        relay does, else empty.
    :ivar draining: the relay is about to stop.
    """

    ticket: bytes = attrs.field(repr=False)
    pair: Pair
    sign: Callable[[bytes], bytes] = attrs.field(repr=False)
    operation: str = ""
    failed: str = attrs.field(init=False, default="")
    draining: bool = attrs.field(init=False, default=False)
    _state: State = attrs.field(init=False, default=State.IDLE)
    _transaction: bytes = attrs.field(init=False, default=b"", repr=False)
    _message: Message | None = attrs.field(init=False, default=None, repr=False)
    _present: bool = attrs.field(init=False, default=False)
    _number: int = attrs.field(init=False, default=0)
    _tries: int = attrs.field(init=False, default=0)
    _next: float | None = attrs.field(init=False, default=None)

    # --- what it knows ------------------------------------------------------------------------------------------------

    @property
    def bound(self) -> bool:
        """The relay holds the binding."""
        return self._state is State.BOUND

    @property
    def answered(self) -> bool:
        """The relay holds the binding, and no question of ours waits for its answer."""
        return self.bound and self._tries < DOUBT_TRIES

    @property
    def peer_present(self) -> bool:
        """The other end is bound, too, as far as the relay told."""
        return self.bound and self._present

    @property
    def usable(self) -> bool:
        """Data sent to the relay reaches the other end."""
        return self.peer_present

    def deadline(self) -> float | None:
        """When to call :meth:`tick`; ``None`` = never."""
        return self._next

    # --- inputs -------------------------------------------------------------------------------------------------------

    def start(self, now: float) -> list[Message]:
        """Begin, or begin anew; returns what to send to the relay."""
        # Unguessable without the identity key, and never twice the same: no other source of randomness is needed.
        secret = self.sign(_TRANSACTION_LABEL + repr(now).encode() + self._transaction + self.ticket)
        self._transaction = hashlib.blake2s(secret, digest_size=TRANSACTION_BYTES).digest()
        self._number = 0
        self.failed, self.draining = "", False
        return self._enter(State.ASKING, BindRequest(self._transaction), now)

    def tick(self, now: float) -> list[Message]:
        """The deadline came."""
        if self._next is None or now < self._next or self._message is None:
            return []
        if self.bound and self._tries >= REFRESH_TRIES:
            return self.start(now)
        return self._send(now)

    def receive(self, message: Message, now: float) -> list[Message]:
        """A message came from the relay's address."""
        match message:
            case Unknown():
                # Anybody can forge these bytes, so the relay is asked: if it lost the binding, it challenges.
                return self._send(now) if self.bound and not self._tries else []
            case Challenge(transaction=self._transaction):
                return self._challenged(message, now)
            case Bound(transaction=self._transaction):
                return self._confirmed(message, now)
            case Rejected(transaction=self._transaction):
                self._rejected(message, now)
            case Draining(transaction=self._transaction):
                self._drained(message, now)
        return []

    def moved(self, now: float) -> list[Message]:
        """Our address may be another: ask at once whether the relay still knows us, which leads to a new binding."""
        return self._send(now) if self.bound else []

    def stop(self) -> list[Message]:
        """Give the binding up; the last word to the relay is returned, nothing waits for its answer."""
        known = self._state in (State.BINDING, State.BOUND)
        self._state, self._next = State.IDLE, None
        return [Unbind(self._transaction)] if known else []

    # --- within -------------------------------------------------------------------------------------------------------

    def _challenged(self, message: Challenge, now: float) -> list[Message]:
        last = self._message
        if self.bound:
            # The relay forgot the binding. A new transaction, so that no late word of the old one counts.
            return self.start(now) if self._tries else []  # nothing was asked: a late copy
        if self._state is State.BINDING and isinstance(last, Bind) and last.cookie == message.cookie:
            return []  # answered already
        if self._state in (State.IDLE, State.FAILED):
            return []
        signature = self.sign(binding_statement(message.cookie, self._transaction, self.pair))
        self._number = 0
        return self._enter(State.BINDING, Bind(self._transaction, message.cookie, signature, self.ticket), now)

    def _confirmed(self, message: Bound, now: float) -> list[Message]:
        if self._state not in (State.BINDING, State.BOUND) or message.number <= self._number:
            return []
        self._state, self._message, self._tries = State.BOUND, BindRequest(self._transaction), 0
        self._number, self._present = message.number, message.peer_present
        calm = self._present and not self.draining
        self._next = now + min(REFRESH if calm else REFRESH_WAITING, max(message.lifetime / 3, RETRY_FIRST))
        if not self.operation or message.number > NAMINGS:
            return []
        return [Named(self._transaction, self.operation)]

    def _rejected(self, message: Rejected, now: float) -> None:
        if self._state in (State.IDLE, State.FAILED):
            return
        if message.reason is Refusal.FULL:
            self._enter(State.ASKING, BindRequest(self._transaction), now)
            self._next = now + RETRY_LAST
            return
        self.failed = FAILURES[message.reason]
        self._state, self._next = State.FAILED, None

    def _drained(self, message: Draining, now: float) -> None:
        if not self.bound:
            return
        self.draining = True
        if not message.seconds:  # it is gone: ask until it, or its successor, is there
            self.start(now)
            self._next = now + RETRY_FIRST

    def _enter(self, state: State, message: Message, now: float) -> list[Message]:
        self._state, self._message, self._tries, self._present = state, message, 0, False
        return self._send(now)

    def _send(self, now: float) -> list[Message]:
        assert self._message is not None
        self._next = now + min(RETRY_LAST, RETRY_FIRST * 2**self._tries)
        self._tries = min(self._tries + 1, 10)
        return [self._message]
