"""The process inside a room: sets the card up, starts the game, tells how it ended (``docs/run.rst``).

It has all rights over the room's network and none beyond; the game that it starts has the user's own. It speaks with
the process outside by JSON datagrams: ``{"card": {...}}`` to set the card up, ``{"start": true}`` to start the game.
"""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from ipaddress import IPv4Interface
from pathlib import Path
from typing import Any

import attrs
from pyroute2 import IPRoute
from pyroute2.netlink.exceptions import NetlinkError

from lanrage.core.room import environment, forbidden, resolver
from lanrage.errors import LanrageError, MissingRight
from lanrage.net.own_namespaces import cover, die_with_parent, leave, setting, show_devices
from lanrage.net.sysctl import set_device

MESSAGE_BYTES = 4096
"""A message names a card or an error."""

RESOLVERS = ("/etc/resolv.conf", "/run/systemd/resolve/resolv.conf", "/run/NetworkManager/no-stub-resolv.conf")
"""The first that names a server which is not on loopback is the room's."""

PASSED_ON = (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2)
"""Signals that are the game's; a terminal sends some to all three processes."""

NOT_FOUND, NOT_RUN = 127, 126
"""Exit status as of a shell, where there is no such program, or it cannot be run."""


def live(channel: socket.socket, game: Sequence[str], node: int) -> int:
    """Be the process inside, from its start to the game's end.

    :param channel: a datagram socket (``SOCK_SEQPACKET``) to the process outside.
    :param node: process id of the node.
    :return: 0; how the game ended is told by the channel.
    """
    for each in PASSED_ON:
        signal.signal(each, lambda *_: None)  # a handler, not "ignore": that would be the game's, too
    die_with_parent(signal.SIGKILL)
    try:
        namespace = _enter(node)
    except LanrageError as error:
        _tell(channel, {"error": str(error), "code": error.code})
        return 1
    socket.send_fds(channel, [b"{}"], [namespace])
    os.close(namespace)
    _Inside(channel, game).serve()
    return 0


def _enter(node: int) -> int:
    """Leave for the room; a descriptor of its network."""
    leave(node)
    show_devices()
    try:
        with IPRoute() as route:
            route.link("set", index=socket.if_nametoindex("lo"), state="up")
    except NetlinkError as error:  # AppArmor grants the namespace and takes its rights
        raise MissingRight(forbidden(setting)) from error
    return os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)


@attrs.define
class _Inside:
    channel: socket.socket
    game: Sequence[str]
    running: subprocess.Popen[bytes] | None = None
    named: bool = False

    def serve(self) -> None:
        """Obey until the game has ended, or the process outside."""
        watched: list[int] = [self.channel.fileno()]
        while True:
            ready = select.select(watched, [], [])[0]
            if self.running is not None and self.running.poll() is not None:
                _tell(self.channel, {"ended": self.running.returncode})
                return
            if self.channel.fileno() not in ready:
                continue
            words = self.channel.recv(MESSAGE_BYTES)
            if not words:
                return
            _tell(self.channel, self._obey(json.loads(words)))
            if self.running is not None and len(watched) == 1:
                watched.append(os.pidfd_open(self.running.pid))

    def _obey(self, order: dict[str, Any]) -> dict[str, Any]:
        if "start" in order:
            return self._start()
        try:
            dress(order["card"]["device"], IPv4Interface(order["card"]["address"]), order["card"]["gateway"])
            self._name(bool(order["card"]["gateway"]))
        except (OSError, NetlinkError, LanrageError) as error:
            return {"error": f"the room's card cannot be set up: {error}", "code": "error"}
        return {}

    def _name(self, internet: bool) -> None:
        """Have name servers that answer in here."""
        if not self.named:
            texts = []
            for path in RESOLVERS:
                with suppress(OSError, UnicodeDecodeError):
                    texts.append(Path(path).read_text(encoding="utf-8"))
            cover("/etc/resolv.conf", resolver(internet, texts), tempfile.gettempdir())
            self.named = True

    def _start(self) -> dict[str, Any]:
        try:
            self.running = subprocess.Popen(  # pylint: disable=consider-using-with,subprocess-popen-preexec-fn
                self.game,
                env=environment(os.environ, os.path.exists),
                preexec_fn=lambda: die_with_parent(signal.SIGTERM),
            )
        except OSError as error:
            status = NOT_FOUND if isinstance(error, FileNotFoundError) else NOT_RUN
            return {"error": f"{self.game[0]} cannot be started: {error.strerror}", "code": "error", "status": status}
        return {"pid": self.running.pid}


def dress(device: str, address: IPv4Interface, gateway: str) -> None:
    """Give the card its address and routes, and bring it up.

    A game that sends to all, or joins a group, without naming a card does so by the routes: they lead to this one.

    :param gateway: of the default route; empty for none.
    """
    with suppress(MissingRight):  # the room's own IPv6 is of no use, and of no harm
        set_device("ipv6", device, "disable_ipv6", "1")
    broadcast = str(address.network.broadcast_address)
    with IPRoute() as route:
        index = socket.if_nametoindex(device)
        route.addr(
            "add", index=index, address=str(address.ip), prefixlen=address.network.prefixlen, broadcast=broadcast
        )
        route.link("set", index=index, state="up")
        for everyone in ("255.255.255.255/32", "224.0.0.0/4"):
            route.route("add", dst=everyone, oif=index, scope="link")
        if gateway:
            route.route("add", dst="default", gateway=gateway, oif=index, flags=["onlink"])


def _tell(channel: socket.socket, message: dict[str, Any]) -> None:
    with suppress(OSError):
        channel.send(json.dumps(message).encode())
