"""Where a host's WireGuard sends to, asked from WireGuard itself and not from the node that should know."""

from __future__ import annotations

import socket
from pathlib import Path

from pyroute2 import WireGuard
from pyroute2.netlink.exceptions import NetlinkError

from lanrage.core.links import TunnelStatus
from lanrage.errors import DecodeError
from lanrage.lab.netns import LabError, entered
from lanrage.lab.plan import Host
from lanrage.lab.teardown import WIREGUARD_SOCKETS
from lanrage.net.kernel import read_device
from lanrage.wire.uapi import END, GET, MAX_MESSAGE, decode_reply

ANSWER_S = 2.0
"""wireguard-go answers within a millisecond, on a busy machine within some."""


def endpoints(host: Host) -> dict[str, str]:
    """The endpoint that WireGuard uses now, by the party address of each peer that has one.

    :raises LabError: when WireGuard does not answer.
    """
    return {
        str(peer.allowed[0].network_address): str(peer.endpoint)
        for peer in state(host).peers.values()
        if peer.allowed and peer.endpoint is not None
    }


def state(host: Host) -> TunnelStatus:
    """What WireGuard says of a host's device.

    :raises LabError: when WireGuard does not answer.
    """
    path = WIREGUARD_SOCKETS / f"{host.tunnel_device}.sock"
    try:
        return _userspace(path) if path.exists() else _kernel(host)
    except (OSError, DecodeError, NetlinkError) as error:
        raise LabError(f"WireGuard of {host.name} does not answer: {error}") from error


def _userspace(path: Path) -> TunnelStatus:
    """Ask wireguard-go."""
    data = b""
    with socket.socket(socket.AF_UNIX) as raw:
        raw.settimeout(ANSWER_S)
        raw.connect(str(path))
        raw.sendall(GET)
        while END not in data and len(data) <= MAX_MESSAGE:
            more = raw.recv(MAX_MESSAGE)
            if not more:
                break
            data += more
    return decode_reply(data).status


def _kernel(host: Host) -> TunnelStatus:
    with entered(host.netns), WireGuard() as wireguard:
        return read_device(wireguard, host.tunnel_device)
