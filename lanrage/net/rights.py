"""What this process may do and what this machine has, and a sentence for each missing thing (docs/links.rst)."""

from __future__ import annotations

import os
from pathlib import Path
from shutil import which

import attrs
from twisted.internet.interfaces import IReactorThreads

from lanrage.net.devices import NET_ADMIN_HINT, NO_TUN, TUN_DENIED
from lanrage.net.kernel import kernel_has_wireguard
from lanrage.net.threads import in_thread
from lanrage.net.uapi_client import SOCKET_FOLDER
from lanrage.net.userspace import PROGRAM
from lanrage.timing import timing_decorator

CAP_NET_ADMIN, CAP_NET_RAW = 12, 13
"""<linux/capability.h>"""

TUN_DEVICE = "/dev/net/tun"


@attrs.frozen
class Rights:
    """What a node needs, each true where it is there.

    :param net_admin: may make devices and routes (CAP_NET_ADMIN).
    :param net_raw: may open raw sockets (CAP_NET_RAW).
    :param tun: ``/dev/net/tun`` may be opened.
    :param kernel_wireguard: the kernel has WireGuard.
    :param wireguard_go: the program is installed.
    :param socket_folder: wireguard-go may put its socket where it always does.
    :param tun_there: ``/dev/net/tun`` exists.
    """

    net_admin: bool
    net_raw: bool
    tun: bool
    kernel_wireguard: bool
    wireguard_go: bool
    socket_folder: bool
    tun_there: bool = False

    @property
    def links(self) -> bool:
        """Whether links and the LAN card can be made."""
        return not self.missing()

    def missing(self, kind: str = "auto") -> list[str]:
        """One sentence for each thing that is missing, with its remedy; empty where a node can do its work.

        :param kind: how WireGuard shall run, see :data:`lanrage.core.settings_limits.TUNNEL_KINDS`.
        """
        sentences = []
        lacking = [
            name for name, there in (("CAP_NET_ADMIN", self.net_admin), ("CAP_NET_RAW", self.net_raw)) if not there
        ]
        if lacking:
            sentences.append(f"LANrage lacks {' and '.join(lacking)} for devices, routes and probes: {NET_ADMIN_HINT}")
        if not self.tun:
            sentences.append(TUN_DENIED if self.tun_there else f"{NO_TUN[0].upper()}{NO_TUN[1:]}")
        return sentences + self._missing_wireguard(kind)

    def _missing_wireguard(self, kind: str) -> list[str]:
        if self.kernel_wireguard and kind != "userspace":
            return []
        if kind == "kernel":
            return ["This kernel has no WireGuard: load its module (modprobe wireguard), or set wireguard to auto"]
        if not self.wireguard_go:
            return [
                f"No WireGuard is here: load the kernel's module (modprobe wireguard), or apt-get install {PROGRAM}"
            ]
        if not self.socket_folder:
            return [
                f"This user's {PROGRAM} may not write {SOCKET_FOLDER}: RuntimeDirectory=wireguard in its unit helps"
            ]
        return []


@timing_decorator("rights.check")
async def read_rights(reactor: IReactorThreads) -> Rights:
    """Look; nothing is changed."""
    return await in_thread(reactor, _read)


def _read() -> Rights:
    capabilities = effective_capabilities(Path("/proc/self/status").read_text(encoding="ascii", errors="replace"))
    folder = Path(SOCKET_FOLDER)
    return Rights(
        net_admin=bool(capabilities >> CAP_NET_ADMIN & 1),
        net_raw=bool(capabilities >> CAP_NET_RAW & 1),
        tun=os.access(TUN_DEVICE, os.R_OK | os.W_OK),
        kernel_wireguard=kernel_has_wireguard(),
        wireguard_go=which(PROGRAM) is not None,
        socket_folder=os.access(folder if folder.exists() else folder.parent, os.W_OK),
        tun_there=os.path.exists(TUN_DEVICE),
    )


def effective_capabilities(status: str) -> int:
    """The capability bits of ``CapEff`` in /proc/PID/status; 0 where there are none."""
    for line in status.splitlines():
        if line.startswith("CapEff:"):
            return int(line.split()[1], 16)
    return 0
