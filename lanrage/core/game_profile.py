"""What is known of a LAN game; unknown is absent, and each fact says where it is from (``docs/games.rst``)."""

from __future__ import annotations

from enum import Enum, StrEnum
from ipaddress import IPv4Address, IPv6Address

import attrs

from lanrage.core.play_ports import Span


class Platform(StrEnum):
    """What runs a program."""

    LINUX = "linux"
    WINDOWS = "windows"  # under Wine or Proton
    JAVA = "java"


class PortRole(StrEnum):
    """What a port is for."""

    GAME = "game"
    QUERY = "query"
    DISCOVERY = "discovery"
    LOBBY = "lobby"


class DiscoveryKind(StrEnum):
    """How players on one LAN find each other's games."""

    BROADCAST = "broadcast"
    MULTICAST = "multicast"
    SWEEP = "sweep"  # unicast to each address of the subnet


class Speaker(StrEnum):
    """Who speaks first."""

    CLIENT = "client"
    HOST = "host"


class JoinMethod(StrEnum):
    """How a player gets into somebody's game."""

    ADDRESS = "address"  # types an address in the game
    LOBBY = "lobby"  # picks it in the game's own list
    COMMAND = "command"  # the program takes the address on its command line


class TrafficClass(Enum):
    """Differentiated services of a game's traffic (RFC 4594 section 2.3); the value is the DSCP."""

    REALTIME = 32  # CS4, real-time interactive
    BULK = 10  # AF11, high-throughput data
    STANDARD = 0


class ModKind(StrEnum):
    """Who takes care of a game's modifications."""

    NATIVE = "native"  # the game itself
    MANAGED = "managed"  # a launcher or manager
    HYBRID = "hybrid"


@attrs.frozen
class Executable:
    """A program of the game.

    :param name: the file's name without its folder; for Java the main class or the archive.
    :param marks: folders of its path, or arguments, one of which must be there; without any the name is enough.
    """

    platform: Platform
    name: str
    marks: tuple[str, ...] = ()


@attrs.frozen
class PortUse:
    """Ports that the game's host uses by default."""

    span: Span
    role: PortRole


@attrs.frozen
class Discovery:
    """One way in which the game is found on a LAN.

    :param ports: destination ports.
    :param group: the multicast group, only with that kind.
    :param period: seconds between announcements.
    :param signature: first bytes of the payload.
    :param source_port: the game answers only what comes from this port.
    :param format: name of the parser in :mod:`lanrage.wire.games` that reads it.
    """

    kind: DiscoveryKind
    speaker: Speaker
    ports: tuple[Span, ...]
    group: IPv4Address | IPv6Address | None = None
    period: float | None = None
    signature: bytes | None = None
    source_port: int | None = None
    format: str | None = None


@attrs.frozen
class Join:
    """How to get into a game at an address.

    :param command: arguments after the program, with ``{address}`` and ``{port}``; only with that method.
    :param programs: the players' programs on Linux that take them, the likeliest first.
    """

    method: JoinMethod
    command: tuple[str, ...] = ()
    programs: tuple[str, ...] = ()


@attrs.frozen
class Mods:
    """Which modifications must agree before play.

    :param paths: patterns of files, from the game's folder (``mods/*.jar``) or the home folder (``~/.game/mods/*``).
    :param hashed: members compare the files' contents, not only their names.
    """

    kind: ModKind
    paths: tuple[str, ...]
    hashed: bool = False


@attrs.frozen
class Fact:
    """One statement and where it is from."""

    text: str
    source: str


@attrs.frozen
class GameProfile:
    """One game.

    :param game: its id, ``[a-z0-9]`` and ``-``, at most 40.
    :param confidence: ``high``, ``medium`` or ``low``, of the facts together.
    :param titles: patterns, one of which its window's title fits (:func:`lanrage.core.game_titles.fits`).
    :param query: name of the query protocol that its servers answer.
    :param query_port: where, if not at the game's port.
    :param keepalive: seconds at most between packets of an idle link while it runs.
    :param mtu: largest IP packet in bytes that it copes with.
    :param own: it is from the user's own folder.
    """

    game: str
    name: str
    confidence: str
    facts: tuple[Fact, ...]
    executables: tuple[Executable, ...] = ()
    steam_appids: tuple[int, ...] = ()
    titles: tuple[str, ...] = ()
    ports: tuple[PortUse, ...] = ()
    discovery: tuple[Discovery, ...] = ()
    query: str | None = None
    query_port: int | None = None
    keepalive: int | None = None
    mtu: int | None = None
    traffic: TrafficClass | None = None
    join: Join | None = None
    mods: Mods | None = None
    own: bool = False
