"""Settings that take effect in a session that stands (``docs/settings.rst``)."""

from __future__ import annotations

from typing import Protocol

import attrs

from lanrage.app.guarding import Guarding
from lanrage.app.lan import LanPlane
from lanrage.app.lan_config import LanSettings
from lanrage.app.machinery import Devices
from lanrage.app.relay_links import RelayLinks
from lanrage.core.relay_choice import Weights


class Session(Protocol):
    """What of a session this changes: :class:`lanrage.app.party_session.PartySession`."""

    devices: Devices
    guarding: Guarding | None
    lan: LanPlane | None
    relays: RelayLinks | None


async def go_by(session: Session, lan: LanSettings, region: str, weights: Weights) -> None:
    """Go by these; what cannot change while the session stands is left as it is.

    :raises LanrageError: the party firewall cannot do what is asked; the rest was done.
    """
    before = session.devices.lan
    session.devices = attrs.evolve(
        session.devices, lan=attrs.evolve(before, dedup_window=lan.dedup_window, ports=lan.ports)
    )
    if session.relays is not None and (session.relays.region, session.relays.weights) != (region, weights):
        session.relays.prefer(region, weights)
    if session.lan is not None:
        session.lan.dedup_window = lan.dedup_window
    if session.guarding is not None and session.guarding.exposure is not lan.exposure:
        await session.guarding.expose(lan.exposure)
        session.devices = attrs.evolve(session.devices, lan=attrs.evolve(session.devices.lan, exposure=lan.exposure))
