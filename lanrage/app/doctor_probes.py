"""What the doctor asks others: the control server's answer, its name, the sizes of packets that reach each member
(``docs/doctor.rst``)."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable
from ipaddress import ip_address
from typing import Any, Protocol

from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.defer import TimeoutError as DeferredTimeout
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater

from lanrage.app.control_link import ControlLink
from lanrage.core.mtu_search import MtuSearch
from lanrage.errors import MissingRight, Refused, Unreachable
from lanrage.net.control_client import parse_address
from lanrage.net.threads import in_thread
from lanrage.wire.control import FollowParty
from lanrage.wire.control_party import Deltas, PartyState

ANSWER_SECONDS = 2.0
"""A control server that takes longer is of no use to a player who waits."""
NAME_SECONDS = 3.0
"""A resolver tries its second name server after five; a player notices three."""
RELAY_SECONDS, RELAY_STEP = 1.0, 0.05
"""What relays have to answer in, and between two looks whether they have."""
ECHO_SECONDS = 0.6
"""Longer than the round trip of any path that a game is playable over."""
TRIES = 3
"""Packets of one size: at 5 % of loss, one of 8,000 sizes is taken for too large."""


class Echo(Protocol):
    """Asks for echoes: :class:`lanrage.net.ping.Pinger`."""

    # Protocols have methods without a body.
    # pylint: disable=missing-function-docstring

    def ask(self, address: str, timeout: float, source: str = "", size: int = 0) -> Deferred[float]: ...

    def stop(self) -> None: ...


async def answer_time(link: ControlLink, clock: IReactorTime) -> float | None:
    """Milliseconds until the control server answered a question about the party; ``None``: it did not."""
    replica = link.replica
    if replica is None or not link.client.connected:
        return None
    began = clock.seconds()
    try:
        question = FollowParty(replica.party_id, replica.since, replica.epoch)
        reply = await link.client.request(question, timeout=ANSWER_SECONDS)
        if isinstance(reply, PartyState | Deltas):
            link.told(reply)
    except Refused:
        pass  # that is an answer, too
    except Unreachable:
        return None
    return round(1000 * (clock.seconds() - began), 1)


async def relay_answers(look: Callable[[], dict[str, bool | None]], clock: IReactorTime) -> dict[str, bool | None]:
    """Which relays answer, by address; ``None``: it was not asked. Waits until all do, or their time is over.

    :param look: tells which have answered so far.
    """
    end = clock.seconds() + RELAY_SECONDS
    while False in look().values() and clock.seconds() < end:
        await deferLater(clock, RELAY_STEP, lambda: None)
    return look()


async def name_error(reactor: Any, address: str, resolve: Callable[[str], object] | None = None) -> str:
    """Why the host of ``host:port`` cannot be looked up; empty where it can, or is an address.

    :param resolve: blocks, and raises OSError; ``None`` = the system's.
    """
    host, _ = parse_address(address)
    try:
        ip_address(host)
    except ValueError:
        pass
    else:
        return ""
    looking = in_thread(reactor, resolve or _resolve, host)
    try:
        await looking.addTimeout(NAME_SECONDS, reactor)
    except OSError as error:
        return f"it cannot be looked up: {error.strerror or error}"
    except DeferredTimeout:
        return f"no name server answered within {NAME_SECONDS:g} s"
    return ""


def _resolve(host: str) -> object:
    return socket.getaddrinfo(host, None)


async def carried_sizes(echo: Echo, addresses: Iterable[str], mtu: int) -> dict[str, int | None]:
    """The largest packet that reached each member and came back, in bytes; see :class:`MtuSearch`.

    :param mtu: of the tunnel.
    """
    wanted = list(addresses)
    measured = await gatherResults([Deferred.fromCoroutine(_carried(echo, each, mtu)) for each in wanted])
    return dict(zip(wanted, measured, strict=True))


async def _carried(echo: Echo, address: str, mtu: int) -> int | None:
    search = MtuSearch(mtu)
    while search.size is not None:
        try:
            search.heard(await _answers(echo, address, search.size))
        except MissingRight:
            return None
    return search.found


async def _answers(echo: Echo, address: str, size: int) -> bool:
    for _ in range(TRIES):
        try:
            await echo.ask(address, ECHO_SECONDS, size=size)
        except Unreachable:
            continue
        return True
    return False
