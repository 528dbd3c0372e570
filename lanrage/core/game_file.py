"""The shape of a file of games' profiles: what may stand in it, not yet whether it makes sense (``docs/games.rst``)."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from lanrage.core.game_profile import DiscoveryKind, JoinMethod, ModKind, Platform, PortRole, Speaker

ID_LIMIT, NAME_LIMIT, TEXT_LIMIT = 40, 100, 300
"""Characters of an id, of a name, of any other text."""
ROWS_LIMIT = 64
"""Rows of one kind in a game: the busiest known has twenty."""

Key = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9-]*\Z", max_length=ID_LIMIT)]
Text = Annotated[str, Meta(min_length=1, max_length=TEXT_LIMIT)]
Texts = Annotated[tuple[Text, ...], Meta(min_length=1, max_length=ROWS_LIMIT)]
Sources = str | tuple[str, ...]
"""Of keys; plain types, since msgspec 0.22 ends some processes by a crash that have a union with an annotated one."""
Whole = Annotated[int, Meta(ge=1)]


class Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A value, or some of one kind.

    :param source: a key of the file's table ``sources``, or several.
    """

    source: Sources

    @property
    def keys(self) -> tuple[str, ...]:
        """Of the sources."""
        return (self.source,) if isinstance(self.source, str) else self.source


class ProgramRow(Row, frozen=True, kw_only=True):
    """Programs.

    :param shared: why other games have the same one.
    :param marks: folders of the path, or arguments, one of which tells that it is this game.
    """

    platform: Platform
    names: Texts
    shared: Text | None = None
    marks: Texts | None = None


class SteamRow(Row, frozen=True, kw_only=True):
    """Ids at Steam."""

    ids: Annotated[tuple[Whole, ...], Meta(min_length=1, max_length=ROWS_LIMIT)]


class TitleRow(Row, frozen=True, kw_only=True):
    """What a window's title is: letters as they are, ``*`` for anything."""

    pattern: Text


class PortRow(Row, frozen=True, kw_only=True):
    """Ports, as in ``4445/udp,27960-27963/udp``."""

    ports: Text
    role: PortRole


class DiscoveryRow(Row, frozen=True, kw_only=True):
    """One way to be found; `signature` in hexadecimal digits."""

    kind: DiscoveryKind
    speaker: Speaker
    ports: Text
    group: Text | None = None
    period: float | None = None
    signature: Text | None = None
    source_port: int | None = None
    format: Key | None = None


class QueryRow(Row, frozen=True, kw_only=True):
    """The query protocol."""

    name: Key
    port: int | None = None


class SecondsRow(Row, frozen=True, kw_only=True):
    """A time."""

    seconds: int


class BytesRow(Row, frozen=True, kw_only=True):
    """A size."""

    bytes: int


class TrafficRow(Row, frozen=True, kw_only=True):
    """A class of traffic, by the name that :class:`lanrage.core.game_profile.TrafficClass` has in lower case."""

    name: Key


class JoinRow(Row, frozen=True, kw_only=True):
    """The way in.

    :param programs: that take the command: the players' own, not a server's; only with that.
    """

    method: JoinMethod
    command: Texts | None = None
    programs: Texts | None = None


class ModsRow(Row, frozen=True, kw_only=True):
    """Modifications."""

    kind: ModKind
    paths: Texts
    hashed: bool = False


class FactRow(Row, frozen=True, kw_only=True):
    """Something that no other value tells."""

    text: Text


class GameTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A table ``[[game]]``."""

    id: Key
    name: Annotated[str, Meta(min_length=1, max_length=NAME_LIMIT)]
    confidence: Annotated[str, Meta(pattern=r"^(high|medium|low)\Z")]
    executables: Annotated[tuple[ProgramRow, ...], Meta(max_length=ROWS_LIMIT)] = ()
    steam: Annotated[tuple[SteamRow, ...], Meta(max_length=ROWS_LIMIT)] = ()
    titles: Annotated[tuple[TitleRow, ...], Meta(max_length=ROWS_LIMIT)] = ()
    ports: Annotated[tuple[PortRow, ...], Meta(max_length=ROWS_LIMIT)] = ()
    discovery: Annotated[tuple[DiscoveryRow, ...], Meta(max_length=ROWS_LIMIT)] = ()
    facts: Annotated[tuple[FactRow, ...], Meta(max_length=ROWS_LIMIT)] = ()
    query: QueryRow | None = None
    keepalive: SecondsRow | None = None
    mtu: BytesRow | None = None
    traffic: TrafficRow | None = None
    join: JoinRow | None = None
    mods: ModsRow | None = None
