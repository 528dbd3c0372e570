"""A checked table of a file becomes a profile, with its facts in words. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from ipaddress import ip_address

from lanrage.core.game_file import DiscoveryRow, GameTable, Row
from lanrage.core.game_profile import (
    Discovery,
    Executable,
    Fact,
    GameProfile,
    Join,
    Mods,
    PortUse,
    Speaker,
)
from lanrage.core.game_rules import TRAFFIC, spans_of


def build(table: GameTable, sources: Mapping[str, str], *, own: bool) -> GameProfile:
    """The profile of a table of which nothing was complained.

    :param own: it is from the user's own folder.
    """
    query = table.query
    return GameProfile(
        table.id,
        table.name,
        table.confidence,
        tuple(_facts(table, sources)),
        tuple(Executable(row.platform, name, row.marks or ()) for row in table.executables for name in row.names),
        tuple(appid for row in table.steam for appid in row.ids),
        tuple(row.pattern for row in table.titles),
        tuple(PortUse(span, row.role) for row in table.ports for span in spans_of(row.ports)),
        tuple(_discovery(row) for row in table.discovery),
        query.name if query is not None else None,
        query.port if query is not None else None,
        table.keepalive.seconds if table.keepalive is not None else None,
        table.mtu.bytes if table.mtu is not None else None,
        TRAFFIC[table.traffic.name] if table.traffic is not None else None,
        Join(table.join.method, table.join.command or (), table.join.programs or ())
        if table.join is not None
        else None,
        Mods(table.mods.kind, table.mods.paths, table.mods.hashed) if table.mods is not None else None,
        own,
    )


def _discovery(row: DiscoveryRow) -> Discovery:
    return Discovery(
        row.kind,
        row.speaker,
        spans_of(row.ports),
        ip_address(row.group) if row.group is not None else None,
        row.period,
        bytes.fromhex(row.signature) if row.signature is not None else None,
        row.source_port,
        row.format,
    )


def _facts(table: GameTable, sources: Mapping[str, str]) -> Iterator[Fact]:
    def fact(row: Row, text: str) -> Fact:
        return Fact(text, "; ".join(sources[key] for key in row.keys))

    for program in table.executables:
        marks = f", where a folder or an argument is {' or '.join(program.marks)}" if program.marks else ""
        shared = f", shared: {program.shared}" if program.shared else ""
        yield fact(program, f"program {', '.join(program.names)} ({program.platform.value}{marks}{shared})")
    yield from (fact(row, f"Steam app id {', '.join(map(str, row.ids))}") for row in table.steam)
    yield from (fact(row, f"window title {row.pattern}") for row in table.titles)
    yield from (fact(row, f"{row.role.value} port {row.ports.replace(',', ', ')}") for row in table.ports)
    yield from (fact(row, _found(row)) for row in table.discovery)
    yield from _single(table, fact)
    yield from (fact(row, row.text) for row in table.facts)


def _found(row: DiscoveryRow) -> str:
    """A way of discovery in words."""
    who = "the host announces" if row.speaker is Speaker.HOST else "the client asks"
    words = [f"{who} by {row.kind.value} to {row.group + ' ' if row.group else ''}{row.ports.replace(',', ', ')}"]
    words += [f"each {row.period:g} s"] if row.period is not None else []
    words += [f"from port {row.source_port}"] if row.source_port is not None else []
    words += [f"beginning with {row.signature}"] if row.signature is not None else []
    return ", ".join([*words, *([f"format {row.format}"] if row.format is not None else [])])


def _single(table: GameTable, fact: Callable[[Row, str], Fact]) -> Iterator[Fact]:
    """The facts of rows of which a game has one."""
    if table.query is not None:
        where = f" at port {table.query.port}" if table.query.port is not None else ""
        yield fact(table.query, f"answers queries of {table.query.name}{where}")
    if table.keepalive is not None:
        yield fact(table.keepalive, f"at most {table.keepalive.seconds} s without a packet")
    if table.mtu is not None:
        yield fact(table.mtu, f"packets of at most {table.mtu.bytes} bytes")
    if table.traffic is not None:
        yield fact(table.traffic, f"traffic class {table.traffic.name}")
    if table.join is not None:
        command = f" {' '.join(table.join.command)}" if table.join.command else ""
        yield fact(table.join, f"joined by {table.join.method.value}{command}")
    if table.mods is not None:
        yield fact(table.mods, f"modifications {', '.join(table.mods.paths)} ({table.mods.kind.value})")
