"""The table of all settings as reST; ``docs/settings.rst`` holds exactly this. Pure."""

from __future__ import annotations

from lanrage.core.setting import Setting
from lanrage.core.settings_schema import SCHEMA


def reference() -> str:
    """One row a setting."""
    lines = [".. list-table::", "   :header-rows: 1", "   :widths: 28 40 16 16", ""]
    lines += ["   * - setting", "     - what it is", "     - default", "     - roles, effect"]
    for row in SCHEMA:
        lines += _lines(row)
    return "\n".join(lines) + "\n"


def _lines(row: Setting) -> list[str]:
    others = "".join(f", of {role} {_text(text)}" for role, text in sorted(row.elsewhere.items()))
    secret = " It is secret: neither shown nor exported." if row.secret else ""
    return [
        f"   * - ``{row.name}``",
        "",
        f"       ``--{row.option}``",
        "",
        f"       ``{row.environment}``",
        f"     - {row.help}{secret}",
        "",
        f"       Rule: {row.rule.words}.",
        f"     - {_text(row.default)}{others}",
        f"     - {', '.join(row.roles)}; {'at once' if row.live else 'at the next start'}",
    ]


def _text(text: str) -> str:
    return f"``{text}``" if text else "empty"
