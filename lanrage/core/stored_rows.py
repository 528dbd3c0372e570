"""Rows on their way to disk, whatever they hold: what a journal queues and a store carries out."""

from __future__ import annotations

from typing import ClassVar, Generic, Protocol, TypeVar

import attrs

RowKey = tuple[str | int | bytes, ...]
"""A primary key."""


class StoredRow(Protocol):
    """A row; one class a table.

    :cvar durable: an answer promises that it outlives a power cut.
    """

    durable: ClassVar[bool]

    @property
    def key(self) -> RowKey:
        """Primary key."""


R_co = TypeVar("R_co", bound=StoredRow, covariant=True)


@attrs.frozen
class Put(Generic[R_co]):
    """Store a row, in place of the one with its key."""

    row: R_co

    @property
    def kind(self) -> type[R_co]:
        """The row's class."""
        return type(self.row)

    @property
    def key(self) -> RowKey:
        """Primary key."""
        return self.row.key


@attrs.frozen
class Erase(Generic[R_co]):
    """Remove the row with this key."""

    kind: type[R_co]
    key: RowKey
