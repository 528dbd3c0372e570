"""Writes captures of today's versions: ``python -m tests.golden``. What is captured already is never written again."""

from __future__ import annotations

from pathlib import Path

from lanrage.store.database import migrations
from tests.golden import control, metric_history, peers, statements
from tests.golden.case import CAPTURES, Wire, read_captures
from tests.golden.state import FILES, STATE_FILES, database_path, dump_database


def wires() -> list[Wire]:
    """All, in their present versions."""
    return [*control.wires(), *peers.wires(), *statements.wires()]


def write_wire(wire: Wire) -> list[str]:
    """Write the messages that are not there yet; their names."""
    there = read_captures(wire.path) if wire.path.exists() else {}
    new = [case for case in wire.cases if case.name not in there]
    if new:
        head = "" if there else f"# {wire.name}, version {wire.version}: name and bytes. Only added to.\n"
        with wire.path.open("a", encoding="ascii") as file:
            file.write(head + "".join(f"{case.name} {case.encode().hex()}\n" for case in new))
    return [f"{wire.path.name}: {case.name}" for case in new]


def write_state() -> list[Path]:
    """Write the files and databases that are not there yet."""
    written = []
    FILES.mkdir(exist_ok=True)
    for file in STATE_FILES:
        if not (FILES / file.name).exists():
            file.write(FILES)
            written.append(FILES / file.name)
    for step in migrations():
        path = database_path(step.version)
        if not path.exists():
            path.write_text(dump_database(step.version), encoding="utf-8")
            written.append(path)
    if not metric_history.PATH.exists():
        metric_history.PATH.write_text(metric_history.dump(), encoding="utf-8")
        written.append(metric_history.PATH)
    return written


if __name__ == "__main__":
    CAPTURES.mkdir(exist_ok=True)
    for wire_of_today in wires():
        for line in write_wire(wire_of_today):
            print(line)
    for made in write_state():
        print(made.relative_to(CAPTURES))
