"""What a session does for bridges: the party firewall lets their cards pass, those of before a restart stand again."""

from __future__ import annotations

from ipaddress import IPv4Address

from lanrage.app.guarding import Guarding
from lanrage.app.lan import LanPlane
from lanrage.app.lan_bridge import LanBridge


def guard_bridges(lan: LanPlane, guarding: Guarding, tunnel: str) -> None:
    """What members send to a bridged card passes the party firewall.

    :param tunnel: name of the WireGuard device.
    """
    bridge, guard = lan.part(LanBridge), guarding.guard
    if bridge is not None:
        bridge.guard = lambda card: guard.let_pass(tunnel, card)
        bridge.unguard = lambda card: guard.no_pass(tunnel, card)


async def want_bridges(lan: LanPlane | None, wanted: dict[str, IPv4Address | None]) -> None:
    """These cards were bridged before; those that are there are bridged again."""
    bridge = lan.part(LanBridge) if lan is not None else None
    if bridge is not None:
        await bridge.want(wanted)
