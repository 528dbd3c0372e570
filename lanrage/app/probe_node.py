"""The operation that probes visibility, and what the doctor learns of it."""

from __future__ import annotations

from typing import Any

import attrs
import msgspec

from lanrage.app import visibility_view
from lanrage.app.config import NodeConfig
from lanrage.app.lan_config import CaptureFrom
from lanrage.app.lan_probe import LanProbe
from lanrage.app.party_life import PartyLife
from lanrage.app.visibility_results import VisibilityShown
from lanrage.core.diagnosis import SeenFacts
from lanrage.errors import LanrageError, Refused, Unreachable

DOCTOR_SECONDS = 1.5
"""What the doctor waits for answers; only where one is missing."""


@attrs.frozen
class Seen:
    """What the doctor learns.

    :param members: ``None`` where nothing was sent, and one of the others says why.
    :param unsent: this machine did not let it out.
    """

    members: list[SeenFacts] | None
    unprobed: str = ""
    unsent: str = ""


class ProbeNode:
    """Part of :class:`lanrage.app.node.NodeService`."""

    _config: NodeConfig

    def _own(self) -> PartyLife:
        raise AssertionError("given by the node")

    async def probe_lan(self, *, timeout_s: float) -> dict[str, Any]:
        """See :meth:`INode.probe_lan`."""
        plain: dict[str, Any] = msgspec.to_builtins(await self._probe(timeout_s))
        return plain

    async def visible(self) -> Seen:
        """For the doctor: who hears this machine's games."""
        try:
            return Seen(visibility_view.facts(await self._probe(DOCTOR_SECONDS)))
        except LanrageError as error:
            refused = isinstance(error, Unreachable) and isinstance(error.__cause__, OSError)
            return Seen(None, unsent=str(error)) if refused else Seen(None, unprobed=str(error))

    async def _probe(self, timeout: float) -> VisibilityShown:
        life = self._own()
        _, replica, _ = life.current()
        lan = life.session.lan if life.session is not None else None
        part = lan.part(LanProbe) if lan is not None else None
        if lan is None or part is None:
            raise Refused("no_card", life.trouble or "this machine does not take part in its party now")
        if self._config.devices.lan.capture is CaptureFrom.OFF:
            raise Refused("not_allowed", "lan.capture is off: this machine shows nothing of its games to others")
        sightings = await part.probe(timeout) if lan.lan.members else []
        names = {entry.member.certificate.ip: entry.member.certificate.name for entry in replica.members.values()}
        return visibility_view.visibility(replica.party_id, sightings, names)
