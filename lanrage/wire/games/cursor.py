"""Reads strangers' bytes from left to right: what is missing is a DecodeError, never another exception."""

from __future__ import annotations

import struct

from lanrage.core.shown_text import shown_text
from lanrage.errors import DecodeError

TEXT_CHARACTERS = 200
"""A name or map that is longer is cut: nobody reads more in a list."""

PLAYERS_MOST = 65_535
"""No game has more; a larger number is no count."""


class Cursor:
    """A place in a payload.

    :param at: where reading begins.
    """

    def __init__(self, data: bytes, at: int = 0) -> None:
        self._data = data
        self._at = at

    @property
    def left(self) -> int:
        """Bytes that were not read yet."""
        return max(0, len(self._data) - self._at)

    def take(self, size: int) -> bytes:
        """The next bytes.

        :raises DecodeError: when there are fewer, or `size` is negative.
        """
        if size < 0 or size > self.left:
            raise DecodeError("the payload ends too early")
        self._at += size
        return self._data[self._at - size : self._at]

    def numbers(self, form: str) -> tuple[int, ...]:
        """Whole numbers.

        :param form: as for :mod:`struct`, with the byte order, integers alone.
        """
        return tuple(struct.unpack(form, self.take(struct.calcsize(form))))

    def number(self, form: str) -> int:
        """One number."""
        return self.numbers(form)[0]

    def byte(self) -> int:
        """An unsigned byte."""
        return self.take(1)[0]

    def until_zero(self) -> bytes:
        """The bytes up to the next zero byte, which is skipped.

        :raises DecodeError: when there is none.
        """
        end = self._data.find(b"\0", self._at)
        if end < 0:
            raise DecodeError("a text without its end")
        return self.take(end + 1 - self._at)[:-1]

    def string(self) -> str:
        """A text that ends with a zero byte."""
        return text(self.until_zero())

    def field(self, size: int) -> str:
        """A text in a field of fixed size, padded with zero bytes."""
        return text(self.take(size).partition(b"\0")[0])

    def short_string(self) -> str:
        """A text after a byte that tells its length."""
        return text(self.take(self.byte()))


def text(raw: bytes) -> str:
    """A stranger's text, fit to be shown: UTF-8 or else Latin-1, see :func:`shown`."""
    try:
        decoded = raw.decode("utf-8")
    except UnicodeDecodeError:
        decoded = raw.decode("latin-1")
    return shown(decoded)


def shown(decoded: str) -> str:
    """What may be shown of a text: see :func:`shown_text`, at most :data:`TEXT_CHARACTERS`."""
    return shown_text(decoded, TEXT_CHARACTERS)


def count(value: int | None) -> int | None:
    """A number of players; ``None`` for what cannot be one."""
    return value if value is not None and 0 <= value <= PLAYERS_MOST else None


def digits(value: str) -> int | None:
    """A number of players that was sent as text."""
    return count(int(value)) if value.isascii() and value.isdigit() and len(value) <= 6 else None


def port(value: int) -> int:
    """A port that players can connect to.

    :raises DecodeError: for what cannot be one.
    """
    if not 0 < value < 65_536:
        raise DecodeError("a port that is none")
    return value
