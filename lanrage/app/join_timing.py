"""Joining by stages, as one part of the node: waits a while for those that come after the join's answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import psutil
from twisted.internet.task import deferLater

from lanrage.app.party_life import PartyLife
from lanrage.app.party_session import PartySession
from lanrage.core.join_stages import JoinStages, Stage

LOOK = 0.02
"""Seconds between looks for the later stages, and so how late one may be told."""


class JoinTiming:
    """Part of :class:`lanrage.app.node.NodeService`."""

    _reactor: Any
    _life: PartyLife | None

    async def _timed(self, join: Callable[[JoinStages], Awaitable[dict[str, Any]]], seconds: float) -> dict[str, Any]:
        """Join, and add the stages to the answer where `seconds` are given to wait for them."""
        stages = JoinStages(self._reactor.seconds())
        answer = await join(stages)
        if not seconds:
            return answer
        deadline = self._reactor.seconds() + seconds
        while True:
            session = self._life.session if self._life is not None else None
            if session is not None:
                look(session, stages, self._reactor.seconds())
            if session is None or stages.complete or self._reactor.seconds() >= deadline:
                return {**answer, "stages": shown(stages)}
            await deferLater(self._reactor, LOOK, lambda: None)


def look(session: PartySession, stages: JoinStages, now: float) -> None:
    """Note what a session has come to; the instant of a handshake is the link's own."""
    links = session.links.peers.values() if session.links is not None else ()
    stood = [link.added_at + link.ready_after for link in links if link.ready_after is not None]
    if stood:
        stages.reached(Stage.HANDSHAKE, min(stood))
    if Stage.PACKET not in stages and packets_of(session.devices.tunnel):
        stages.reached(Stage.PACKET, now)
    if session.lan is not None and session.lan.injected:
        stages.reached(Stage.BROADCAST, now)


def packets_of(device: str) -> int:
    """Packets that came in at a device of this machine since it was made; WireGuard's own talk is none."""
    counted = psutil.net_io_counters(pernic=True, nowrap=False).get(device)
    return 0 if counted is None else int(counted.packets_recv)


def shown(stages: JoinStages) -> list[dict[str, Any]]:
    """As :class:`lanrage.app.results.JoinStageShown`."""
    return [{"stage": str(stage), "at_ms": _ms(at), "took_ms": _ms(took)} for stage, at, took in stages.rows()]


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else round(1000 * seconds, 1)
