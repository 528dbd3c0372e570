"""The operation that draws QR codes."""

from __future__ import annotations

from typing import Any

import msgspec

from lanrage.app.operations_qr import QrShown
from lanrage.app.qr import qr_svg, qr_terminal


class QrNode:
    """Part of :class:`lanrage.app.node.NodeService`."""

    async def make_qr(self, *, text: str) -> dict[str, Any]:
        """See :class:`lanrage.app.operations_qr.IQrNode`."""
        plain: dict[str, Any] = msgspec.to_builtins(QrShown(qr_svg(text), qr_terminal(text)))
        return plain
