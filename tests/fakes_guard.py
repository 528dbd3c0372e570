"""A party firewall in memory."""

from __future__ import annotations

from typing import Any

import attrs
import msgspec
from twisted.internet.defer import Deferred, succeed

from lanrage.app.operations_exposure import ExposureShown, InPlayShown
from lanrage.core.exposure import GuardRules
from lanrage.core.listening import ServiceFacts
from lanrage.errors import LanrageError


@attrs.define
class MemoryGuard:
    """See :class:`lanrage.app.guarding.Guard`.

    :ivar broken: raised at the start and at a change.
    :ivar rules: what holds now; ``None`` while it does not stand.
    :ivar used: every set of rules since the start.
    """

    broken: LanrageError | None = None
    rules: GuardRules | None = None
    used: list[GuardRules] = attrs.field(factory=list)
    passes: set[tuple[str, str]] = attrs.field(factory=set)

    @property
    def ruled(self) -> GuardRules | None:
        """The rules without the party address, which guests alone are let to."""
        return None if self.rules is None else attrs.evolve(self.rules, home=None)

    async def start(self, rules: GuardRules) -> None:
        """See :meth:`lanrage.net.guard.Guard.start`."""
        if self.broken is not None:
            raise self.broken
        self.rules = rules

    async def stop(self) -> None:
        """See :meth:`lanrage.net.guard.Guard.stop`."""
        self.rules = None

    def use(self, rules: GuardRules) -> Deferred[None]:
        """See :meth:`lanrage.net.guard.Guard.use`."""
        self.rules = rules
        self.used.append(rules)
        return succeed(None)

    async def change(self, rules: GuardRules) -> None:
        """See :meth:`lanrage.net.guard.Guard.change`."""
        if self.broken is not None:
            raise self.broken
        await self.use(rules)

    async def let_pass(self, one: str, other: str) -> None:
        """See :meth:`lanrage.net.guard.Guard.let_pass`."""
        self.passes.add((one, other))

    async def no_pass(self, one: str, other: str) -> None:
        """See :meth:`lanrage.net.guard.Guard.no_pass`."""
        self.passes.discard((one, other))

    def counters(self) -> dict[str, int]:
        """See :meth:`lanrage.net.guard.Guard.counters`."""
        return {"guard_refused": 0, "guard_restored": 0}


def shown_exposure() -> ExposureShown:
    """A game server that members reach, a database that they do not, and one that ufw drops."""
    services = [
        ServiceFacts("tcp", 5432, "postgres", "kept", "PostgreSQL"),
        ServiceFacts("tcp", 25565, "java", "open", "in play"),
        ServiceFacts("udp", 40000, "", "blocked", "free; another firewall's chain ip filter INPUT"),
    ]
    in_play = [
        InPlayShown("25565/tcp", "fixed", "minecraft", "Minecraft"),
        InPlayShown("40000/udp", "user", "lan.ports", "named in --lan-ports"),
    ]
    return ExposureShown("games", services, 7, 1, "", True, in_play)


class FakeExposed:
    """Notes each call and answers as the real one does."""

    def _enter(self, *call: Any) -> None:
        raise NotImplementedError

    def _in_party(self) -> str:
        raise NotImplementedError

    async def exposure(self) -> dict[str, Any]:
        """See :class:`IExposedNode`."""
        self._enter("exposure")
        self._in_party()
        plain: dict[str, Any] = msgspec.to_builtins(shown_exposure())
        return plain
