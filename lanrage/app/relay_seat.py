"""One port of one relay for one pair: the binding, driven over WireGuard's own port."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.interfaces import IDelayedCall

from lanrage.core.links import Endpoint
from lanrage.core.tickets import Pair
from lanrage.wire.relay_binding import RelayBinding

ANSWER_PATIENCE = 4.0
"""Seconds without a binding after which the relay counts as failed: five questions, and a slow start."""


class RelaySeat:
    """One binding.

    :param send: from WireGuard's port.
    :param changed: called with this seat after each step of the binding.
    :ivar relay_id: of the relay.
    :ivar port: the relay's port for the pair.
    :ivar failed: why the relay refused; empty = it did not.
    """

    def __init__(
        self,
        reactor: Any,
        send: Callable[[bytes, Endpoint], None],
        relay_id: str,
        port: Endpoint,
        pair: Pair,
        sign: Callable[[bytes], bytes],
        changed: Callable[[RelaySeat], None],
    ) -> None:
        self._reactor = reactor
        self._send = send
        self.relay_id, self.port = relay_id, port
        self._pair, self._sign = pair, sign
        self._changed = changed
        self._binding: RelayBinding | None = None
        self._timer: IDelayedCall | None = None
        self._unbound_since: float | None = None
        self.failed = ""

    # --- what it knows ------------------------------------------------------------------------------------------------

    @property
    def asking(self) -> bool:
        """There is a binding, or one is asked for."""
        return self._binding is not None

    @property
    def bound(self) -> bool:
        """The relay holds the binding."""
        return self._binding is not None and self._binding.bound

    @property
    def usable(self) -> bool:
        """Data sent to :attr:`port` reaches the other end."""
        return self._binding is not None and self._binding.usable

    @property
    def answered(self) -> bool:
        """The relay holds the binding, and answered what it was asked last."""
        return self._binding is not None and self._binding.answered

    @property
    def draining(self) -> bool:
        """The relay is about to stop."""
        return self._binding is not None and self._binding.draining

    def silent(self, now: float) -> bool:
        """The relay was asked for a while and does not hold the binding."""
        return self._unbound_since is not None and now - self._unbound_since >= ANSWER_PATIENCE

    # --- inputs -------------------------------------------------------------------------------------------------------

    def give(self, ticket: bytes, operation: str = "") -> None:
        """A ticket came: bind, or go on with it.

        :param operation: which led to it.
        """
        now, self.failed = self._reactor.seconds(), ""
        if self._binding is not None:
            self._drive(self._binding.renew(ticket, now))
            return
        self._binding = RelayBinding(ticket, self._pair, self._sign, self.port, operation)
        self._unbound_since = now
        self._drive(self._binding.start(now))

    def received(self, payload: bytes) -> None:
        """A control packet came from the port."""
        if self._binding is not None:
            self._drive(self._binding.receive(payload, self._reactor.seconds()))

    def moved(self) -> None:
        """This machine's addresses changed: ask at once."""
        if self._binding is not None:
            self._drive(self._binding.moved(self._reactor.seconds()))

    def stop(self) -> None:
        """Give the port back."""
        self._cancel()
        binding, self._binding = self._binding, None
        if binding is not None:
            for packet in binding.stop():
                self._send(packet, self.port)

    # --- within -------------------------------------------------------------------------------------------------------

    def _drive(self, packets: list[bytes]) -> None:
        """Send what the binding wants, wait for its next deadline, tell."""
        binding = self._binding
        if binding is None:
            return
        for packet in packets:
            self._send(packet, self.port)
        self._cancel()
        now = self._reactor.seconds()
        if binding.bound:
            self._unbound_since = None
        elif self._unbound_since is None:
            self._unbound_since = now
        if binding.failed:
            self.failed, self._binding = binding.failed, None
        else:
            deadline = binding.deadline()
            if deadline is not None:
                self._timer = self._reactor.callLater(max(0.001, deadline - now), self._tick)
        self._changed(self)

    def _tick(self) -> None:
        self._timer = None
        if self._binding is not None:
            self._drive(self._binding.tick(self._reactor.seconds()))

    def _cancel(self) -> None:
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = None
