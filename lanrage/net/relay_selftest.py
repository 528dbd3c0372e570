"""Does this machine forward as the relay's rules say? A packet of our own goes the whole way, by a TUN device.

Another firewall may drop what ours accepts (Docker sets the policy of ``forward`` to drop), or a sysctl is set back:
only a packet tells. The device and its addresses (RFC 2544's, which nobody routes) are of this test alone, and gone
with the process. All calls block.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import select
import socket
import struct
import time
from ipaddress import IPv4Address

from pyroute2 import IPRoute

from lanrage.core.kernel_pairs import Mapped
from lanrage.core.lan_frames import Udp
from lanrage.core.links import OWNER_MARK, Endpoint
from lanrage.core.relay_cookies import Line
from lanrage.errors import MissingRight, Unreachable
from lanrage.net.devices import NO_TUN, TUN_DENIED, refusals_named
from lanrage.net.sysctl import set_device
from lanrage.wire.packets import write_ipv4
from lanrage.wire.udp import Datagram, read_packet

PATIENCE = 1.0
"""Seconds until a packet counts as lost; it takes less than a millisecond on an idle machine."""
PORT = 9
"""Of the two ends that do not exist: discard (RFC 863)."""
_TUNSETIFF, _IFF_TUN, _IFF_NO_PI = 0x400454CA, 0x0001, 0x1000
"""<linux/if_tun.h>"""
_NET = int(IPv4Address("198.18.0.0"))


class SelfTest:
    """The device, and the two lines whose packets go from it to it.

    :param ports: first and last of the relay's ports.
    """

    def __init__(self, ports: tuple[int, int]) -> None:
        self._ports = ports
        self.device = f"lanrly{ports[0]}"
        self._own, self._from, self._to = (str(IPv4Address(_NET + ports[0] + number)) for number in range(3))
        self._tun = -1

    def lines(self) -> tuple[Mapped, ...]:
        """What the maps must hold for it."""
        one, other = Line(self._from, PORT, self._ports[0]), Line(self._to, PORT, self._ports[1])
        return (
            Mapped(one, self._own, other, self._own, 0),
            Mapped(other, self._own, one, self._own, 0),
        )

    def open(self) -> None:
        """Make the device.

        :raises MissingRight: without CAP_NET_ADMIN or ``/dev/net/tun``.
        """
        try:
            self._tun = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        except FileNotFoundError as error:
            raise MissingRight(NO_TUN) from error
        except PermissionError as error:
            raise MissingRight(TUN_DENIED) from error
        with refusals_named(f"making the device {self.device}"):
            fcntl.ioctl(self._tun, _TUNSETIFF, struct.pack("16sH14x", self.device.encode(), _IFF_TUN | _IFF_NO_PI))
            with IPRoute() as route:
                index = socket.if_nametoindex(self.device)
                route.link("set", index=index, ifalias=OWNER_MARK)
                set_device("ipv6", self.device, "disable_ipv6", "1")
                set_device("ipv4", self.device, "forwarding", "1")
                route.link("set", index=index, state="up")
                route.addr("add", index=index, address=self._own, prefixlen=32)
                for host in (self._from, self._to):
                    route.route("add", dst=f"{host}/32", oif=index, scope="link")

    def passes(self, token: bytes) -> bool:
        """Whether a packet that carries `token` came through, with the right addresses and ports.

        :param token: 16 bytes or more that no packet carried before.
        """
        wanted = Datagram(Endpoint(self._own, self._ports[1]), Endpoint(self._to, PORT), token)
        source, own = IPv4Address(self._from), IPv4Address(self._own)
        with contextlib.suppress(BlockingIOError):
            while os.read(self._tun, 2048):
                pass
        os.write(self._tun, write_ipv4(Udp(source, own, PORT, self._ports[0], token, ttl=8)))
        end = time.monotonic() + PATIENCE
        while (wait := end - time.monotonic()) > 0 and select.select([self._tun], [], [], wait)[0]:
            if read_packet(os.read(self._tun, 2048)) == wanted:
                return True
        return False

    def close(self) -> None:
        """Remove the device; one that is not there is no error."""
        tun, self._tun = self._tun, -1
        if tun >= 0:
            os.close(tun)


def source_of(host: str) -> str | None:
    """This machine's address from which packets to `host` would leave; ``None`` where no way is. Sends nothing.

    What stays on the loopback (clients over TCP stand for addresses there) is routed by no card: no way either.
    """
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
            asker.connect((host, PORT))
            own = IPv4Address(asker.getsockname()[0])
            return None if own.is_loopback else str(own)
    except OSError as error:
        if error.errno in (errno.EMFILE, errno.ENFILE, errno.ENOMEM):
            raise Unreachable(f"no socket can be opened: {os.strerror(error.errno)}") from error
        return None
