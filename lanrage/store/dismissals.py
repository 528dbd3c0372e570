"""Guests that were dismissed while the party could not be told, on disk: they stay out over a restart, too."""

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated

import attrs
import msgspec
from msgspec import Meta
from twisted.logger import Logger

from lanrage.core.party_guests import GUESTS_LIMIT
from lanrage.store.files import read_trusted
from lanrage.store.state_file import StateFile

FILE = "dismissals.json"
KEYS_LIMIT = 4 * GUESTS_LIMIT
"""Keys in the file; a party has fewer guests, and more is no file of ours."""

KeyDigits = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]

log = Logger()


class SavedDismissals(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file, version 1.

    :param party_id: whose guests they are; in another party the file says nothing.
    :param keys: WireGuard keys of the guests.
    """

    party_id: Annotated[str, Meta(pattern=r"^[0-9a-f]{32}\Z")]
    keys: Annotated[tuple[KeyDigits, ...], Meta(max_length=KEYS_LIMIT)] = ()
    version: int = 1


@attrs.frozen
class DismissalsFile(StateFile[SavedDismissals]):
    """The file of a node. One of another party counts as none."""

    NAME, KIND, LOG, ADVICE, ASIDE = FILE, SavedDismissals, log, "it is set aside: remove the guests again", True

    def load(self, party_id: str) -> frozenset[bytes]:
        """The keys of guests that this party is to be told of."""
        saved = self.read()
        if saved is None or saved.party_id != party_id:
            return frozenset()
        return frozenset(bytes.fromhex(digits) for digits in saved.keys)

    def content(self) -> bytes | None:
        """See :meth:`StateFile.content`: it is no secret, so that a file that was restored for all to read counts."""
        return read_trusted(self.path)

    def save(self, party_id: str, keys: Collection[bytes]) -> None:
        """Replace it in one step; without keys there is no file.

        :raises StoreError: names the file and the reason.
        """
        if keys:
            self.write(SavedDismissals(party_id, tuple(sorted(key.hex() for key in keys))[:KEYS_LIMIT]))
        else:
            self.remove()
