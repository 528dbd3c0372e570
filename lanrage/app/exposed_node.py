"""The operation that shows what a party reaches of this machine."""

from __future__ import annotations

from typing import Any

import msgspec
from twisted.logger import Logger

from lanrage.app.exposure_view import exposure_facts
from lanrage.app.operations_exposure import ExposureShown, InPlayShown
from lanrage.app.party_life import PartyLife
from lanrage.core.listening import ExposureFacts
from lanrage.core.play_ports import PlayPorts
from lanrage.errors import Refused
from lanrage.net.threads import in_thread

log = Logger()


class ExposedNode:
    """Part of :class:`lanrage.app.node.NodeService`."""

    _reactor: Any

    def _own(self) -> PartyLife:
        raise AssertionError("given by the node")

    async def exposure(self) -> dict[str, Any]:
        """See :meth:`INode.exposure`."""
        life = self._own()
        life.current()
        facts = await self._exposed(life)
        if facts is None:
            raise Refused("no_card", life.trouble or "this machine does not take part in its party now")
        shown = ExposureShown(**msgspec.structs.asdict(facts), in_play=_in_play(life.machinery.ports))
        plain: dict[str, Any] = msgspec.to_builtins(shown)
        return plain

    async def _exposed(self, life: PartyLife) -> ExposureFacts | None:
        """The facts; ``None`` while this machine takes part in no party."""
        session = life.session
        if session is None or session.guarding is None:
            return None
        return await in_thread(self._reactor, exposure_facts, session.guarding, session.devices.tunnel)


def _in_play(ports: PlayPorts) -> list[InPlayShown]:
    return [InPlayShown(str(each.span), each.source.value, each.game, each.reason) for each in ports.all()]
