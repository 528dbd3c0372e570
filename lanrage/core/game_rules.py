"""The rules that a game's profile must keep; doubt is refused (``docs/games.rst``). Pure.

Each rule yields what it complains of, so that one check tells all that is wrong with a file.
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterable, Iterator, Mapping
from ipaddress import ip_address

import attrs

from lanrage.core.game_file import DiscoveryRow, GameTable, JoinRow, ModsRow, PortRow, ProgramRow, QueryRow, Row
from lanrage.core.game_names import COMMON, is_generic, title_plain
from lanrage.core.game_profile import DiscoveryKind, JoinMethod, Platform, PortRole, TrafficClass
from lanrage.core.game_titles import wrong_pattern
from lanrage.core.play_ports import LAST_PORT, Span, merged, parse_spans
from lanrage.errors import BadInput

PERIODS = (0.05, 600.0)
"""Seconds between announcements: the liveliest known game has one a second, the calmest one each 30."""
SIGNATURE_LIMIT = 64
"""Bytes; more would be a whole announcement, with what changes from game to game."""
WIDTH_LIMIT = 256
"""Ports of one span: ARMA 2 searches through 169; more is a firewall's advice, no game's use."""
KEEPALIVES = (1, 300)
"""Seconds: less floods, more is longer than any router remembers (RFC 4787, REQ-5)."""
MTUS = (576, 1500)
"""Bytes: what every host takes (RFC 791), and what Ethernet carries."""
PLACES = frozenset({"address", "port"})
"""What a command line may have filled in."""
TRAFFIC = {each.name.lower(): each for each in TrafficClass}
SOURCE_KEYS = ("executables", "steam", "titles", "ports", "discovery", "facts")
"""Lists of rows."""
SOURCED = ("query", "keepalive", "mtu", "traffic", "join", "mods")
"""Single rows."""

NO_SOURCE = "no source is named"
"""The rule of an unsourced value."""

Path = tuple[str | int, ...]


@attrs.frozen
class Complaint:
    """A rule that is broken.

    :param path: keys and indexes of the value within the game's table.
    """

    path: Path
    rule: str

    def __str__(self) -> str:
        where = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in self.path)
        return f"{where[1:]}: {self.rule}" if where else self.rule


def rows_of(table: GameTable) -> Iterator[tuple[Path, Row]]:
    """All rows of a game, each with its place."""
    for key in SOURCE_KEYS:
        yield from (((key, index), row) for index, row in enumerate(getattr(table, key)))
    for key in SOURCED:
        row = getattr(table, key)
        if row is not None:
            yield (key,), row


def check_game(table: GameTable, sources: Mapping[str, str]) -> Iterator[Complaint]:
    """What is wrong with one game by itself.

    :param sources: the file's, by key.
    """
    for path, row in rows_of(table):
        if not row.keys:
            yield Complaint(path, NO_SOURCE)
        yield from (Complaint(path, f"{key!r} is no key of [sources]") for key in row.keys if key not in sources)
    if not (table.executables or table.steam or table.ports or table.discovery):
        yield Complaint((), "tells no executables, id at Steam, ports or discovery, so that nothing could come of it")
    yield from _check_programs(table.executables)
    yield from _check_marks(table)
    yield from _check_ports(table.ports)
    for index, way in enumerate(table.discovery):
        yield from _check_discovery(("discovery", index), way)
    yield from _check_single(table)


def _check_single(table: GameTable) -> Iterator[Complaint]:
    for index, title in enumerate(table.titles):
        if rule := wrong_pattern(title.pattern):
            yield Complaint(("titles", index, "pattern"), rule)
    if table.query is not None:
        yield from _check_query(table.query, table.ports)
    if table.keepalive is not None:
        yield from _within(("keepalive", "seconds"), table.keepalive.seconds, *KEEPALIVES)
    if table.mtu is not None:
        yield from _within(("mtu", "bytes"), table.mtu.bytes, *MTUS)
    if table.traffic is not None and table.traffic.name not in TRAFFIC:
        yield Complaint(("traffic", "name"), f"{table.traffic.name!r} is none of {', '.join(TRAFFIC)}")
    if table.join is not None:
        yield from _check_join(table.join, table.executables)
    if table.mods is not None:
        yield from _check_mods(table.mods)


def _within(path: Path, value: float, least: float, most: float) -> Iterator[Complaint]:
    if not least <= value <= most:  # which a NaN is not either
        yield Complaint(path, f"{value} is not from {least} to {most}")


def spans_of(text: str) -> tuple[Span, ...]:
    """Ports as a file has them.

    :raises BadInput: field ``ports``: no port, or without its protocol.
    """
    if not text.strip() or any("/" not in word for word in text.split(",")):
        raise BadInput("ports", f"{text!r} does not say /tcp or /udp of each")
    spans = parse_spans(text, "ports")
    wide = [span for span in spans if span.last - span.first >= WIDTH_LIMIT]
    if wide:
        raise BadInput("ports", f"{wide[0]} is more than {WIDTH_LIMIT} ports")
    return spans


def _spans(path: Path, text: str) -> tuple[tuple[Span, ...], list[Complaint]]:
    try:
        return spans_of(text), []
    except BadInput as error:
        return (), [Complaint((*path, "ports"), error.rule)]


def _check_ports(rows: Iterable[PortRow]) -> Iterator[Complaint]:
    seen: dict[PortRole, list[Span]] = {}
    for index, row in enumerate(rows):
        spans, wrong = _spans(("ports", index), row.ports)
        yield from wrong
        for span in spans:
            before = seen.setdefault(row.role, [])
            if any(span.proto == each.proto and span.first <= each.last and each.first <= span.last for each in before):
                yield Complaint(("ports", index), f"{span} was named before as {row.role.value}")
            before.append(span)


def _check_programs(rows: Iterable[ProgramRow]) -> Iterator[Complaint]:
    seen: set[tuple[Platform, str]] = set()
    for index, row in enumerate(rows):
        for name in row.names:
            if "/" in name or "\\" in name:
                yield Complaint(("executables", index), f"{name!r} is a path; a file's name is asked for")
            if row.platform is Platform.WINDOWS and not name.casefold().endswith(".exe"):
                yield Complaint(("executables", index), f"{name!r} does not end with .exe")
            if (row.platform, name.casefold()) in seen:
                yield Complaint(("executables", index), f"{name!r} was named before")
            seen.add((row.platform, name.casefold()))


def _check_marks(table: GameTable) -> Iterator[Complaint]:
    """Whether what a program is called is enough to know the game; Steam's id is as good as a mark."""
    for index, row in enumerate(table.executables):
        for mark in row.marks or ():
            if len(title_plain(mark)) < 2 or title_plain(mark) in COMMON or "/" in mark or "\\" in mark:
                yield Complaint(("executables", index), f"the mark {mark!r} is a folder or an argument of anything")
        generic = [name for name in row.names if is_generic(row.platform, name)]
        if generic and not (row.marks or table.steam):
            rule = f"{generic[0]!r} is a name that anything may have: name marks that tell the game"
            yield Complaint(("executables", index), rule)


def _check_discovery(path: Path, row: DiscoveryRow) -> Iterator[Complaint]:
    spans, wrong = _spans(path, row.ports)
    yield from wrong
    if len(merged(spans)) < len(spans):
        yield Complaint((*path, "ports"), f"{row.ports!r} can be written in fewer spans")
    if row.kind is not DiscoveryKind.SWEEP and any(span.proto == "tcp" for span in spans):
        yield Complaint((*path, "ports"), f"{row.kind.value} goes by UDP alone")
    if (row.group is not None) != (row.kind is DiscoveryKind.MULTICAST):
        yield Complaint((*path, "group"), "a group is named where the kind is multicast, and only there")
    if row.group is not None:
        yield from _check_group((*path, "group"), row.group)
    if row.period is not None:
        yield from _within((*path, "period"), row.period, *PERIODS)
    if row.source_port is not None:
        yield from _within((*path, "source_port"), row.source_port, 1, LAST_PORT)
    if row.signature is not None:
        yield from _check_signature((*path, "signature"), row.signature)
        if row.format is None:
            yield Complaint((*path, "signature"), "a signature needs the format that it is of")


def _check_group(path: Path, text: str) -> Iterator[Complaint]:
    try:
        if ip_address(text).is_multicast:
            return
    except ValueError:
        pass
    yield Complaint(path, f"{text!r} is no multicast address")


def _check_signature(path: Path, text: str) -> Iterator[Complaint]:
    if not re.fullmatch(r"(?:[0-9a-f]{2})+", text):
        yield Complaint(path, f"{text!r} is no whole bytes in lower-case hexadecimal digits")
    elif len(text) > 2 * SIGNATURE_LIMIT:
        yield Complaint(path, f"has more than {SIGNATURE_LIMIT} bytes")


def _check_query(row: QueryRow, ports: Iterable[PortRow]) -> Iterator[Complaint]:
    if row.port is not None:
        yield from _within(("query", "port"), row.port, 1, LAST_PORT)
    elif not any(each.role is PortRole.GAME for each in ports):
        yield Complaint(("query",), "names no port, and there is none of role game")


def _check_join(row: JoinRow, programs: Iterable[ProgramRow]) -> Iterator[Complaint]:
    if (row.command is not None) != (row.method is JoinMethod.COMMAND):
        yield Complaint(("join", "command"), "a command is named where the method is command, and only there")
    elif (row.command is None) != (row.programs is None):
        yield Complaint(("join", "programs"), "the players' programs are named where a command is, and only there")
    known = {name for each in programs if each.platform is Platform.LINUX for name in each.names}
    unknown = [name for name in row.programs or () if name not in known]
    yield from (Complaint(("join", "programs"), f"{name!r} is no program of this game on Linux") for name in unknown)
    places: set[str] = set()
    for word in row.command or ():
        try:
            parts = list(string.Formatter().parse(word))
        except ValueError as error:
            yield Complaint(("join", "command"), f"{word!r}: {error}; a brace of its own is doubled")
            continue
        odd = [part for part in parts if part[1] is not None and (part[1] not in PLACES or part[2] or part[3])]
        if odd:
            yield Complaint(("join", "command"), f"{word!r} has another place than {{address}} and {{port}}")
        places |= {part[1] for part in parts if part[1]}
    if row.command is not None and "address" not in places:
        yield Complaint(("join", "command"), "{address} stands nowhere in it")


def _check_mods(row: ModsRow) -> Iterator[Complaint]:
    for path in row.paths:
        parts = path.split("/")
        if path.startswith("/") or "\\" in path or ".." in parts or "~" in parts[1:]:
            yield Complaint(("mods", "paths"), f"{path!r} leads out of the game's or the home folder")
