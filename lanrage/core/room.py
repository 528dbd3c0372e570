"""A room: a network namespace in which a game sees one card, the party's (``docs/run.rst``). Values, no I/O."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from ipaddress import AddressValueError, IPv4Address, IPv4Interface

import attrs

from lanrage.core.lan_frames import MAC_PREFIX
from lanrage.core.links import DEVICE_NAME_BYTES, TUNNEL_MTU

INSIDE = "eth0"
"""The card's name in the room: the one that a game of 1999 expects."""

OUTER_MAC = MAC_PREFIX + bytes((0, 0, 0, 1))
"""Of the card's end on this machine; 0.0.0.1 is no member's address."""

GATEWAY = IPv4Address("169.254.66.1")
"""Where the room's default route leads, and what answers for it; link-local, so nobody routes to it (RFC 3927)."""

TRANSIT = IPv4Address("169.254.66.2")
"""What stands for the room on this machine, where the party address is the LAN card's."""

_SUFFIX = "-room"
_SYSTEMD_BUS = "unix:path="
_ABSTRACT = "unix:abstract="


@attrs.frozen
class RoomPlan:
    """What a room is made of.

    :param address: the party address with the party's network.
    :param internet: with a default route.
    """

    address: IPv4Interface
    internet: bool = False
    mtu: int = TUNNEL_MTU

    def answers_for(self, target: IPv4Address, members: Iterable[IPv4Address]) -> bool:
        """Whether the card's other end is the way to this address: to members, and to the gateway."""
        return target in members or (self.internet and target == GATEWAY)


def device_name(card: str) -> str:
    """The name of the end on this machine; a node has one LAN card and one room."""
    return card[: DEVICE_NAME_BYTES - len(_SUFFIX)] + _SUFFIX


def resolver(plan_internet: bool, files: Iterable[str]) -> str:
    """A ``resolv.conf`` that works in a room.

    A name server on loopback is not there: its loopback is this machine's, not the room's.

    :param files: contents of this machine's, the most telling first.
    """
    lines = []
    if plan_internet:
        lines = next((found for text in files if (found := _reachable(text))), [])
    # Without a server libc asks 127.0.0.1, where nobody is: a program is told at once that there are no names.
    return "".join(f"{line}\n" for line in lines) or "options attempts:1 timeout:1\n"


def _reachable(text: str) -> list[str]:
    kept = []
    servers = 0
    for line in text.splitlines():
        words = line.split()
        if words[:1] == ["nameserver"] and len(words) > 1:
            if not _outside(words[1]):
                continue
            servers += 1
        elif words[:1] not in (["search"], ["domain"], ["options"]):
            continue
        kept.append(line.strip())
    return kept if servers else []


def _outside(server: str) -> bool:
    """Rooms have IPv4 alone."""
    try:
        return not IPv4Address(server).is_loopback
    except AddressValueError:
        return False


def environment(before: Mapping[str, str], exists: Callable[[str], bool]) -> dict[str, str]:
    """The game's environment: sockets with an abstract name belong to the other namespace, those with a path do not.

    :param before: the user's.
    :param exists: whether a path is there.
    """
    after = dict(before)
    bus, folder = before.get("DBUS_SESSION_BUS_ADDRESS", ""), before.get("XDG_RUNTIME_DIR", "")
    ways = bus.split(";")
    named = [way for way in ways if not way.startswith(_ABSTRACT)]
    if len(named) < len(ways):
        if folder and exists(f"{folder}/bus"):
            named.append(f"{_SYSTEMD_BUS}{folder}/bus")
        if named:
            after["DBUS_SESSION_BUS_ADDRESS"] = ";".join(named)
        else:
            del after["DBUS_SESSION_BUS_ADDRESS"]
    return after


CLONES, SPACES, APPARMOR = (
    "kernel/unprivileged_userns_clone",
    "user/max_user_namespaces",
    "kernel/apparmor_restrict_unprivileged_userns",
)
"""Below ``/proc/sys``: what may keep a user from making namespaces (Debian's kernel, every kernel, Ubuntu's)."""


def forbidden(setting: Callable[[str], str | None]) -> str:
    """Why this user may make no namespaces of its own, and how to allow it.

    :param setting: reads a file below ``/proc/sys``; ``None`` where it is not there.
    """
    found = closed_settings(setting)
    words = " and ".join(f"sysctl {cure}" for cure in found)
    allow = f"allow it: as root, {words}" if found else "a container or a security module forbids it"
    return f"a room needs user namespaces, which this system refuses to you; {allow}"


def closed_settings(setting: Callable[[str], str | None]) -> tuple[str, ...]:
    """The settings by which the kernel keeps users from namespaces, each as the ``name=value`` that opens them.

    :param setting: see :func:`forbidden`.
    """
    cures = {(CLONES, "0"): f"{CLONES}=1", (SPACES, "0"): f"{SPACES}=10000", (APPARMOR, "1"): f"{APPARMOR}=0"}
    return tuple(cure.replace("/", ".") for (name, value), cure in cures.items() if setting(name) == value)
