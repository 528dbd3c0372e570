"""Which members were reached and are not any more: their machine crashed, or its network did (``docs/links.rst``)."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

PATIENCE = 2.0
"""Seconds without an open path: a path that died is followed by another one within a second, where there is one."""


@attrs.define
class CutOff:
    """A pure machine. A member that was never reached by a probe is not cut off: its tunnel may work all the same.

    :ivar members: those that are cut off, by identity.
    """

    members: frozenset[bytes] = frozenset()
    _since: dict[bytes, float | None] = attrs.field(factory=dict)

    def look(self, reached: Mapping[bytes, bool], now: float) -> bool:
        """Whether other members are cut off than before.

        :param reached: whether a path to it is open, of all members.
        """
        since: dict[bytes, float | None] = {}
        for identity, there in reached.items():
            if there:
                since[identity] = None
            elif identity in self._since:
                before = self._since[identity]
                since[identity] = now if before is None else before
        self._since, before_this = since, self.members
        self.members = frozenset(who for who, at in since.items() if at is not None and now - at >= PATIENCE)
        return self.members != before_this
