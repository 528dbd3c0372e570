"""Writes what is made from the code (``make messages``): tables into their pages, each between its two marks,
the methods of the client, the manual page.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from lanrage.app import client_code, command_reference, man_page, operations
from lanrage.app.cli import main
from lanrage.core import doctor_faults, game_reference, metric_names, settings_reference
from lanrage.core.game_reading import combine
from lanrage.store.game_profiles import load_shipped
from lanrage.wire import control_reference

DOCS = Path(__file__).parent
MAN_PAGE = DOCS.parent / "lanrage" / "data" / "man" / "lanrage.1"
CLIENT = DOCS.parent / "lanrage" / "client"
BEGIN = ".. The table is made by docs/tables.py from the code; do not edit it.\n\n"
END = ".. End of the table.\n"


def games() -> str:
    """The games that come with the program."""
    return game_reference.reference(combine(load_shipped(), ()).games.values())


def commands() -> str:
    """The commands of the command line."""
    return command_reference.reference(main)


TABLES: dict[str, Callable[[], str]] = {
    "api.rst": operations.reference,
    "commands.rst": commands,
    "doctor.rst": doctor_faults.reference,
    "games-list.rst": games,
    "operations/monitoring.rst": metric_names.reference,
    "protocol-control.rst": control_reference.reference,
    "settings.rst": settings_reference.reference,
}
"""By page."""


def written(page: str, table: str) -> str:
    """The page with the table of today.

    :raises SystemExit: the page has not both marks.
    """
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise SystemExit("a page has not both marks of its table")
    return f"{before}{BEGIN}{table}\n{END}{after}"


if __name__ == "__main__":
    for name, reference in TABLES.items():
        path = DOCS / name
        path.write_text(written(path.read_text(encoding="utf-8"), reference()), encoding="utf-8")
    for name, code in client_code.files(operations.OPERATIONS.values()).items():
        (CLIENT / name).write_text(code, encoding="utf-8")
    MAN_PAGE.write_text(man_page.man_page(main), encoding="ascii")
