"""Captures of what lies on disk: a node's files, and the control server's database in each schema."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import attrs

from lanrage.core.doors import REMEMBERED
from lanrage.core.undo import UndoEntry
from lanrage.core.world_rows import (
    ConflictRow,
    InvitationRow,
    MembershipRow,
    PartyRow,
    Put,
    RecordRow,
    Row,
    SeenRow,
    StatusRow,
    UseRow,
)
from lanrage.store import bridges, endpoints, keys, replica
from lanrage.store.database import migrations
from lanrage.store.database_file import APPLICATION_ID
from lanrage.store.migrate import migrate
from lanrage.store.tables import KEYS, read_rows, write_batch
from lanrage.store.undo import UndoJournal
from tests.golden import statements as papers
from tests.golden.case import CAPTURES

SCHEMA = 2
"""Of :data:`ROWS`; a new migration adds a capture of its own and leaves the earlier ones."""
FILES_VERSION = 1
FILES = CAPTURES / f"node-v{FILES_VERSION}"
UNDO_FILE = "undo.journal"

ROWS: tuple[Row, ...] = (
    PartyRow(papers.PARTY_ID, papers.CHARTER_BLOB, 3),
    RecordRow(papers.PARTY_ID, 1, papers.RECORD_BLOB),
    MembershipRow(papers.PARTY_ID, papers.HOST.identity.public, papers.FOUNDER_BLOB, b"", None),
    MembershipRow(papers.PARTY_ID, papers.FRIEND.identity.public, papers.MEMBER_BLOB, papers.INVITATION_BLOB, 1.5),
    InvitationRow(papers.PARTY_ID, papers.INVITATION.invitation_id, papers.INVITATION_BLOB),
    UseRow(papers.PARTY_ID, papers.INVITATION.invitation_id, papers.FRIEND.identity.public),
    StatusRow(papers.PARTY_ID, papers.HOST.identity.public, "in a match"),
    ConflictRow(papers.PARTY_ID, 1, 2.5, papers.HOST.identity.public, "rename", "kick"),
    SeenRow(papers.HOST.identity.public, 3.5),
)
PARTY = replica.SavedParty(
    papers.PARTY_ID,
    3,
    papers.CHARTER_BLOB,
    (
        replica.SavedMember(papers.FOUNDER_BLOB, b""),
        replica.SavedMember(papers.MEMBER_BLOB, papers.INVITATION_BLOB),
    ),
    ("play.example:7766",),
    bytes(16),
    "Ann",
    records=(papers.RECORD_BLOB,),
    code=papers.CODE.encode(),
)
ENDPOINTS = endpoints.SavedEndpoints(
    papers.PARTY_ID,
    (endpoints.SavedRelay("relay.example", 3478, 3497, "5eed"),),
    {papers.FRIEND.identity.public.hex(): endpoints.SavedReach(("192.0.2.7:51820",) * min(2, REMEMBERED), b"ticket")},
)
BRIDGES = {"eth1": IPv4Address("192.0.2.9"), "eth2": None}
UNDONE = [UndoEntry("device", "lanrage0"), UndoEntry("forwarding", "eth1", "0")]


@attrs.frozen
class StateFile:
    """One kind of file of a node.

    :param write: makes it in a folder by today's code.
    :param read: from a folder.
    :param value: what `read` gives of the capture.
    """

    name: str
    write: Callable[[Path], object]
    read: Callable[[Path], Any]
    value: Any


def _key(name: str) -> StateFile:
    secret = bytes([len(name)]) * 32
    return StateFile(
        name,
        lambda folder: keys.save_secret(folder / name, secret),
        lambda folder: keys.load_secret(folder / name, lambda size: b"?" * size),
        secret,
    )


def _note_all(folder: Path) -> None:
    journal = UndoJournal(folder / UNDO_FILE)
    for entry in UNDONE:
        journal.note(entry)


STATE_FILES = (
    StateFile(
        replica.FILE,
        lambda folder: replica.PartyFile(folder).save(PARTY),
        lambda folder: replica.PartyFile(folder).load(),
        PARTY,
    ),
    StateFile(
        endpoints.FILE,
        lambda folder: endpoints.EndpointsFile(folder).save(ENDPOINTS),
        lambda folder: endpoints.EndpointsFile(folder).load(papers.PARTY_ID),
        ENDPOINTS,
    ),
    StateFile(
        bridges.FILE,
        lambda folder: bridges.BridgesFile(folder).save(papers.PARTY_ID, BRIDGES),
        lambda folder: bridges.BridgesFile(folder).load(papers.PARTY_ID),
        BRIDGES,
    ),
    StateFile(UNDO_FILE, _note_all, lambda folder: UndoJournal(folder / UNDO_FILE).entries(), UNDONE),
    *(_key(name) for name in (keys.IDENTITY, keys.WIREGUARD, keys.SERVER)),
)


def database_path(schema: int) -> Path:
    """The capture of a database in this schema."""
    return CAPTURES / f"database-v{schema}.sql"


def dump_database(schema: int) -> str:
    """A database of this schema with the rows that it can hold, as SQL."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    try:
        migrate(connection, Path(":memory:"), migrations()[:schema])
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        held = [row for row in ROWS if KEYS[type(row)][0] in tables]
        write_batch(connection, [Put(row) for row in held])
        lines = [line for line in connection.iterdump() if line not in ("BEGIN TRANSACTION;", "COMMIT;")]
    finally:
        connection.close()
    pragmas = [f"PRAGMA application_id = {APPLICATION_ID};", f"PRAGMA user_version = {schema};"]
    return "\n".join((*lines, *pragmas)) + "\n"


def read_database(text: str, folder: Path) -> list[Row]:
    """What today's code reads of a dumped database, after it led it to its own schema."""
    path = folder / "world.db"
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        connection.executescript(text)
        migrate(connection, path, migrations())
        return read_rows(connection)
    finally:
        connection.close()
