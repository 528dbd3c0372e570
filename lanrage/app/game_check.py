"""``lanrage games profile check``: what is wrong with profiles of games, without a node (``docs/games.rst``)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from lanrage.app.game_profiles_results import ProblemShown
from lanrage.app.results import Result
from lanrage.core.game_reading import Reading, combine
from lanrage.core.game_rules import rows_of
from lanrage.errors import BadInput
from lanrage.store.game_profiles import SUFFIX, load_shipped, read_own


class ProfilesChecked(Result, frozen=True):
    """What a check found.

    :param files: that were checked.
    :param games: in them, of which nothing was complained.
    :param values: of those games, each with its source.
    :param unsourced: values without one.
    :param problems: all that is wrong, the unsourced values too.
    """

    files: list[str]
    games: int
    values: int
    unsourced: int
    problems: list[ProblemShown]


def check_profiles(paths: Sequence[str]) -> ProfilesChecked:
    """Check files and folders of a user's own, beside what comes with the program; without any, the latter itself.

    :raises BadInput: field ``file``: there is no such file, or a folder has none.
    :raises StoreError: the installation is damaged.
    """
    shipped = load_shipped()
    own = tuple(read_own(path) for text in paths for path in _files(Path(text)))
    checked = own or shipped
    found = combine(shipped, own).problems
    names = {reading.file for reading in checked}
    problems = [each for each in found if each.file in names]
    return ProfilesChecked(
        [reading.file for reading in checked],
        sum(len(reading.entries) for reading in checked),
        sum(_values(reading) for reading in checked),
        sum(each.unsourced for each in problems),
        [ProblemShown(each.file, each.line, each.rule) for each in problems],
    )


def _files(path: Path) -> list[Path]:
    files = sorted(path.glob(f"*{SUFFIX}")) if path.is_dir() else [path]
    if not files or not all(each.exists() for each in files):
        raise BadInput("file", f"{path} is no file, and no folder with files *{SUFFIX}")
    return files


def _values(reading: Reading) -> int:
    return sum(1 for entry in reading.entries for _ in rows_of(entry.table))
