"""The operation that bridges a card, and what is kept of it."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from ipaddress import IPv4Address
from typing import Any

import msgspec
from twisted.internet.defer import Deferred

from lanrage.app.bridge_results import BridgedDevice, BridgedPort, BridgeShown, BridgesShown
from lanrage.app.config import NodeConfig
from lanrage.app.lan_bridge import BridgeState, LanBridge
from lanrage.app.party_life import PartyLife
from lanrage.app.party_session import PartySession
from lanrage.errors import BadInput, Refused
from lanrage.net.threads import in_thread
from lanrage.store.bridges import BridgesFile


class BridgeNode:
    """Part of :class:`lanrage.app.node.NodeService`."""

    _reactor: Any
    _config: NodeConfig

    def _own(self) -> PartyLife:
        raise AssertionError("given by the node")

    def _alone(self, work: Callable[[], Coroutine[Any, Any, dict[str, Any]]]) -> Deferred[dict[str, Any]]:
        raise AssertionError("given by the node")

    def bridge_lan(self, *, interface: str, device: str, off: bool) -> Deferred[dict[str, Any]]:
        """See :meth:`INode.bridge_lan`."""
        return self._alone(lambda: self._bridge(interface, device, off))

    async def _bridge(self, interface: str, device: str, off: bool) -> dict[str, Any]:
        life = self._own()
        saved, _, _ = life.current()
        bridge = bridge_of(life.session)
        if bridge is None:
            raise Refused("no_card", life.trouble or "this machine does not take part in its party now")
        if not off:
            await bridge.turn_on(interface, _address(device))
        elif not await bridge.turn_off(interface):
            raise BadInput("interface", f"{interface} is not bridged")
        wanted = {each.interface: each.device for each in bridge.states()}
        await in_thread(self._reactor, BridgesFile(self._config.state_dir).save, saved.party_id, wanted)
        plain: dict[str, Any] = msgspec.to_builtins(BridgesShown(shown(life.session)))
        return plain


def bridge_of(session: PartySession | None) -> LanBridge | None:
    """The part that bridges, while there is a session."""
    return session.lan.part(LanBridge) if session is not None and session.lan is not None else None


def shown(session: PartySession | None) -> list[BridgeShown]:
    """The bridges for the user."""
    bridge = bridge_of(session)
    return [_shown(each) for each in bridge.states()] if bridge is not None else []


def _shown(state: BridgeState) -> BridgeShown:
    devices = [
        BridgedDevice(str(address), [BridgedPort(port, given) for port, given in sorted(ports.items())])
        for address, ports in sorted(state.devices.items())
    ]
    device, address = (str(each) if each is not None else None for each in (state.device, state.address))
    return BridgeShown(state.interface, device, address, state.trouble, state.yields, devices)


def _address(text: str) -> IPv4Address | None:
    try:
        return IPv4Address(text) if text else None
    except ValueError as error:
        raise BadInput("device", f"{text!r} is no IPv4 address") from error
