"""The LAN discovery of real games, as their own clients do it (sockets are in :mod:`lanrage.lab.seek`)."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from lanrage.errors import DecodeError
from lanrage.wire.games import QUERIES, Query, Reply

TOKEN = 0x4C_5207
"""Of the laboratory's questions; nobody there guesses tokens."""


@attrs.frozen
class Found:
    """A server's answer: its name where the protocol tells one, else the game's."""

    title: str


@attrs.frozen
class Discovery:
    """How one game's client finds servers on a LAN.

    :param game: a short name.
    :param query: what it broadcasts, and what comes back.
    """

    game: str
    query: Query

    @property
    def ports(self) -> Sequence[int]:
        """Destination ports of the broadcast."""
        return self.query.ports

    def opening(self) -> bytes:
        """The datagram that is broadcast."""
        return self.query.opening(TOKEN)[0]

    def read(self, datagram: bytes) -> Found | Reply | None:
        """Understand a datagram that came back; None for anything else."""
        try:
            told = self.query.read(datagram, TOKEN)
        except DecodeError:
            return None
        return told if told is None or isinstance(told, Reply) else Found(told.name or self.game)


TEEWORLDS = Discovery("teeworlds", QUERIES["teeworlds"])
DDNET = Discovery("ddnet", QUERIES["ddnet"])
OPENTTD = Discovery("openttd", QUERIES["openttd-find"])
