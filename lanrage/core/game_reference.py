"""The page of all known games (``docs/games-list.rst``), from their profiles. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from lanrage.core.game_profile import Discovery, GameProfile

HEAD = (".. list-table::", "   :header-rows: 1", "   :widths: 26 22 16 18 18", "")


def reference(games: Iterable[GameProfile]) -> str:
    """A table of the games by name, as reST; an empty cell is what is not known."""
    ordered = sorted(games, key=lambda game: (game.name.casefold(), game.game))
    lines = [f"{len(ordered)} games.", "", *HEAD]
    lines += _row("game", "programs", "ports of a host", "found by", "asked, joined")
    for game in ordered:
        lines += _row(*_cells(game))
    return "\n".join(lines) + "\n"


def _row(first: str, *others: str) -> list[str]:
    return [f"   * - {first}", *(f"     - {each}".rstrip() for each in others)]


def _cells(game: GameProfile) -> tuple[str, ...]:
    programs = ", ".join(f"``{each.name}``" for each in game.executables)
    steam = ", ".join(f"Steam {appid}" for appid in game.steam_appids)
    ports = ", ".join(dict.fromkeys(str(use.span) for use in game.ports))
    found = "; ".join(dict.fromkeys(map(_found, game.discovery)))
    asked = game.query or ""
    joined = f"``{' '.join(game.join.command)}``" if game.join is not None else ""
    title = f"{_escaped(game.name)} (``{game.game}``, {game.confidence})"
    return (title, ", ".join(filter(None, (programs, steam))), ports, found, ", ".join(filter(None, (asked, joined))))


def _found(way: Discovery) -> str:
    ports = ", ".join(map(str, way.ports[:2])) + (", ..." if len(way.ports) > 2 else "")
    return f"{way.speaker.value}, {way.kind.value} to {f'{way.group}, ' if way.group is not None else ''}{ports}"


def _escaped(text: str) -> str:
    """reST reads stars, bars, backticks and an underscore at a word's end as marks."""
    return "".join(f"\\{letter}" if letter in "\\*`|_" else letter for letter in text)
