"""The part of a fake node that probes visibility."""

from __future__ import annotations

from typing import Any

import attrs
import msgspec

from lanrage.app.visibility_results import SeenShown, VisibilityShown
from lanrage.core.visibility import SENTENCES, Stage

BEN = SeenShown("Ben", "10.66.0.2", 0.1, 0.2, 10.25, 10.5, 10.75)
CARA = SeenShown("Cara", "10.66.0.3", 0.1, 0.2, 9.0, 9.5, None, "heard", SENTENCES[Stage.HEARD])


@attrs.define
class FakeProbe:
    """Notes each call and answers as the real one does.

    :ivar seen: the members of the next answer.
    """

    seen: list[SeenShown] = attrs.field(factory=lambda: [BEN, CARA], kw_only=True)

    def _enter(self, *call: Any) -> None:
        raise NotImplementedError

    def _in_party(self) -> str:
        raise NotImplementedError

    async def probe_lan(self, *, timeout_s: float) -> dict[str, Any]:
        """See :class:`IProbeNode`."""
        self._enter("probe_lan", timeout_s)
        plain: dict[str, Any] = msgspec.to_builtins(VisibilityShown(self._in_party(), 4667, 3, self.seen))
        return plain
