"""The parties of late, on disk: without any secret, yet private, as it tells who plays with whom."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import attrs
import msgspec
from msgspec import Meta
from twisted.logger import Logger

from lanrage.core.recent_parties import MEMBERS_LIMIT, NAME_LIMIT, PARTIES_LIMIT, SERVER_LIMIT, RecentParty
from lanrage.store.state_file import StateFile

FILE = "recent.json"

Name = Annotated[str, Meta(max_length=NAME_LIMIT)]

log = Logger()


class _Saved(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    party_id: Annotated[str, Meta(pattern=r"^[0-9a-f]{32}\Z")]
    name: Name
    server: Annotated[str, Meta(max_length=SERVER_LIMIT)]
    me: Name
    first: float
    last: float
    members: Annotated[tuple[Name, ...], Meta(max_length=MEMBERS_LIMIT)] = ()


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file, version 1."""

    parties: Annotated[tuple[_Saved, ...], Meta(max_length=PARTIES_LIMIT)]
    version: int = 1


@attrs.frozen
class RecentPartiesFile(StateFile[_File]):
    """The file of a node."""

    NAME, KIND, LOG = FILE, _File, log

    def load(self) -> tuple[RecentParty, ...]:
        """What it holds, the latest first."""
        saved = self.read()
        return tuple(RecentParty(**msgspec.structs.asdict(each)) for each in saved.parties) if saved is not None else ()

    def save(self, parties: Sequence[RecentParty]) -> None:
        """Replace it in one step.

        :raises StoreError: names the file and the reason.
        """
        self.write(_File(tuple(_Saved(**attrs.asdict(each)) for each in parties)))
