"""The kernel's tables under ``/proc/net``, read once for all who look at the same time."""

from __future__ import annotations

from pathlib import Path

import attrs
from twisted.internet.interfaces import IReactorTime

FRESH_SECONDS = 0.05
"""How old a read may be: those who look each 250 ms, started together, share one."""

FOLDER = Path("/proc/net")


@attrs.define
class ProcNet:
    """Reads tables of one network namespace.

    :param clock: tells how old a read is.
    :param folder: ``/proc/net``, or ``/proc/PID/net`` for the namespace of another process.
    """

    clock: IReactorTime
    folder: Path = FOLDER
    _texts: dict[str, tuple[float, str]] = attrs.field(factory=dict)

    def read(self, name: str, fresh: bool = False) -> str:
        """The content of a table.

        :param name: its path, of which only the last part counts.
        :param fresh: do not take an earlier read.
        :raises OSError: when it cannot be read; FileNotFoundError for a kernel without it.
        """
        now = self.clock.seconds()
        known = self._texts.get(name)
        if known is not None and not fresh and now - known[0] < FRESH_SECONDS:
            return known[1]
        text = (self.folder / Path(name).name).read_text(encoding="ascii")
        self._texts[name] = (now, text)
        return text
