"""What others build upon does not change unsaid (``docs/compatibility.rst``)."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from tests.snapshots.files import ADVICE, FOLDER, NEWS, joined, read, told, update
from tests.snapshots.shapes import struct_lines
from tests.snapshots.sources import SOURCES


class _Inner(msgspec.Struct):
    port: int | None


class _Outer(msgspec.Struct):
    rows: list[_Inner]
    name: str = ""


@pytest.mark.parametrize("name", SOURCES)
def test_unchanged(name: str) -> None:
    """The snapshot is that of today's code, and a line of NEWS.rst tells of its last change."""
    snapshot = read(FOLDER / f"{name}.txt")
    assert snapshot is not None, f"{name}: make snapshots"
    assert snapshot.text == joined(SOURCES[name]()), ADVICE
    assert snapshot.whole, f"{name}.txt was changed by hand: {ADVICE}"
    assert told(snapshot.news, NEWS.read_text(encoding="utf-8")), f"NEWS.rst has no {snapshot.news!r}: {ADVICE}"


def test_no_file_without_source() -> None:
    """Each snapshot is compared."""
    assert {path.stem for path in FOLDER.glob("*.txt")} == set(SOURCES)


def test_sources_say_something() -> None:
    """An empty source would hold nothing fast."""
    lines = {name: list(source()) for name, source in SOURCES.items()}
    assert all(lines.values())
    assert "party.join" in lines["operations"]
    assert "lanrage rights show" in lines["commands"]
    assert "  --json" in lines["commands"]


def test_update_needs_news(tmp_path: Path) -> None:
    """A changed text is written with new words of NEWS.rst alone; what was changed by hand is seen."""
    path, page = tmp_path / "x.txt", "News\n- a first\n  thing\n- another"
    for wrong in ("", "a third"):
        with pytest.raises(SystemExit):
            update(path, "a\n", wrong, page)
    assert update(path, "a\n", "a first thing", page)
    assert not update(path, "a\n", "", page)
    with pytest.raises(SystemExit):
        update(path, "b\n", "a first thing", page)
    assert update(path, "b\n", "another", page)
    snapshot = read(path)
    assert snapshot is not None
    assert (snapshot.whole, snapshot.text, snapshot.news) == (True, "b\n", "another")
    path.write_text(path.read_text(encoding="utf-8").replace("\nb", "\nc"), encoding="utf-8")
    edited = read(path)
    assert edited is not None
    assert not edited.whole


def test_shapes() -> None:
    """A field that is added, renamed or of another type changes the text, also deep within."""
    lines = ["rows: list of object", "  port: number or null", "name: text = ..."]
    assert list(struct_lines(_Outer, "")) == lines
