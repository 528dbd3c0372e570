"""Where members were reached last, on disk: with it a node finds them again while the control server is away."""

from __future__ import annotations

from typing import Annotated

import attrs
import msgspec
from msgspec import Meta
from twisted.logger import Logger

from lanrage.core.doors import REMEMBERED
from lanrage.core.relay_registry import RELAY_ID_PATTERN
from lanrage.core.tickets import TICKET_LIMIT
from lanrage.store.replica import MEMBERS_LIMIT
from lanrage.store.state_file import StateFile

FILE = "endpoints.json"
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
    version: int = 1


@attrs.frozen
class EndpointsFile(StateFile[SavedEndpoints]):
    """The file of a node. It only saves time; in another party it says nothing."""

    NAME, KIND, LOG = FILE, SavedEndpoints, log

    def load(self, party_id: str) -> SavedEndpoints:
        """What is known of this party's members."""
        saved = self.read()
        return saved if saved is not None and saved.party_id == party_id else SavedEndpoints(party_id)

    save = StateFile.write
