"""The operation that shows the relays."""

from __future__ import annotations

from typing import Any

import msgspec

from lanrage.app import relay_view
from lanrage.app.party_life import PartyLife
from lanrage.errors import Refused


class RelayNode:
    """Part of :class:`lanrage.app.node.NodeService`."""

    def _own(self) -> PartyLife:
        raise AssertionError("given by the node")

    async def relays(self) -> dict[str, Any]:
        """See :meth:`INode.relays`."""
        life = self._own()
        _, replica, _ = life.current()
        if life.session is None or life.session.relays is None:
            raise Refused("no_card", life.trouble or "this machine does not take part in its party now")
        shown = relay_view.relays(replica.party_id, life.session.relays, life.keys.wireguard.public)
        plain: dict[str, Any] = msgspec.to_builtins(shown)
        return plain
