"""Which right is missing, what that costs, and the command that grants it; pure (``docs/rights.rst``).

The one rule for all who ask: ``lanrage rights show``, the doctor and the errors of the parts that need a right.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from typing import Literal

import attrs

Tun = Literal["ready", "missing", "denied"]

CAPABILITIES = {"net_bind_service": 10, "net_admin": 12, "net_raw": 13, "sys_ptrace": 19, "sys_admin": 21}
"""Bit of each capability that we know a use for (<linux/capability.h>)."""

NEEDED = ("net_admin", "net_raw")
"""Devices and routes need the first, probing from WireGuard's port the second."""

NODE_UNIT = "lanrage-node.service"
GROUP = "lanrage"
"""Whoever is in it may use the system's node; it has no other right (lanrage/data/service/sysusers.d)."""

LOADS_TUN = ("modprobe", "tun")
OPENS_TUN = ("chmod", "0666", "/dev/net/tun")
STARTS_NODE = ("systemctl", "enable", "--now", NODE_UNIT)

_USER = re.compile(r"(?![0-9]+\Z)[A-Za-z0-9_](?:[A-Za-z0-9_.@-]{0,31}|[A-Za-z0-9_.@-]{0,30}\$)\Z")
"""What both Debian's useradd(8) and systemd.exec(5), "User=", take in ASCII (a dot as in john.doe, an @ of a directory
service, capitals, a ``$`` at the end): no option, no blank, no number, nothing that divides words or paths."""
USER_RULE = "must be a user's name: at most 32 letters, digits and _ . - @, the first no sign but _, not digits alone"

COSTS = {
    "net_admin": "no links, no LAN card, no routes: this process can be in a party, and reach nobody",
    "net_raw": "no probes, so no path is found; games' broadcasts are neither seen nor brought",
    "sys_ptrace": "other users' programs have no name in `lanrage lan exposure`, their games' bound sockets no help",
    "sys_admin": "`lanrage run` and `lanrage own-node` cannot make their namespaces",
    "net_bind_service": "ports below {lowest} cannot be listened on: {ports}",
    "tun": "no LAN card, and no WireGuard outside of the kernel",
}
"""By capability or device: what does not work without it."""


@attrs.frozen
class Grant:
    """One way to get a right.

    :param command: words; as root.
    :param trade: what one gives for it.
    """

    command: tuple[str, ...]
    trade: str

    @property
    def line(self) -> str:
        """The command as a line to type."""
        return shlex.join(("sudo", *self.command))


@attrs.frozen
class Lack:
    """A right that is missing.

    :param name: ``CAP_...``, or the device's path.
    :param needed: a node cannot do its work without it, or what was asked for.
    :param costs: what does not work, as a clause.
    :param grants: ways to get it, the best first; never empty.
    """

    name: str
    needed: bool
    costs: str
    grants: tuple[Grant, ...]


@attrs.frozen
class Privileges:
    """What one process may do.

    :param effective: names of the capabilities that it has, of those in :data:`CAPABILITIES`.
    :param bounding: names of those that it, or what it starts, can ever get.
    :param tun: of ``/dev/net/tun``.
    :param closed: settings of the kernel's that keep users from namespaces, as ``name=value`` that opens them; empty
        where ``lanrage run`` needs no right.
    :param ports: that it shall listen on.
    :param lowest: the first port that needs no right (``net.ipv4.ip_unprivileged_port_start``).
    :param user: its user's name; ``group`` that of its group.
    :param twistd: the program that starts a node.
    :param unit: the system's node is installed.
    """

    effective: frozenset[str]
    bounding: frozenset[str] = frozenset(CAPABILITIES)
    tun: Tun = "ready"
    closed: tuple[str, ...] = ()
    ports: tuple[int, ...] = ()
    lowest: int = 1024
    user: str = "root"
    group: str = "root"
    twistd: str = "twistd"
    unit: bool = True


def find_lacks(has: Privileges) -> list[Lack]:
    """What is missing, what a node needs first; empty where nothing is."""
    return [*_capabilities(has), *lacking_tun(has.tun)]


def lacking(name: str, has: Privileges) -> Lack:
    """One capability that is missing.

    :param name: of :data:`CAPABILITIES`.
    """
    low = ", ".join(str(port) for port in has.ports if port < has.lowest)
    costs = COSTS[name].format(lowest=has.lowest, ports=low)
    return Lack(f"CAP_{name.upper()}", name in (*NEEDED, "net_bind_service"), costs, tuple(_grants(name, has)))


def lacking_tun(tun: Tun) -> list[Lack]:
    """``/dev/net/tun``, where it is not ready."""
    if tun == "ready":
        return []
    if tun == "missing":
        grant = Grant(LOADS_TUN, "the kernel's own module; in a container, pass the device in instead")
    else:
        grant = Grant(OPENS_TUN, "udev's default: a device still takes CAP_NET_ADMIN to make")
    return [Lack("/dev/net/tun", True, COSTS["tun"], (grant,))]


def best_commands(lacks: list[Lack]) -> str:
    """The best command for each, once, as a clause for a report."""
    lines = dict.fromkeys(each.grants[0].line for each in lacks)
    return " and ".join(f"`{line}`" for line in lines)


def _capabilities(has: Privileges) -> Iterator[Lack]:
    wanted = [*NEEDED, "sys_ptrace"]
    if has.closed:
        wanted.append("sys_admin")
    if any(port < has.lowest for port in has.ports):
        wanted.append("net_bind_service")
    return (lacking(name, has) for name in wanted if name not in has.effective)


def _grants(name: str, has: Privileges) -> Iterator[Grant]:
    if name == "sys_admin":
        trade = "every user may make namespaces, as most systems allow; no capability is given away"
        yield Grant(("sysctl", "-w", *has.closed), trade)
    if name == "net_bind_service":
        lowest = min((port for port in has.ports if port < has.lowest), default=0)
        trade = f"every user of this machine may listen on ports from {lowest}"
        yield Grant(("sysctl", "-w", f"net.ipv4.ip_unprivileged_port_start={lowest}"), trade)
    if name not in has.bounding:
        words = ("docker", "run", f"--cap-add={name.upper()}", "--device=/dev/net/tun", "IMAGE")
        yield Grant(words, "out of this process's bounding set, as in a container: only who starts that can grant it")
        return
    if name in NEEDED and has.unit:
        yield Grant(STARTS_NODE, "the node alone holds it, as a user of its own; what you start yourself does not")
    yield starting_with(dict.fromkeys((*NEEDED, name)), has)


def starting_with(names: dict[str, None], has: Privileges) -> Grant:
    """A node of this user's that has these capabilities, until it ends; the interpreter's file is left as it is."""
    caps = ",".join(f"+{each}" for each in names if each in has.bounding)
    words = ("setpriv", f"--reuid={has.user}", f"--regid={has.group}", "--init-groups", f"--inh-caps={caps}")
    trade = "that process and what it starts, until it ends; setcap on the interpreter would give it to every script"
    if "sys_ptrace" in names:
        trade += "; reads the memory of all programs of all users: on a machine of your own alone"
    if "sys_admin" in names:
        trade += "; as good as root"
    return Grant((*words, f"--ambient-caps={caps}", has.twistd, "-n", "lanrage", "node"), trade)


def is_user(name: str) -> bool:
    """Whether this can be a user's name, and nothing else."""
    return _USER.match(name) is not None


def capabilities_in(status: str, line: str = "CapEff") -> frozenset[str]:
    """Those of :data:`CAPABILITIES` that stand in one line of /proc/PID/status."""
    mask = capability_bits(status, line)
    return frozenset(name for name, bit in CAPABILITIES.items() if mask >> bit & 1)


def capability_bits(status: str, line: str = "CapEff") -> int:
    """The bits of one line of /proc/PID/status; 0 where there is none."""
    for each in status.splitlines():
        if each.startswith(f"{line}:"):
            return int(each.split()[1], 16)
    return 0
