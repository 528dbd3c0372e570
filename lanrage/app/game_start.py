"""Starts a game to join a server: as the user who asks, by an argument list, never through a shell."""

from __future__ import annotations

import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from lanrage.errors import Refused

GAME_FOLDERS = ("/usr/games", "/usr/local/games")
"""Where Debian keeps games, which a user's path may lack."""


def find_program(names: Iterable[str]) -> str | None:
    """The first of these programs that is installed, as a path; names with a folder do not count."""
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), *GAME_FOLDERS])
    found = (shutil.which(name, path=path) for name in names if name and "/" not in name)
    return next((program for program in found if program is not None), None)


def check_player(user: int) -> None:
    """Refuse to start a game as root.

    :raises Refused: ``game_as_root``.
    """
    if user == 0:
        raise Refused("game_as_root", "a game is not started as root: run this as the user who plays, or with --print")


def launch(
    program: str,
    arguments: Sequence[str],
    execute: Callable[[str, list[str]], Any] = os.execv,
    user: Callable[[], int] = os.geteuid,
) -> None:
    """Become the game; does not return.

    :param program: its path.
    :param user: who runs this.
    :raises Refused: ``game_as_root``, ``not_started``.
    """
    check_player(user())
    sys.stdout.flush()
    sys.stderr.flush()
    before = signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # Python ignores it, and the game would, too
    try:
        execute(program, [program, *arguments])
    except OSError as error:
        raise Refused("not_started", f"{program} cannot be started: {error.strerror}") from error
    finally:
        signal.signal(signal.SIGPIPE, before)
