"""Which cards are bridged, on disk: a bridge stands until it is turned off, also over a restart."""

from __future__ import annotations

from ipaddress import IPv4Address
from typing import Annotated

import attrs
import msgspec
from msgspec import Meta
from twisted.logger import Logger

from lanrage.store.state_file import StateFile

FILE = "bridges.json"
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
    version: int = 1

    def __post_init__(self) -> None:
        """Every device has an address, or none is named."""
        for device in self.cards.values():
            if device:
                IPv4Address(device)


@attrs.frozen
class BridgesFile(StateFile[SavedBridges]):
    """The file of a node. One of another party counts as none."""

    NAME, KIND, LOG, ADVICE = FILE, SavedBridges, log, "bridge the cards again"

    def load(self, party_id: str) -> dict[str, IPv4Address | None]:
        """The device that was named for each card that is bridged in this party; ``None`` for all that play."""
        saved = self.read()
        if saved is None or saved.party_id != party_id:
            return {}
        return {card: IPv4Address(device) if device else None for card, device in saved.cards.items()}

    def save(self, party_id: str, cards: dict[str, IPv4Address | None]) -> None:
        """Replace it in one step.

        :raises StoreError: names the file and the reason.
        """
        named = {card: str(device) if device is not None else "" for card, device in cards.items()}
        self.write(SavedBridges(party_id, named))
