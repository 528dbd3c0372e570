"""Which cards are bridged, on disk: a bridge stands until it is turned off, also over a restart."""

from __future__ import annotations

from ipaddress import IPv4Address
from pathlib import Path
from typing import Annotated

import attrs
import msgspec
from msgspec import Meta
from twisted.logger import Logger

from lanrage.errors import LanrageError, StoreError
from lanrage.store.files import make_folder, read_private, write_atomic

FILE = "bridges.json"
VERSION = 1
CARDS_LIMIT = 16
"""Cards in the file; more is no file of ours."""

CardName = Annotated[str, Meta(min_length=1, max_length=15)]

log = Logger()


class SavedBridges(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file, version 1.

    :param party_id: devices take part in the party for which that was asked, and in no other.
    :param cards: the named device's address by card; empty for all that play.
    """

    party_id: Annotated[str, Meta(pattern=r"^[0-9a-f]{32}\Z")]
    cards: Annotated[dict[CardName, Annotated[str, Meta(max_length=15)]], Meta(max_length=CARDS_LIMIT)] = {}
    version: int = VERSION


@attrs.frozen
class BridgesFile:
    """The file of a node. One that is damaged or of another party counts as none.

    :param folder: the node's state folder.
    """

    folder: Path

    @property
    def path(self) -> Path:
        """Where it is."""
        return self.folder / FILE

    def load(self, party_id: str) -> dict[str, IPv4Address | None]:
        """The device that was named for each card that is bridged in this party; ``None`` for all that play."""
        try:
            raw = read_private(self.path)
            if raw is None:
                return {}
            saved = msgspec.json.decode(raw, type=SavedBridges)
            if (saved.version, saved.party_id) != (VERSION, party_id):
                return {}
            return {card: IPv4Address(device) if device else None for card, device in saved.cards.items()}
        except (ValueError, RecursionError, LanrageError) as error:
            log.warn("{path} is of no use: {why}; bridge the cards again", path=str(self.path), why=str(error))
            return {}

    def save(self, party_id: str, cards: dict[str, IPv4Address | None]) -> None:
        """Replace it in one step.

        :raises StoreError: names the file and the reason.
        """
        make_folder(self.folder)
        named = {card: str(device) if device is not None else "" for card, device in cards.items()}
        write_atomic(self.path, msgspec.json.format(msgspec.json.encode(SavedBridges(party_id, named)), indent=1))

    def remove(self) -> None:
        """Forget it; a file that is gone is no error.

        :raises StoreError: when it cannot be removed.
        """
        try:
            self.path.unlink(missing_ok=True)
        except OSError as error:
            raise StoreError(f"{self.path} cannot be removed: {error.strerror}") from error
