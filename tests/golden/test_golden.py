"""What was captured is read as it was meant, and today's code writes the same bytes (``docs/compatibility.rst``)."""

from __future__ import annotations

import shutil
from pathlib import Path

import attrs
import pytest

from lanrage.core.world_rows import SeenRow
from lanrage.store.database import migrations
from lanrage.store.replica import PartyFile
from tests.golden import metric_history
from tests.golden.__main__ import wires, write_wire
from tests.golden.case import CAPTURES, Wire, read_captures
from tests.golden.state import FILES, ROWS, SCHEMA, STATE_FILES, StateFile, database_path, dump_database, read_database
from tests.golden.statements import AT

FIRST = {"control": 2}
"""The first version that was ever released, where it is not 1."""
ADVICE = "a change of the wire is a new version: docs/compatibility.rst says how"


@pytest.mark.parametrize("wire", wires(), ids=lambda wire: wire.name)
def test_wire(wire: Wire) -> None:
    """Byte for byte, both ways, and no message without a capture."""
    captured = read_captures(wire.path)
    assert set(captured) == {case.name for case in wire.cases}, f"python -m tests.golden; {ADVICE}"
    for case in wire.cases:
        assert case.decode(captured[case.name]) == case.value, f"{wire.name} {case.name}: {ADVICE}"
        assert case.encode() == captured[case.name], f"{wire.name} {case.name}: {ADVICE}"


def test_no_capture_without_reader() -> None:
    """Each file of captures is read by a test: of the present version, or by the cases kept for the one before."""
    assert {path.name for path in CAPTURES.glob("*.txt")} == {wire.path.name for wire in wires()}


def test_captures_are_kept(tmp_path: Path) -> None:
    """Writing adds what is missing, and leaves what is there as it is."""
    (wire,) = (each for each in wires() if each.name == "relay")
    copy = attrs.evolve(wire, folder=tmp_path)
    copy.path.write_text("bind-request 00\n", encoding="ascii")
    assert len(write_wire(copy)) == len(wire.cases) - 1
    assert write_wire(copy) == []
    assert read_captures(copy.path) == {**read_captures(wire.path), "bind-request": b"\0"}


@pytest.mark.parametrize("file", STATE_FILES, ids=lambda file: file.name)
def test_state_file(file: StateFile, tmp_path: Path) -> None:
    """A file of a node from then is what it was, and written again it is the same."""
    shutil.copy(FILES / file.name, tmp_path / file.name)
    (tmp_path / file.name).chmod(0o600)
    assert file.read(tmp_path) == file.value
    (tmp_path / "new").mkdir(mode=0o700)
    file.write(tmp_path / "new")
    assert (tmp_path / "new" / file.name).read_bytes() == (FILES / file.name).read_bytes()


def test_party_holds(tmp_path: Path) -> None:
    """The captured party's chains still verify, each signature of them."""
    shutil.copy(FILES / "party.json", tmp_path)
    (tmp_path / "party.json").chmod(0o600)
    saved = PartyFile(tmp_path).load()
    assert saved is not None
    members = saved.restore(AT + 1.0).members.values()
    assert sorted(entry.member.certificate.name for entry in members) == ["Ann", "Ben"]


def test_present_database(tmp_path: Path) -> None:
    """All rows of the newest schema are read from its capture."""
    assert len(migrations()) == SCHEMA, "a new schema: capture it (python -m tests.golden) and say what it holds"
    text = database_path(SCHEMA).read_text(encoding="utf-8")
    rows = read_database(text, tmp_path)
    assert (len(rows), set(rows)) == (len(ROWS), set(ROWS))
    assert dump_database(SCHEMA) == text


def test_first_database(tmp_path: Path) -> None:
    """Of schema 1 the parties had no ledger and are not carried over; who was seen when is (migration 2)."""
    rows = read_database(database_path(1).read_text(encoding="utf-8"), tmp_path)
    assert rows == [row for row in ROWS if isinstance(row, SeenRow)]


def test_metric_history() -> None:
    """The metrics' history of this schema is read as it was, and written again it is the same."""
    text = metric_history.PATH.read_text(encoding="utf-8")
    assert metric_history.read(text) == (list(metric_history.SERIES), metric_history.expected())
    assert metric_history.dump() == text


@pytest.mark.parametrize("wire", wires(), ids=lambda wire: wire.name)
def test_version_before(wire: Wire) -> None:
    """A wire that came to a second version has the cases of the one before as well: N speaks with N-1."""
    first = FIRST.get(wire.name, 1)
    kept = {each.version for each in wires() if each.name == wire.name}
    newest = max(kept)
    assert kept >= set(range(max(first, newest - 1), newest + 1))
