"""Whether this machine takes part in its party by IPv6 too: only where that disturbs nothing."""

from __future__ import annotations

from ipaddress import IPv6Network

from lanrage.core.party_prefix import party_prefix
from lanrage.core.subnet import clash
from lanrage.errors import LanrageError
from lanrage.interfaces import IMachine


async def choose_prefix(machine: IMachine, party_id: str, tunnel: str) -> tuple[IPv6Network | None, str]:
    """The party's prefix, once the tunnel carries it; or ``None``, and a sentence that says why not.

    :param tunnel: name of the WireGuard device, which is there already.
    """
    prefix = party_prefix(party_id)
    try:
        networks = await machine.networks6()
        if networks is None:
            return None, "this machine has no IPv6, or it is switched off"
        taken = clash(prefix, networks)
        if taken is not None:
            return None, f"this machine has a route to {taken} already, where the party's {prefix} would be"
        await machine.enable_ipv6(tunnel)
    except LanrageError as error:
        return None, str(error)
    return prefix, ""
