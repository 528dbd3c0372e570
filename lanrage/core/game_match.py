"""Which game a process, a window or open ports are: the rules of detection, pure (``docs/games-detection.rst``).

Confidence is the mission's (E1): a process 95 %, a window's title 80 %, open ports 60 to 75 %.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TypeVar

import attrs

from lanrage.core.game_detection import DetectionResult, Method
from lanrage.core.game_names import KnownNames, is_generic, plain, title_plain
from lanrage.core.game_profile import GameProfile, Platform, PortRole
from lanrage.core.game_programs import (
    COMM_LENGTH,
    STEAM_HELPERS,
    ProcessSeen,
    ProgramSeen,
    base,
    in_system,
    program_of,
    runs_windows,
)
from lanrage.core.game_titles import NO_GAMES, Titles
from lanrage.core.game_windows import Window
from lanrage.core.kept_ports import kept_reason
from lanrage.core.play_ports import Proto, Span

K = TypeVar("K")

PROCESS = 0.95
PORTS_LEAST, PORTS_MORE = 0.60, 0.15
"""Of open ports: what is there at least, and what all ports of a profile add."""
SHARED_BY = 3
"""A port of more profiles than this counts half: 27015 is that of 88 games."""
NARROW = 64
"""Ports of a span that are counted one by one."""
SYSTEM_GAMES = "/usr/games/"
"""Where Debian puts its games; their names are known to the letter as well."""
COMM_TOLD = 12
"""Characters of a cut name from which it is as good as the whole."""


@attrs.frozen
class Owner:
    """A process with its open ports.

    :param exe: the program's path.
    :param ports: where it listens or is bound.
    """

    pid: int
    exe: str
    ports: frozenset[tuple[Proto, int]]


@attrs.frozen
class Claim:
    """A game that has a program of some name.

    :param marks: plain words, one of which must be a folder or an argument; none where the name is enough.
    """

    game: str
    marks: frozenset[str] = frozenset()


class GameIndex:
    """The profiles in the order in which questions come. Never changed: another set of profiles is another index."""

    def __init__(self, profiles: Iterable[GameProfile] = ()) -> None:
        self.profiles: Mapping[str, GameProfile] = {profile.game: profile for profile in profiles}
        self._exact: dict[tuple[Platform, str], list[Claim]] = {}
        self._plain: dict[tuple[Platform, str], list[Claim]] = {}
        self._cut: dict[str, list[Claim]] = {}
        self._steam: dict[int, str] = {}
        self._spans: dict[str, tuple[Span, ...]] = {}
        for game, profile in self.profiles.items():
            for program in profile.executables:
                lower, claim = program.name.lower(), Claim(game, frozenset(map(title_plain, program.marks)))
                _add(self._exact, (program.platform, lower), claim)
                _add(self._plain, (program.platform, plain(lower)), claim)
                if program.platform is Platform.LINUX and len(lower) > COMM_LENGTH:
                    _add(self._cut, lower[:COMM_LENGTH], claim)
            self._steam |= dict.fromkeys(profile.steam_appids, game)
            self._spans[game] = tuple(dict.fromkeys(use.span for use in profile.ports))
        self._names = {
            platform: KnownNames.of(name for each, name in self._exact if each is platform) for platform in Platform
        }
        self._shares = _shares(self._spans)
        self._narrow = frozenset(port for span in self._shares for port in _ports_of(span))
        self._wide = tuple(span for span in self._shares if not _ports_of(span))
        self._titles = Titles(self.profiles)

    # --- a process ----------------------------------------------------------------------------------------------------

    def claims_of(self, program: ProgramSeen) -> tuple[tuple[Claim, ...], str]:
        """The games that a program may be, with the reason in words; the exact name before all guesses."""
        lower, platform = program.name.lower(), program.platform
        if program.cut:
            claims = self._cut.get(lower) if len(lower) >= COMM_TOLD else None
            if claims:
                return tuple(claims), f"a process named {program.name}..."
        claims = self._exact.get((platform, lower))
        if claims:
            return tuple(claims), f"the program {program.name}"
        if platform is Platform.LINUX and (in_system(program.path) or program.path.startswith(SYSTEM_GAMES)):
            return (), ""
        claims = self._plain.get((platform, plain(lower)))
        if claims:
            return tuple(claims), f"the program {program.name}, a build of its known one"
        near = self._names[platform].closest(lower)
        if near is None:
            return (), ""
        claims = self._exact[platform, near[0]]
        if platform is Platform.WINDOWS:  # Portal 2 is no Postal 2: so many programs need a second sign
            claims = [Claim(each.game, each.marks | self._own_words(each.game)) for each in claims]
        return tuple(claims), f"the program {program.name}, {near[1]:.0f} % like {near[0]}"

    def process(self, seen: ProcessSeen) -> DetectionResult | None:
        """The game that a process is, if it is one."""
        game = self._steam.get(seen.steam or 0)
        if game is not None and self._may_be_steams(seen):
            reason = f"Steam says that {seen.file} is app {seen.steam}"
            return DetectionResult(game, Method.PROCESS, PROCESS, reason, seen.pid)
        program = program_of(seen)
        if program is None or not program.name:
            return None
        claims, reason = self.claims_of(program)
        game = self._told(claims, program, seen)
        return DetectionResult(game, Method.PROCESS, PROCESS, reason, seen.pid) if game is not None else None

    @staticmethod
    def _may_be_steams(seen: ProcessSeen) -> bool:
        """Whether Steam's word is for this program, and not for what helps it to run: Wine's services have it, too."""
        if STEAM_HELPERS.fullmatch(seen.file.lower()):
            return False
        return program_of(seen) is not None or not runs_windows(seen)

    def _told(self, claims: Iterable[Claim], program: ProgramSeen, seen: ProcessSeen) -> str | None:
        """The game of those whose programs have one name: that of which an argument tells, else a folder, else the only
        one that needs no such mark. A name that anything may have always needs it."""
        free = {claim.game for claim in claims if not claim.marks and not is_generic(program.platform, program.name)}
        if len(free) == 1 and all(claim.game in free for claim in claims):
            return next(iter(free))
        told: set[str] = set()
        for words in _words_of(program, seen):
            told = told or {each.game for each in claims if words & (each.marks | self._own_words(each.game))}
        told = told or free
        return next(iter(told)) if len(told) == 1 else None

    def _own_words(self, game: str) -> frozenset[str]:
        """A game's name and id, as a folder or an argument may have them."""
        names = title_plain(self.profiles[game].name), title_plain(game)
        return frozenset(name for name in names if len(name) >= 2)

    def may_be(self, exe: str) -> bool:
        """Whether a program's path alone makes it worth a look."""
        name = base(exe)
        return bool(self.claims_of(ProgramSeen(Platform.LINUX, name, exe))[0]) or name.lower().endswith(".exe")

    def may_be_named(self, comm: str) -> bool:
        """Whether a process' short name makes it worth a look."""
        lower = comm.lower()
        if len(lower) == COMM_LENGTH and lower in self._cut:
            return True
        return bool(self.claims_of(ProgramSeen(Platform.LINUX, comm))[0]) or lower.endswith((".exe", ".ex", ".e"))

    # --- a window -----------------------------------------------------------------------------------------------------

    def window(self, window: Window) -> DetectionResult | None:
        """The game that a window shows, if one and no more than one."""
        found = self._titles.game_of(window)
        if found is None:
            return None
        game, confidence = found
        return DetectionResult(game, Method.WINDOW, confidence, f"a window titled {window.title[:60]!r}", window.pid)

    # --- ports --------------------------------------------------------------------------------------------------------

    def wants(self, proto: Proto, port: int) -> bool:
        """Whether a game may be known by this port."""
        return (proto, port) in self._narrow or any((proto, port) in span for span in self._wide)

    def own_ports(
        self, game: str, ports: Iterable[tuple[Proto, int]], pid: int | None = None
    ) -> DetectionResult | None:
        """How much the open ports are those of this game; ``None`` where none of them is."""
        spans, open_ports = self._spans.get(game, ()), tuple(ports)
        weights = [0.5 if self._shares[span] > SHARED_BY else 1.0 for span in spans]
        hits = [any(port in span for port in open_ports) for span in spans]
        matched = sum(weight for weight, hit in zip(weights, hits, strict=True) if hit)
        if not matched:
            return None
        told = ", ".join(str(span) for span, hit in zip(spans, hits, strict=True) if hit)
        confidence = round(PORTS_LEAST + PORTS_MORE * matched / len(spans), 4)
        return DetectionResult(game, Method.PORTS, confidence, f"its ports {told} are open", pid)

    def ports(self, owner: Owner) -> DetectionResult | None:
        """The game that a program's open ports tell of; ``None`` where several fit equally, or only shared ports do."""
        open_ports = [port for port in owner.ports if kept_reason(*port) is None]
        if not open_ports or base(owner.exe).lower() in NO_GAMES:
            return None
        found: list[DetectionResult] = []
        for game in self._spans:
            result = self.own_ports(game, open_ports, owner.pid)
            if result is not None and self._has_own(game, open_ports):
                found.append(result)
        found.sort(key=lambda result: result.rank)
        if not found or (len(found) > 1 and found[0].confidence == found[1].confidence):
            return None
        return found[0]

    def _has_own(self, game: str, open_ports: Iterable[tuple[Proto, int]]) -> bool:
        """Whether one of them is a port on which the game itself is played or found, and hardly any other is."""
        uses = self.profiles[game].ports
        own = [use.span for use in uses if self._shares[use.span] <= SHARED_BY and use.role is not PortRole.QUERY]
        return any(port in span for span in own for port in open_ports)


def _words_of(program: ProgramSeen, seen: ProcessSeen) -> tuple[set[str], set[str]]:
    """The arguments of a program, and the folders of its path, in plain letters."""
    path = program.path or seen.exe
    folders = {title_plain(each) for part in path.split("/")[:-1] for each in (part, plain(part))}
    return {title_plain(word) for word in seen.argv[1:]}, folders


def _add(table: dict[K, list[Claim]], key: K, claim: Claim) -> None:
    claims = table.setdefault(key, [])
    if claim not in claims:
        claims.append(claim)


def _shares(spans: Mapping[str, tuple[Span, ...]]) -> dict[Span, int]:
    """Each span with the number of profiles that have it, or one of its ports where it is narrow."""
    holders: dict[tuple[Proto, int], set[str]] = {}
    exact: Counter[Span] = Counter(span for each in spans.values() for span in each)
    for game, each in spans.items():
        for span in each:
            for port in _ports_of(span):
                holders.setdefault(port, set()).add(game)
    return {span: max([count, *(len(holders[port]) for port in _ports_of(span))]) for span, count in exact.items()}


def _ports_of(span: Span) -> list[tuple[Proto, int]]:
    """The ports of a narrow span; a wide one is only compared as a whole."""
    if span.last - span.first >= NARROW:
        return []
    return [(span.proto, port) for port in range(span.first, span.last + 1)]
