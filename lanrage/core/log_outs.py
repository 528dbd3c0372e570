"""When all users of a machine have logged out, known by their agents (``docs/desktop.rst``). Pure."""

from __future__ import annotations

import attrs

GRACE = 30.0
"""Seconds without an agent after which its user has logged out: one that is started anew is back within some five."""


@attrs.define
class LogOutWatch:
    """Inputs come with the time, which never goes back. Where no agent ever was, nobody logs out."""

    _there: bool = attrs.field(init=False, default=False)
    _due: float | None = attrs.field(init=False, default=None)

    def agents(self, count: int, now: float) -> None:
        """So many agents are there now."""
        if count:
            self._there, self._due = True, None
        elif self._there:
            self._there, self._due = False, now + GRACE

    def deadline(self) -> float | None:
        """When :meth:`take` may be true; ``None``: not by time alone."""
        return self._due

    def take(self, now: float) -> bool:
        """Whether all have logged out by now; said once for each time that they have."""
        if self._due is None or now < self._due:
            return False
        self._due = None
        return True
