"""What the user keeps about servers, on disk: favourites, tags, servers that the user named (``docs/servers.rst``)."""

from __future__ import annotations

from typing import Annotated

import attrs
import msgspec
from msgspec import Meta
from twisted.logger import Logger

from lanrage.core.server_browser import MANUAL_LIMIT
from lanrage.core.server_marks import MARKS_LIMIT, TAG_LIMIT, TAGS_LIMIT, Mark, MarkKey, Marks, Named
from lanrage.store.state_file import StateFile

FILE = "servers.json"

Who = Annotated[str, Meta(min_length=1, max_length=253)]
PortNumber = Annotated[int, Meta(ge=1, le=65535)]
GameId = Annotated[str, Meta(max_length=40)]

log = Logger()


class _SavedMark(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A mark with its server."""

    who: Who
    port: PortNumber
    game: GameId = ""
    favourite: bool = False
    tags: Annotated[list[Annotated[str, Meta(min_length=1, max_length=TAG_LIMIT)]], Meta(max_length=TAGS_LIMIT)] = []


class _SavedServer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A server that the user named."""

    who: Who
    port: PortNumber
    game: GameId = ""
    name: Annotated[str, Meta(max_length=64)] = ""
    tcp: bool = False


class _Saved(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file, version 1."""

    marks: Annotated[list[_SavedMark], Meta(max_length=MARKS_LIMIT)] = []
    servers: Annotated[list[_SavedServer], Meta(max_length=MANUAL_LIMIT)] = []
    version: int = 1


@attrs.frozen
class ServersFile(StateFile[_Saved]):
    """The file of a node."""

    NAME, KIND, LOG, ADVICE, ASIDE = FILE, _Saved, log, "it is set aside", True

    def load(self) -> Marks:
        """What was kept."""
        saved = self.read()
        if saved is None:
            return Marks()
        marks = {
            MarkKey(each.who, each.port, each.game): Mark(each.favourite, tuple(each.tags)) for each in saved.marks
        }
        named = (Named(MarkKey(each.who, each.port, each.game), each.name, each.tcp) for each in saved.servers)
        return Marks(marks, tuple(named))

    def save(self, marks: Marks) -> None:
        """Replace it in one step.

        :raises StoreError: names the file and the reason.
        """
        saved = _Saved(
            [
                _SavedMark(key.who, key.port, key.game, mark.favourite, list(mark.tags))
                for key, mark in marks.marks.items()
            ],
            [_SavedServer(each.key.who, each.key.port, each.key.game, each.name, each.tcp) for each in marks.named],
        )
        self.write(saved)
