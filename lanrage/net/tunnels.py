"""Chooses how WireGuard runs here: in the kernel where it can, else by wireguard-go (docs/links.rst)."""

from __future__ import annotations

from lanrage.core.links import check_device_name
from lanrage.core.settings_limits import TUNNEL_KINDS
from lanrage.errors import BadInput
from lanrage.interfaces import ITunnel, IUndoJournal
from lanrage.net.kernel import KernelTunnel, kernel_has_wireguard
from lanrage.net.threads import INetReactor, in_thread
from lanrage.net.userspace import UserspaceTunnel


async def make_tunnel(
    reactor: INetReactor, name: str, kind: str = "auto", journal: IUndoJournal | None = None
) -> ITunnel:
    """Return a tunnel that is not created yet.

    :param name: the device's name, unique on the machine.
    :param kind: one of :data:`lanrage.core.settings_limits.TUNNEL_KINDS`; ``auto`` is the kernel
        where it has WireGuard, else wireguard-go.
    :param journal: remembers what is made, for the next start after a crash.
    :raises BadInput: for a name or kind that cannot be.
    """
    check_device_name(name, "tunnel_device")
    if kind not in TUNNEL_KINDS:
        raise BadInput("wireguard", f"{kind!r} is none of {', '.join(TUNNEL_KINDS)}")
    if kind == "auto":
        kind = "kernel" if await in_thread(reactor, kernel_has_wireguard) else "userspace"
    return KernelTunnel(reactor, name, journal) if kind == "kernel" else UserspaceTunnel(reactor, name, journal)
