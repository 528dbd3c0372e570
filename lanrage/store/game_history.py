"""The history of games on disk: one small file in the node's state folder (``docs/games-detection.rst``)."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import attrs
import msgspec
from msgspec import Meta
from twisted.logger import Logger

from lanrage.core.game_detection import Method
from lanrage.core.game_history import HISTORY_LIMIT, Played
from lanrage.errors import LanrageError
from lanrage.store.files import make_folder, read_private, write_atomic

FILE = "games-played.json"
VERSION = 1

Time = Annotated[float, Meta(ge=0, le=1e11)]

log = Logger()


class SavedGame(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """See :class:`lanrage.core.game_history.Played`."""

    game: Annotated[str, Meta(min_length=1, max_length=64)]
    name: Annotated[str, Meta(max_length=200)]
    method: Method
    confidence: Annotated[float, Meta(ge=0, le=1)]
    since: Time
    until: Time | None = None


class SavedGames(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file, version 1; private, since it tells what somebody does all day."""

    played: Annotated[tuple[SavedGame, ...], Meta(max_length=HISTORY_LIMIT)]
    version: int = VERSION


@attrs.frozen
class GameHistoryFile:
    """The file of a node. One that is damaged counts as none: nothing but the past is lost.

    :param folder: the node's state folder.
    """

    folder: Path

    @property
    def path(self) -> Path:
        """Where it is."""
        return self.folder / FILE

    def load(self) -> list[Played]:
        """What was played before."""
        try:
            raw = read_private(self.path)
            saved = SavedGames(()) if raw is None else msgspec.json.decode(raw, type=SavedGames)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, LanrageError) as error:
            log.warn("{path} is of no use and will be written anew: {why}", path=str(self.path), why=str(error))
            return []
        if saved.version != VERSION:
            return []
        return [Played(*(getattr(each, name) for name in SavedGame.__struct_fields__)) for each in saved.played]

    def save(self, played: Iterable[Played]) -> None:
        """Replace it in one step.

        :raises StoreError: names the file and the reason.
        """
        make_folder(self.folder)
        rows = tuple(SavedGame(**attrs.asdict(each)) for each in played)[-HISTORY_LIMIT:]
        write_atomic(self.path, msgspec.json.format(msgspec.json.encode(SavedGames(rows)), indent=1))
