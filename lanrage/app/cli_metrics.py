"""``lanrage metrics`` and ``lanrage alerts`` (``docs/cli.rst``)."""

from __future__ import annotations

import time
from typing import Any

import click

from lanrage.app.cli_governing import Operate
from lanrage.app.cli_output import Screen
from lanrage.core.metric_names import PEER_LABEL, PREFIX

UNITS = ("B", "KiB", "MiB", "GiB", "TiB")
HISTORY = ("minute", "hour", "day")


def shown_value(value: float | None, unit: str) -> str:
    """A value as people read it: times in ms, bytes in the fitting size."""
    if value is None:
        return ""
    if unit == "seconds":
        return f"{value * 1000:.1f} ms" if abs(value) < 1.0 else f"{value:.1f} s"
    if unit == "ratio":
        return f"{value * 100:.1f} %"
    if unit == "bytes":
        size = 0
        while abs(value) >= 1024.0 and size < len(UNITS) - 1:
            value, size = value / 1024.0, size + 1
        return f"{value:.0f} B" if not size else f"{value:.1f} {UNITS[size]}"
    return f"{value:.0f}" if float(value).is_integer() else f"{value:.2f}"


def metrics(screen: Screen, result: dict[str, Any]) -> None:
    """After ``metrics``: a line a series; counters that never counted are left out, unless all are asked for."""
    everything = click.get_current_context().params["everything"]
    chosen = [row for row in result["series"] if everything or row["value"] or row["kind"] != "counter"]
    if not chosen:
        screen.line("Nothing was measured yet." if not result["series"] else "All of these counters are 0.")
        return
    head = ("metric", "of", "now", f"{result['window_s']:g} s: avg", "min", "max", "p95", "p99")
    screen.table(head, [_row(row, result["names"]) for row in chosen])
    for row in chosen:
        if row["history"]:
            screen.line()
            _history(screen, row, result["names"])


def _row(row: dict[str, Any], names: dict[str, str]) -> tuple[str, ...]:
    window, unit = row["window"], row["unit"]
    summed: tuple[str, ...] = ("",) * 5
    if window is not None:
        summed = tuple(shown_value(window[key], unit) for key in ("avg", "min", "max", "p95", "p99"))
        if row["kind"] == "counter":
            summed = (f"+{shown_value(window['max'] - window['min'], unit)}", *("",) * 4)
    return (row["name"].removeprefix(PREFIX), _of(row, names), shown_value(row["value"], unit), *summed)


def _of(row: dict[str, Any], names: dict[str, str]) -> str:
    return " ".join(names.get(value, value) if key == PEER_LABEL else value for key, value in row["labels"].items())


def _history(screen: Screen, row: dict[str, Any], names: dict[str, str]) -> None:
    screen.line(f"{row['name'].removeprefix(PREFIX)} {_of(row, names)}".rstrip(), "bold")
    lines = []
    for point in row["history"]:
        figures = (shown_value(point[key], row["unit"]) for key in ("avg", "min", "max"))
        lines.append((_time(point["at"]), str(point["count"]), *figures))
    screen.table(("from", "samples", "avg", "min", "max"), lines)


def alerts(screen: Screen, result: dict[str, Any]) -> None:
    """After ``alerts``."""
    if not result["firing"]:
        screen.line("No alert fires.")
    for row in result["firing"]:
        screen.line(f"{row['alert']}: {row['text']} (since {_time(row['since'])})", "bold")
    if result["history"]:
        screen.line()
        rows = [(_time(row["at"]), row["alert"], row["edge"], row["text"]) for row in result["history"]]
        screen.table(("when", "alert", "", "what"), rows)


def _time(at: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at))


def add(main: click.Group, operation: Operate) -> None:
    """Add the commands.

    :param operation: :func:`lanrage.app.cli.operation`.
    """
    name = click.argument("name", default="")
    peer = click.option("--peer", default="", metavar="NAME", help="One member's series alone.")
    window = click.option("--window", type=float, default=60.0, metavar="SECONDS", help="To sum up. [default: 60]")
    history = click.option("--history", type=click.Choice(HISTORY), help="With the history in such steps.")
    everything = click.option("--all", "everything", is_flag=True, help="With counters that are 0.")
    operation(main, "metrics", metrics, "metrics.show")(name(peer(window(history(everything(_asked))))))
    operation(main, "alerts", alerts)(dict)


def _asked(everything: bool, history: str | None, **arguments: Any) -> dict[str, Any]:
    """The operation's arguments: all series are always in its answer."""
    del everything
    return {"history": history or "", **arguments}
