"""Which names of programs mean the same game, and which only look alike (``docs/games-detection.rst``).

A name counts when it is known to the letter; or when it is the known one but for version, system and processor
(``OpenTTD-13.4.x86_64``); or when it is close to it by :data:`CLOSE`. The last is kept from names that are short, that
are common words, that are the beginning of a known one, that differ in a number (``quake2`` is no ``quake3``), that
have little in common but ``server`` (``adserver`` is no ``acserver``) or are tools of a game (``megaglest_editor``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import attrs
from rapidfuzz import fuzz, process

from lanrage.core.game_profile import Platform

CLOSE = 85.0
"""Percent of likeness from which two names are one (mission E1)."""
SHORTEST_CLOSE = 7
"""Letters: of shorter names one that differs is another word (``blobbyd`` is no ``blobby``)."""
SHORTEST_SURE = 5
"""Letters of a Windows program's name that means a game by itself: ``ET``, ``k2`` and ``ship`` are anything's."""
SHORTEST_PLAIN = 4
"""Letters that must be left of a name without its version."""
NEAREST = 4
"""Known names whose rules are looked at, of those that are close by their letters."""
NAME_LIMIT = 64
"""Characters of a program's name that are compared; more is no name of a game's program."""

COMMON = frozenset(
    {
        *(
            "server",
            "client",
            "game",
            "games",
            "main",
            "launcher",
            "start",
            "run",
            "app",
            "application",
            "test",
            "tests",
        ),
        *(
            "daemon",
            "service",
            "system",
            "update",
            "updater",
            "install",
            "installer",
            "setup",
            "config",
            "editor",
            "tool",
        ),
        *(
            "java",
            "javaw",
            "python",
            "perl",
            "ruby",
            "node",
            "mono",
            "wine",
            "bash",
            "shell",
            "engine",
            "player",
            "viewer",
        ),
        *("manager", "monitor", "network", "browser", "terminal", "helper", "agent", "worker", "runner", "dedicated"),
        *("program", "binary", "default", "control", "desktop", "session", "window", "windows", "linux", "serverlinux"),
    }
)
"""Names that say nothing by themselves."""
WORDS = frozenset({"panzers", "scrap", "insurgency", "eldorado", "battleserver", "swarm"})
"""Names of games' Windows programs that other programs have as likely."""
ROLES = ("server", "client", "dedicated", "launcher")
"""Endings that the programs of any game may have."""
TOOLS = frozenset(
    {
        *(
            "editor",
            "setup",
            "config",
            "configure",
            "settings",
            "launcher",
            "query",
            "admin",
            "tool",
            "tools",
            "viewer",
        ),
        *(
            "test",
            "tests",
            "update",
            "updater",
            "install",
            "installer",
            "uninstall",
            "debug",
            "crash",
            "handler",
            "report",
        ),
        *(
            "convert",
            "converter",
            "build",
            "builder",
            "make",
            "compile",
            "compiler",
            "doc",
            "docs",
            "man",
            "lib",
            "data",
        ),
    }
)
"""Words of a name that make it a tool beside a game."""

_VERSION = re.compile(r"[-_. ]?v?\d+(?:\.\d+)+(?:[-_.]?(?:rc|beta|alpha)\d*)?(?=$|[-_. ])")
_ENDING = re.compile(
    r"(?:\.(?:exe|bin|sh|appimage|real|jar|run|elf|out|x86|x86_64|x64|amd64|i386|i686|arm64|aarch64)"
    r"|[-_ .](?:linux|linux64|linux32|lin64|windows|win64|win32|x86|x86_64|x64|amd64|i386|i686|64|32|64bit|release))$"
)
_WORDS = re.compile(r"[^a-z0-9]+|(?<=\D)(?=\d)|(?<=\d)(?=\D)")
_NUMBERS = re.compile(r"\d+")
_NO_LETTERS = re.compile(r"[^\w]|_")


def plain(name: str) -> str:
    """A name without version, system, processor and what separates words; where little is left, all of it."""
    lower = name[:NAME_LIMIT].lower()
    rest, before = lower, ""
    while rest != before:
        before = rest
        rest = _ENDING.sub("", rest)
    rest = _NO_LETTERS.sub("", _VERSION.sub("", rest))
    return rest if len(rest) >= SHORTEST_PLAIN else lower


def title_plain(name: str) -> str:
    """A game's name, or a folder's, with nothing but its letters and digits."""
    return _NO_LETTERS.sub("", name.lower())


def likeness(name: str, known: str) -> float:
    """How close two names are, in percent; 0 where a rule speaks against it.

    :param name: of a program that runs.
    :param known: of a game's program.
    """
    one, other = plain(name), plain(known)
    if not (_can_be_close(one) and _can_be_close(other)) or one[0] != other[0]:
        return 0.0
    if one != other and other.startswith(one):  # ``factor`` is a word, and no shortened ``factorio``
        return 0.0
    if _NUMBERS.findall(one) != _NUMBERS.findall(other) or TOOLS & (_words(name) - _words(known)):
        return 0.0
    role = next((word for word in ROLES if one.endswith(word) and other.endswith(word)), "")
    if role and min(len(one), len(other)) - len(role) < SHORTEST_PLAIN:
        return 0.0
    ratio = float(fuzz.ratio(one, other))
    return ratio if ratio >= CLOSE else 0.0


@attrs.frozen
class KnownNames:
    """Names of games' programs, ready for the question which of them is close to another one.

    :param plains: their plain forms, in the order of `names`.
    """

    names: tuple[str, ...]
    plains: tuple[str, ...]

    @classmethod
    def of(cls, names: Iterable[str]) -> KnownNames:
        """Get them ready; those that nothing can be close to are left out."""
        ready = [(name, plain(name)) for name in sorted(set(names))]
        kept = [(name, short) for name, short in ready if _can_be_close(short)]
        return cls(tuple(name for name, _ in kept), tuple(short for _, short in kept))

    def closest(self, name: str) -> tuple[str, float] | None:
        """The known name that is closest, with the likeness; ``None`` where none is close, or two are equally."""
        short = plain(name)
        if not _can_be_close(short):
            return None
        near = process.extract(short, self.plains, scorer=fuzz.ratio, score_cutoff=CLOSE, limit=NEAREST)
        found = sorted(((likeness(name, self.names[at]), self.names[at]) for _, _, at in near), reverse=True)[:2]
        if not found or not found[0][0] or (len(found) == 2 and found[0][0] == found[1][0]):
            return None
        return found[0][1], found[0][0]


def _can_be_close(short: str) -> bool:
    return len(short) >= SHORTEST_CLOSE and short not in COMMON


def is_word(name: str) -> bool:
    """Whether a name says nothing by itself."""
    return plain(name) in COMMON or len(name) < 3


def is_generic(platform: Platform, name: str) -> bool:
    """Whether a program's name alone means no game: a common word, or a Windows name that anything may have."""
    return is_word(name) or (platform is Platform.WINDOWS and is_short(name))


_DISTINCT = frozenset({"hl2", "csgo", "etqw", "w40k", "war3", "jamp", "gmod"})
"""Short names of Windows programs that nothing but a game has."""


def is_short(name: str) -> bool:
    """Whether a Windows program's name is too short, or too common a word, to mean a game."""
    stem = title_plain(name.lower().removesuffix(".exe"))
    return stem in WORDS or (len(stem) < SHORTEST_SURE and stem not in _DISTINCT)


def _words(name: str) -> set[str]:
    return {word for word in _WORDS.split(name.lower()) if word}
