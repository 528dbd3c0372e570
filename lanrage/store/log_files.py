"""Log files as lines, one after the other and never whole: a log may be larger than memory."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from lanrage.errors import StoreError

PIECE = 256 * 1024 + 1
"""Bytes read at once at most: what has no end of line is given in pieces."""
STDIN = "-"


def files_of(places: Iterable[str]) -> list[str]:
    """The files that are meant: a folder stands for the log files in it, in the order of their names.

    :param places: files, folders, ``-``.
    :raises StoreError: names what is not there, or a folder without log files.
    """
    found: list[str] = []
    for place in places:
        path = Path(place)
        if place == STDIN or not path.is_dir():
            found.append(place)
            continue
        try:
            inside = sorted(str(each) for each in path.iterdir() if ".log" in each.name and each.is_file())
        except OSError as error:
            raise StoreError(f"{place} cannot be read: {error.strerror}") from error
        if not inside:
            raise StoreError(f"{place} has no log files (*.log, *.log.1)")
        found += inside
    return list(dict.fromkeys(found))


def lines_of(place: str) -> Iterator[bytes]:
    """Lines of a file, or of standard input.

    :raises StoreError: names the file that cannot be read.
    """
    try:
        if place == STDIN:
            yield from _pieces(sys.stdin.buffer)
        else:
            with open(place, "rb") as file:
                yield from _pieces(file)
    except OSError as error:
        raise StoreError(f"{place} cannot be read: {error.strerror}") from error


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    while piece := file.readline(PIECE):
        yield piece
