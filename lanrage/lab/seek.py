"""Seeks game servers by broadcast from an ordinary unbound socket in a host's namespace, as a game's client would."""

from __future__ import annotations

import contextlib
import select
import socket
import time
from collections.abc import Iterable

import attrs

from lanrage.lab.discovery import Discovery, Found
from lanrage.lab.netns import udp_socket
from lanrage.wire.games import Reply

REPEAT_S = 0.5
"""Clients refresh their lists at a key press or each few seconds; the first broadcast is the one that is timed."""


@attrs.frozen
class Sighting:
    """A server that answered.

    :param source: the address that the answer came from.
    :param ms: since the first broadcast.
    :param when: seconds of the monotonic clock.
    """

    source: str
    title: str
    ms: float
    when: float


def seek(
    netns: str,
    discovery: Discovery,
    targets: Iterable[str],
    wanted: str | None,
    timeout: float,
    repeat: float = REPEAT_S,
) -> list[Sighting]:
    """Broadcast until the wanted server answers.

    :param targets: broadcast addresses, each gets every datagram.
    :param repeat: seconds between broadcasts.
    :param wanted: a server's address; None = collect until the time is over.
    :return: each server once, in the order of their answers.
    """
    found: dict[str, Sighting] = {}
    with udp_socket(netns) as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        begin = due = time.monotonic()
        while (now := time.monotonic()) < begin + timeout and not (wanted and wanted in found):
            if now >= due:
                _broadcast(client, discovery, targets)
                due = now + repeat
            if select.select([client], [], [], min(due, begin + timeout) - now)[0]:
                sighting = _receive(client, discovery, begin)
                if sighting is not None:
                    found.setdefault(sighting.source, sighting)
    return list(found.values())


def _broadcast(client: socket.socket, discovery: Discovery, targets: Iterable[str]) -> None:
    for target in targets:
        for port in discovery.ports:
            with contextlib.suppress(OSError):  # no route: another target may have one
                client.sendto(discovery.opening(), (target, port))


def _receive(client: socket.socket, discovery: Discovery, begin: float) -> Sighting | None:
    try:
        datagram, source = client.recvfrom(65_536)
    except OSError:
        return None
    answer = discovery.read(datagram)
    if isinstance(answer, Reply):
        client.sendto(answer.payload, source)
    if isinstance(answer, Found):
        now = time.monotonic()
        return Sighting(source[0], answer.title, round((now - begin) * 1000, 1), now)
    return None


def answers(netns: str, discovery: Discovery, target: str, seconds: float) -> list[Sighting]:
    """Broadcast once, and every answer that comes in a time, repeated ones too."""
    found: list[Sighting] = []
    with udp_socket(netns) as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        begin = time.monotonic()
        _broadcast(client, discovery, [target])
        while (left := begin + seconds - time.monotonic()) > 0:
            if select.select([client], [], [], left)[0]:
                sighting = _receive(client, discovery, begin)
                if sighting is not None:
                    found.append(sighting)
    return found
