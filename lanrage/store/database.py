"""Where the control server's rows live: the interface, and the numbered migrations of its tables."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Sequence
from importlib.resources import files

import attrs
from zope.interface import Interface

from lanrage.core.world_rows import Change, Row
from lanrage.errors import StoreError

# Interface methods have no self and no body.
# pylint: disable=no-self-argument,no-method-argument,inherit-non-class


class IStore(Interface):
    """Rows on disk, or in memory for tests."""

    def open() -> Awaitable[list[Row]]:
        """Open, migrate, and read all rows in the order of :data:`lanrage.core.world_rows.ROW_KINDS`.

        :raises StoreError: damaged, made by a newer LANrage, in use by another process, or not to be read.
        """

    def apply(batch: Sequence[Change]) -> Awaitable[int]:
        """Carry out all changes, or none; on return they survive a power cut.

        :returns: bytes written to the tables.
        :raises StoreError: nothing was changed; may be tried again.
        """

    def close() -> Awaitable[None]:
        """Close; a closed store is no error."""


@attrs.frozen
class Migration:
    """One step from a schema version to the next.

    :param version: the version that it leads to, from 1.
    """

    version: int
    name: str
    sql: str = attrs.field(repr=False)


_NAME = re.compile(r"^(\d{4})_([a-z0-9_]+)\.sql$")


def migrations() -> list[Migration]:
    """All migrations of this LANrage, in order, numbered from 1 without a gap.

    :raises StoreError: when the installation is incomplete.
    """
    found = []
    for entry in files("lanrage.store").joinpath("migrations").iterdir():
        if (match := _NAME.match(entry.name)) is not None:
            found.append(Migration(int(match.group(1)), match.group(2), entry.read_text("utf-8")))
    found.sort(key=lambda migration: migration.version)
    if not found or [migration.version for migration in found] != list(range(1, len(found) + 1)):
        raise StoreError("the installation of LANrage is incomplete: a migration of its database is missing")
    return found
