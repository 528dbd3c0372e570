"""How the laboratory's results look on a terminal."""

from __future__ import annotations

import json
from typing import Any

import click

from lanrage.lab.result import Result


def table(rows: list[list[str]]) -> str:
    """Columns as wide as their widest cell; the first row is the head."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join(lines)


def print_lab(report: dict[str, Any], as_json: bool) -> None:
    """Print what ``lab up`` and ``lab show`` found."""
    if as_json:
        click.echo(json.dumps(report))
        return
    hosts = [["host", "nat", "party address", "namespace"]]
    hosts += [[h["name"], h["nat"], h["party_address"] or "-", h["netns"]] for h in report["hosts"]]
    click.echo(table(hosts))
    if report["pairs"]:
        pairs = [["pair", "path", "rtt ms", "endpoint"]]
        pairs += [
            [f"{p['a']}-{p['b']}", p["path"], _number(p["rtt_ms"]), p["endpoint"] or "-"] for p in report["pairs"]
        ]
        click.echo("\n" + table(pairs))
    if "up_ms" in report:
        click.echo(
            f"\nup in {report['up_ms'] / 1000:.1f} s, all pairs met {report['all_pairs_ms']:.0f} ms after joining"
        )


def print_check(result: Result, as_json: bool) -> None:
    """Print a check's result: JSON alone, or its figures and what falls short."""
    if as_json:
        click.echo(json.dumps(result.to_json()))
        return
    for name, figure in result.figures.items():
        if isinstance(figure, list) and figure and isinstance(figure[0], dict):
            click.echo(table([list(figure[0]), *([_number(v) for v in row.values()] for row in figure)]))
        else:
            limit = f"  (limit {result.limits[name]})" if name in result.limits else ""
            click.echo(f"{name}: {figure}{limit}")
    for sentence in result.shortfalls:
        click.echo(f"falls short: {sentence}")
    click.echo(f"{result.name}: {'ok' if result.ok else 'NOT OK'}")


def _number(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.1f}" if isinstance(value, float) else str(value)
