"""Settings that take effect at once, and in what (``docs/settings.rst``)."""

from __future__ import annotations

from typing import Protocol

import attrs

from lanrage.app.config import parse_registration
from lanrage.app.control import ControlService
from lanrage.app.guarding import Guarding
from lanrage.app.lan import LanPlane
from lanrage.app.lan_config import LanSettings
from lanrage.app.machinery import Devices
from lanrage.app.metering_config import parse_notify
from lanrage.app.notices import Notices
from lanrage.app.relay import RelayPlan
from lanrage.app.relay_config import parse_plan
from lanrage.app.relay_links import RelayLinks
from lanrage.app.settings_desk import SettingsDesk
from lanrage.core.relay_choice import Weights

NODE_LIVE = frozenset(
    {
        *("desktop.notify", "desktop.rejoin"),
        *("discord.client_id", "discord.join", "games.announce", "games.detect", "games.poll", "games.profiles"),
        *("lan.dedup_window", "lan.exposure", "lan.ports", "node.relay_region", "node.relay_weights", "node.server"),
    }
)
"""What a node goes by at once."""
CONTROL_LIVE = frozenset({"control.registration", "control.registration_token_file"})
"""What a control server goes by at once."""
RELAY_LIVE = frozenset({"relay.drain", "relay.full_load", "relay.public_host", "relay.region"})
"""What a relay goes by at once."""
NOTIFY_LIVE = frozenset({"notify.matrix_token", "notify.ntfy_token", "notify.targets"})
"""What every role that may alert goes by at once."""


class Session(Protocol):
    """What of a session this changes: :class:`lanrage.app.party_session.PartySession`."""

    devices: Devices
    guarding: Guarding | None
    lan: LanPlane | None
    relays: RelayLinks | None


class Relay(Protocol):
    """A :class:`lanrage.app.relay.RelayService`, or what stands for one."""

    def go_by(self, plan: RelayPlan) -> None:
        """Tell and stop by another plan."""


def steer_control(desk: SettingsDesk, control: ControlService) -> None:
    """Let a control server go by its live settings."""
    desk.when(CONTROL_LIVE, lambda options: control.register_by(parse_registration(options)))


def steer_relay(desk: SettingsDesk, relay: Relay) -> None:
    """Let a relay go by its live settings."""
    desk.when(RELAY_LIVE, lambda options: relay.go_by(parse_plan(options)))


def steer_notices(desk: SettingsDesk, notices: Notices) -> None:
    """Let those who are told of what happens be as the live settings say."""
    desk.when(NOTIFY_LIVE, lambda options: notices.use(parse_notify(options)))


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
