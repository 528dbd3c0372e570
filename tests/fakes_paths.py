"""The part of a fake node that shows its paths."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from lanrage.app.path_results import MoveShown, PairShown, PathShown, PathsShown, PeerShown

MOVED_AT = 1790000000.0
BETWEEN = (
    PairShown("Ann", "Ben", "Ann", "direct", 20.5, 1.25, 0.0, 92.4, "A"),
    PairShown("Ann", "Cleo", "Ann", "relay", 48.2, 2.0, 0.0, 84.0, "B"),
    PairShown("Ann", "Dora", "Ann", "none", score=0.0, grade="F"),
    PairShown("Ben", "Cleo", "Cleo", "direct", 212.0, 30.0, 4.0, 17.0, "F", MOVED_AT),
    PairShown("Ben", "Dora", "Ben", "direct", told_at=MOVED_AT),
)
"""Between Ann, Ben, Cleo and Dora; of the last two nobody told."""


def shown_peer() -> PeerShown:
    """Ben, whose direct path was bad for a while."""
    direct = PathShown("198.51.100.7:51820", "reflexive", True, True, 20.5, 1.25, 0.0, 92.4, "A", "stable")
    relay = PathShown("203.0.113.9:7800", "relay", True, False, 45.0, 2.0, 1.5, 70.0, "C", "degrading", 12.0)
    shut = PathShown("192.168.7.7:51820", "local", False, False)
    moves = [
        MoveShown(MOVED_AT, "", relay.endpoint, "relay", "the first open path", False, 45.0, 2.0, 0.0, 80.0),
        MoveShown(
            MOVED_AT + 2,
            relay.endpoint,
            direct.endpoint,
            "reflexive",
            "a better kind",
            True,
            20.0,
            1.0,
            0.0,
            93.0,
            0.0,
            80.0,
        ),
    ]
    return PeerShown(
        "Ben", "10.66.0.2", "direct", True, True, "symmetric", 2, 15, 10, 20, 1, 0, 0, [direct, relay, shut], moves
    )


class FakePaths:
    """Notes each call and answers as the real one does.

    :ivar between: the paths between the members.
    """

    between: Sequence[PairShown] = BETWEEN

    def _enter(self, *call: Any) -> None:
        raise NotImplementedError

    def _in_party(self) -> str:
        raise NotImplementedError

    async def paths(self) -> dict[str, Any]:
        """See :class:`IPathNode`."""
        self._enter("paths")
        return _plain(PathsShown(self._in_party(), "port-restricted", [shown_peer()], list(self.between)))

    async def show_peer(self, *, member: str) -> dict[str, Any]:
        """See :class:`IPathNode`."""
        self._enter("show_peer", member)
        self._in_party()
        return _plain(shown_peer())


def _plain(value: msgspec.Struct) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(value)
    return plain
