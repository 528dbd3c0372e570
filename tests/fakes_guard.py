"""A party firewall in memory."""

from __future__ import annotations

import attrs

from lanrage.core.exposure import GuardRules
from lanrage.errors import LanrageError


@attrs.define
class MemoryGuard:
    """See :class:`lanrage.app.guarding.Guard`.

    :ivar broken: raised at the start.
    :ivar rules: what holds now; ``None`` while it does not stand.
    :ivar used: every set of rules since the start.
    """

    broken: LanrageError | None = None
    rules: GuardRules | None = None
    used: list[GuardRules] = attrs.field(factory=list)
    passes: set[tuple[str, str]] = attrs.field(factory=set)

    async def start(self, rules: GuardRules) -> None:
        """See :meth:`lanrage.net.guard.Guard.start`."""
        if self.broken is not None:
            raise self.broken
        self.rules = rules

    async def stop(self) -> None:
        """See :meth:`lanrage.net.guard.Guard.stop`."""
        self.rules = None

    def use(self, rules: GuardRules) -> None:
        """See :meth:`lanrage.net.guard.Guard.use`."""
        self.rules = rules
        self.used.append(rules)

    async def let_pass(self, one: str, other: str) -> None:
        """See :meth:`lanrage.net.guard.Guard.let_pass`."""
        self.passes.add((one, other))

    async def no_pass(self, one: str, other: str) -> None:
        """See :meth:`lanrage.net.guard.Guard.no_pass`."""
        self.passes.discard((one, other))

    def counters(self) -> dict[str, int]:
        """See :meth:`lanrage.net.guard.Guard.counters`."""
        return {"guard_refused": 0, "guard_restored": 0}
