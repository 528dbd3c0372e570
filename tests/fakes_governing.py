"""The part of a fake node by which its party is governed."""

from __future__ import annotations

from typing import Any

import msgspec

from lanrage.app.results import ConflictShown, ConflictsShown, Governed, HistoryShown, RecordShown, StatusSet
from tests.fakes_guests import FakeGuests

GOVERNED_ID = "ab" * 16


class FakeGovernor(FakeGuests):
    """Notes each call and answers as the real one does."""

    def _enter(self, *call: Any) -> None:
        raise NotImplementedError

    def _governed(self, *call: Any) -> dict[str, Any]:
        self._enter(*call)
        return _plain(Governed(GOVERNED_ID, 3, " ".join(["Ann", *call])))

    async def kick(self, *, member: str) -> dict[str, Any]:
        """See :class:`IGoverningNode`."""
        return self._governed("kick", member)

    async def ban(self, *, member: str) -> dict[str, Any]:
        """See :class:`IGoverningNode`."""
        return self._governed("ban", member)

    async def pardon(self, *, member: str) -> dict[str, Any]:
        """See :class:`IGoverningNode`."""
        return self._governed("pardon", member)

    async def appoint(self, *, member: str, role: str) -> dict[str, Any]:
        """See :class:`IGoverningNode`."""
        return self._governed("appoint", member, role)

    async def rename(self, *, name: str) -> dict[str, Any]:
        """See :class:`IGoverningNode`."""
        return self._governed("rename", name)

    async def withdraw(self, *, code: str) -> dict[str, Any]:
        """See :class:`IGoverningNode`."""
        return self._governed("withdraw", code)

    async def claim_host(self, *, member: str) -> dict[str, Any]:
        """See :class:`IGoverningNode`."""
        return self._governed("claim_host", member)

    async def veto(self) -> dict[str, Any]:
        """See :class:`IGoverningNode`."""
        return self._governed("veto")

    async def set_status(self, *, text: str) -> dict[str, Any]:
        """See :class:`IGoverningNode`."""
        self._enter("set_status", text)
        return _plain(StatusSet(GOVERNED_ID, text))

    async def conflicts(self) -> dict[str, Any]:
        """See :class:`IGoverningNode`."""
        self._enter("conflicts")
        return _plain(ConflictsShown([ConflictShown(1.8e9, "Ben", "rename the party to B", "Ann came first")]))

    async def history(self) -> dict[str, Any]:
        """See :class:`IGoverningNode`."""
        self._enter("history")
        return _plain(HistoryShown([RecordShown(1, 1.8e9, "Ann", "Ann countersigned Ben")]))


def _plain(value: msgspec.Struct) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(value)
    return plain
