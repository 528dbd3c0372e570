"""Which game a window's title names, and whether the window is the game's own: pure (``docs/games-detection.rst``).

Patterns are literals with ``*`` for anything: a title is a stranger's word, and a literal takes the same time whatever
it is. Titles that are a game's name need a table alone; what was answered once is remembered.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from lanrage.core.game_names import plain, title_plain
from lanrage.core.game_profile import GameProfile
from lanrage.core.game_windows import TITLE_LIMIT, Window

OWN, FOREIGN = 0.80, 0.70
"""Confidence of a window of the game's own program (mission E1), and of another one with such a title."""
TITLE_SHORTEST = 5
"""Letters of a game's name that is looked for in titles where the profile has no pattern."""
PATTERN_SHORTEST = 3
"""Letters and digits of a pattern that are there beside the stars."""
REMEMBERED = 1024
"""Windows whose answer is kept."""

NO_GAMES = frozenset(
    {
        *("firefox", "firefox-esr", "chromium", "chrome", "google-chrome", "brave", "opera", "vivaldi", "epiphany"),
        *("konqueror", "falkon", "microsoft-edge", "msedge", "discord", "element-desktop", "telegram-desktop", "obs"),
        *("xterm", "gnome-terminal-server", "konsole", "kitty", "alacritty", "xfce4-terminal", "code", "gedit", "kate"),
        *("gvim", "emacs", "nautilus", "dolphin", "thunar", "pcmanfm", "vlc", "mpv", "thunderbird", "steam"),
        *("steamwebhelper", "evince", "okular", "libreoffice", "soffice.bin", "lutris", "heroic", "bottles"),
        *("virt-manager", "wezterm-gui", "nemo", "caja", "vivaldi-bin", "vivaldi-stable", "brave-browser", "librewolf"),
        *("org.gnome.nautilus", "io.elementary.files", "pcmanfm-qt", "xreader", "atril", "gnome-text-editor", "foot"),
    }
)
"""Programs whose windows carry the titles of what they show."""

_AFTER = re.compile(r" (?=v?\d)| ?[-\u2013\u2014|:(\[]")
"""Where a name may end and a version, or a word of its own, begin."""


def wrong_pattern(pattern: str) -> str:
    """What is wrong with a pattern for titles; empty where nothing is."""
    if pattern.startswith("^") or pattern.endswith("$") or ".*" in pattern:
        return f"{pattern!r} looks like a regular expression; letters count as they are, and * is anything"
    if sum(letter.isalnum() for letter in pattern) < PATTERN_SHORTEST:
        return f"{pattern!r} has fewer than {PATTERN_SHORTEST} letters beside its stars"
    return ""


def fits(pattern: str, title: str) -> bool:
    """Whether a title is what a pattern says, whatever the case. Each part is looked for once, so that it is quick."""
    first, *rest = pattern.casefold().split("*")
    text = title.casefold()
    if not rest:
        return text == first
    *middle, last = rest
    if not text.startswith(first):
        return False
    at = len(first)
    for part in middle:
        found = text.find(part, at)
        if found < 0:
            return False
        at = found + len(part)
    return len(text) - len(last) >= at and text.endswith(last)


class Titles:
    """The titles of some games. Never changed but for what it remembers."""

    def __init__(self, profiles: Mapping[str, GameProfile]) -> None:
        self._profiles = profiles
        self._patterns = {game: each.titles for game, each in profiles.items() if each.titles}
        self._named: dict[str, list[str]] = {}
        for game, each in profiles.items():
            if len(title_plain(each.name)) >= TITLE_SHORTEST:
                self._named.setdefault(each.name.casefold(), []).append(game)
        self._known: dict[tuple[str, str, str], tuple[str, float] | None] = {}

    def game_of(self, window: Window) -> tuple[str, float] | None:
        """The game that a window shows, if one and no more than one, with the confidence."""
        key = window.title[:TITLE_LIMIT].strip(), window.kind, window.program
        if key not in self._known:
            if len(self._known) >= REMEMBERED:
                self._known.clear()
            self._known[key] = self._game_of(*key)
        return self._known[key]

    def _game_of(self, title: str, kind: str, program: str) -> tuple[str, float] | None:
        if not title or NO_GAMES & {kind.lower(), program.lower()}:
            return None
        games = {game for game, each in self._patterns.items() if any(fits(pattern, title) for pattern in each)}
        games |= {game for game in self._named.get(title.casefold(), ()) if game not in self._patterns}
        begun = {game for name in _beginnings(title.casefold()) for game in self._named.get(name, ())}
        own = {game for game in games | begun if _is_own(self._profiles[game], kind, program)}
        found, confidence = (own, OWN) if own else (games, FOREIGN)
        return (next(iter(found)), confidence) if len(found) == 1 else None


def _beginnings(title: str) -> Iterable[str]:
    """What may be the name at the beginning of a title, with and without what follows it."""
    yield title
    yield from (title[: match.start()] for match in _AFTER.finditer(title))


def _is_own(profile: GameProfile, kind: str, program: str) -> bool:
    """Whether a window's class or program is one of the game's: a known program, its name, or Steam's word for it."""
    if any(kind == f"steam_app_{appid}" for appid in profile.steam_appids):
        return True
    known = {name for each in profile.executables for name in (each.name.lower(), plain(each.name))}
    names = {title_plain(profile.name), title_plain(profile.game)}
    told = [word.lower() for word in (kind, program) if word]
    return any(word in known or plain(word) in known or title_plain(plain(word)) in names for word in told)
