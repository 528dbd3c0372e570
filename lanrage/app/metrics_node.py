"""The operations that show metrics and alerts, as one part of what is asked; and what a node tells of itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from lanrage.app import metrics_of_node, metrics_view
from lanrage.app.metering import Metering
from lanrage.app.party_life import PartyLife
from lanrage.core.metric_reading import Reading
from lanrage.errors import Refused


class Metered:
    """Part of :class:`lanrage.app.node.NodeService` and :class:`lanrage.app.machine_room.MachineRoom`.

    :ivar metering: of its process; ``None`` where nobody measures.
    """

    metering: Metering | None = None

    async def show_metrics(self, *, name: str, peer: str, window: float, history: str) -> dict[str, Any]:
        """See :meth:`IMetricsNode.show_metrics`."""
        metering = self._metered()
        asked = metrics_view.Asked(name, peer, window, history)
        return _plain(metrics_view.metrics(metering.sampler.last, metering.keeper, asked))

    async def show_alerts(self) -> dict[str, Any]:
        """See :meth:`IMetricsNode.show_alerts`."""
        return _plain(self._metered().alerts.shown())

    def _metered(self) -> Metering:
        if self.metering is None:
            raise Refused("not_metered", "this process does not measure itself")
        return self.metering


class MetricsNode(Metered):
    """Part of :class:`lanrage.app.node.NodeService`."""

    _life: PartyLife | None
    _now: Callable[[], float]

    def readings_of_party(self) -> Iterable[Reading]:
        """The party and the links to its members."""
        return metrics_of_node.party(self._life, self._now())

    def readings_of_lan(self) -> Iterable[Reading]:
        """The LAN plane and the party firewall."""
        return metrics_of_node.lan(self._life.session if self._life is not None else None)


def _plain(value: msgspec.Struct) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(value)
    return plain
