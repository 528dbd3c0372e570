"""The parties of late, on disk: without any secret, yet private, as it tells who plays with whom."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import attrs
import msgspec
from msgspec import Meta
from twisted.logger import Logger

from lanrage.core.recent_parties import MEMBERS_LIMIT, NAME_LIMIT, PARTIES_LIMIT, SERVER_LIMIT, RecentParty
from lanrage.errors import LanrageError
from lanrage.store.files import make_folder, read_private, write_atomic

FILE = "recent.json"
VERSION = 1

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
    version: int = VERSION


@attrs.frozen
class RecentPartiesFile:
    """The file of a node. A damaged one counts as none.

    :param folder: the node's state folder.
    """

    folder: Path

    @property
    def path(self) -> Path:
        """Where it is."""
        return self.folder / FILE

    def load(self) -> tuple[RecentParty, ...]:
        """What it holds, the latest first."""
        try:
            raw = read_private(self.path)
            saved = msgspec.json.decode(raw, type=_File) if raw is not None else _File(())
        except (ValueError, RecursionError, LanrageError) as error:
            log.warn("{path} is of no use: {why}", path=str(self.path), why=str(error))
            return ()
        if saved.version != VERSION:
            log.warn("{path} is of another version, and is written anew", path=str(self.path))
            return ()
        return tuple(RecentParty(**msgspec.structs.asdict(each)) for each in saved.parties)

    def save(self, parties: Sequence[RecentParty]) -> None:
        """Replace it in one step.

        :raises StoreError: names the file and the reason.
        """
        make_folder(self.folder)
        plain = _File(tuple(_Saved(**attrs.asdict(each)) for each in parties))
        write_atomic(self.path, msgspec.json.format(msgspec.json.encode(plain), indent=1))
