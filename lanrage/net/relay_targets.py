"""Which addresses a control server passes relay traffic on to: the relays that it names to nodes, and no other."""

from __future__ import annotations

import hashlib
import socket
from collections.abc import Callable, Iterable
from ipaddress import ip_address
from typing import Any

import attrs
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import LoopingCall
from twisted.logger import Logger
from twisted.python.failure import Failure

from lanrage.core.links import Endpoint
from lanrage.net.threads import in_thread
from lanrage.wire.control import RelayInfo

LOOK_INTERVAL = 60.0
"""Seconds between two looks at the relays' names: an address that changes is followed that soon."""
LOOPBACK = "127.0.0.1"

log = Logger()


@attrs.frozen
class Target:
    """A relay's port.

    :param here: the relay runs on this machine.
    """

    endpoint: Endpoint
    here: bool


def resolve(name: str) -> tuple[str, ...]:
    """The IPv4 addresses of a name, or of an address; empty when there are none. Blocks."""
    try:
        found = socket.getaddrinfo(name, None, socket.AF_INET, socket.SOCK_DGRAM)
    except (OSError, UnicodeError):
        return ()
    return tuple(sorted({str(entry[4][0]) for entry in found}))


def is_own(address: str) -> bool:
    """Whether an IPv4 address is one of this machine's: only those can be bound."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as trial:
        try:
            trial.bind((address, 0))
        except OSError:
            return False
    return True


def stand_in(origin: str) -> str:
    """The loopback address that stands for a client's host at a relay on this machine, whose limits count by host.

    :param origin: as :func:`lanrage.core.origins.origin_of` names it; empty = this machine.
    """
    if not origin:
        return LOOPBACK
    first, second, third = hashlib.blake2s(origin.encode(), digest_size=3).digest()
    return f"127.{1 + first % 250}.{second}.{third}"


class RelayTargets:
    """The relays by name, with their addresses.

    :param relays: those that nodes are told of now; an empty host = this machine.
    :param look_up: replaced by tests.
    """

    def __init__(
        self,
        reactor: Any,
        relays: Callable[[], Iterable[RelayInfo]],
        look_up: Callable[[str], tuple[str, ...]] = resolve,
    ) -> None:
        self._reactor, self._relays, self._look_up = reactor, relays, look_up
        self._addresses: dict[str, tuple[str, ...]] = {}
        self._own: set[str] = set()
        self._looking: Deferred[Any] | None = None
        self._loop = LoopingCall(self.look)

    def start(self) -> None:
        """Look the names up, now and again and again."""
        self._loop.clock = self._reactor
        self._loop.start(LOOK_INTERVAL)

    def stop(self) -> None:
        """Look no more."""
        if self._loop.running:
            self._loop.stop()
        if self._looking is not None:
            self._looking.cancel()

    def look(self) -> None:
        """Look the names up in a thread."""
        if self._looking is None:
            names = sorted({relay.host for relay in self._relays() if relay.host})
            self._looking = in_thread(self._reactor, self._resolved, names)
            self._looking.addCallbacks(self._found, self._failed)

    def find(self, host: str, port: int, here: str) -> Target | None:
        """The relay's port that a client means; ``None`` when no relay of ours has it, or its address is not known.

        :param host: as the client was told, an empty host filled in with whatever it calls this server.
        :param here: this machine's address at which the client's connection came in.
        """
        relays = [relay for relay in self._relays() if relay.first <= port <= relay.last]
        for relay in relays:
            found = self._known(relay.host)
            if relay.host and found and host in (relay.host, *found):
                return Target(Endpoint(found[0], port), found[0] in self._own)
        if all(relay.host for relay in relays):
            return None
        return Target(Endpoint(here if _is_ipv4(here) else LOOPBACK, port), True)

    # --- within -------------------------------------------------------------------------------------------------------

    def _known(self, host: str) -> tuple[str, ...]:
        """The addresses of a relay; one that was named since the last look is looked up for the next who asks."""
        found = self._addresses.get(host)
        if found is None and host:
            found = (host,) if _is_ipv4(host) else ()
            if found and is_own(host):
                self._own.add(host)
            self.look()
        return found or ()

    def _resolved(self, names: list[str]) -> dict[str, tuple[tuple[str, ...], bool]]:
        found = {name: self._look_up(name) for name in names}
        return {name: (addresses, any(map(is_own, addresses))) for name, addresses in found.items()}

    def _found(self, found: dict[str, tuple[tuple[str, ...], bool]]) -> None:
        self._looking = None
        # A name server that does not answer for once takes no relay away.
        self._addresses = {name: addresses or self._addresses.get(name, ()) for name, (addresses, _) in found.items()}
        self._own = {address for addresses, own in found.values() if own for address in addresses}

    def _failed(self, failure: Failure) -> None:
        self._looking = None
        if failure.check(CancelledError) is None:
            log.failure("the relays' names were not looked up", failure=failure)


def _is_ipv4(text: str) -> bool:
    try:
        return ip_address(text).version == 4
    except ValueError:
        return False
