"""The history of games on disk: one small file in the node's state folder (``docs/games-detection.rst``)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

import attrs
import msgspec
from msgspec import Meta
from twisted.logger import Logger

from lanrage.core.game_detection import Method
from lanrage.core.game_history import HISTORY_LIMIT, Played
from lanrage.store.state_file import StateFile

FILE = "games-played.json"

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
    version: int = 1


@attrs.frozen
class GameHistoryFile(StateFile[SavedGames]):
    """The file of a node. With one that is of no use nothing but the past is lost."""

    NAME, KIND, LOG = FILE, SavedGames, log

    def load(self) -> list[Played]:
        """What was played before."""
        saved = self.read()
        rows = saved.played if saved is not None else ()
        return [Played(*(getattr(each, name) for name in SavedGame.__struct_fields__)) for each in rows]

    def save(self, played: Iterable[Played]) -> None:
        """Replace it in one step.

        :raises StoreError: names the file and the reason.
        """
        self.write(SavedGames(tuple(SavedGame(**attrs.asdict(each)) for each in played)[-HISTORY_LIMIT:]))
