"""Where members were reached last, on disk: with it a node finds them again while the control server is away."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import attrs
import msgspec
from msgspec import Meta
from twisted.logger import Logger

from lanrage.core.doors import REMEMBERED
from lanrage.core.relay_registry import RELAY_ID_PATTERN
from lanrage.core.tickets import TICKET_LIMIT
from lanrage.errors import LanrageError, StoreError
from lanrage.store.files import make_folder, read_private, write_atomic
from lanrage.store.replica import MEMBERS_LIMIT

FILE = "endpoints.json"
VERSION = 1
RELAYS_LIMIT = 8
"""Relays kept; a node chooses two of them for each pair."""

HexKey = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]
Text = Annotated[str, Meta(max_length=60)]
Port = Annotated[int, Meta(ge=1, le=65535)]

log = Logger()


class SavedReach(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How one member was reached.

    :param endpoints: ``host:port``, the best first.
    :param ticket: the last relay ticket for the pair; empty for none.
    """

    endpoints: Annotated[tuple[Text, ...], Meta(max_length=REMEMBERED)]
    ticket: Annotated[bytes, Meta(max_length=TICKET_LIMIT)] = b""


class SavedRelay(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A relay that the control server named, and how members call it."""

    host: Annotated[str, Meta(min_length=1, max_length=255)]
    first: Port
    last: Port
    id: Annotated[str, Meta(pattern=RELAY_ID_PATTERN)] = ""


class SavedEndpoints(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file, version 1; private, since it tells where friends live.

    :param members: by identity, 64 hexadecimal digits.
    """

    party_id: Annotated[str, Meta(pattern=r"^[0-9a-f]{32}\Z")]
    relays: Annotated[tuple[SavedRelay, ...], Meta(max_length=RELAYS_LIMIT)] = ()
    members: Annotated[dict[HexKey, SavedReach], Meta(max_length=MEMBERS_LIMIT)] = {}
    version: int = VERSION


@attrs.frozen
class EndpointsFile:
    """The file of a node. It only saves time: one that is damaged or of another party counts as none.

    :param folder: the node's state folder.
    """

    folder: Path

    @property
    def path(self) -> Path:
        """Where it is."""
        return self.folder / FILE

    def load(self, party_id: str) -> SavedEndpoints:
        """What is known of this party's members."""
        nothing = SavedEndpoints(party_id)
        try:
            raw = read_private(self.path)
            saved = nothing if raw is None else msgspec.json.decode(raw, type=SavedEndpoints)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, LanrageError) as error:
            log.warn("{path} is of no use and will be written anew: {why}", path=str(self.path), why=str(error))
            return nothing
        return saved if (saved.version, saved.party_id) == (VERSION, party_id) else nothing

    def save(self, saved: SavedEndpoints) -> None:
        """Replace it in one step.

        :raises StoreError: names the file and the reason.
        """
        make_folder(self.folder)
        write_atomic(self.path, msgspec.json.format(msgspec.json.encode(saved), indent=1))

    def remove(self) -> None:
        """Forget it; a file that is gone is no error.

        :raises StoreError: when it cannot be removed.
        """
        try:
            self.path.unlink(missing_ok=True)
        except OSError as error:
            raise StoreError(f"{self.path} cannot be removed: {error.strerror}") from error
