"""What this process may do and what this machine has, and a sentence for each missing thing (docs/links.rst)."""

from __future__ import annotations

import grp
import os
import pwd
import sys
from collections.abc import Callable
from pathlib import Path
from shutil import which

import attrs
from twisted.internet.interfaces import IReactorThreads

from lanrage.core.rights import NODE_UNIT, Lack, Privileges, Tun, capabilities_in, find_lacks
from lanrage.core.room import closed_settings
from lanrage.net.devices import NET_ADMIN_HINT, NO_TUN, TUN_DENIED
from lanrage.net.kernel import kernel_has_wireguard
from lanrage.net.own_namespaces import setting
from lanrage.net.threads import in_thread
from lanrage.net.uapi_client import SOCKET_FOLDER
from lanrage.net.userspace import PROGRAM
from lanrage.timing import timing_decorator

TUN_DEVICE = "/dev/net/tun"
UNIT_FOLDERS = (
    "/etc/systemd/system",
    "/run/systemd/system",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
)
"""systemd.unit(5), for the system."""
LOWEST_PORT = "net/ipv4/ip_unprivileged_port_start"


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
    capabilities = capabilities_in(own_status())
    folder = Path(SOCKET_FOLDER)
    return Rights(
        net_admin="net_admin" in capabilities,
        net_raw="net_raw" in capabilities,
        tun=os.access(TUN_DEVICE, os.R_OK | os.W_OK),
        kernel_wireguard=kernel_has_wireguard(),
        wireguard_go=which(PROGRAM) is not None,
        socket_folder=os.access(folder if folder.exists() else folder.parent, os.W_OK),
        tun_there=os.path.exists(TUN_DEVICE),
    )


def check_admin_rights(ports: tuple[int, ...] = ()) -> list[Lack]:
    """Which rights this process lacks, what each costs and how it is granted; nothing is changed. Blocks shortly.

    :param ports: that it shall listen on; those of the usual node and server need no right.
    """
    return find_lacks(read_privileges(ports))


def read_privileges(ports: tuple[int, ...] = ()) -> Privileges:
    """What this process may do; see :func:`check_admin_rights`."""
    status = own_status()
    lowest = setting(LOWEST_PORT)
    twistd = Path(sys.executable).with_name("twistd")
    return Privileges(
        effective=capabilities_in(status),
        bounding=capabilities_in(status, "CapBnd"),
        tun=tun_state(),
        closed=closed_settings(setting),
        ports=ports,
        lowest=int(lowest) if lowest and lowest.isdecimal() else 1024,
        user=_name(lambda: pwd.getpwuid(os.geteuid()).pw_name, os.geteuid()),
        group=_name(lambda: grp.getgrgid(os.getegid()).gr_name, os.getegid()),
        twistd=str(twistd) if twistd.exists() else "twistd",
        unit=any((Path(folder) / NODE_UNIT).exists() for folder in UNIT_FOLDERS),
    )


def tun_state(path: Path = Path(TUN_DEVICE)) -> Tun:
    """Whether a process of this user may open ``/dev/net/tun``."""
    if not path.exists():
        return "missing"
    return "ready" if os.access(path, os.R_OK | os.W_OK) else "denied"


def own_status() -> str:
    """This process's /proc/self/status."""
    return Path("/proc/self/status").read_text(encoding="utf-8", errors="replace")


def _name(read: Callable[[], str], number: int) -> str:
    """A user's or a group's name, else its number, which every program takes as well."""
    try:
        return read()
    except KeyError:
        return str(number)
