"""The list of ports of well-known LAN games that comes with the program (``lanrage/data/lan_ports.toml``)."""

from __future__ import annotations

import tomllib
from importlib import resources

import attrs
import msgspec

from lanrage.core.play_ports import PlayPorts, Source, Span, parse_spans
from lanrage.errors import StoreError

FILE = "lan_ports.toml"


@attrs.frozen
class GamePorts:
    """One game of the list.

    :param spans: where it is found, and where it plays.
    :param source: where that is written.
    """

    game: str
    name: str
    spans: tuple[Span, ...]
    source: str


class _Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    id: str
    name: str
    ports: list[str]
    source: str


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    game: list[_Row]


def load_game_ports() -> list[GamePorts]:
    """The list, in the order of the file. Blocks for some milliseconds.

    :raises StoreError: the installation is damaged.
    """
    try:
        text = (resources.files("lanrage") / "data" / FILE).read_text(encoding="utf-8")
        rows = msgspec.convert(tomllib.loads(text), _File).game
    except (OSError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise StoreError(f"the list of games' ports cannot be read: {error}; install LANrage anew") from error
    return [GamePorts(row.id, row.name, parse_spans(",".join(row.ports), row.id), row.source) for row in rows]


def fill(ports: PlayPorts) -> None:
    """Put the list into the registry."""
    for row in load_game_ports():
        ports.put(Source.FIXED, row.game, row.spans, f"{row.name} ({row.source})")
