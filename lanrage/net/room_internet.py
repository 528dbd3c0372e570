"""Lets a room's packets go on to the internet: the card of the default route forwards meanwhile. Calls block."""

from __future__ import annotations

import attrs

from lanrage.core.undo import UndoEntry
from lanrage.interfaces import IUndoJournal
from lanrage.net.forwarding import KIND, let_forward, restore_forwarding


@attrs.define
class Forwarding:
    """What one room changed.

    :param journal: remembers it, for the next start after a crash.
    """

    journal: IUndoJournal
    _card: str = ""

    def begin(self, card: str) -> str:
        """Let a card forward.

        :return: its name, where it forwards for our sake alone; empty where it did before, for others' sake.
        :raises MissingRight: when it may not be set.
        """
        if _entry(card) in self.journal.entries():  # a relay of this process did so: it takes it back, too
            return ""
        self._card = card if let_forward(card, self.journal) else ""
        return self._card

    def end(self) -> None:
        """Take it back."""
        card, self._card = self._card, ""
        if card:
            restore_forwarding(_entry(card))
            self.journal.forget(_entry(card))


def _entry(card: str) -> UndoEntry:
    return UndoEntry(KIND, card, "0")
