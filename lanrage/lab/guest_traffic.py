"""What a guest and its party's hosts send each other in the laboratory, by ordinary sockets."""

from __future__ import annotations

import contextlib
import os
import select
import socket
import time
from collections.abc import Callable
from ipaddress import IPv4Interface

import attrs

from lanrage.lab.listeners import BROADCAST_PORT, GROUP, GROUP_PORT
from lanrage.lab.netns import entered, udp_socket
from lanrage.lab.ping import Pinger

HEARD_S = 3.0
"""How long one datagram for all may take on a busy machine; a lobby must show within a second."""
AGAIN_S = 0.3
"""How long a second copy may take to show itself."""
PING_S = 0.05
"""Between two echoes while the end of a way is waited for."""
BEACON_S = 1.5
"""Minecraft's own period."""
TRY_S = 1.0
"""A connection within one machine takes milliseconds; what is not there by then was dropped."""


@attrs.frozen
class Hearing:
    """What one host heard of one datagram for all.

    :param source: of the first copy; empty where none came.
    """

    copies: int
    source: str
    ms: float | None


@attrs.frozen
class Place:
    """A host, or the guest.

    :param address: its party address with the party's prefix length.
    """

    name: str
    netns: str
    address: IPv4Interface

    @property
    def ip(self) -> str:
        """The party address."""
        return str(self.address.ip)


def ways(place: Place) -> dict[str, tuple[str, int]]:
    """Destinations for all, by name."""
    return {
        "subnet": (str(place.address.network.broadcast_address), BROADCAST_PORT),
        "limited": ("255.255.255.255", BROADCAST_PORT),
        "multicast": (GROUP, GROUP_PORT),
    }


class Ears:
    """Sockets that listen on all addresses, as games' do: for broadcasts, and in a group."""

    def __init__(self, places: list[Place]) -> None:
        self._sockets: dict[socket.socket, str] = {}
        for place in places:
            with entered(place.netns):
                for port in (BROADCAST_PORT, GROUP_PORT):
                    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                    made.setblocking(False)
                    made.bind(("", port))
                    self._sockets[made] = place.name
                member = socket.inet_aton(GROUP) + place.address.packed
                made.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, member)

    def hear(self, payload: bytes, count: int) -> dict[str, list[tuple[str, float]]]:
        """Until `count` have heard `payload` and a moment more: (source, when) of each copy by listener."""
        heard: dict[str, list[tuple[str, float]]] = {}
        deadline = time.monotonic() + HEARD_S
        while (left := deadline - time.monotonic()) > 0:
            for ready in select.select(list(self._sockets), [], [], left)[0]:
                data, source = ready.recvfrom(65_536)
                if data == payload:
                    heard.setdefault(self._sockets[ready], []).append((source[0], time.monotonic()))
                    if len(heard) == count:
                        deadline = min(deadline, time.monotonic() + AGAIN_S)
        return heard

    def close(self) -> None:
        """Close all."""
        for each in self._sockets:
            each.close()


def tell_all(sender: Place, way: str, ears: Ears, others: list[Place]) -> dict[str, Hearing]:
    """Send one datagram for all from an unbound socket; what each of the others heard of it."""
    payload = f"{way} of {sender.name} {os.urandom(4).hex()}".encode()
    with udp_socket(sender.netns) as made:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        if way == "multicast":
            made.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, sender.address.packed)
        begin = time.monotonic()
        with contextlib.suppress(OSError):
            made.sendto(payload, ways(sender)[way])
    heard = ears.hear(payload, len(others))
    return {other.name: _heard(heard.get(other.name, []), begin) for other in others}


def _heard(copies: list[tuple[str, float]], begin: float) -> Hearing:
    if not copies:
        return Hearing(0, "", None)
    source, when = copies[0]
    return Hearing(len(copies), source, round(1000 * (when - begin), 1))


def announce(place: Place, port: int, title: str, seen: Callable[[], bool], longest: float) -> float | None:
    """Announce a Minecraft world as its own LAN beacon does until it is seen.

    :return: milliseconds until then.
    """
    begin = due = time.monotonic()
    with udp_socket(place.netns) as made:
        made.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, place.address.packed)
        while time.monotonic() < begin + longest:
            if time.monotonic() >= due:
                due = time.monotonic() + BEACON_S
                made.sendto(f"[MOTD]{title}[/MOTD][AD]{port}[/AD]".encode(), (GROUP, GROUP_PORT))
            if seen():
                return round(1000 * (time.monotonic() - begin), 1)
            time.sleep(PING_S)
    return None


def exchange(asker: Place, answerer: Place, port: int) -> float | None:
    """A UDP question and its answer, from party address to party address; milliseconds, None without."""
    with udp_socket(asker.netns) as here, udp_socket(answerer.netns, port=port) as there:
        begin = time.monotonic()
        for _ in range(10):
            with contextlib.suppress(OSError):
                here.sendto(b"question", (answerer.ip, port))
            if select.select([there], [], [], TRY_S / 5)[0]:
                data, source = there.recvfrom(100)
                if source[0] == asker.ip:
                    there.sendto(data, source)
            if select.select([here], [], [], TRY_S / 5)[0] and here.recvfrom(100)[1] == (answerer.ip, port):
                return round(1000 * (time.monotonic() - begin), 1)
    return None


def until_silent(pinger: Pinger, pairs: list[tuple[str, str]], act: Callable[[], None], longest: float) -> float | None:
    """Ping all pairs (namespace, address) without a pause, do something, and wait until none answers any more.

    :return: seconds from the begin of what was done to its end, or to the last answer after it; None where there are
        answers to the end.
    """
    begin = time.monotonic()
    act()
    last = due = time.monotonic()
    while (now := time.monotonic()) < begin + longest:
        if now - last > 20 * PING_S:
            return round(last - begin, 2)
        if now >= due:
            due = now + PING_S
            for netns, target in pairs:
                pinger.send(netns, target)
        for _ in pinger.receive(due - time.monotonic()):
            last = time.monotonic()
    return None


def listen(netns: str, port: int) -> socket.socket:
    """A service on all addresses of a machine."""
    with entered(netns):
        made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    made.bind(("", port))
    made.listen()
    return made


def connects(netns: str, address: str, port: int) -> bool:
    """Whether a TCP connection comes up."""
    with entered(netns):
        made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    with made:
        made.settimeout(TRY_S)
        try:
            made.connect((address, port))
        except OSError:
            return False
        return True
