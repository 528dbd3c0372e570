"""The paths to one peer, few enough."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import attrs

from lanrage.core.candidates import CANDIDATE_LIMIT, Candidate, CandidateKind
from lanrage.core.links import Endpoint
from lanrage.core.path import Path
from lanrage.core.rate import TokenBucket

PATH_LIMIT = CANDIDATE_LIMIT + 8
"""Paths a peer: its offer, its relay ports and a few addresses from which its probes came."""
CALLERS_LIMIT = 4
"""Of these, addresses that are known by a probe alone, are not open and were not: room stays for all others."""
FORGET_RATE, FORGET_BURST = 1 / 30, 4.0
"""Old addresses of a peer forgotten for new ones a second, and at once: each new one gets pings of ours."""


@attrs.define
class PathTable:
    """Paths by address."""

    paths: dict[Endpoint, Path] = attrs.field(factory=dict)
    _forgetting: TokenBucket = attrs.field(factory=lambda: TokenBucket(FORGET_RATE, FORGET_BURST))

    def learn(
        self, candidate: Candidate, now: float, keep: Collection[Endpoint | None], *, own: bool = False
    ) -> Path | None:
        """The path to a candidate, new or not; ``None`` when there is no room.

        :param keep: addresses that are not forgotten for it.
        :param own: this end found it by itself, so that there is always room for it.
        """
        path = self.paths.get(candidate.endpoint)
        if path is None and self._has_room(candidate, now, keep, own):
            path = self.paths[candidate.endpoint] = Path(candidate, now)
        return path

    def _has_room(self, candidate: Candidate, now: float, keep: Collection[Endpoint | None], own: bool) -> bool:
        old = [e for e, path in self.paths.items() if not (path.proven or path.relayed or e in keep)]
        callers = [e for e in old if _called(self.paths[e])]
        if candidate.kind is CandidateKind.PEER and len(callers) >= CALLERS_LIMIT:
            return self._forget(callers, now, free=False)
        free = own or (candidate.kind is not CandidateKind.PEER and bool(callers))
        return len(self.paths) < PATH_LIMIT or self._forget(callers or old, now, free=free)

    def _forget(self, old: Sequence[Endpoint], now: float, *, free: bool) -> bool:
        """Make room: a peer that roams has had more addresses than fit."""
        if not old or not (free or self._forgetting.take(now)):
            return False
        del self.paths[old[0]]
        return True

    def start_over(self) -> None:
        """The peer began anew: only the relay's ports are still ways to it."""
        self.paths = {e: Path(p.candidate, p.next_ping) for e, p in self.paths.items() if p.relayed}


def _called(path: Path) -> bool:
    """Known by a probe alone, which anybody may have recorded."""
    return path.candidate.kind is CandidateKind.PEER and path.rtt is None
