"""Files of games' profiles, read and checked, each by itself and all together (``docs/games.rst``). Pure."""

from __future__ import annotations

import re
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import attrs
import msgspec

from lanrage.core.game_building import build
from lanrage.core.game_file import GameTable, Key, ProgramRow, Text
from lanrage.core.game_lines import Lines, line_of_syntax
from lanrage.core.game_problem import Problem
from lanrage.core.game_profile import GameProfile, Platform
from lanrage.core.game_rules import NO_SOURCE, Complaint, Path, check_game, rows_of

FILE_LIMIT = 262_144
"""Characters of a file: the largest that comes with the program has a quarter of that."""
GAMES_LIMIT = 512
"""Games of a file."""

_MISSING_SOURCE = "Object missing required field `source`"
_ERROR = re.compile(r"(?P<rule>.*?)(?: - at `(?:key in )?\$(?P<path>.*)`)?", re.DOTALL)
_PART = re.compile(r"\.(?P<key>[^.\[]+)|\[(?P<index>\d+)\]")


@attrs.frozen
class Entry:
    """A game of a file.

    :param line: of its table.
    """

    file: str
    line: int | None
    table: GameTable
    profile: GameProfile


@attrs.frozen
class Reading:
    """A file.

    :param entries: the games of which nothing was complained.
    """

    file: str
    entries: tuple[Entry, ...]
    problems: tuple[Problem, ...]


def read_games(file: str, text: str, *, own: bool = False) -> Reading:
    """Read a file. Never raises: what is wrong is in the result.

    :param file: its name, for the problems.
    :param own: it is the user's.
    """
    if len(text) > FILE_LIMIT:
        return Reading(file, (), (Problem(file, None, f"has more than {FILE_LIMIT} characters"),))
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        return Reading(file, (), (Problem(file, line_of_syntax(str(error)), f"is no TOML: {error}"),))
    except RecursionError:
        return Reading(file, (), (Problem(file, None, "is no TOML of a sensible depth"),))
    return _File(file, text, tables, own).read()


class _File:
    """One file while it is read."""

    def __init__(self, file: str, text: str, tables: Mapping[str, Any], own: bool) -> None:
        self._file, self._tables, self._own = file, tables, own
        games = tables.get("game", [])
        self._games: list[Any] = games if isinstance(games, list) else []
        self._lines = Lines(text, len(self._games))
        self._sources: dict[str, str] = {}
        self._problems: list[Problem] = []

    def read(self) -> Reading:
        """The games of which nothing is complained."""
        self._read_top()
        entries = [entry for number in range(len(self._games)) if (entry := self._read_game(number)) is not None]
        if not self._problems:  # else it would be complained of what a broken game names
            used = {key for entry in entries for _, row in rows_of(entry.table) for key in row.keys}
            idle = [key for key in self._sources if key not in used]
            self._complain_file(*(f"the source {key!r} is named by no value" for key in idle))
        return Reading(self._file, tuple(entries), tuple(self._problems))

    def _complain_file(self, *rules: str) -> None:
        self._problems += [Problem(self._file, None, rule) for rule in rules]

    def _read_top(self) -> None:
        others = [key for key in self._tables if key not in ("sources", "game")]
        self._complain_file(*(f"{key!r} is unknown; there are [sources] and [[game]]" for key in others))
        if not self._games or len(self._games) > GAMES_LIMIT:
            self._complain_file(f"has not 1 to {GAMES_LIMIT} tables [[game]]")
            self._games = []
        try:
            self._sources = msgspec.convert(self._tables.get("sources", {}), dict[Key, Text])
        except msgspec.ValidationError as error:
            self._complain_file(f"sources: {error}")

    def _read_game(self, number: int) -> Entry | None:
        plain = self._games[number]
        named = plain.get("id") if isinstance(plain, dict) else None
        title = named if isinstance(named, str) else f"game {number + 1}"
        try:
            table = msgspec.convert(plain, GameTable)
        except msgspec.ValidationError as error:
            self._complain(number, title, [_translated(str(error))])
            return None
        complaints = list(check_game(table, self._sources))
        if complaints:
            self._complain(number, title, complaints)
            return None
        profile = build(table, self._sources, own=self._own)
        return Entry(self._file, self._lines.of_game(number), table, profile)

    def _complain(self, number: int, title: str, complaints: Iterable[Complaint]) -> None:
        for each in complaints:
            line = self._lines.of_value(number, each.path)
            unsourced = each.rule == NO_SOURCE
            self._problems.append(Problem(self._file, line, f"{title[:64]}: {each}", unsourced))


def _translated(words: str) -> Complaint:
    """What :mod:`msgspec` complains of."""
    found = _ERROR.fullmatch(words)
    assert found is not None  # every text matches
    path: Path = tuple(
        int(part["index"]) if part["index"] is not None else part["key"] for part in _PART.finditer(found["path"] or "")
    )
    rule = found["rule"]
    return Complaint(path, NO_SOURCE if rule == _MISSING_SOURCE else rule[:1].lower() + rule[1:])


@attrs.frozen
class Catalogue:
    """All games together.

    :param games: by id.
    """

    games: Mapping[str, GameProfile]
    problems: tuple[Problem, ...]


def combine(shipped: Iterable[Reading], own: Iterable[Reading]) -> Catalogue:
    """Bring files together: a game of the user's own takes the place of one of the program's.

    Problems are those of the files, and what is wrong between them: a game that is there twice counts the first time,
    and one of the user's own that takes another game's program or id at Steam without a reason does not count.
    """
    problems: list[Problem] = []
    entries: dict[str, Entry] = {}
    ours: dict[str, Entry] = {}
    for mine, readings in ((False, list(shipped)), (True, list(own))):
        problems += [problem for reading in readings for problem in reading.problems]
        found: dict[str, Entry] = {}
        for entry in (entry for reading in readings for entry in reading.entries):
            first = found.setdefault(entry.table.id, entry)
            if first is not entry:
                problems.append(_at(entry, f"is there already, in {_place(first)}"))
        entries |= found
        ours = ours if mine else found
    order = sorted(entries.values(), key=lambda entry: entry.profile.own)  # who was there first, is in the right
    claims = [*_claims(order), *_steam_claims(order)]
    problems += [claim.problem for claim in claims]
    for game in {claim.entry.table.id for claim in claims if claim.takes}:
        entries.pop(game, None)
        entries |= {game: ours[game]} if game in ours else {}
    games = {game: entries[game].profile for game in sorted(entries)}
    return Catalogue(games, tuple(problems))


def _at(entry: Entry, rule: str) -> Problem:
    return Problem(entry.file, entry.line, f"{entry.table.id}: {rule}")


def _place(entry: Entry) -> str:
    return entry.file if entry.line is None else f"{entry.file}:{entry.line}"


@attrs.frozen
class _Claim:
    """What a game says is its own, and is another one's.

    :param takes: it is the user's own game that would take it from one that comes with the program.
    """

    entry: Entry
    problem: Problem
    takes: bool


def _claims(entries: Iterable[Entry]) -> Iterator[_Claim]:
    """Programs of which several games say that they are theirs: one without a reason, or two with no mark."""
    claims: defaultdict[tuple[Platform, str], list[tuple[Entry, ProgramRow]]] = defaultdict(list)
    for entry in entries:
        for row in entry.table.executables:
            for name in row.names:
                claims[row.platform, name.casefold()].append((entry, row))
    for (_, name), claimants in claims.items():
        own = any(entry.profile.own for entry, _ in claimants)  # then it is the user's to say why
        free = [entry for entry, row in claimants if not row.marks]
        for entry, row in claimants:
            if own and not entry.profile.own:
                continue
            others = [each.table.id for each, _ in claimants if each is not entry]
            rivals = [each.table.id for each in free if each is not entry]
            if others and row.shared is None:
                rule = f"executables: {name!r} is that of {', '.join(others)}, too: say why in shared"
                takes = entry.profile.own and not all(each.profile.own for each, _ in claimants)
                yield _Claim(entry, _at(entry, rule), takes)
            elif rivals and not row.marks:
                rule = f"executables: {name!r} is that of {', '.join(rivals)}, too: tell them apart by marks"
                yield _Claim(entry, _at(entry, rule), False)


def _steam_claims(entries: Iterable[Entry]) -> Iterator[_Claim]:
    """An id at Steam is one game's."""
    owners: dict[int, Entry] = {}
    for entry in entries:
        for appid in entry.profile.steam_appids:
            first = owners.setdefault(appid, entry)
            if first is not entry:
                rule = f"steam: {appid} is the id of {first.table.id}, in {_place(first)}"
                yield _Claim(entry, _at(entry, rule), entry.profile.own and not first.profile.own)
