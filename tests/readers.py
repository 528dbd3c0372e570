"""What every reader owes: a value or the one error, and a value that is written again reads the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from lanrage.errors import DecodeError

T = TypeVar("T")


def check_reader(read: Callable[[bytes], T], data: bytes, write: Callable[[T], bytes] | None = None) -> None:
    """Read `data`: any other error than DecodeError fails the test.

    :param write: the way back, where there is one; what it writes reads back as the same value.
    """
    try:
        value = read(data)
    except DecodeError:
        return
    if write is not None:
        assert read(write(value)) == value
