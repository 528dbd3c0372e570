"""Writes the table of settings into ``settings.rst``, between its two marks: ``python docs/settings_page.py``."""

from __future__ import annotations

from pathlib import Path

from lanrage.core.settings_reference import reference

PAGE = Path(__file__).parent / "settings.rst"
BEGIN = ".. The table is made by docs/settings_page.py from the schema; do not edit it.\n\n"
END = ".. End of the table.\n"


def written(page: str) -> str:
    """The page with the table of today."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise SystemExit(f"{PAGE} has not both marks of the table")
    return f"{before}{BEGIN}{reference()}\n{END}{after}"


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
