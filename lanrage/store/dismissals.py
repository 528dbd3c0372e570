"""Guests that were dismissed while the party could not be told, on disk: they stay out over a restart, too."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Collection
from pathlib import Path
from typing import Annotated

import attrs
import msgspec
from msgspec import Meta
from twisted.logger import Logger

from lanrage.core.party_guests import GUESTS_LIMIT
from lanrage.errors import LanrageError, StoreError
from lanrage.store.files import make_folder, write_atomic

FILE = "dismissals.json"
VERSION = 1
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
    version: int = VERSION


@attrs.frozen
class DismissalsFile:
    """The file of a node. One of another party counts as none; one that is of no use does, too, and is kept aside.

    :param folder: the node's state folder.
    """

    folder: Path

    @property
    def path(self) -> Path:
        """Where it is."""
        return self.folder / FILE

    def load(self, party_id: str) -> frozenset[bytes]:
        """The keys of guests that this party is to be told of."""
        try:
            raw = self._read()
            saved = msgspec.json.decode(raw, type=SavedDismissals) if raw is not None else None
        except (ValueError, RecursionError, LanrageError) as error:
            self._set_aside(str(error))
            return frozenset()
        if saved is None or (saved.version, saved.party_id) != (VERSION, party_id):
            return frozenset()
        return frozenset(bytes.fromhex(digits) for digits in saved.keys)

    def save(self, party_id: str, keys: Collection[bytes]) -> None:
        """Replace it in one step; without keys there is no file.

        :raises StoreError: names the file and the reason.
        """
        if not keys:
            self.remove()
            return
        make_folder(self.folder)
        saved = SavedDismissals(party_id, tuple(sorted(key.hex() for key in keys))[:KEYS_LIMIT])
        write_atomic(self.path, msgspec.json.format(msgspec.json.encode(saved), indent=1))

    def remove(self) -> None:
        """Forget it; a file that is gone is no error.

        :raises StoreError: when it cannot be removed.
        """
        try:
            self.path.unlink(missing_ok=True)
        except OSError as error:
            raise StoreError(f"{self.path} cannot be removed: {error.strerror}") from error

    def _read(self) -> bytes | None:
        """Its content, which is no secret: others may read it, but not write it.

        :raises StoreError: when they may, or it cannot be read.
        """
        try:
            with self.path.open("rb") as file:
                mode = os.fstat(file.fileno()).st_mode & 0o777
                if mode & 0o022:
                    raise StoreError(f"{self.path} has mode {mode:04o}, others may write it; set it to 0600")
                return file.read()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StoreError(f"{self.path} cannot be read: {error.strerror}") from error

    def _set_aside(self, reason: str) -> None:
        aside = self.path.with_name(f"{FILE}.damaged")
        with contextlib.suppress(OSError):
            os.replace(self.path, aside)
        log.warn("{reason}; it is kept as {aside}: remove the guests again", reason=reason, aside=str(aside))
