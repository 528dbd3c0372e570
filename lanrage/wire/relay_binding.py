"""A node's binding at a relay, in bytes: what comes from the relay's address goes in, what goes there comes out."""

from __future__ import annotations

from collections.abc import Callable

import attrs

from lanrage.core.links import Endpoint
from lanrage.core.relay import Message
from lanrage.core.relay_client import RelayClient
from lanrage.core.tickets import Pair
from lanrage.errors import DecodeError
from lanrage.wire.relay import decode, encode


@attrs.define
class RelayBinding:
    """One end of one pair at one port of a relay; each method returns the datagrams to send to :attr:`relay`.

    :param ticket: as issued by the control server.
    :param pair: the WireGuard keys of both ends, the lower one first.
    :param sign: signs by the node's identity key.
    :param relay: the relay's address and the port chosen for this pair; only datagrams from there may be given to
        :meth:`receive`.
    :param operation: which led to it, for the relay's log; empty = none.
    """

    ticket: bytes = attrs.field(repr=False)
    pair: Pair
    sign: Callable[[bytes], bytes] = attrs.field(repr=False)
    relay: Endpoint
    operation: str = ""
    _client: RelayClient = attrs.field(init=False, repr=False)
    _successor: RelayClient | None = attrs.field(init=False, default=None, repr=False)

    def __attrs_post_init__(self) -> None:
        self._client = RelayClient(self.ticket, self.pair, self.sign, self.operation)

    def start(self, now: float) -> list[bytes]:
        """Begin, or begin anew.

        :param now: seconds of a clock that only moves forward, in all methods.
        """
        self._successor = None
        return _bytes(self._client.start(now))

    def renew(self, ticket: bytes, now: float) -> list[bytes]:
        """Go on with another ticket, before the time of the one in use is over: usable all the while.

        Should the relay refuse it, the one in use serves to its end.
        """
        self.ticket = ticket
        self._successor = RelayClient(ticket, self.pair, self.sign)
        return _bytes(self._successor.start(now))

    def receive(self, payload: bytes, now: float) -> list[bytes]:
        """A datagram with the relay's magic came from :attr:`relay`; what is no message is ignored."""
        try:
            message = decode(payload)
        except DecodeError:
            return []
        # Each knows its own by the transaction; UNKNOWN, which has none, concerns a binding that stands.
        answers = self._successor.receive(message, now) if self._successor is not None else []
        self._succeed()
        return _bytes(answers + self._client.receive(message, now))

    def tick(self, now: float) -> list[bytes]:
        """The deadline came."""
        return _bytes([message for client in self._clients() for message in client.tick(now)])

    def moved(self, now: float) -> list[bytes]:
        """Our address may be another than the relay knows."""
        return _bytes([message for client in self._clients() for message in client.moved(now)])

    def deadline(self) -> float | None:
        """When to call :meth:`tick`; ``None`` = never."""
        deadlines = [client.deadline() for client in self._clients()]
        return min((deadline for deadline in deadlines if deadline is not None), default=None)

    def stop(self) -> list[bytes]:
        """Give the binding up."""
        self._successor = None
        return _bytes(self._client.stop())

    @property
    def bound(self) -> bool:
        """The relay holds the binding."""
        return self._client.bound

    @property
    def answered(self) -> bool:
        """The relay holds the binding, and no question of ours waits for its answer."""
        return self._client.answered

    @property
    def draining(self) -> bool:
        """The relay is about to stop."""
        return self._client.draining

    @property
    def peer_present(self) -> bool:
        """The other end is bound, too."""
        return self._client.peer_present

    @property
    def usable(self) -> bool:
        """Data sent to :attr:`relay` reaches the other end."""
        return self._client.usable

    @property
    def failed(self) -> str:
        """``expired``, ``refused`` or ``revoked`` when only another ticket helps, ``draining`` when only another relay
        does, else empty."""
        return self._client.failed

    def _clients(self) -> list[RelayClient]:
        return [self._client] if self._successor is None else [self._client, self._successor]

    def _succeed(self) -> None:
        """The relay keeps one binding at a line: once it holds the successor's, the one before is gone."""
        if self._successor is None:
            return
        if self._successor.bound:
            self._client = self._successor
        if self._successor.bound or self._successor.failed:
            self._successor = None


def _bytes(messages: list[Message]) -> list[bytes]:
    return [encode(message) for message in messages]
