"""The operations that show the paths to the members."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from lanrage.app import path_view, quality_view
from lanrage.app.governance import find_member
from lanrage.app.links import Links
from lanrage.app.party_life import PartyLife
from lanrage.errors import BadInput, Refused


class PathNode:
    """Part of :class:`lanrage.app.node.NodeService`."""

    _reactor: Any
    _now: Callable[[], float]

    def _own(self) -> PartyLife:
        raise AssertionError("given by the node")

    async def paths(self) -> dict[str, Any]:
        """See :meth:`INode.paths`."""
        links = self._links()
        await links.look()
        _, replica, _ = self._own().current()
        _, between = quality_view.known(self._own())
        peers = list(links.peers.values())
        shown = path_view.paths(replica.party_id, str(links.nat), peers, self._offset(), between)
        plain: dict[str, Any] = msgspec.to_builtins(shown)
        return plain

    async def show_peer(self, *, member: str) -> dict[str, Any]:
        """See :meth:`INode.show_peer`."""
        links = self._links()
        _, replica, _ = self._own().current()
        link = links.peers.get(find_member(replica, member))
        if link is None:
            raise BadInput("member", f"{member!r} is this node itself, or has no link to it")
        await links.look()
        plain: dict[str, Any] = msgspec.to_builtins(path_view.peer(link, self._offset()))
        return plain

    def _offset(self) -> float:
        return self._now() - float(self._reactor.seconds())

    def _links(self) -> Links:
        life = self._own()
        life.current()
        if life.session is None or life.session.links is None:
            raise Refused("no_card", life.trouble or "this machine does not take part in its party now")
        return life.session.links
