"""What ``lanrage settings`` prints for people."""

from __future__ import annotations

from typing import Any

from lanrage.app.cli_output import Screen

EMPTY = '""'
"""How an empty value is shown."""


def listing(screen: Screen, result: dict[str, Any]) -> None:
    """After ``settings list``."""
    screen.line(f"settings of {result['role']}, active set: {result['set_name']}")
    rows = [(each["name"], each["value"] or EMPTY, each["origin"], _when(each)) for each in result["settings"]]
    screen.table(("setting", "value", "from", "a change counts"), rows)


def shown(screen: Screen, result: dict[str, Any]) -> None:
    """After ``settings show``, and for the value ``?``."""
    screen.line(f"{result['name']}: {result['help']}")
    screen.facts(
        [
            ("value", result["value"] or EMPTY),
            ("from", result["origin"]),
            ("default", result["default"] or EMPTY),
            ("rule", result["rule"]),
            *([("unit", result["unit"])] if result["unit"] else []),
            ("changes", _when(result)),
            ("also", f"{result['option']}, {result['environment']}"),
        ]
    )
    if result["stored"] and result["origin"] not in ("stored", "default"):
        screen.line(f"The stored value does not count: the {result['origin']} has another.")


def changed(screen: Screen, result: dict[str, Any]) -> None:
    """After what changes settings."""
    if not result["changed"]:
        screen.line(f"No value changed; active set: {result['set_name']}.")
    for each in result["changed"]:
        if each["origin"] in ("stored", "default"):
            when = "takes effect at the next start" if each["restart"] else "takes effect now"
            back = " (the default)" if each["origin"] == "default" else ""
            screen.line(f"{each['name']} = {each['value'] or EMPTY}{back}: {when}")
        else:
            screen.line(f"{each['name']} stays {each['value'] or EMPTY}: the {each['origin']} says so")
    if result["trouble"]:
        screen.line(f"It could not take effect at once: {result['trouble']}")


def sets(screen: Screen, result: dict[str, Any]) -> None:
    """After ``settings sets`` and what changes the sets."""
    rows = [(each["name"], "active" if each["active"] else "", str(each["values"])) for each in result["sets"]]
    screen.table(("set", "", "changed settings"), rows)


def _when(row: dict[str, Any]) -> str:
    return "at the next start" if row["restart"] else "at once"
