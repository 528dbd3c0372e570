"""Messages of the party channel by which members tell of their paths, and ask for each other's clock
(``docs/protocol-party.rst``); :mod:`lanrage.wire.party_channel` seals them.

Figures are whole numbers, so that none is infinite or no number at all. A full report of a party of 64 fits into one
datagram.
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from lanrage.core.path_reports import ROWS_LIMIT, PathTold, PathWord
from lanrage.errors import DecodeError

STEPS_A_SECOND = 10_000
"""Times are told in tenths of a millisecond."""
TIME_LIMIT = 2**16 - 1
"""Steps: 6.5 s; what takes longer is told as that. Two bytes keep a full report in its datagram."""
LOSS_STEPS = 1000
"""Loss is told in thousandths."""
CLOCK_LIMIT = 2**53
"""Milliseconds since the epoch stay below it, so that any language reads them."""
TOKEN_BYTES = 8

KindWord = Literal["d", "r", "t", "n"]
KINDS: dict[PathWord, KindWord] = {"direct": "d", "relay": "r", "relay-tcp": "t", "none": "n"}
_WORDS = {letter: word for word, letter in KINDS.items()}

Time = Annotated[int, Meta(ge=0, le=TIME_LIMIT)]
Token = Annotated[bytes, Meta(min_length=TOKEN_BYTES, max_length=TOKEN_BYTES)]


class PathRow(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """The sender's path to one member; see :class:`lanrage.core.path_reports.PathTold`.

    :param address: the member's party address as a number.
    """

    address: Annotated[int, Meta(ge=0, lt=2**32)]
    kind: KindWord
    rtt: Time | None
    jitter: Time
    loss: Annotated[int, Meta(ge=0, le=LOSS_STEPS)]


class Quality(msgspec.Struct, frozen=True, array_like=True, tag="quality", forbid_unknown_fields=True):
    """The sender's paths, at most one row a member; without any it asks for the receiver's."""

    rows: Annotated[tuple[PathRow, ...], Meta(max_length=ROWS_LIMIT)]

    @classmethod
    def of(cls, paths: Iterable[tuple[IPv4Address, PathTold]]) -> Quality:
        """The message that tells these, at most :data:`ROWS_LIMIT`."""
        rows = tuple(
            PathRow(
                int(address),
                KINDS[path.kind],
                None if path.rtt is None else _steps(path.rtt),
                _steps(path.jitter),
                min(LOSS_STEPS, max(0, round(path.loss * LOSS_STEPS))),
            )
            for address, path in paths
        )
        return cls(rows[:ROWS_LIMIT])

    def paths(self) -> dict[IPv4Address, PathTold]:
        """What is told, by the other member's party address.

        :raises DecodeError: a member is named twice.
        """
        told = {
            IPv4Address(row.address): PathTold(
                _WORDS[row.kind],
                None if row.rtt is None else row.rtt / STEPS_A_SECOND,
                row.jitter / STEPS_A_SECOND,
                row.loss / LOSS_STEPS,
            )
            for row in self.rows
        }
        if len(told) != len(self.rows):
            raise DecodeError("a report of paths names each member once")
        return told


class ClockAsk(msgspec.Struct, frozen=True, array_like=True, tag="clock_ask", forbid_unknown_fields=True):
    """Asks what the receiver's clock shows.

    :param token: random; the answer has it.
    """

    token: Token


class ClockTold(msgspec.Struct, frozen=True, array_like=True, tag="clock", forbid_unknown_fields=True):
    """What the sender's clock shows, in milliseconds since the epoch."""

    token: Token
    time: Annotated[int, Meta(ge=0, lt=CLOCK_LIMIT)]


def _steps(seconds: float) -> int:
    return min(TIME_LIMIT, max(0, round(seconds * STEPS_A_SECOND)))
